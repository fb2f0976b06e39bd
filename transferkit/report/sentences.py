"""A run in plain words: what was asked, what came out, what to do next. Computed from result.json, never typed in."""

from collections.abc import Sequence

from transferkit.report.quantities import MISSING, QUANTITIES, count, counted
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
    """Which weights the final errors are of: those with the lowest validation loss, or those of the last step where asked for.

    >>> kept({"training": {"steps": 150, "best_step": 28}})
    'before training and after training (weights of step 28 of 150, lowest validation loss)'
    """
    training = result.get("training") or {}
    best, steps = training.get("best_step"), training.get("steps")
    if best is None:
        return "before training and after training (which weights were kept is not stored)"
    if best == 0:
        return f"no evaluation in {count(steps)} steps beat the start on the validation part, so the weights are those from before training"
    why = "the last, as asked for" if training.get("keep") == "last" else "lowest validation loss"
    return f"before training and after training (weights of step {count(best)} of {count(steps)}, {why})"


def _measured(name: str, test: Json, result: Json) -> str:
    """How many structures and compositions the errors of a test are of, without those counted apart."""
    data = result.get("data") or {}
    structures = (data.get("counts") or {}).get(name)
    compositions = (data.get("compositions") or {}).get(name)
    apart = len((test.get("undetermined") or {}).get("ids") or [])
    if not apart:
        return f"{counted(structures, 'structure')}, {counted(compositions, 'composition')}"
    # A composition may be lost with its structures, and only the measured ones have errors.
    compositions = len((test.get("final") or {}).get("by_composition") or {}) or None
    structures = None if structures is None else structures - apart
    return (
        f"{counted(structures, 'structure')}, {counted(compositions, 'composition')}; {count(apart)} more counted apart"
    )


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


def asked(result: Json) -> str:
    """What a run was to do, in one sentence.

    >>> asked({"adapter": {"name": "chgnet", "checkpoint": "0.3.0"}, "fidelity": "r2SCAN", "data": {"source": "mine"}})
    'chgnet 0.3.0 was to be taken to r2SCAN with – structures of – compositions from mine.'
    """
    adapter, data, reference = (result.get(key) or {} for key in ("adapter", "data", "reference"))
    name = f"{adapter.get('name') or 'A potential'} {adapter.get('checkpoint') or ''}".strip()
    n, compositions = ((data.get(key) or {}).get("train") for key in ("counts", "compositions"))
    text = (
        f"{name} was to be taken to {result.get('fidelity') or 'another level of theory'} with {counted(n, 'structure')} of "
        f"{counted(compositions, 'composition')} from {data.get('source') or 'an unnamed source'}"
    )
    if reference.get("policy"):
        text += f", its elemental energies E0 set by `{reference['policy']}`"
    if kind := (result.get("strategy") or {}).get("kind"):
        text += f", the network trained by the strategy `{kind}`"
    return f"{text}."


def about_policies(result: Json) -> str:
    """How the chosen policy does before training, beside the best one and beside leaving E0 alone.

    >>> row = {"policy": "residual", "mean": 0.058}
    >>> about_policies({"reference": {"policy": "residual", "table": {"best": "residual", "rows": [row]}}})
    'Before any training, `residual` predicts compositions left out of its fit to 58.0 meV/atom, the best of all policies.'
    """
    reference = result.get("reference") or {}
    table = reference.get("table") or {}
    means = {row["policy"]: row["mean"] for row in table.get("rows", []) if row.get("mean") is not None}
    chosen, best, energy = reference.get("policy"), table.get("best"), QUANTITIES["energy"]
    if chosen not in means:
        return ""
    text = f"Before any training, `{chosen}` predicts compositions left out of its fit to {energy.show(means[chosen])} {energy.unit}"
    if best == chosen:
        text += ", the best of all policies"
    elif best in means:
        text += f"; `{best}` does best with {energy.show(means[best])}"
    if "keep" in means and chosen != "keep":
        text += f". With E0 left as it was (`keep`) it would be {energy.show(means['keep'])}"
    return f"{text}."


def harm_done(result: Json) -> list[str]:
    """Which errors training raised above step 0: beyond their intervals, and within them or without any.

    >>> energy = [{"energy": {"mae": 0.1, "interval": [0.1, 0.1]}}, {"energy": {"mae": 0.2, "interval": [0.2, 0.2]}}]
    >>> harm_done({"tests": {"t": {"step0": energy[0], "final": energy[1]}}})
    ['Training did harm: on t the energy error rose.']
    """
    clear: list[str] = []
    unclear: list[str] = []
    for name, test in (result.get("tests") or {}).items():
        raised: dict[bool, list[str]] = {True: [], False: []}
        for p in HEADLINE:
            (before, first), (after, last) = (headline(test.get(stage), p) for stage in ("step0", "final"))
            show = QUANTITIES[p].show
            # A rise that the shown digits cannot show is none.
            if before is not None and after is not None and after > before and show(after) != show(before):
                raised[overlap(first, last) is False].append(QUANTITIES[p].name)
        for found, names in ((clear, raised[True]), (unclear, raised[False])):
            if names:
                found.append(f"on {name} the {' and '.join(names)} error{'s' if len(names) > 1 else ''} rose")
    return [
        *([f"Training did harm: {'; '.join(clear)}."] if clear else []),
        *([f"Perhaps by chance, as intervals overlap or are not known: {'; '.join(unclear)}."] if unclear else []),
    ]
