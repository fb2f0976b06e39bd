"""Figure of a results file of run.py: cost per atom against batch size and cell size, cost per structure against their number.

python benchmarks/speed/plot.py [chgnet.json]
"""

import json
import sys
from pathlib import Path

from transferkit.report.figures.style import BLUE, GREEN, ORANGE, canvas, log_scale, save, styled

LINES = {
    "training step": (BLUE, "s-", "training step"),
    "evaluation": (GREEN, "o-", "evaluation"),
    "upstream training step": (BLUE, "s:", "training step, chgnet package"),
    "upstream evaluation": (GREEN, "o:", "evaluation, chgnet package"),
    "chgnet epoch": (BLUE, "s-", "epoch, CHGNet"),
    "toy epoch": (ORANGE, "^-", "epoch, toy (overhead)"),
    "chgnet graphs": (GREEN, "o-", "graphs, CHGNet"),
}
PANELS = {
    "cost against batch size": ("Batch size", "CPU µs per atom"),
    "cost against cell size": ("Cell size", "CPU µs per atom"),
    "cost against number of structures": ("Number of structures", "CPU ms per structure"),
}


@styled
def figure(content: dict):
    """A panel for each curve that was measured."""
    names = [name for name in PANELS if name in content]
    drawn = canvas(max(2, len(names)) * 4.0, 3.6)
    for axes, name in zip(drawn.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        curve, (title, unit) = content[name], PANELS[name]
        x = [int(n) for n in curve["points"]]
        for key, (colour, kind, label) in LINES.items():
            points = [(n, p[key]) for n, p in zip(x, curve["points"].values(), strict=True) if key in p]
            if points:
                xs, ys = zip(*((n, p["median"] if isinstance(p, dict) else p) for n, p in points), strict=True)
                axes.plot(xs, ys, kind, color=colour, label=label, markersize=4.5)
        log_scale(axes.xaxis)
        log_scale(axes.yaxis)
        if content["setting"]["clock"] != "cpu":
            unit = unit.removeprefix("CPU ")
        low, high = axes.get_ylim()
        axes.set(title=title, xlabel=curve["x"], ylabel=unit, ylim=(low / 1.5, high * 1.5))
    found = {line.get_label(): line for axes in drawn.axes for line in axes.get_lines()}
    drawn.legend(found.values(), found.keys(), loc="outside lower center", ncols=4)
    return drawn


def write(path: Path) -> Path | str:
    """The PNG beside the JSON file."""
    content = json.loads(path.read_text())
    if not any(name in content for name in PANELS):
        return "no curve was measured, so there is no figure"
    return save(figure(content), path.with_suffix(".png"))


if __name__ == "__main__":
    print(write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("chgnet.json")))
