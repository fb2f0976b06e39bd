"""From the runs that are there to results.json, results.md, the figure, and the numbers on the concept page.

python benchmarks/accuracy/consistency/table.py FOLDER [--page]

Works on a half-finished FOLDER too, and says how many runs there are. With --page also docs/concepts/consistency-losses.md
and docs/figures/ are written.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from coefficients import TITLES, TRIED, chosen, grid
from draw import results_figure, sketch
from pairs import QUANTITIES, differences, terms, verdict
from setting import ARMS, SEEDS, TASKS
from simulations import simulations

from transferkit.report.figures.style import save

HERE = Path(__file__).parent
DOCS = HERE.parents[2] / "docs"
START, END = "<!-- numbers: written by benchmarks/accuracy/consistency/table.py -->", "<!-- end of numbers -->"

BELOW = """Paired differences with 95 % intervals; negative is better than what it is compared with. p is corrected by Holm over the arms that
are compared with one baseline; a word stands where interval and p agree:"""
READ = """Change of the error, paired by seed; negative is better. Bold where the 95 % interval is on one side of zero and p is
below 0.05, corrected by Holm over the arms that are compared with one baseline in one quantity at one size, and not over sizes
and quantities; all else is no difference shown. For r2SCAN these are means over compositions; the tables of errors below have means
over structures."""


def read(folder: Path) -> tuple[list[dict], list[dict]]:
    """Runs and simulations that have finished."""
    order = list(ARMS)
    files = [json.loads(p.read_text()) for p in sorted(folder.glob("*.json"))]
    files.sort(key=lambda r: (r.get("task", ""), r["size"], order.index(r["arm"]), r["seed"]))
    runs = [r for r in files if "task" in r]
    return [r for r in runs if complete(runs, r)], [r for r in files if "simulated_ps" in r]


def complete(runs: list[dict], one: dict) -> bool:
    """Whether all arms but the extra ones have finished with its data, size and seed: means over seeds are then of the same seeds."""
    key = ("task", "size", "seed")
    there = {r["arm"] for r in runs if all(r[k] == one[k] for k in key)}
    return {a for a, how in ARMS.items() if one["task"] in how.tasks and not how.extra} <= there


def errors(runs: list[dict], task: str) -> list[str]:
    """Mean over seeds of each arm at each size."""
    sizes = TASKS[task].sizes
    head = [f"{q}, {n} structures, {unit}" for q, (_, unit) in QUANTITIES.items() for n in sizes]
    lines = ["| arm | " + " | ".join(head) + " | CPU s | steps |", "|" + "---|" * (len(head) + 3)]
    seeds = len({r["seed"] for r in runs if r["task"] == task})
    for arm, how in ARMS.items():
        rows = [r for r in runs if (r["task"], r["arm"]) == (task, arm)]
        if rows:
            cells = [mean([r for r in rows if r["size"] == n], q, seeds) for q in QUANTITIES for n in sizes]
            cpu, steps = np.mean([r["cpu_s"] for r in rows]), rows[0]["steps"]
            lines.append(f"| {how.label} | " + " | ".join(cells) + f" | {cpu:.0f} | {steps} |")
    before = [r["step0"] for r in runs if r["task"] == task and "step0" in r]
    if before and task == "r2scan":
        cells = [f"{QUANTITIES[q][0] * np.mean([b[q] for b in before]):.1f}" for q in QUANTITIES for _ in sizes]
        lines.append("| before training | " + " | ".join(cells) + " | | 0 |")
    return lines


def mean(rows: list[dict], quantity: str, seeds: int) -> str:
    """Mean over seeds, and the standard deviation over them; how many they are where others have more."""
    if not rows:
        return "–"
    values = QUANTITIES[quantity][0] * np.array([r["test"][quantity] for r in rows])
    few = f" ({len(values)} seed{'s' if len(values) > 1 else ''})" if len(values) < seeds else ""
    return f"{values.mean():.1f}" + (f" ± {values.std(ddof=1):.1f}" if len(values) > 1 else "") + few


def comparisons(found: list[dict], task: str) -> list[str]:
    """Paired differences: a line for each arm, baseline and quantity, a column for each size."""
    sizes = TASKS[task].sizes
    head = [f"{n} structures" for n in sizes]
    lines = ["| arm | against | quantity | " + " | ".join(head) + " | seeds |", "|" + "---|" * (len(head) + 4)]
    here = [o for o in found if o["task"] == task]
    rows = dict.fromkeys((o["baseline"], o["arm"], o["quantity"]) for o in sorted(here, key=place))
    for baseline, arm, quantity in rows:
        mine = {o["size"]: o for o in here if (o["baseline"], o["arm"], o["quantity"]) == (baseline, arm, quantity)}
        cells = [difference(mine.get(n)) for n in sizes]
        against = f"{ARMS[baseline].label} ({terms(arm, baseline)})"
        seeds = "/".join(str(o["seeds"]) for o in mine.values())
        lines.append(
            f"| {ARMS[arm].label} | {against} | {quantity}, {QUANTITIES[quantity][1]} | {' | '.join(cells)} | {seeds} |"
        )
    return lines


def place(one: dict) -> tuple[int, int, int]:
    """Where an entry stands: by baseline, then quantity, then arm."""
    arms, quantities = list(ARMS), list(QUANTITIES)
    return arms.index(one["baseline"]), quantities.index(one["quantity"]), arms.index(one["arm"])


def difference(one: dict | None) -> str:
    """With its interval, p-value and, where both agree, a word."""
    if one is None:
        return "–"
    factor, _ = QUANTITIES[one["quantity"]]
    low, high = (factor * x for x in one["interval"])
    word = {"better": " **better**", "worse": " **worse**"}.get(verdict(one), "")
    n = 2 if abs(change := factor * one["difference"]) >= 0.1 else 4  # differences may be shown, and tiny
    return f"{change:+.{n}f} [{low:+.{n}f}, {high:+.{n}f}], p {one['p_holm']:.2g}{word}"


def counted(found: list[dict], arm: str, baseline: str, quantity: str) -> str:
    """By how much the error of an arm differs from that of a baseline at each size, for both data sets."""
    words = []
    for task in TASKS:
        key = (task, arm, baseline, quantity)
        here = {o["size"]: o for o in found if (o["task"], o["arm"], o["baseline"], o["quantity"]) == key}
        words.append(", ".join(share(here.get(n)) for n in TASKS[task].sizes) if here else "–")
    return " | ".join(words)


def share(one: dict | None) -> str:
    """Change in per cent of the baseline's error, bold where it is shown to be one."""
    if one is None:
        return "–"
    change = 100 * one["difference"] / one["base"]
    text = percent(change, "+")
    return text if verdict(one) == "no difference shown" else f"**{text}**"


