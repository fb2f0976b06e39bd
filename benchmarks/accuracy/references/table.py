"""Turn a finished or half-finished comparison into what is committed: results.md, comparison.json and the figures.

python benchmarks/accuracy/references/table.py FOLDER
"""

import json
import sys
from pathlib import Path

from transferkit.report.figures.comparison import comparison
from transferkit.report.figures.style import save
from transferkit.units import GPA

HERE = Path(__file__).parent
SCALE = {"energy": (1000, "meV/atom"), "forces": (1000, "meV/Å"), "stress": (1 / GPA, "GPa")}


def cell(entry: dict | None, factor: float) -> str:
    """Mean over compositions with its interval."""
    if entry is None:
        return "–"
    low, high = entry["interval"]
    return f"{factor * entry['mean']:.3g} [{factor * low:.3g}, {factor * high:.3g}]"


def errors(found: dict, test: str) -> list[str]:
    """Step-0 and final errors of every variant."""
    head = [f"{name} {when}, {unit}" for name, (_, unit) in SCALE.items() for when in ("step 0", "final")]
    lines = ["| variant | runs | " + " | ".join(head) + " |", "|" + "---|" * (2 + len(head))]
    for variant in found["variants"].values():
        cells = [
            cell(variant["tests"][test][when][name], factor)
            for name, (factor, _) in SCALE.items()
            for when in ("step0", "final")
        ]
        lines.append(f"| {variant['label']} | {len(variant['runs'])} | " + " | ".join(cells) + " |")
    return lines


def differences(found: dict, test: str) -> list[str]:
    """Paired differences to the baseline."""
    lines = [
        "| variant | property | difference of final errors | p (Holm) | compositions | seeds | fewest seeds of a composition |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, (factor, unit) in SCALE.items():
        for c in found["paired"][test][name]:
            low, high = c["interval"]
            label = found["variants"][c["method"]]["label"]
            value = f"{factor * c['mean_difference']:+.3g} [{factor * low:+.3g}, {factor * high:+.3g}] {unit}"
            counts = f"{c['n_compositions']} | {c['n_seeds']} | {c['seeds_per_composition']}"
            lines.append(f"| {label} | {name} | {value} | {c['p_holm']:.2g} | {counts} |")
    return lines


def main(folder: Path) -> None:
    """Write everything beside this file."""
    found = json.loads((folder / "comparison.json").read_text())
    runs = sum(len(v["runs"]) for v in found["variants"].values())
    base = found["variants"][found["baseline"]]["label"]
    text = [
        "# Which reference, and what to freeze: results",
        "",
        f"{runs} runs of {found['steps']} steps, {len(found['seeds'])} seeds over folds {found['folds']}"
        + (f"; {len(found['missing'])} runs are still missing" if found["missing"] else "")
        + ". Means over compositions; 95 % intervals resample compositions and seeds. Forces are over the components that "
        "symmetry does not make zero. Written by table.py; how it was run: README.md.",
    ]
    for test in sorted(found["paired"], key=lambda t: not t.startswith("unseen")):
        text += ["", f"## Errors on {test}", "", *errors(found, test)]
        text += ["", f'Paired with "{base}", final errors; negative is better than it:', "", *differences(found, test)]
        save(comparison(found["variants"], test), HERE / f"{test.replace(' ', '-')}.png")
    (HERE / "results.md").write_text("\n".join(text) + "\n")
    (HERE / "comparison.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
