"""Sums of rows of several tables, and back: how messages collect their terms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Routes:
    """Rows of stacked tables that each message sums.

    Attributes:
        columns: row of each term, (messages,) each
        bag: the same, message by message, (messages · terms,)
        offsets: where each message starts in ``bag``, (messages,)
        n_rows: of the stacked tables
    """

    columns: tuple[Tensor, ...]
    bag: Tensor
    offsets: Tensor
    n_rows: int


def routes(terms: Sequence[Tensor], sizes: Sequence[int]) -> Routes:
    """Prepare ``sum of table_k[terms_k]`` for tables stacked on each other.

    Args:
        terms: row of table k that each message takes, int64, (messages,) each
        sizes: rows of each table

    >>> one, two = torch.tensor([0, 1]), torch.tensor([0, 0])
    >>> routes([one, two], [2, 1]).bag.tolist()
    [0, 2, 1, 2]
    """
    columns = tuple(index + sum(sizes[:k]) for k, index in enumerate(terms))
    bag = torch.stack(columns, dim=1).flatten()
    return Routes(columns, bag, torch.arange(0, len(bag), len(terms), device=bag.device), sum(sizes))


class Collect(torch.autograd.Function):
    """Sum of the rows of each message, plus a row of its own, (messages, channels); any number of times differentiable."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, own: Tensor | None, routes: Routes) -> Tensor:
        """One pass over memory instead of one per term."""
        ctx.routes, ctx.has_own = routes, own is not None
        out: Tensor = torch.embedding_bag(table, routes.bag, routes.offsets, mode=0)[0]
        return out if own is None else out.add_(own)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        """Gradients of the tables and of the own rows."""
        by_table = Deliver.apply(grads[0], ctx.routes)  # type: ignore[no-untyped-call]
        return by_table, grads[0] if ctx.has_own else None, None


class Deliver(torch.autograd.Function):
    """The transpose of :class:`Collect`: each row of the tables sums its messages, (rows, channels)."""

    @staticmethod
    def forward(ctx: Any, messages: Tensor, routes: Routes) -> Tensor:
        """Added in the order of the messages: the same digits every time on a CPU."""
        ctx.routes = routes
        out = messages.new_zeros(routes.n_rows, messages.shape[1])
        for column in routes.columns:
            out.index_add_(0, column, messages)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        """Gradient of the messages."""
        return collect(grads[0], None, ctx.routes), None


def collect(table: Tensor, own: Tensor | None, along: Routes) -> Tensor:
    """Sum of the rows of each message, (messages, channels).

    Args:
        table: the stacked tables, (rows, channels)
        own: one row more for each message, (messages, channels)
        along: which rows

    >>> along = routes([torch.tensor([0, 1]), torch.tensor([0, 0])], [2, 1])
    >>> collect(torch.tensor([[1.0], [2.0], [10.0]]), None, along).tolist()
    [[11.0], [12.0]]
    """
    out: Tensor = Collect.apply(table, own, along)  # type: ignore[no-untyped-call]
    return out
