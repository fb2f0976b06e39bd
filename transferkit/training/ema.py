"""Exponential moving average of the weights: what is evaluated and kept, while the optimiser moves the raw ones."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Ema:
    """average <- d average + (1 - d) weight after each step, with d = min(decay, (1 + n) / (10 + n)) at step n.

    The growing decay lets a run of 150 steps forget its start although ``decay`` looks a thousand steps back.
    Frozen parameters are not averaged, so they stay bitwise what they were.

    Args:
        parameters: those that train at any time
        decay: of a long run, e.g. 0.999

    >>> weight = nn.Parameter(torch.zeros(1))
    >>> ema = Ema([weight], decay=0.5)
    >>> weight.data += 1
    >>> ema.update()
    >>> with ema.in_place():
    ...     round(weight.item(), 4)  # d is 2/11 at the first step
    0.8182
    >>> weight.item()
    1.0
    """

    def __init__(self, parameters: Sequence[nn.Parameter], decay: float) -> None:
        """Start from the weights as they are."""
        self.parameters = list(parameters)
        self.decay = decay
        self.updates = 0
        self.average = [p.detach().clone() for p in self.parameters]

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights as they are after a step."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for average, parameter in zip(self.average, self.parameters, strict=True):
            average.lerp_(parameter.detach(), 1 - decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Inside, the parameters hold the averages; afterwards they are bitwise what they were."""
        raw = [p.detach().clone() for p in self.parameters]
        self._write(self.average)
        try:
            yield
        finally:
            self._write(raw)

    @torch.no_grad()
    def _write(self, values: Sequence[Tensor]) -> None:
        for parameter, value in zip(self.parameters, values, strict=True):
            parameter.copy_(value)

    def state(self) -> dict[str, Tensor]:
        """Tensors from which :meth:`restore` continues bitwise."""
        tensors = {str(k): v.detach().cpu() for k, v in enumerate(self.average)}
        return tensors | {"updates": torch.tensor(self.updates)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Continue from :meth:`state`."""
        self.updates = int(state["updates"])
        for k, average in enumerate(self.average):
            average.copy_(state[str(k)])
