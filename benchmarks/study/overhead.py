"""What the runner of studies costs: 64 points of one second on 2 live workers, against 32 seconds.

    python benchmarks/study/overhead.py OUT.json

Start-up, which is the import of torch and of everything else in each worker, is measured apart. A point sleeps, so that
other work on the machine changes little, and writes a result of the size that a real one has.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from transferkit.recipe import Recipe
from transferkit.run_folder import write_json
from transferkit.studies.drive import study
from transferkit.studies.order import Order, Outcome, carry_out
from transferkit.studies.workers import Local

POINTS, WORKERS, SECONDS = 64, 2, 1.0
COMPOSITIONS = 100
"""In each test of the made-up result."""


def rest(order: Order) -> None:
    clock = time.perf_counter()
    entry = {"energy": 0.1, "free_forces": 0.1, "forces": 0.1, "stress": 0.01, "n": 3}
    table = {f"A{k}B": entry for k in range(COMPOSITIONS)}
    moment = {"by_composition": table, "by_element": table}
    judged = {"step0": moment, "final": moment, "undetermined": {"ids": [], "step0": None, "final": None}}
    size = order.recipe.data.subset
    counts = {"train": size if isinstance(size, int) else size.compositions}
    tests = {"unseen compositions": judged, "known materials": judged}
    write_json(order.folder / "result.json", {"data": {"counts": counts, "compositions": counts}, "tests": tests})
    time.sleep(max(0.0, SECONDS - (time.perf_counter() - clock)))


def point(order: Order) -> Outcome:
    return carry_out(order, rest)


def recipe() -> Recipe:
    return Recipe.model_validate(
        {
            "name": "overhead",
            "data": {"source": "none", "fidelity": "PBE", "split": {"fold": 0}},
            "adapter": {"name": "toy", "device": "cpu"},
            "training": {"steps": 1, "evaluate_unit": "steps"},
            "vary": {"data.subset": [2 ** (k + 1) for k in range(16)], "seed": [0, 1, 2, 3]},
        }
    )


def main() -> None:
    begun = time.perf_counter()
    crew = Local(WORKERS, work=point)
    while crew.ready() < WORKERS:
        crew.poll(0.1)
    startup = time.perf_counter() - begun
    with tempfile.TemporaryDirectory() as folder:
        begun = time.time()
        out = study(recipe(), output=Path(folder) / "overhead", crew=lambda _: crew)
        over = time.time()
        states = [json.loads(path.read_text()) for path in sorted((out / "states").glob("*.json"))]
        ended = max(path.stat().st_mtime for path in (out / "points").glob("*/result.json"))
        tables = (out / "points.csv").stat().st_size
    ideal = POINTS * SECONDS / WORKERS
    busy = ended + SECONDS - begun  # results are written when a point begins to rest
    found = {
        "points": len(states),
        "workers": WORKERS,
        "ideal_s": ideal,
        "startup_s": round(startup, 2),
        "points_s": round(busy, 2),
        "points_over_ideal": round(busy / ideal, 3),
        "page_s": round(over - ended - SECONDS, 2),
        "points_csv_bytes": tables,
    }
    print(json.dumps(found, indent=1))
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
