#!/usr/bin/env python
"""Labelled extxyz files -> the Parquet files and folds inside the package.

python benchmarks/data/convert.py FOLDER [--out transferkit/data/bundled_sets/gpaw-pbe-r2scan] [--folds 6] [--seed 0]

FOLDER holds PBE.extxyz and r2SCAN.extxyz as label.py wrote them. Both must hold the same cells in the same order.
Labels are stored as computed: no net force is taken off, no constant added.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from transferkit.data.folds import make_folds
from transferkit.data.readers import read
from transferkit.data.store import write_parquet

FIDELITIES = ("PBE", "r2SCAN")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", type=Path)
    p.add_argument("--out", type=Path, default=Path("transferkit/data/bundled_sets/gpaw-pbe-r2scan"))
    p.add_argument("--folds", type=int, default=6)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    data = {f: read(a.folder / f"{f}.extxyz", fidelity=f) for f in FIDELITIES}
    one, two = data.values()
    if (
        list(one.id) != list(two.id)
        or not np.array_equal(one.positions, two.positions)
        or not np.array_equal(one.cell, two.cell)
    ):
        raise SystemExit("the two files do not hold the same cells in the same order: run validate.py on the folder")
    for f, d in data.items():
        print(write_parquet(d, a.out / f"{f}.parquet"), d, d.hash[:12])
    folds = make_folds(one, n=a.folds, seed=a.seed)
    path = a.out / "folds.json"
    path.write_text(json.dumps(folds.to_json(), indent=1) + "\n")
    print(path, f"{len(folds.fold)} compositions in {folds.n} folds, {len(folds.pinned)} pinned to training")


if __name__ == "__main__":
    main()
