"""Write results.md: one row for each measurement in the JSON files beside this script.

python benchmarks/speed/table.py
"""

import json
from pathlib import Path

HERE = Path(__file__).parent
HEAD = """# A step here and in the upstream package

Medians; `ratio` is the median of upstream's time over ours, taken in turn: above 1, ours is faster. [README.md](README.md) says what is timed.

| model | dtype | batch | threads, machine | what | upstream, ms | transferkit, ms | ratio |
|---|---|---|---|---|---|---|---|
"""


def ms(seconds: float) -> str:
    """Milliseconds with three digits or all before the point."""
    return f"{1000 * seconds:.3g}" if seconds < 1 else f"{1000 * seconds:.0f}"


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
        f"{head}| {what} | {ms(t['upstream_s'])} | {ms(t['transferkit_s'])} | {t['ratio']:.2f} |"
        for what, t in found.items()
    ]


def main() -> None:
    """All files, by name."""
    found = [row for path in sorted(HERE.glob("*_step*.json")) for row in rows(path)]
    (HERE / "results.md").write_text(HEAD + "\n".join(found) + "\n")
    print(HEAD + "\n".join(found))


if __name__ == "__main__":
    main()
