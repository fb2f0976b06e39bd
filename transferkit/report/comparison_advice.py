"""What a comparison suggests doing next, computed from comparison.json, most urgent first."""

from collections.abc import Mapping, Sequence

from transferkit.evaluation.compare import SEEDS_FOR_A_CLAIM
from transferkit.report.ordering import error_of
from transferkit.report.quantities import QUANTITIES, count
from transferkit.report.told_apart import BETTER, WORSE, standing
from transferkit.typing import Json

MOST = 0.5
"""Share of a variant's runs of which something must be true to be said of the variant."""


def comparison_steps(told: Json, tests: Sequence[str], labels: Mapping[str, str], *, indicative: bool) -> list[str]:
    """What to do after a comparison; options and commands stand between backticks.

    Args:
        told: comparison.json
        tests: strictest first; the first decides which variant to take
        labels: shown name of each variant
        indicative: whether some composition has too few seeds for a claim

    >>> final = {"energy": {"mean": 0.03}}
    >>> told = {"variants": {"a": {"tests": {"t": {"final": final}}, "kept_steps": [9]}}, "steps": 9}
    >>> comparison_steps(told, ["t"], {"a": "A"}, indicative=False)[-1]
    'For “A” the last evaluation was the best in most runs: training had not converged, so give all variants more `training.steps`.'
    """
    variants: dict[str, Json] = told.get("variants") or {}
    out = []
    if told.get("missing"):
        out.append(
            f"{count(len(told['missing']))} runs are missing: run the same command again; finished ones are kept."
        )
    out += _which(told, tests, labels)
    if indicative:
        out.append(
            f"Raise `seeds` until every composition is tested by {SEEDS_FOR_A_CLAIM} of them, then read the ordering."
        )
    steps = told.get("steps")
    idle = [labels[name] for name, v in variants.items() if _mostly(v.get("kept_steps"), 0)]
    chosen = {name: v for name, v in variants.items() if v.get("keep") != "last"}
    late = [labels[name] for name, v in chosen.items() if steps and _mostly(v.get("kept_steps"), steps)]
    if idle:
        out.append(
            f"For {_and(idle)} no step beat the start in most runs: lower `optimiser.learning_rate`, or add data."
        )
    if late:
        out.append(
            f"For {_and(late)} the last evaluation was the best in most runs: training had not converged, so give all "
            "variants more `training.steps`."
        )
    return out


def comparison_command(told: Json, tests: Sequence[str], folder: str, smoke: str = "") -> tuple[str, str]:
    """The next command and what it is for: missing runs, more seeds, or the export of a run of the variant to take.

    ``smoke`` is " --smoke" where the folder holds a smoke run.
    """
    if told.get("missing"):
        return f"transferkit run {folder}/recipe.yaml --output {folder}{smoke}", "the runs that are missing"
    if tests and _few_seeds(told, tests[0]):
        # Seeds that set the fold share the compositions between them.
        n = SEEDS_FOR_A_CLAIM * max(1, len(told.get("folds") or []))
        seeds = ",".join(str(k) for k in range(n))
        return (
            f'transferkit run {folder}/recipe.yaml "seeds=[{seeds}]" --output {folder}{smoke}',
            "enough seeds for a claim",
        )
    taken = taken_variant(told, tests)
    runs = ((told.get("variants") or {}).get(taken) or {}).get("runs") or []
    if runs:
        return f"transferkit export {folder}/{runs[0]} OUT", "a file that the native package opens"
    return "", ""


def taken_variant(told: Json, tests: Sequence[str]) -> str | None:
    """The variant to take: the baseline unless another is told apart as better in energy on the strictest test.

    Without a baseline it is the one with the lowest energy error.
    """
    for test in tests:
        means = _means(told, test)
        if not means:
            continue
        baseline = told.get("baseline")
        if baseline not in means:
            return min(means, key=means.__getitem__)
        rows = ((told.get("paired") or {}).get(test) or {}).get("energy") or []
        better = [row["method"] for row in rows if standing(row) == BETTER and row["method"] in means]
        return min([baseline, *better], key=means.__getitem__) if better else str(baseline)
    return None


def _which(told: Json, tests: Sequence[str], labels: Mapping[str, str]) -> list[str]:
    """Which variant to take, and why not the one with the lowest number where that is another."""
    taken = taken_variant(told, tests)
    if taken is None:
        return []
    test = next(test for test in tests if _means(told, test))
    means, energy = _means(told, test), QUANTITIES["energy"]
    lowest = min(means, key=means.__getitem__)
    text = f"Take “{labels[taken]}” ({energy.show(means[taken])} {energy.unit} on {test})"
    if lowest != taken:
        text += f": “{labels[lowest]}” is lower by number ({energy.show(means[lowest])}), but not told apart from it"
    rows = ((told.get("paired") or {}).get(test) or {}).get("energy") or []
    worse = [row for row in rows if standing(row) == WORSE]
    out = [f"{text}."]
    if worse:
        few = "" if all(row.get("claim") for row in worse) else ", as far as so few seeds can tell"
        out.append(f"Leave {_and([labels.get(row['method'], row['method']) for row in worse])}: worse in energy{few}.")
    return out


def _few_seeds(told: Json, test: str) -> bool:
    rows = [row for several in ((told.get("paired") or {}).get(test) or {}).values() for row in several]
    return bool(rows) and not all(row.get("claim") for row in rows)


def _means(told: Json, test: str) -> dict[str, float]:
    found = {
        name: error_of(variant, test, "final", "energy").get("mean")
        for name, variant in (told.get("variants") or {}).items()
    }
    return {name: mean for name, mean in found.items() if mean is not None}


def _mostly(kept: Sequence[int] | None, step: int) -> bool:
    return bool(kept) and sum(k == step for k in kept or ()) > MOST * len(kept or ())


def _and(labels: Sequence[str]) -> str:
    words = [f"“{label}”" for label in labels]  # labels hold commas of their own
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
