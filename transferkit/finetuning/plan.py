"""Plan: a strategy applied to one potential. Parameter groups, exact counts, and when each block opens."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from torch import nn

from transferkit.typing import Json


@dataclass(frozen=True, eq=False)
class Group:
    """Parameters that share a learning rate: one block.

    Attributes:
        name: of the block
        params: its parameters
        lr_factor: multiplies the optimiser's learning rate
    """

    name: str
    params: tuple[nn.Parameter, ...]
    lr_factor: float = 1.0


@dataclass(frozen=True, eq=False)
class Plan:
    """What a strategy does to one potential.

    Attributes:
        kind: of the strategy
        groups: every parameter that trains at any time, exactly once, from input to output
        trainable: parameters per block that train at any time; 0 where frozen
        total: parameters per block
        stages: blocks that open together; one stage unless the strategy is gradual
        every: epochs or steps between two stages
        unit: what ``every`` counts
    """

    kind: str
    groups: tuple[Group, ...]
    trainable: Mapping[str, int]
    total: Mapping[str, int]
    stages: tuple[tuple[str, ...], ...]
    every: int = 1
    unit: Literal["epochs", "steps"] = "epochs"

    @property
    def n_trainable(self) -> int:
        """Parameters that train at any time."""
        return sum(self.trainable.values())

    @property
    def n_total(self) -> int:
        """Parameters of the potential."""
        return sum(self.total.values())

    @property
    def parameters(self) -> list[nn.Parameter]:
        """Parameters that train at any time, group after group."""
        return [p for group in self.groups for p in group.params]

    def open(self, *, epoch: int, step: int) -> bool:
        """Set ``requires_grad`` as it is during this step; true when that changed anything.

        A function of epoch (from 1) and step (from 0) alone, so that a resumed run needs to remember nothing.
        """
        passed = (epoch - 1 if self.unit == "epochs" else step) // self.every
        now = {name for stage in self.stages[: passed + 1] for name in stage}
        changed = False
        for group in self.groups:
            for parameter in group.params:
                wanted = group.name in now
                changed |= parameter.requires_grad != wanted
                parameter.requires_grad_(wanted)
        return changed

    def to_json(self) -> Json:
        """The ``strategy`` entry of ``result.json``."""
        blocks = {n: {"parameters": self.total[n], "trainable": self.trainable[n]} for n in self.total}
        return {"kind": self.kind, "trainable": self.n_trainable, "total": self.n_total, "blocks": blocks}

    def summary(self) -> str:
        """A table of all blocks with exact counts of parameters, for people.

        >>> plan = Plan("heads", (), {"embedding": 0, "readout": 33}, {"embedding": 1504, "readout": 33}, ())
        >>> print(plan.summary())
        block      parameters  trainable  rate
        embedding       1,504          -     -
        readout            33         33     1
        strategy heads: 33 of 1,537 parameters are trainable
        """
        factors = {group.name: group.lr_factor for group in self.groups}
        width = max(len("block"), *(len(name) for name in self.total))
        lines = [f"{'block':<{width}}  {'parameters':>10}  {'trainable':>9}  rate"]
        for name, total in self.total.items():
            count = self.trainable[name]
            shown, rate = (f"{count:,}", f"{factors.get(name, 1.0):g}") if count else ("-", "-")
            lines.append(f"{name:<{width}}  {total:>10,}  {shown:>9}  {rate:>4}")
        if len(self.stages) > 1:
            steps = " > ".join("+".join(stage) for stage in self.stages)
            lines.append(f"opened one after another, every {self.every} {self.unit}: {steps}")
        lines.append(f"strategy {self.kind}: {self.n_trainable:,} of {self.n_total:,} parameters are trainable")
        return "\n".join(lines)
