"""Write the tables: results.md for all JSON files beside this script, and one for a results file of run.py.

python benchmarks/speed/table.py
"""

import json
from pathlib import Path

HERE = Path(__file__).parent
HEAD = """# A step here and in the upstream package

Medians; `ratio` is the median of upstream's time over ours, taken in turn: above 1, ours is faster; its quartiles follow. [README.md](README.md) says what is timed.

| model | dtype | batch | threads, machine | what | upstream, ms | transferkit, ms | ratio | quartiles |
|---|---|---|---|---|---|---|---|---|
"""
PAIRS = """| what | structures | chgnet, ms | transferkit, ms | ratio | quartiles | by wall time |
|---|---|---|---|---|---|---|
"""
MEMORY = """| peak memory | structures | chgnet, MiB | transferkit, MiB | ratio |
|---|---|---|---|---|
"""


def ms(seconds: float) -> str:
    """Milliseconds with three digits or all before the point."""
    return f"{1000 * seconds:.3g}" if seconds < 1 else f"{1000 * seconds:,.0f}"


def quartiles(found: dict) -> str:
    """From and to, where they were kept."""
    return "{:.2f} to {:.2f}".format(*found["quartiles"]) if "quartiles" in found else "-"


def rows(path: Path) -> list[str]:
    """One measurement per row."""
    found = json.loads(path.read_text())
    setting = found.pop("setting")
    name = path.stem.partition("_")[0]
    model = f"{name}, {setting['model']}" if "model" in setting else f"{name} 0.3.0"
    batch = f"{setting['cells']} x {setting['atoms per cell']} atoms"
    where = f"{setting['threads']}, {setting['machine']}"
    head = f"| {model} | {setting.get('dtype', 'float32')} | {batch} | {where} "
    return [
        f"{head}| {what} | {ms(t['upstream_s'])} | {ms(t['transferkit_s'])} | {t['ratio']:.2f} | {quartiles(t)} |"
        for what, t in found.items()
    ]


def pairs(content: dict) -> list[str]:
    """Rows of what was measured against upstream."""
    found = []
    for name, t in content.items():
        if "upstream_s" in t:
            what, _, structures = name.rpartition(", ")
            found.append(
                f"| {what} | {structures} | {ms(t['upstream_s'])} | {ms(t['transferkit_s'])} | **{t['ratio']:.2f}** | "
                f"{quartiles(t)} | {t['wall_ratio']:.2f} |"
            )
    return found


def memory(content: dict) -> list[str]:
    """Rows of peak memory."""
    found = []
    for name, t in content.items():
        if "memory_ratio" in t:
            what, _, structures = name.removeprefix("peak memory of ").rpartition(", ")
            found.append(
                f"| {what} | {structures} | {t['upstream_MiB']:,.0f} | {t['transferkit_MiB']:,.0f} | **{t['memory_ratio']:.2f}** |"
            )
    return found


def reached(content: dict) -> list[str]:
    """Whole epochs beside bare steps."""
    return [
        f"- {name.rpartition(', ')[2]}: {100 * t['ratio']:.0f} % of the bare step rate (quartiles {quartiles(t)}; by wall time "
        f"{100 * t['wall_ratio']:.0f} %), {t['steps']} steps"
        for name, t in content.items()
        if "bare_s" in t
    ]


def flatness(content: dict) -> list[str]:
    """Largest over smallest cost along each curve."""
    found = []
    for name, curve in content.items():
        if "points" not in curve:
            continue
        keys = [k for k in next(iter(curve["points"].values())) if k != "atoms"]
        for key in keys:
            values = {
                n: p[key]["median"] if isinstance(p[key], dict) else p[key]
                for n, p in curve["points"].items()
                if key in p
            }
            low, high = min(values, key=values.get), max(values, key=values.get)
            found.append(f"- {name}, {key}: {values[high] / values[low]:.2f} (lowest at {low}, highest at {high})")
    return found


def text(content: dict) -> str:
    """All tables of a results file."""
    setting = content["setting"]
    where = f"{setting['device']}, {setting['threads']} thread, torch {setting['torch']}, chgnet {setting['chgnet']}; "
    where += "ratios of CPU time" if setting["clock"] == "cpu" else "ratios of wall time"
    commits = sorted({t["commit"] for t in content.values() if "commit" in t})
    where += f". Code: {', '.join(commits)}; {'quick' if setting['quick'] else 'full'} mode"
    parts = [
        f"# CHGNet 0.3.0 here and in the chgnet package\n\n{where}. Written by table.py from the JSON file of the same name.\n",
        PAIRS + "\n".join(pairs(content)) + "\n",
        MEMORY + "\n".join(memory(content)) + "\n",
        "Epochs:\n\n" + "\n".join(reached(content)) + "\n",
        "Largest over smallest cost along each curve:\n\n" + "\n".join(flatness(content)) + "\n",
    ]
    return "\n".join(parts)


def write(path: Path) -> str:
    """The tables of a results file of run.py, beside it."""
    made = text(json.loads(path.read_text()))
    path.with_suffix(".md").write_text(made)
    return made


def main() -> None:
    """All files, by name."""
    found = [row for path in sorted(HERE.glob("*_step*.json")) for row in rows(path)]
    (HERE / "results.md").write_text(HEAD + "\n".join(found) + "\n")
    print(HEAD + "\n".join(found))
    for path in sorted(HERE.glob("chgnet*.json")):
        if "_step" not in path.name:
            print(write(path))


if __name__ == "__main__":
    main()
