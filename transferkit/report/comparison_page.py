"""What the page of a comparison shows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from urllib.parse import quote

from transferkit.data.parts import KNOWN
from transferkit.report.beside_paper import beside_paper
from transferkit.report.comparison_advice import comparison_command, comparison_steps, taken_variant
from transferkit.report.comparison_breakdown import all_runs, chemistry_by_variant, elements_of
from transferkit.report.comparison_pictures import curves_picture, pictures_on_test
from transferkit.report.data_tables import taken_out
from transferkit.report.figures.element_errors import element_errors
from transferkit.report.folder import called_from, read_json, smoke_option, strictest_first
from transferkit.report.forgetting_section import forgetting_rows
from transferkit.report.harm import RULE as HARM
from transferkit.report.harm import harm
from transferkit.report.levels_section import SETS, sets_of_variants
from transferkit.report.ordering import error_of, indicative, ordering, verdict
from transferkit.report.paper import paper_a
from transferkit.report.pictures import Picture, picture
from transferkit.report.quantities import MISSING, QUANTITIES, count, counted, duration, probability, spans
from transferkit.report.run_page import files_written, policy_rows, shift_rows
from transferkit.report.run_pictures import shift_picture
from transferkit.report.told_apart import RULE, standing
from transferkit.typing import Json, Property

SHOWN: tuple[Property, ...] = ("energy", "forces", "stress")
LISTED_STEPS = 6
INTERVALS = (
    "Brackets are 95 % intervals of the mean over compositions; they resample compositions and seeds, never frames. "
    "Between the runs of a variant a seed sets {}."
)


def comparison_page(folder: Path) -> Json:
    """Everything the template ``comparison.html.j2`` needs; figures are written to ``figures/`` on the way.

    Raises:
        RunFolderError: comparison.json is missing or damaged.
    """
    told = read_json(folder / "comparison.json")
    variants: dict[str, Json] = told.get("variants") or {}
    labels = {name: variant.get("label") or name for name, variant in variants.items()}
    tests = strictest_first(test for variant in variants.values() for test in variant.get("tests") or {})
    folds = told.get("folds") or []
    runs, notes = first_runs(folder, variants)
    every = all_runs(folder, variants)
    baseline = told.get("baseline") or ""
    comparisons: dict[str, dict[Property, list[Json]]] = told.get("paired") or {}
    paper = told.get("paper") or paper_a()
    pretrained = _pretrained(runs, baseline)
    shown_run = runs.get(pretrained or "") or {}
    said = indicative({test: comparisons.get(test) or {} for test in tests}) if len(variants) > 1 else ""
    name, place = called_from(folder)
    command, purpose = comparison_command(told, tests, name, smoke_option(folder))
    taken = taken_variant(told, tests)
    harms = [harm(variants, test) for test in tests]
    return {
        "title": told.get("name") or folder.name,
        "question": told.get("question"),
        "tests": tests,
        "seeds": spans(told.get("seeds") or []),
        "indicative": said,
        "next_steps": comparison_steps(told, tests, labels, indicative=bool(said)),
        "command": command,
        "purpose": purpose,
        "place": place,
        "folds": spans(folds) if folds else "",
        "steps": count(told.get("steps")),
        "missing": told.get("missing") or [],
        "intervals": INTERVALS.format(_chance(folds, tests, runs)),
        "data": _data(runs),
        "taken_out": taken_out(every, labels),
        "answers": {test: ordering(variants, test, baseline=baseline) for test in tests},
        "verdicts": [
            text
            for test in tests
            for text in verdict(test, comparisons.get(test) or {}, labels, labels.get(baseline, baseline))
        ],
        "harm": [text for one in harms for text in one.sentences],
        "harmed": any(one.clear for one in harms),
        "harm_rule": HARM,
        "rule": RULE,
        "tables": {test: _rows(variants, test, labels) for test in tests},
        "variants": [_variant(name, variant, labels[name], folder) for name, variant in variants.items()],
        "pictures": {test: pictures_on_test(folder, told, test, labels) for test in tests},
        "curves": curves_picture(folder, variants, labels),
        "e0": shift_picture(shown_run, folder),
        "shifts": shift_rows(shown_run),
        "chemistry": {test: chemistry_by_variant(every, test, labels) for test in tests},
        "elements": {test: _elements(folder, every, test, taken, labels) for test in tests},
        "levels": sets_of_variants(every, labels),
        "level_columns": ["variant", *SETS],
        "forgetting": forgetting_rows(every, labels),
        "paired": {test: _paired_rows(comparisons.get(test) or {}, labels) for test in tests},
        "warnings": {test: _warnings(comparisons.get(test) or {}) for test in tests},
        "policies": policy_rows(shown_run),
        "policies_of": f"{labels[pretrained]}, seed {runs[pretrained].get('seed', MISSING)}" if pretrained else "",
        "baseline": labels.get(baseline, baseline) or MISSING,
        "paper": beside_paper(paper, variants, runs, tests, steps=told.get("steps")),
        "hashes": _hashes(shown_run),
        "versions": shown_run.get("versions") or {},
        "notes": notes,
        "files": files_written(folder),
    }


def first_runs(folder: Path, variants: Mapping[str, Json]) -> tuple[dict[str, Json], list[str]]:
    """result.json of the first run of each variant, where it is there, and a note on those that are not."""
    runs = all_runs(folder, variants)
    found = {name: several[0] for name, several in runs.items() if several}
    lost = [name for name in variants if name not in found]
    if not lost:
        return found, []
    of = f"of {', '.join(lost)}" if found else "of any variant"
    return found, [f"No result.json {of} is in this folder: set-up, chemistry and curves of its runs cannot be shown."]


def _pretrained(runs: Mapping[str, Json], baseline: str) -> str | None:
    """The variant whose table of policies is shown: the baseline, or the first that starts from a pretrained network."""
    able = [name for name, run in runs.items() if (run.get("strategy") or {}).get("kind") != "from-scratch"]
    return baseline if baseline in able else next(iter(able), None)


def _chance(folds: Sequence[int], tests: Sequence[str], runs: Mapping[str, Json]) -> str:
    """What differs between the seeds of a variant. A fixed fold fixes the unseen compositions."""
    found = []
    if len(folds) != 1:
        found.append("the fold" if folds else "the split into parts")
    if KNOWN in tests:
        found.append(f"which frames are held back as {KNOWN}")
    found.append("the subset where the recipe asks for one")
    if any((run.get("strategy") or {}).get("kind") == "from-scratch" for run in runs.values()):
        found.append("the initial weights of networks from scratch")
    return f"{', '.join(found)} and the order of batches"


def _data(runs: Mapping[str, Json]) -> list[str]:
    if not runs:
        return []
    data = next(iter(runs.values())).get("data") or {}
    counts, compositions = data.get("counts") or {}, data.get("compositions") or {}
    return [
        f"{name}: {counted(n, 'structure')} of {counted(compositions.get(name), 'composition')}"
        for name, n in counts.items()
    ]


def _rows(variants: Mapping[str, Json], test: str, labels: Mapping[str, str]) -> list[Json]:
    """One row per variant: its label and, per property, step 0 and final; the lowest final error is marked."""
    lowest = {}
    for p in SHOWN:
        finals = {
            v: m for v, entry in variants.items() if (m := error_of(entry, test, "final", p).get("mean")) is not None
        }
        lowest[p] = min(finals, key=finals.__getitem__, default=None)
    return [
        {
            "label": labels[name],
            "cells": [
                {
                    "text": QUANTITIES[p].show(entry.get("mean"), entry.get("interval")),
                    "best": stage == "final" and lowest[p] == name,
                }
                for p in SHOWN
                for stage in ("step0", "final")
                for entry in [error_of(variant, test, stage, p)]
            ],
        }
        for name, variant in variants.items()
    ]


def _variant(name: str, variant: Json, label: str, folder: Path) -> Json:
    pages = [
        {"name": str(run).rsplit("/", 1)[-1], "href": quote(f"{run}/index.html")}
        for run in variant.get("runs") or []
        if (folder / str(run) / "index.html").exists()
    ]
    return {
        "label": label,
        "name": name,
        "trainable": count(variant.get("trainable")),
        "kept": _kept(variant.get("kept_steps") or []),
        "time": duration(variant.get("wall_s")),
        "note": variant.get("note") or "",
        "pages": pages,
    }


def _kept(steps: Sequence[int]) -> str:
    """Step of each run in the order of seeds; of many runs the middle and the ends."""
    if len(steps) <= LISTED_STEPS:
        return ", ".join(count(step) for step in steps) or MISSING
    return f"median {count(median(steps))}, from {count(min(steps))} to {count(max(steps))}"


def _elements(
    folder: Path, runs: Mapping[str, Sequence[Json]], test: str, taken: str | None, labels: Mapping[str, str]
) -> Picture | None:
    """Final energy error by element of the variant that the advice names."""
    errors = elements_of(runs.get(taken or "") or [], test)
    if taken is None or len(errors) < 2:
        return None
    first = sorted(errors, key=errors.__getitem__, reverse=True)[:3]
    said = ", ".join(f"{s} {QUANTITIES['energy'].show(errors[s])}" for s in first)
    return picture(
        element_errors(errors, "energy"),
        folder,
        f"elements {test}",
        alt=f"Periodic table of the final energy error on {test}; largest in meV/atom: {said}.",
        caption=f"Final energy error (meV/atom) of “{labels[taken]}” on {test}, mean over seeds and over the structures "
        "that hold the element. Darker is worse.",
    )


def _hashes(run: Json) -> list[list[str]]:
    """Licence of the weights and hash of the data, as the run that is shown stored them."""
    rows = [
        (
            "potential",
            " ".join(str((run.get("adapter") or {}).get(key) or "") for key in ("name", "checkpoint")).strip(),
        ),
        ("licence of the weights", (run.get("adapter") or {}).get("licence")),
        ("data", (run.get("data") or {}).get("hash")),
    ]
    return [[name, str(value)] for name, value in rows if value]


def _paired_rows(comparisons: Mapping[Property, list[Json]], labels: Mapping[str, str]) -> list[list[str]]:
    return [
        [
            f"{QUANTITIES[name].name} ({QUANTITIES[name].unit})",
            labels.get(row["method"], row["method"]),
            QUANTITIES[name].show(row.get("mean_difference"), row.get("interval")),
            standing(row),
            probability(row.get("p_wilcoxon")),
            probability(row.get("p_holm")),
            count(row.get("n_compositions")),
            count(row.get("n_seeds")),
            count(row.get("seeds_per_composition")),
        ]
        for name, rows in comparisons.items()
        for row in rows
    ]


def _warnings(comparisons: Mapping[Property, list[Json]]) -> list[str]:
    """What the comparisons say a reader must know, each once."""
    return list(
        dict.fromkeys(text for rows in comparisons.values() for row in rows for text in row.get("warnings") or ())
    )
