"""Choose blocks of parameters by name, by family or by range."""

from collections.abc import Collection, Mapping, Sequence

from torch import nn

from transferkit.errors import UnknownBlock, nearest

HEADS = ("readout", "magmom", "fidelity")
"""The families of a head's own parameters; the adapter contract fixes these names. What heads share (``shared.<head>``) counts
as network."""


def select(blocks: Mapping[str, Sequence[nn.Parameter]], names: Sequence[str]) -> tuple[str, ...]:
    """Names of the blocks that are meant, in the order of ``blocks``, each once.

    A name is one of: a block (``"interaction.2"``), a family (``"interaction"`` means every ``interaction.*``), or a
    range in the order from input to output, both ends included (``"interaction.2:"``, ``":interaction.1"``,
    ``"embedding:interaction.1"``).

    Args:
        blocks: from input to output, see :meth:`Adapter.blocks`
        names: what to choose; the union is taken

    Raises:
        UnknownBlock: a name means no block, or a range runs backwards; the known ones are listed.

    >>> blocks = {"embedding": [], "interaction.0": [], "interaction.1": [], "readout.default": []}
    >>> select(blocks, ["readout", "interaction.1"])
    ('interaction.1', 'readout.default')
    >>> select(blocks, [":interaction.0"])
    ('embedding', 'interaction.0')
    """
    order = list(blocks)
    chosen = {i for name in names for i in _positions(order, name)}
    return tuple(order[i] for i in sorted(chosen))


def head_blocks(blocks: Mapping[str, Sequence[nn.Parameter]]) -> tuple[str, ...]:
    """Blocks of heads' own parameters: readouts, and moments and fidelity vectors where there are some.

    >>> head_blocks({"embedding": [], "magmom": [], "readout.a": [], "readout.b": []})
    ('magmom', 'readout.a', 'readout.b')
    """
    families = [f for f in HEADS if _members(list(blocks), f)]
    if not {"readout", "fidelity"} & {*families}:  # moments alone are no head: the error says that readouts are missing
        families = ["readout"]
    return select(blocks, families)


def _positions(order: list[str], name: str) -> Collection[int]:
    if ":" not in name:
        return _found(order, name)
    start, _, stop = name.partition(":")
    first = min(_found(order, start)) if start else 0
    last = max(_found(order, stop)) if stop else len(order) - 1
    if first > last:
        raise UnknownBlock(
            f"the range {name!r} runs backwards: {start!r} comes after {stop!r}. "
            f"From input to output the blocks are {', '.join(order)}; write {stop}:{start}."
        )
    return range(first, last + 1)


def _found(order: list[str], name: str) -> list[int]:
    if members := _members(order, name):
        return members
    families = {b.partition(".")[0] for b in order}
    raise UnknownBlock(f"no block is called {name!r}. {nearest(name, {*order, *families})}")


def _members(order: list[str], name: str) -> list[int]:
    """Positions of the block of that name, or else of its family."""
    return [i for i, b in enumerate(order) if b == name] or [i for i, b in enumerate(order) if b.startswith(f"{name}.")]
