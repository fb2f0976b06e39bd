#!/usr/bin/env python
"""Two synthetic label qualities on the same rattled cells: CHGNet 0.3.0 and CHGNet-r2SCAN as teachers.

python benchmarks/data/teacher.py OUT [--shared FOLDER] [--cells 300] [--rattles 2] [--largest 16] [--seed 0]

Synthetic data: the labels are predictions of networks, not of density-functional theory. They test machinery (chained
training, fits, pages) and are never evidence about functionals; every file, level of theory and page says "synthetic".

Reads mptrj_1k/mptrj-random-1k.xyz below FOLDER (or $TRANSFERKIT_SHARED), takes cells of at most 16 atoms (or --largest) of elements that
both teachers know, strains and rattles each, and writes OUT/synthetic-pbe.parquet and OUT/synthetic-r2scan.parquet: the
same cells in the same order. The same arguments give the same cells; labels agree to rounding between machines.
"""

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np

import transferkit as tk
from transferkit.data.store import write_parquet
from transferkit.data.structures import Structures, concatenate
from transferkit.evaluation.predict import predict

SOURCE = "mptrj_1k/mptrj-random-1k.xyz"
TEACHERS = {
    "synthetic-pbe": ("0.3.0", "synthetic-PBE(CHGNet-0.3.0)"),
    "synthetic-r2scan": ("r2scan", "synthetic-r2SCAN(CHGNet-r2scan)"),
}
"""File name -> checkpoint, level of theory; both checkpoints ship with the chgnet package."""
LABELS = frozenset({"energy", "forces", "stress"})
LARGEST = 16
LARGEST_FORCE = 20.0
"""eV/Å by the first teacher; a cell above it is left out, because two atoms came too close."""


def rattled(data: Structures, *, copies: int, displacement: float, strain: float, seed: int) -> Structures:
    """Each structure ``copies`` times, strained and rattled; the same seed gives the same cells.

    Args:
        data: structures; their labels are dropped
        copies: of each structure
        displacement: standard deviation of each coordinate, Å
        strain: standard deviation of each component of the symmetric strain
        seed: of the random numbers, which are drawn anew for every structure and copy
    """
    made = []
    for copy in range(copies):
        positions, cells = data.positions.copy(), data.cell.copy()
        for s in range(len(data)):
            rng = np.random.default_rng([seed, copy, s])
            atoms = slice(int(data.offsets[s]), int(data.offsets[s + 1]))
            tensor = rng.normal(scale=strain, size=(3, 3))
            deform = np.eye(3) + (tensor + tensor.T) / 2
            cells[s] = data.cell[s] @ deform
            moved = data.positions[atoms] @ deform
            positions[atoms] = moved + rng.normal(scale=displacement, size=moved.shape)
        ids = np.array([f"{one}-rattled-{copy}" for one in data.id], dtype=object)
        made.append(replace(data, positions=positions, cell=cells, id=ids))
    return concatenate(made)


def small_cells(data: Structures, *, most: int, elements: frozenset[int]) -> Structures:
    """Cells of at most ``most`` atoms whose elements are all among ``elements``."""
    few = data.n_atoms <= most
    known = np.array([set(structure.numbers.tolist()) <= elements for structure in data])
    return data[np.flatnonzero(few & known)]


def main() -> None:
    """Write both files and a card beside them."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out", type=Path)
    p.add_argument("--shared", type=Path, default=os.environ.get("TRANSFERKIT_SHARED"))
    p.add_argument("--cells", type=int, default=300, help="cells that are rattled, at most")
    p.add_argument("--rattles", type=int, default=2, help="copies of each")
    p.add_argument("--largest", type=int, default=LARGEST, help="atoms of a cell, at most")
    p.add_argument("--displacement", type=float, default=0.08, help="Å, standard deviation of a coordinate")
    p.add_argument("--strain", type=float, default=0.015, help="standard deviation of a strain component")
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    if a.shared is None or not (Path(a.shared) / SOURCE).exists():
        raise SystemExit(f"{SOURCE} is not there: name the folder with --shared FOLDER or TRANSFERKIT_SHARED")
    teachers = {name: tk.load("chgnet", checkpoint) for name, (checkpoint, _) in TEACHERS.items()}
    known = frozenset.intersection(*(model.adapter.elements for model in teachers.values()))
    data = small_cells(tk.read(Path(a.shared) / SOURCE, fidelity="PBE"), most=a.largest, elements=known)
    chosen = np.sort(np.random.default_rng(a.seed).permutation(len(data))[: a.cells])
    cells = rattled(data[chosen], copies=a.rattles, displacement=a.displacement, strain=a.strain, seed=a.seed)
    labels = {name: predict(model, cells, need=LABELS) for name, model in teachers.items()}
    strongest = np.maximum.reduceat(
        np.linalg.norm(labels["synthetic-pbe"].forces, axis=1), cells.offsets[:-1].astype(np.intp)
    )
    kept = np.flatnonzero(strongest < LARGEST_FORCE)
    card = {
        "synthetic": True,
        "warning": "Labels are predictions of CHGNet, not of density-functional theory. They test machinery; they are no evidence.",
        "cells": f"MPtrj frames of at most {a.largest} atoms (figshare 23713842, MIT or CC-BY-4.0), strained and rattled",
        "options": {key: getattr(a, key) for key in ("cells", "rattles", "largest", "displacement", "strain", "seed")},
        "left_out": len(cells) - len(kept),
        "files": {},
    }
    for name, (checkpoint, fidelity) in TEACHERS.items():
        found = replace(labels[name][kept], fidelity=fidelity, label_convention="raw", columns={})
        path = write_parquet(found, a.out / f"{name}.parquet")
        card["files"][path.name] = {"teacher": f"chgnet {checkpoint}", "fidelity": fidelity, "hash": found.hash}
        print(path, found)
    (a.out / "synthetic-card.json").write_text(json.dumps(card, indent=1) + "\n")


if __name__ == "__main__":
    main()
