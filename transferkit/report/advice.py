"""What the numbers of a run suggest doing next, computed from result.json, most urgent first."""

from collections.abc import Mapping
from typing import Any

import yaml

from transferkit.evaluation.compare import SEEDS_FOR_A_CLAIM
from transferkit.report.data_tables import warnings_in
from transferkit.report.quantities import QUANTITIES, count
from transferkit.report.sentences import headline, overlap
from transferkit.typing import Json

POOR = 1.5
"""An element whose energy error is this many times the mean of the test asks for more data."""
FEW = 10
"""Compositions below which a test says little, and an element is not well known."""
NAMED = 4


def next_steps(result: Json) -> list[str]:
    """What the numbers of a run suggest doing, most urgent first; commands and options stand between backticks."""
    advice = [
        *_about_data(result),
        *_about_reference(result),
        *_about_training(result),
        *_about_tests(result),
        *_about_forces(result),
        *_about_elements(result),
    ]
    if result.get("seed") is not None and not result.get("variant"):
        advice.append(
            f"This is one seed. Set `seeds` to {SEEDS_FOR_A_CLAIM} or more in the recipe before reading a difference between methods from it."
        )
    return advice


def next_command(result: Json, folder: str, recipe: str, smoke: str = "") -> tuple[str, str]:
    """The command that the most urgent advice comes down to, and what it is for.

    Args:
        result: result.json
        folder: name of the run's folder
        recipe: text of its recipe.yaml; empty where it is not there
        smoke: " --smoke" where the folder holds a smoke run

    Returns:
        command, to be given where the folder lies, and a clause

    >>> next_command({"training": {"steps": 20, "best_step": 20}}, "first", "training: {steps: 20}")
    ('transferkit run first/recipe.yaml training.steps=60 --output first-longer', 'three times as many steps')
    """
    reference, training = result.get("reference") or {}, result.get("training") or {}
    again = f"transferkit run {folder}/recipe.yaml"
    best = better_policy(reference)
    if recipe and not result.get("variant"):
        if training.get("stopped") == "interrupted":
            return f"{again} --output {folder}{smoke}", "go on from the checkpoint"
        if warnings_in((result.get("data") or {}).get("findings") or []):
            return "transferkit describe DATA --page data.html", "a page of the data, to settle the warnings first"
        if best:
            return f"{again} reference.policy={best} --output {folder}-{best}", "the policy that scored best"
        length = _longer(recipe) if _not_converged(training) else None
        if length:
            return f"{again} {length} --output {folder}-longer", "three times as many steps"
        if result.get("seed") is not None:
            seeds = ",".join(str(k) for k in range(SEEDS_FOR_A_CLAIM))
            return f'{again} "seeds=[{seeds}]" --output {folder}-seeds', "the same with five seeds"
    return f"transferkit export {folder} OUT", "a file that the native package opens"


def better_policy(reference: Json) -> str | None:
    """The policy to take instead, where the chosen one is so poor that the run warned; None where there is none.

    A policy that could not be scored is no worse than another.

    >>> rows = [{"policy": "refit", "mean": 0.6}, {"policy": "residual", "mean": 0.06}]
    >>> better_policy({"policy": "refit", "warning": "poor", "table": {"best": "residual", "rows": rows}})
    'residual'
    """
    table = reference.get("table") or {}
    scored = {row["policy"] for row in table.get("rows", []) if row.get("mean") is not None}
    best: str | None = table.get("best")
    warned = reference.get("warning") and reference.get("policy") in scored
    return best if warned and best in scored and best != reference.get("policy") else None


def _longer(recipe: str) -> str | None:
    """The option that makes training three times as long; None where the recipe cannot be read."""
    try:
        read: Any = yaml.safe_load(recipe)
    except yaml.YAMLError:
        return None
    training = read.get("training") if isinstance(read, dict) else None
    if isinstance(training, dict):
        for unit in ("steps", "epochs"):
            if isinstance(training.get(unit), int):
                return f"training.{unit}={3 * training[unit]}"
    return None


def _not_converged(training: Json) -> bool:
    steps = training.get("steps")
    return bool(steps) and training.get("best_step") == steps and training.get("keep") != "last"


