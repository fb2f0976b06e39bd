"""A run in plain words: what was asked, what came out, what to do next. Computed from result.json, never typed in."""

from collections.abc import Sequence

from transferkit.evaluation.compare import SEEDS_FOR_A_CLAIM
from transferkit.report.quantities import MISSING, QUANTITIES, count
from transferkit.typing import Json, Property

HEADLINE: tuple[Property, ...] = ("energy", "forces", "stress")


def headline(metrics: Json | None, name: Property) -> tuple[float | None, Sequence[float] | None]:
    """The error that speaks for a property and its 95 % interval, in stored units: the mean absolute error.

    For forces it is that over the components that symmetry leaves free, as on the page of a comparison. The interval
    belongs to the mean over all components, so forces are given none.

    >>> headline({"energy": {"mae": 0.1, "mean_over_compositions": 0.2, "interval": [0.1, 0.3]}}, "energy")
    (0.1, [0.1, 0.3])
    >>> headline({"forces": {"mae": 0.1, "free_mae": 0.2, "interval": [0.1, 0.3]}}, "forces")
    (0.2, None)
    """
    entry = (metrics or {}).get(name) or {}
    if name == "forces":
        return entry.get("free_mae"), None
    return entry.get("mae"), entry.get("interval")


def shown(metrics: Json | None, name: Property) -> str:
    """:func:`headline` in the shown unit, e.g. ``44.2 [38.1, 51.7] meV/atom``."""
    value, interval = headline(metrics, name)
    text = QUANTITIES[name].show(value, interval)
    return text if text == MISSING else f"{text} {QUANTITIES[name].unit}"


def overlap(a: Sequence[float | None] | None, b: Sequence[float | None] | None) -> bool | None:
    """Whether two intervals share a point; None where one of them is not there.

    >>> overlap([1.0, 2.0], [1.5, 3.0]), overlap([1.0, 2.0], [3.0, 4.0]), overlap(None, [0.0, 1.0])
    (True, False, None)
    """
    if not a or not b or None in (*a, *b):
        return None
    (low_a, high_a), (low_b, high_b) = a, b
    return bool(low_a <= high_b and low_b <= high_a)  # type: ignore[operator]


def outcome(result: Json) -> list[str]:
    """One sentence per test: errors before and after training with their 95 % intervals."""
    return [_test_sentence(name, test, result) for name, test in (result.get("tests") or {}).items()]


def _test_sentence(name: str, test: Json, result: Json) -> str:
    changes = [text for p in HEADLINE if (text := _change(test, p))]
    if not changes:
        size = count(((result.get("data") or {}).get("counts") or {}).get(name))
        return f"On {name} nothing could be measured: none of its {size} structures has both labels and a determined reference."
    return f"On {name} ({_measured(name, test, result)}), {kept(result)}: {'; '.join(changes)}."


def kept(result: Json) -> str:
    """Which weights the final errors are of: those with the lowest validation loss, not those of the last step.

    >>> kept({"training": {"steps": 150, "best_step": 28}})
    'before training and after training (weights of step 28 of 150, lowest validation loss)'
    """
    training = result.get("training") or {}
    best, steps = training.get("best_step"), training.get("steps")
    if best is None:
        return "before training and after training (which weights were kept is not stored)"
    if best == 0:
        return f"no evaluation in {count(steps)} steps beat the start on the validation part, so the weights are those from before training"
    return (
        f"before training and after training (weights of step {count(best)} of {count(steps)}, lowest validation loss)"
    )


def _measured(name: str, test: Json, result: Json) -> str:
    """How many structures and compositions the errors of a test are of, without those counted apart."""
    data = result.get("data") or {}
    structures = (data.get("counts") or {}).get(name)
    compositions = (data.get("compositions") or {}).get(name)
    apart = len((test.get("undetermined") or {}).get("ids") or [])
    if not apart:
        return f"{count(structures)} structures, {count(compositions)} compositions"
    # A composition may be lost with its structures, and only the measured ones have errors.
    compositions = len((test.get("final") or {}).get("by_composition") or {}) or None
    structures = None if structures is None else structures - apart
    return f"{count(structures)} structures, {count(compositions)} compositions; {count(apart)} more counted apart"


def step_zero(result: Json) -> str:
    """What step 0 of a run is, by how its network started.

    >>> step_zero({"strategy": {"kind": "from-scratch"}})
    'Step 0 is the network with random weights on the elemental energies E0 of this run, before any training.'
    """
    scratch = (result.get("strategy") or {}).get("kind") == "from-scratch"
    network = "network with random weights" if scratch else "pretrained network"
    return f"Step 0 is the {network} on the elemental energies E0 of this run, before any training."


def _change(test: Json, name: Property) -> str:
    before, after = (headline(test.get(stage), name) for stage in ("step0", "final"))
    if after[0] is None:
        return ""
    if before[0] is None:
        return f"the {QUANTITIES[name].error} is {shown(test.get('final'), name)} (not measured before training)"
    if after[0] == before[0]:
        return f"the {QUANTITIES[name].error} stayed at {shown(test.get('final'), name)}"
    verb = "fell" if after[0] < before[0] else "rose"
    doubt = " (the intervals overlap)" if overlap(before[1], after[1]) else ""
    return f"the {QUANTITIES[name].error} {verb} from {shown(test.get('step0'), name)} to {shown(test.get('final'), name)}{doubt}"


def next_steps(result: Json) -> list[str]:
    """What the numbers of a run suggest doing, most urgent first."""
    advice = [*_about_reference(result), *_about_training(result), *_about_tests(result)]
    if result.get("seed") is not None and not result.get("variant"):
        advice.append(
            f"This is one seed. Set `seeds` to {SEEDS_FOR_A_CLAIM} or more in the recipe before reading a difference between methods from it."
        )
    advice.append(
        "`transferkit export RUN OUT` writes a file that the native package opens; `transferkit evaluate RUN DATA` measures it on other data."
    )
    return advice


def _about_reference(result: Json) -> list[str]:
    reference, out = result.get("reference") or {}, []
    best = (reference.get("table") or {}).get("best")
    if reference.get("warning") and best:
        out.append(
            f"Set `reference.policy` to `{best}`: it has the lowest leave-one-composition-out error before training."
        )
    counts = {
        name: len((test.get("undetermined") or {}).get("ids") or [])
        for name, test in (result.get("tests") or {}).items()
    }
    if affected := {name: n for name, n in counts.items() if n}:
        where = ", ".join(f"{n} in {name}" for name, n in affected.items())
        out.append(
            f"Add training structures with the elements that the data do not determine ({where} affected), in different compositions."
        )
    return out


def _about_training(result: Json) -> list[str]:
    training = result.get("training") or {}
    steps, best = training.get("steps"), training.get("best_step")
    if training.get("stopped") == "interrupted":
        return ["Training was interrupted. Run the same recipe again to go on from the checkpoint."]
    if not steps or best is None:
        return []
    if best == 0:
        return [
            "No step improved on the start by validation: the weights of step 0 were kept. Try a lower learning rate or more data."
        ]
    if best == steps:
        return ["The last step was the best by validation, so training had not converged: more steps may help."]
    return []


def _about_tests(result: Json) -> list[str]:
    out = []
    for name, test in (result.get("tests") or {}).items():
        before, after = (headline(test.get(stage), "energy") for stage in ("step0", "final"))
        if None not in (before[0], after[0]) and after[0] > before[0] and overlap(before[1], after[1]) is False:  # type: ignore[operator]
            out.append(
                f"Training made energies on {name} worse, beyond the intervals. Use fewer steps, a lower learning rate, or more compositions."
            )
    return out
