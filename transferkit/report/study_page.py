"""What the page of a study shows."""

from collections.abc import Sequence
from pathlib import Path

from transferkit.report.folder import called_from, read_json, smoke_option, strictest_first
from transferkit.report.quantities import count, counted
from transferkit.report.run_page import files_written
from transferkit.report.study_advice import study_command, study_steps
from transferkit.report.study_caveats import caveats, over_compositions
from transferkit.report.study_lines import lines_section
from transferkit.report.study_sections import section
from transferkit.report.study_sentences import answer, not_fitted
from transferkit.typing import Json

STUDY = "study.json"
ORDER = ("energy", "forces", "stress", "magmoms")
INTERVALS = (
    "Brackets and bands are {level:.0f} % intervals. Each chain draws its own nested subsets of the training part, and all intervals "
    "hold for other draws. Those of single points are of this test part. {laws}"
)
LAWS_OVER_ALL = "Those of fitted laws hold for other test compositions like these, too."
LAWS_ON_TEST = "So are those of fitted laws: they do not say how much another test part would move a number."
SYNTHETIC = (
    "The labels of this study were made by a network, not computed from first principles. Its numbers test the machinery; "
    "they are no evidence about levels of theory."
)


def study_page(folder: Path) -> Json:
    """Everything the template ``study.html.j2`` needs; figures are written to ``figures/`` on the way.

    Args:
        folder: of a study; ``study.json`` as :func:`transferkit.scaling.study_report.report_study` makes it

    Raises:
        RunFolderError: study.json is missing or damaged.
    """
    told = read_json(folder / STUDY)
    analysis: Json = told.get("analysis") or {}
    sections: list[Json] = sorted(analysis.get("sections") or [], key=lambda s: ORDER.index(s["quantity"]))
    tests = strictest_first(s["test"] for s in sections)
    abscissa = told.get("abscissa") or "training size"
    missing: list[Json] = told.get("missing") or []
    name, place = called_from(folder)
    command, purpose = study_command(told, name, smoke_option(folder))
    grouped = []
    for test in tests:
        shown = [section(folder, s, abscissa) for s in sections if s["test"] == test]
        for k, one in enumerate(shown):
            one["open"] = test == tests[0] and k == 0
        grouped.append({"name": test, "sections": shown})
    return {
        "title": told.get("name") or folder.name,
        "question": told.get("question"),
        "facts": _facts(told, sections, abscissa),
        "synthetic": SYNTHETIC if told.get("synthetic") else "",
        "answers": [text for s in sections if s["test"] == tests[0] and (text := answer(s, abscissa))][:3]
        + not_fitted([s for s in sections if s["test"] == tests[0]]),
        "next_steps": study_steps(told, sections),
        "command": command,
        "purpose": purpose,
        "place": place,
        "intervals": INTERVALS.format(
            level=100 * (analysis.get("level") or 0.95),
            laws=LAWS_OVER_ALL if over_compositions(sections) else LAWS_ON_TEST,
        ),
        "criterion": analysis.get("criterion") or "",
        "tests": grouped,
        "lines": [lines_section(folder, one) for one in told.get("lines") or []],
        "abscissa": abscissa,
        "missing": [[m["point"], m["state"], m.get("why") or ""] for m in missing],
        "missing_words": _missing_words(told, missing),
        "treatment": told.get("treatment") or ["How the points were trained was not stored."],
        "caveats": caveats(told, sections, abscissa),
        "table_words": "Every number of this page comes from `points.csv` (the same as `points.parquet`), with the errors of single "
        "compositions in `compositions.parquet` and the fits in `study.json`.",
        "hashes": [[key, str(value)] for key, value in (told.get("origin") or {}).items() if value],
        "versions": told.get("versions") or {},
        "notes": [],
        "files": files_written(folder),
    }


def _facts(told: Json, sections: Sequence[Json], abscissa: str) -> str:
    curves = {c["curve"] for s in sections for c in s["curves"]}
    sizes = sorted({n for s in sections for c in s["curves"] for n in c["sizes"]})
    chains = {k for s in sections for c in s["curves"] for k in c["chains"]}
    span = f" from {count(sizes[0])} to {count(sizes[-1])} {abscissa}" if len(sizes) > 1 else ""
    budget = f"; {told['budget']}" if told.get("budget") else ""
    return (
        f"{counted(len(curves), 'curve')}, {counted(len(sizes), 'size')}{span} and {counted(len(chains), 'chain')} of nested "
        f"subsets; {count(told.get('finished'))} of {counted(told.get('planned'), 'point')} finished{budget}"
    )


def _missing_words(told: Json, missing: Sequence[Json]) -> str:
    failed = sum(m["state"] == "failed" for m in missing)
    text = f"{count(told.get('finished'))} of {counted(told.get('planned'), 'point')} have finished"
    return f"{text}, {count(failed)} failed." if failed else f"{text}."
