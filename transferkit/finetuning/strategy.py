"""Strategies: which blocks may change, how fast each, and from when on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Literal

from torch import nn

from transferkit.adapters.potential import ReferencedPotential
from transferkit.errors import RecipeError, UnknownBlock, nearest
from transferkit.finetuning.blocks import HEADS, head_blocks, select
from transferkit.finetuning.plan import Group, Plan

KINDS = ("full", "frozen", "heads", "gradual", "from-scratch")
REFERENCE = "reference"


@dataclass(frozen=True)
class Strategy:
    """What is allowed to change.

    - ``full``: every block.
    - ``frozen``: only the blocks named in ``train`` (see :func:`~transferkit.finetuning.blocks.select`), or those of
      an adapter's ``preset``.
    - ``heads``: readout and magnetic-moment blocks.
    - ``gradual``: heads first, then one more block every ``every`` epochs (or steps), from output to input
      (Howard & Ruder, arXiv:1801.06146, section 3.3).
    - ``from-scratch``: every block, of a potential with random weights; it is told apart in the record of a run.

    Elemental energies that were made trainable train under every strategy: that is the reference's setting, not the
    strategy's.

    Attributes:
        kind: one of the above
        train: blocks, families or ranges, for ``frozen``
        preset: name of an adapter's own list of blocks, for ``frozen``
        every: how long one more block stays closed, for ``gradual``
        unit: what ``every`` counts
        rates: learning-rate factor per block, family or range (discriminative rates); later entries win

    Raises:
        RecipeError: the kind is unknown, an option does not belong to it, or a factor is not positive.

    >>> Strategy("frozen", train=("interaction.2:",), rates={"interaction": 0.5}).kind
    'frozen'
    """

    kind: str = "full"
    train: tuple[str, ...] = ()
    preset: str | None = None
    every: int = 1
    unit: Literal["epochs", "steps"] = "epochs"
    rates: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if self.kind not in KINDS:
            raise RecipeError(f"strategy: no kind is called {self.kind!r}. {nearest(self.kind, KINDS)}")
        if self.kind != "frozen" and (self.train or self.preset):
            raise RecipeError(f"strategy: train and preset belong to kind 'frozen', not to {self.kind!r}.")
        if self.train and self.preset:
            raise RecipeError("strategy: give either train or preset, not both.")
        if self.every < 1:
            raise RecipeError(f"strategy.every must be at least 1; got {self.every}.")
        for name, factor in self.rates.items():
            if not (isfinite(factor) and factor > 0):
                raise RecipeError(
                    f"strategy.rates: the factor of {name!r} must be positive; got {factor}. "
                    f"To keep a block as it is, use kind 'frozen'."
                )


def apply(potential: ReferencedPotential, strategy: Strategy, *, heads: Sequence[str] | None = None) -> Plan:
    """Open the chosen parameters of a potential, close all others, and say how they are grouped.

    Sets ``requires_grad`` in place. Under ``gradual`` the groups hold all blocks from the start, so that the
    optimiser need not change; only the first stage is open.

    Args:
        potential: whose parameters are opened and closed
        strategy: what may change
        heads: that the data train, all if not given. Readouts of the others stay closed under every strategy: no
            structure would reach them, and an optimiser with weight decay would move them all the same.

    Raises:
        UnknownBlock: a name means no block, or a preset is not one of the adapter's.
        UnknownHead: no head is called so.
        RecipeError: nothing at all would be trained, a rate is given for frozen blocks only, or ``train`` names a
            readout of a head that is not trained.

    >>> from transferkit.adapters.toy import Toy
    >>> plan = apply(Toy.load("demo"), Strategy("heads"))
    >>> all(name.startswith(("readout", "magmom")) for name, count in plan.trainable.items() if count)
    True
    """
    blocks = potential.blocks()
    _check_covered(potential, blocks)
    trained = potential.adapter.heads if heads is None else tuple(heads)
    chosen = _chosen(potential, strategy, blocks, trained)
    if not chosen:
        raise RecipeError(
            f"strategy {strategy.kind!r}: nothing would be trained. Name blocks in `train`: {', '.join(blocks)}."
        )
    factors = _factors(blocks, strategy.rates, chosen)
    groups = tuple(Group(name, tuple(blocks[name]), factors[name]) for name in chosen)
    size = {name: _count(params) for name, params in blocks.items()}
    opened = {name: count if name in chosen else 0 for name, count in size.items()}
    if REFERENCE in size:  # the table has a place for every Z; elements that the reference lacks never enter an energy
        elements = {head: len(potential.reference(head).elements) for head in potential.adapter.heads}
        size[REFERENCE] = sum(elements.values())
        opened[REFERENCE] = sum(elements[head] for head in trained)
    stages = _stages(blocks, chosen) if strategy.kind == "gradual" else (tuple(chosen),)
    plan = Plan(
        kind=strategy.kind,
        groups=groups,
        total=size,
        trainable=opened,
        stages=stages,
        every=strategy.every,
        unit=strategy.unit,
    )
    for parameter in potential.parameters():
        parameter.requires_grad_(False)
    plan.open(epoch=1, step=0)
    return plan


def _chosen(
    potential: ReferencedPotential,
    strategy: Strategy,
    blocks: Mapping[str, Sequence[nn.Parameter]],
    trained: Sequence[str],
) -> tuple[str, ...]:
    """Blocks that train, in order, E0 included where it is trainable."""
    for head in trained:
        potential.adapter.head_index(head)
    others = {f"{family}.{head}" for family in HEADS for head in potential.adapter.heads if head not in trained}
    if named := sorted(others & {*strategy.train}):
        raise RecipeError(
            f"strategy.train names {named[0]!r}, but the data train {', '.join(trained)}: nothing would reach that "
            f"block. Name readouts of {', '.join(trained)}, or choose the other head (adapter.head)."
        )
    if strategy.kind == "frozen":
        names = _preset(potential, strategy.preset) if strategy.preset else strategy.train
        chosen = select(blocks, names)
    elif strategy.kind == "heads":
        chosen = head_blocks(blocks)
    else:
        chosen = tuple(blocks)
    return tuple(name for name in blocks if (name in chosen and name not in others) or name == REFERENCE)


def _preset(potential: ReferencedPotential, preset: str) -> tuple[str, ...]:
    presets = type(potential.adapter).presets
    if preset not in presets:
        raise UnknownBlock(f"{potential.adapter.name} has no preset called {preset!r}. {nearest(preset, presets)}")
    return presets[preset]


def _stages(blocks: Mapping[str, Sequence[nn.Parameter]], chosen: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Heads (and E0) first, then block by block towards the input."""
    first = tuple(name for name in chosen if name in head_blocks(blocks) or name == REFERENCE)
    return (first, *((name,) for name in reversed(chosen) if name not in first))


