"""The two figures: what the losses compare, and what came out."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from setting import ARMS, TASKS

from transferkit.report.figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, canvas, styled

COLOURS = {
    "longer": GREY,
    "noise": PURPLE,
    "first": ORANGE,
    "second": BLUE,
    "paper": SKY,
    "taylor": GREEN,
    "tuned-long": BLACK,
    "forces-second": VERMILION,
}
NAMES = {"ethanol": "ethanol, MACE from scratch", "r2scan": "r2SCAN energies, CHGNet"}


@styled
def sketch() -> Figure:
    """A curve, a step, and what the work of the forces leaves over with κ = 0 and κ = 1/2."""
    figure = canvas(7.2, 2.6)
    x = np.linspace(-0.3, 1.35, 200)

    def energy(r):
        return 0.55 * r**2 + 0.25 * r**3 + 0.1 * r

    def slope(r):
        return 1.1 * r + 0.75 * r**2 + 0.1

    r, end = 0.15, 1.1
    step = end - r
    guesses = {"κ = 0: slope at the start": slope(r), "κ = 1/2: mean of both slopes": 0.5 * (slope(r) + slope(end))}
    for k, (title, rate) in enumerate(guesses.items()):
        axes = figure.add_subplot(1, 2, k + 1)
        axes.plot(x, energy(x), color=BLACK, linewidth=1.6)
        colour = ORANGE if k == 0 else BLUE
        axes.plot([r, end], [energy(r), energy(r) + rate * step], "--", color=colour, linewidth=1.4)
        axes.plot([r, end], [energy(r), energy(end)], "o", color=BLACK, markersize=5)
        axes.annotate(
            "", (end, energy(end)), (end, energy(r) + rate * step), arrowprops={"arrowstyle": "<->", "color": VERMILION}
        )
        axes.text(
            end + 0.05,
            (energy(end) + energy(r) + rate * step) / 2 - (0.02 if k == 0 else 0.12),
            "residual",
            color=VERMILION,
            fontsize=8.5,
        )
        axes.text(r - 0.02, energy(r) - 0.13, "E(r)", ha="center")
        axes.text(end - 0.14, energy(end) + 0.1, "E(r + a)", ha="right")
        axes.set_title(title)
        axes.set(xticks=[], yticks=[], xlabel="position", ylabel="predicted energy" if k == 0 else "")
        axes.set_xlim(-0.3, 1.45)
        axes.set_ylim(-0.3, 1.7)
        axes.grid(visible=False)
    return figure


AGAINST = {
    "tuned-long": "PITC + PISC tuned in, and against, longer training",
    "forces-second": "forces too, PITC + PISC, κ = 1/2, against without",
}
"""Arms whose baseline is not plain training of the usual length, in words that say so."""


@styled
def results_figure(found: list[dict]) -> Figure:
    """Differences of each arm to its baseline, in per cent of its error, with 95 % intervals."""
    tasks = [t for t in TASKS if any(o["task"] == t for o in found)]
    figure = canvas(7.2, 2.7 * max(len(tasks), 1))
    shown: list[str] = []
    for row, task in enumerate(tasks):
        for column, quantity in enumerate(("energy", "forces")):
            axes = figure.add_subplot(len(tasks), 2, 2 * row + column + 1)
            here = [
                o
                for o in found
                if (o["task"], o["quantity"]) == (task, quantity) and o["baseline"] == ARMS[o["arm"]].baseline
            ]
            here = [o for o in here if o["arm"] in COLOURS]
            arms = [a for a in COLOURS if any(o["arm"] == a for o in here)]
            shown += [a for a in arms if a not in shown]
            for one in here:
                place = TASKS[task].sizes.index(one["size"]) + 0.12 * (arms.index(one["arm"]) - (len(arms) - 1) / 2)
                low, high = (100 * v / one["base"] for v in one["interval"])
                axes.plot([place, place], [low, high], color=COLOURS[one["arm"]], linewidth=1.4)
                axes.plot(
                    [place], [100 * one["difference"] / one["base"]], "o", color=COLOURS[one["arm"]], markersize=4.5
                )
            axes.axhline(0, color=BLACK, linewidth=0.8)
            axes.set_xticks(range(len(TASKS[task].sizes)), [str(n) for n in TASKS[task].sizes])
            axes.set_title(f"{NAMES[task]}: {quantity}")
            axes.set_ylabel("change of the error, %" if column == 0 else "")
            axes.set_xlabel("training structures")
    handles = [
        Line2D([], [], marker="o", linestyle="-", color=COLOURS[a], label=AGAINST.get(a, ARMS[a].label)) for a in shown
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure
