"""Turn lines.json into what is committed: results.md, results.json, lines.png and the measured sentence of the README.

python benchmarks/accuracy/paper_b/table.py runs/paper-b
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from transferkit.report.figures.style import BLUE, GREY, VERMILION, canvas, log_scale, png, styled
from transferkit.report.quantities import QUANTITIES

HERE = Path(__file__).parent
WORDS = "Synthetic labels: this tests machinery and is never evidence"
LOOKS = {"other": (BLUE, "o", "other level of theory"), "same": (VERMILION, "s", "same level of theory")}
MEASURED = re.compile(r"(<!-- measured -->\n).*?(<!-- end -->)", re.DOTALL)


@styled
def draw(sets: list[dict]) -> Figure:
    """One panel per set of lines: points of all chains, the fitted line, and the grey line of equal errors."""
    figure = canvas(8.0, 7.4)
    panels = figure.subplots(2, 2).ravel()
    for axes, told in zip(panels, sets, strict=True):
        quantity = QUANTITIES[told["quantity"]]
        for line in told["lines"]:
            colour, marker, name = LOOKS["same" if "same" in line["label"] else "other"]
            x, y = (quantity.factor * np.array([p[key] for p in line["points"]]) for key in ("x", "y"))
            axes.plot(x, y, marker, color=colour, label=f"{name}: {slope(line)}")
            if line["fit"]:
                grid = np.geomspace(x.min(), x.max(), 40)
                fitted = np.exp(line["fit"]["intercept"]) * (grid / quantity.factor) ** line["fit"]["slope"]
                axes.plot(grid, quantity.factor * fitted, "-", color=colour)
        low, high = min(axes.get_xlim()[0], axes.get_ylim()[0]), max(axes.get_xlim()[1], axes.get_ylim()[1])
        limits = axes.get_xlim(), axes.get_ylim()
        axes.plot([low, high], [low, high], color=GREY, linewidth=0.8, zorder=0)
        top = limits[1][0] * (limits[1][1] / limits[1][0]) ** 1.18  # room for the legend
        axes.set(xlim=limits[0], ylim=(limits[1][0], top), title=told["title"])
        log_scale(axes.xaxis)
        log_scale(axes.yaxis)
        axes.set_xlabel(f"{told['x']} ({quantity.unit})")
        axes.set_ylabel(f"{told['y']} ({quantity.unit})")
        axes.legend(loc="upper left", fontsize=7.5)
    figure.suptitle(f"{WORDS}. Grey: equal errors.", fontsize=9.5, color=VERMILION)
    return figure


def slope(line: dict) -> str:
    """Slope and interval, or that there is none."""
    fit = line["fit"]
    if fit is None:
        return "no line"
    return f"slope {fit['slope']:.2f} {ends(fit)}"


def ends(fit: dict) -> str:
    """The interval of a slope, with words for missing ends."""
    pieces = fit["interval"]["pieces"]
    said = [[f"{end:.2f}" if end is not None else "no end" for end in piece] for piece in pieces]
    return " or ".join(f"[{low}, {high}]" for low, high in said) or "[none]"


def rows(head: list[str], lines: list[list[str]]) -> list[str]:
    """A table in Markdown."""
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(line)} |" for line in lines), ""]


def described(told: dict) -> list[str]:
    """One set of lines: fits, then the points behind them as geometric means over chains."""
    quantity = QUANTITIES[told["quantity"]]
    out = [f"## {told['title']}", "", "Synthetic labels.", ""]
    fits = [
        [
            line["label"],
            f"{line['fit']['slope']:.3f} {ends(line['fit'])}" if line["fit"] else f"not fitted: {line['refused']}",
            f"{line['fit']['r2']:.3f}" if line["fit"] else "–",
            f"{line['fit']['n_points']} × {line['fit']['n_chains']}" if line["fit"] else "–",
        ]
        for line in told["lines"]
    ]
    out += rows(["students", "slope [95 % interval]", "R² of means", "sizes × chains"], fits)
    means = []
    for line in told["lines"]:
        for size in sorted({p["size"] for p in line["points"]}):
            few = [p for p in line["points"] if p["size"] == size]
            shown = [
                quantity.show(float(np.exp(np.mean(np.log([p[key] for p in few])))))
                + f" ({quantity.show(min(p[key] for p in few))} to {quantity.show(max(p[key] for p in few))})"
                for key in ("x", "y")
            ]
            means.append([line["label"], str(size), *shown])
    head = ["students", "pre-training compositions", f"{told['x']} ({quantity.unit})", f"{told['y']} ({quantity.unit})"]
    return out + rows(head, means)


def main(folder: Path) -> None:
    """Write everything beside this file."""
    told = json.loads((folder / "lines.json").read_text())
    measured = (
        f"{told['students']} students, of which {told['different']} differ (the others kept their random weights, since no step was better on the "
        f"validation part) and were fine-tuned; about {told['cpu_s'] / 60:.0f} minutes of one core in all, with labels and graphs. {told['frames']} frames of "
        f"{told['compositions']} compositions, {told['test_frames']} of them for the test.\n"
    )
    text = [
        "# Results",
        "",
        f"**{WORDS}.** All labels are predictions of CHGNet. Written by `table.py`.",
        "",
        measured,
        f"![{WORDS}: four panels, errors against errors on logarithmic axes, with lines.](lines.png)",
        "",
        "Errors are means over test compositions. Points: geometric mean over chains (smallest to largest).",
        "",
        *(line for one in told["lines"] for line in described(one)),
    ]
    (HERE / "results.md").write_text("\n".join(text).rstrip() + "\n")
    (HERE / "results.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    (HERE / "lines.png").write_bytes(png(draw(told["lines"])))
    readme = HERE / "README.md"
    readme.write_text(MEASURED.sub(lambda found: f"{found[1]}{measured}{found[2]}", readme.read_text()))
    print(HERE / "results.md")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