def _factors(
    blocks: Mapping[str, Sequence[nn.Parameter]], rates: Mapping[str, float], chosen: Sequence[str]
) -> dict[str, float]:
    factors = dict.fromkeys(blocks, 1.0)
    for name, factor in rates.items():
        meant = select(blocks, [name])
        if not set(meant) & set(chosen):
            raise RecipeError(
                f"strategy.rates: {name!r} means {', '.join(meant)}, which the strategy keeps frozen; "
                f"trained are {', '.join(chosen)}."
            )
        factors.update(dict.fromkeys(meant, factor))
    return factors


def _check_covered(potential: ReferencedPotential, blocks: Mapping[str, Sequence[nn.Parameter]]) -> None:
    """An adapter whose blocks forget a parameter would freeze it without a word."""
    listed = [id(p) for params in blocks.values() for p in params]
    own = {id(p) for p in potential.parameters()}
    if len(listed) != len(set(listed)) or set(listed) != own:
        raise UnknownBlock(
            f"adapter {potential.adapter.name!r}: blocks() must list every parameter exactly once; "
            f"it lists {len(listed)} ({len(set(listed))} different) of {len(own)}. Mend the adapter."
        )


def _count(params: Sequence[nn.Parameter]) -> int:
    return sum(p.numel() for p in params)
