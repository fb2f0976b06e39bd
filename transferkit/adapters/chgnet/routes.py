"""Where each message takes its terms from and where it goes, cut into blocks that stay in a processor's cache."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

BLOCK = 1024
"""Messages per block on a CPU: two halves of 64 numbers each make half a megabyte"""


@dataclass(frozen=True, eq=False)
class Block:
    """Messages ``start`` to ``stop``; core and gate are two rows next to each other in every table.

    Attributes:
        start: first message
        stop: one behind the last
        bag: rows summed for the core of each message, then for the gate of each, (2 · messages · terms,)
        offsets: where each sum starts in ``bag``, (2 · messages,)
        columns: the same rows by term, (2 · messages,) each
        target: row that each message is added to; None where messages are kept
        weights: row of the weights that multiply each message, (messages,) each
    """

    start: int
    stop: int
    bag: Tensor
    offsets: Tensor
    columns: tuple[Tensor, ...]
    target: Tensor | None
    weights: tuple[Tensor, ...]


@dataclass(frozen=True, eq=False)
class Routes:
    """All messages of a batch along its edges or its angles.

    Attributes:
        blocks: in order
        n_messages: edges or angles
        n_targets: rows of the result
    """

    blocks: tuple[Block, ...]
    n_messages: int
    n_targets: int


def routes(
    terms: Sequence[Tensor],
    sizes: Sequence[int],
    *,
    target: Tensor | None = None,
    n_targets: int = 0,
    weights: Sequence[Tensor] = (),
) -> Routes:
    """Prepare the routes of messages ``sum of table_k[terms_k]``.

    Args:
        terms: row of table k that each message takes, int64, (messages,) each
        sizes: rows of each table; the tables are stacked in this order
        target: row of the result that each message is added to; without it there is one row per message
        n_targets: rows of the result
        weights: rows of the weights, (messages,) each

    >>> one, two = torch.tensor([0, 1]), torch.tensor([0, 0])
    >>> routes([one, two], [2, 1]).blocks[0].bag.tolist()
    [0, 4, 2, 4, 1, 5, 3, 5]
    """
    n = len(terms[0])
    first = [sum(sizes[:k]) for k in range(len(sizes))]
    rows = torch.stack([2 * (index + start) for index, start in zip(terms, first, strict=True)])
    # On an accelerator the whole batch is one block: there is no cache to stay in, but each step costs a launch.
    step = BLOCK if rows.device.type == "cpu" else max(n, 1)
    blocks = []
    for start in range(0, n, step):
        stop = min(start + step, n)
        part = rows[:, start:stop]
        both = torch.cat([part, part + 1], dim=1)
        bag = both.T.reshape(-1)
        offsets = torch.arange(0, bag.numel(), len(terms), device=rows.device)
        here = [None if x is None else x[start:stop] for x in (target, *weights)]
        blocks.append(Block(start, stop, bag, offsets, tuple(both), here[0], tuple(w for w in here[1:] if w is not None)))
    return Routes(tuple(blocks), n, n if target is None else n_targets)