def percent(change: float, sign: str = "") -> str:
    """Two digits, and no more than one behind the point."""
    return f"{change:{sign}.{0 if abs(change) >= 9.95 else 1}f} %"


def summary(found: list[dict]) -> list[str]:
    """In how many comparisons an arm was better and worse than a baseline, one sentence each."""
    lines = []
    for arm in ("first", "second", "paper", "second-long", "tuned-long", "noise", "taylor", "longer", "forces-second"):
        for baseline in ("none", "longer", "forces"):
            here = [o for o in found if (o["arm"], o["baseline"]) == (arm, baseline)]
            if here:
                lines.append(
                    f"- {ARMS[arm].label}, against {ARMS[baseline].label} ({terms(arm, baseline)}): {shown(here, 'better')}, "
                    f"{shown(here, 'worse')} of {len(here)} comparisons (data set, size, energy or forces)."
                )
    return lines


def shown(here: list[dict], word: str) -> str:
    """In how many comparisons an arm was better, or worse, and by how much at most: what is shown may still be next to nothing."""
    sizes = [100 * abs(o["difference"]) / o["base"] for o in here if verdict(o) == word]
    return f"{word} in {len(sizes)}" + (f" (by {percent(max(sizes))} at most)" if sizes else "")


def page(found: list[dict], runs: list[dict], nve: list[dict], pilots: dict[str, dict], said: str) -> None:
    """The numbers of the concept page, between its two marks, and its figures."""
    sizes = [f"{title}: {', '.join(map(str, TASKS[task].sizes))} structures" for task, title in TITLES.items()]
    lines = [START, "", said, "", READ, "", f"| | against | quantity | {' | '.join(sizes)} |", "|---|---|---|---|---|"]
    for arm in ("first", "second", "noise"):
        lines += [
            f"| {ARMS[arm].label} | {ARMS[baseline].label} ({terms(arm, baseline)}) | {quantity} | {counted(found, arm, baseline, quantity)} |"
            for baseline in ("none", "longer")
            for quantity in QUANTITIES
        ]
    lines += [
        "",
        *summary(found),
        "",
        TRIED,
        "",
        *grid(pilots),
        "",
        "Errors on the test, mean ± standard deviation over seeds:",
        "",
    ]
    for task, title in TITLES.items():
        lines += [f"**{title}**", "", *errors(runs, task), ""]
    if nve:
        lines += ["**At constant energy**", "", *simulations(nve), ""]
    path = DOCS / "concepts" / "consistency-losses.md"
    before, _, rest = path.read_text().partition(START)
    _, _, after = rest.partition(END)
    path.write_text(before + "\n".join([*lines, END]) + after)
    save(sketch(), DOCS / "figures" / "consistency-sketch.png")
    save(results_figure(found), DOCS / "figures" / "consistency-results.png")


