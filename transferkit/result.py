"""result.json: what one run was, and what it found."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ase.data import atomic_numbers, chemical_symbols

from transferkit.adapters.licence import is_non_commercial
from transferkit.data.finding import Finding
from transferkit.data.quarantine import FILE, TakenOut, counted
from transferkit.data.split import Parts
from transferkit.data.structures import Structures
from transferkit.evaluation.judge import judge
from transferkit.provenance import versions
from transferkit.recipe import Recipe
from transferkit.typing import Json

if TYPE_CHECKING:
    from transferkit.rereferencing import Rereferenced
    from transferkit.training.fit import FitResult


def result_of(
    recipe: Recipe,
    variant: str,
    data: Structures,
    parts: Parts,
    *,
    findings: Sequence[Finding],
    taken: Sequence[TakenOut],
    caution: str | None,
    referenced: "Rereferenced",
    fitted: "FitResult",
    step0: dict[str, Structures],
    final: dict[str, Structures],
    heads: Sequence[Json] = (),
    pretrained: Json | None = None,
    forgetting: Json | None = None,
) -> Json:
    """Everything that the page, the comparison and a later study read of a run.

    Args:
        recipe: resolved, of one run
        variant: its name in a comparison, or ""
        data: all structures
        parts: as they were divided
        findings: what looks wrong in the data
        taken: frames that were taken out of the data
        caution: what to know about the validation part, if anything
        referenced: the potential before training, with the table of policies
        fitted: what the loop gave back
        step0: predictions before training, by part
        final: predictions after training, by part
        heads: one row per set that was trained on
        pretrained: what the first stage was, if there was one
        forgetting: of :func:`transferkit.evaluation.forgetting.forgetting`
    """
    potential, head = fitted.potential, referenced.head
    reference = referenced.potential.reference(head)
    sets = {"train": parts.train, "valid": parts.valid, **parts.tests}
    judged = {
        name: judge(parts.train, sets[name], step0[name], final[name], fitted_on=parts.fitted_on) for name in final
    }
    return {
        "name": recipe.name,
        "variant": variant or None,
        "question": recipe.question,
        "seed": recipe.seed,
        "fold": parts.info.get("fold"),
        "fidelity": data.fidelity,
        "label_convention": data.label_convention,
        "adapter": {
            "name": potential.adapter.name,
            "checkpoint": _shown(recipe.adapter.checkpoint),
            "licence": potential.adapter.licence,
            "non_commercial": is_non_commercial(potential.adapter.licence),
            "head": head,
            "heads": potential.fidelities,
        },
        "data": {
            "source": _shown(recipe.data.source),
            "hash": data.hash,
            "read_as": data.read_as.to_json(),
            "counts": {name: len(part) for name, part in sets.items()},
            "compositions": {name: len(set(part.composition)) for name, part in sets.items()},
            "pool": parts.info.get("pool"),
            "copies": parts.info.get("copies", 0),
            "findings": [str(finding) for finding in findings],
            "quarantine": {"taken": len(taken), "reasons": counted(taken), "file": FILE if taken else None},
            "warnings": [*difference_note(recipe), *parts.warnings, *_cautions(caution, pretrained)],
        },
        "strategy": {
            "kind": recipe.strategy.kind,
            "trainable": fitted.plan.n_trainable,
            "total": fitted.plan.n_total,
            "blocks": {
                name: {"parameters": total, "trainable": fitted.plan.trainable[name]}
                for name, total in fitted.plan.total.items()
            },
        },
        "reference": {
            "policy": recipe.reference.policy,
            "trainable": recipe.reference.trainable,
            "kind": reference.kind,
            "table": referenced.table.to_json(),
            "warning": referenced.warning,
            "shift": {s: e for s, e in referenced.shift.items() if atomic_numbers[s] in data.elements},
            "undetermined": [chemical_symbols[z] for z in reference.undetermined if z in set(data.elements.tolist())],
        },
        "training": {
            "steps": fitted.steps,
            "epochs": fitted.epochs,
            "best_epoch": fitted.best_epoch,
            "best_step": fitted.best_step,
            "keep": recipe.training.keep,
            "wall_s": fitted.wall_s,
            "stopped": fitted.stopped,
            "note": "; ".join(fitted.notes),
        },
        "tests": {name: judged[name] for name in parts.tests},
        "valid": {when: judged["valid"][when] for when in ("step0", "final")},
        "heads": list(heads),
        "pretrain": pretrained,
        "forgetting": forgetting,
        "versions": versions(potential.adapter.package),
    }


def difference_note(recipe: Recipe) -> list[str]:
    """What a reader must know where labels are differences of two levels of theory; nothing otherwise.

    >>> tiny = {"data": {"source": "a", "fidelity": "PBE"}, "adapter": {"name": "toy"}, "training": {"steps": 2}}
    >>> difference_note(Recipe(name="x", **tiny))
    []
    """
    low = recipe.data.minus
    if low is None:
        return []
    levels = f"{recipe.data.fidelity} minus {low.fidelity}"
    use = f"to use a prediction, add a {low.fidelity} calculation of the structure"
    return [f"labels and predictions are differences, {levels}: {use}; errors are those of the sum of both"]


def _cautions(caution: str | None, pretrained: Json | None) -> list[str]:
    """What to know about the structures that chose the best weights, of the data and of the first stage."""
    first = None if pretrained is None else pretrained["caution"]
    return [*([] if first is None else [f"pretrain: {first}"]), *([] if caution is None else [caution])]


def _shown(path: str | None) -> str | None:
    """The last part of a path: where a file lies on this machine is for ``recipe.yaml``, and no reader's concern."""
    return None if path is None else path.rstrip("/").rsplit("/", 1)[-1]
