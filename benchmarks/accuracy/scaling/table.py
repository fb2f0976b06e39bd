"""Turn finished or half-finished studies into what is committed: results.md, points-*.csv, laws-*.json and the figures.

python benchmarks/accuracy/scaling/table.py FOLDER...
"""

import json
import shutil
import sys
from pathlib import Path

from transferkit.division import divide
from transferkit.recipe import Recipe
from transferkit.report.quantities import QUANTITIES
from transferkit.report.study_caveats import caveats
from transferkit.report.study_page import ORDER
from transferkit.report.study_sections import section
from transferkit.report.study_sentences import answer
from transferkit.resolve import read_data
from transferkit.scaling.study_report import report_study
from transferkit.vary import points

HERE = Path(__file__).parent


def rows(head: list[str], lines: list[list[str]]) -> list[str]:
    """A table in Markdown."""
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(line)} |" for line in lines), ""]


def pool(told: dict) -> int:
    """Compositions to draw subsets from; points that were trained before this number was stored do not tell it."""
    recipe = points(Recipe.model_validate(told["recipe"]))[0].recipe
    held: int = divide(recipe, read_data(recipe).kept).info["pool"][told["abscissa"]]
    return held


def study(folder: Path, out: Path) -> list[str]:
    """What one study found, and its table, laws and figures beside this file."""
    report_study(folder)
    told = json.loads((folder / "study.json").read_text())
    told["pool"] = told.get("pool") or pool(told)
    short, unit = told["name"], told["abscissa"]
    shutil.copy(folder / "points.csv", out / f"points-{short}.csv")
    (out / f"laws-{short}.json").write_text(json.dumps(told["analysis"], indent=1, ensure_ascii=False) + "\n")
    sections = sorted(told["analysis"]["sections"], key=lambda s: ORDER.index(s["quantity"]))
    lines = [
        f"## {short}",
        "",
        told["question"],
        "",
        f"{told['finished']} of {told['planned']} points. {told['budget']}.",
        "",
    ]
    for s in sections:
        shown, q = section(folder, s, unit), QUANTITIES[s["quantity"]]
        lines += [f"### {shown['name']} on {s['test']}", "", answer(s, unit), ""]
        picture = folder / shown["picture"].file
        name = f"{short}-{s['quantity']}.png"
        shutil.copy(picture, out / name)
        lines += [f"![{shown['picture'].alt}]({name})", ""]
        lines += rows(
            ["curve", unit, f"final ({q.unit})", f"step 0 ({q.unit})", "chains", "test compositions"], shown["points"]
        )
        if shown["fits"]:
            lines += rows(["curve", "exponent b", f"a ({q.unit})", f"c ({q.unit})", "R²", "form"], shown["fits"])
            lines += [*(f"Fits: {text}." for text in shown["methods"]), ""]
        if shown["forms"]:
            lines += [f"Both forms, where choosing one moves b: {told['analysis']['criterion']}.", ""]
            lines += rows(["curve", "form", "exponent b", f"c ({q.unit})", "taken"], shown["forms"])
        if shown["factors"]:
            lines += rows(
                ["curves", f"{unit}, pre-trained", f"error ({q.unit})", f"{unit}, scratch", "data factor"],
                shown["factors"],
            )
        if shown["forecast"]:
            lines += rows(["curve", *shown["forecast_head"]], shown["forecast"])
        if shown["targets"]:
            lines += rows(["curve", *shown["targets_head"]], shown["targets"])
    lines += ["### Caveats", "", *(f"- {text}" for text in caveats(told, sections, unit)), ""]
    return lines


def main(folders: list[Path]) -> None:
    """Write everything beside this file."""
    head = [
        "# Results",
        "",
        (
            "Written by `table.py`; errors are means over test compositions, then geometric means over chains, with 95 % intervals over chains. "
            "Which law the intervals of fits are of stands below each. † reads a line beyond the sizes that were measured."
        ),
        "",
    ]
    text = "\n".join([*head, *(line for folder in folders for line in study(folder, HERE))])
    (HERE / "results.md").write_text(text.rstrip() + "\n")
    print(HERE / "results.md")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