def main() -> None:
    """Write everything beside this file; the page and its figures if asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--page", action="store_true")
    args = parser.parse_args()
    runs, nve = read(args.folder)
    pilots = {
        t: json.loads(p.read_text())
        for t in TASKS
        if (p := HERE / f"pilot-{t}.json").exists() and "chosen" in p.read_text()
    }
    found = list(differences(runs))
    wanted = sum(len(t.sizes) * len(SEEDS) * sum(n in a.tasks for a in ARMS.values()) for n, t in TASKS.items())
    tries = [r for p in pilots.values() for r in (*p["runs"], *p.get("long", ()))]
    minutes = sum(r["cpu_s"] for r in (*runs, *nve, *tries)) / 60
    said = f"{len(runs)} of {wanted} runs and {len(nve)} simulations, {minutes:.0f} CPU minutes with the pilot."
    seeds = len({r["seed"] for r in runs})
    if seeds < len(SEEDS):
        said += f" With {seeds} of {len(SEEDS)} seeds all orderings are indicative only."
    text = [
        "# Do the consistency losses help? Results",
        "",
        f"{said} Written by table.py; what was done: README.md.",
        "",
    ]
    text += [
        "## Coefficients, chosen on validation by the pilot",
        "",
        *chosen(pilots),
        "",
        TRIED,
        "",
        *grid(pilots),
        "",
    ]
    for task, title in TITLES.items():
        text += [
            f"## {title}",
            "",
            "Mean absolute errors on the test, mean ± standard deviation over seeds:",
            "",
            *errors(runs, task),
            "",
        ]
        text += [
            BELOW,
            "",
            *comparisons(found, task),
            "",
        ]
    text += ["## At constant energy", "", *simulations(nve)]
    (HERE / "results.md").write_text("\n".join(text) + "\n")
    whole = {"pilot": pilots, "paired": [o | {"verdict": verdict(o)} for o in found], "nve": nve}
    plain = [r | {"test": {k: v for k, v in r["test"].items() if "composition" not in k}} for r in runs]
    plain = [r | ({"step0": {k: r["step0"][k] for k in QUANTITIES}} if "step0" in r else {}) for r in plain]
    (HERE / "results.json").write_text(json.dumps({**whole, "runs": plain}, indent=1, ensure_ascii=False) + "\n")
    if found:
        save(results_figure(found), HERE / "results.png")
    if args.page:
        page(found, runs, nve, pilots, said)


if __name__ == "__main__":
    main()