def _about_data(result: Json) -> list[str]:
    data = result.get("data") or {}
    out = []
    if n := warnings_in(data.get("findings") or []):
        out.append(f"Look at the data before the numbers: {count(n)} warning{'s' if n > 1 else ''} below.")
    taken = (data.get("quarantine") or {}).get("taken")
    if taken:
        file = (data.get("quarantine") or {}).get("file") or "quarantine.jsonl"
        out.append(
            f"Read why {count(taken)} structures were taken out: `{file}` in this folder gives reason and value of each."
        )
    return out


def _about_reference(result: Json) -> list[str]:
    reference, out = result.get("reference") or {}, []
    best = better_policy(reference)
    if best:
        out.append(
            f"Set `reference.policy` to `{best}`: it has the lowest leave-one-composition-out error before training."
        )
    counts = {
        name: len((test.get("undetermined") or {}).get("ids") or [])
        for name, test in (result.get("tests") or {}).items()
    }
    affected = {name: n for name, n in counts.items() if n}
    undetermined = reference.get("undetermined") or []
    if affected or undetermined:
        which = f" ({_listed(undetermined)})" if undetermined else ""
        where = ", ".join(f"{n} in {name}" for name, n in affected.items())
        out.append(
            f"Add training structures with the elements that the data do not determine{which}, in different compositions"
            f"{f': {where} affected' if where else ''}."
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
    if _not_converged(training):
        return ["The last step was the best by validation, so training had not converged: more steps may help."]
    return []


def _about_tests(result: Json) -> list[str]:
    out = []
    compositions = (result.get("data") or {}).get("compositions") or {}
    for name, test in (result.get("tests") or {}).items():
        before, after = (headline(test.get(stage), "energy") for stage in ("step0", "final"))
        if None not in (before[0], after[0]) and after[0] > before[0] and overlap(before[1], after[1]) is False:  # type: ignore[operator]
            out.append(
                f"Training made energies on {name} worse, beyond the intervals. Use fewer steps, a lower learning rate, or more compositions."
            )
        n = compositions.get(name)
        if n is not None and 0 < n < FEW:
            out.append(
                f"The test on {name} has {count(n)} composition{'s' if n > 1 else ''} only: widen it before trusting its numbers."
            )
    return out


def _about_forces(result: Json) -> list[str]:
    poor = []
    for name, test in (result.get("tests") or {}).items():
        forces = (test.get("final") or {}).get("forces") or {}
        free, zero = forces.get("free_mae"), forces.get("free_predict_zero_mae")
        if free is not None and zero is not None and free >= zero:
            poor.append(name)
    if not poor:
        return []
    return [
        f"Forces on {' and on '.join(poor)} are no better than predicting zero: do not use them for relaxation or dynamics."
    ]


def _about_elements(result: Json) -> list[str]:
    """Which elements are predicted poorly on the strictest test, and how many training compositions hold them."""
    for name, test in (result.get("tests") or {}).items():
        mean = headline(test.get("final"), "energy")[0]
        rows: Mapping[str, Json] = (test.get("final") or {}).get("by_element") or {}
        poor = {
            symbol: row
            for symbol, row in rows.items()
            if mean and (row.get("energy_mae") or 0.0) > POOR * mean and (row.get("n_train") or 0) < FEW
        }
        if poor:
            order = sorted(poor, key=lambda s: -poor[s]["energy_mae"])
            said = _listed([f"{s} ({_element(poor[s])})" for s in order])
            return [f"More data of the elements that are predicted poorest on {name}: {said}."]
        if mean is not None:
            return []
    return []


def _element(row: Json) -> str:
    energy = QUANTITIES["energy"]
    text = f"{energy.show(row['energy_mae'])} {energy.unit}"
    n = row.get("n_train")
    return text if n is None else f"{text}, in {count(n)} training composition{'' if n == 1 else 's'}"


def _listed(words: list[str]) -> str:
    more = f" and {len(words) - NAMED} more" if len(words) > NAMED else ""
    return ", ".join(words[:NAMED]) + more
