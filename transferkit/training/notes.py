"""Notes: what a reader of a run should know about its labels and heads."""

from collections.abc import Sequence

from transferkit.data.structures import Structures
from transferkit.finetuning.blocks import HEADS
from transferkit.finetuning.plan import Plan
from transferkit.finetuning.strategy import REFERENCE
from transferkit.training.mixture import Mixture
from transferkit.typing import PROPERTIES, Property


def notes_on(absent: Sequence[str], valid_absent: Sequence[str]) -> tuple[str, ...]:
    """What a reader of the result should know about labels.

    >>> notes_on(["magmoms"], [])
    ('absent labels: the training data have no magmoms; their weight is not used',)
    """
    notes = []
    if absent:
        notes.append(f"absent labels: the training data have no {', '.join(absent)}; their weight is not used")
    if valid_absent:
        notes.append(f"the validation data have no {', '.join(valid_absent)}; the best weights are chosen without them")
    return tuple(notes)


def sets_note(mixture: Mixture | None, need: frozenset[Property]) -> tuple[str, ...]:
    """Which labels reach which head, where several sets are trained on together.

    >>> sets_note(None, frozenset({"energy"}))
    ()
    """
    if mixture is None:
        return ()
    told = [_told(mixture.names[0], mixture.target, need, "")]
    for name, one in zip(mixture.names[1:], mixture.beside, strict=True):
        told.append(_told(name, one.data, need, f", {one.ratio:g} per structure of the target, weight {one.weight:g}"))
    return (f"trained together: {'; '.join(told)}",)


def _told(name: str, data: Structures, need: frozenset[Property], more: str) -> str:
    labels = ", ".join(f"{p} {n}" for p in PROPERTIES if p in need and (n := int(data.mask[p].sum())))
    return f"{name} ({len(data)} {data.fidelity} structures{more}) learns {labels}"


def shared_note(plan: Plan, heads: Sequence[str], trained: Sequence[str]) -> tuple[str, ...]:
    """That heads which are not trained change with the network they share, where they do.

    >>> plan = Plan("full", (), {"embedding": 9, "readout.a": 3, "readout.b": 0}, {}, ())
    >>> shared_note(plan, ["a", "b"], ["a"])
    ('not trained, but their predictions change, since they share embedding with a: b',)
    """
    others = [name for name in heads if name not in trained]
    own = {REFERENCE, *(f"{family}.{head}" for family in HEADS for head in trained)}
    shared = [name for name, count in plan.trainable.items() if count and name not in own]
    if not (others and shared):
        return ()
    names = shared[0] if len(shared) == 1 else f"{shared[0]} to {shared[-1]}"
    return (
        f"not trained, but their predictions change, since they share {names} with {', '.join(trained)}: {', '.join(others)}",
    )
