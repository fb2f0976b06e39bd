"""The structures that are timed: rock salt cells of any size, the bundled set, and MPtrj frames of 2 to 192 atoms."""

from pathlib import Path

import numpy as np

import transferkit as tk
from transferkit.data.bundled import folds
from transferkit.data.folds import fold_split
from transferkit.data.structures import Structure, Structures
from transferkit.typing import PROPERTIES

FCC = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
PERIODIC = np.ones(3, dtype=bool)
SIZES = {8: (1, 1, 1), 16: (2, 1, 1), 32: (2, 2, 1), 64: (2, 2, 2), 96: (3, 2, 2), 192: (4, 3, 2)}
"""Atoms of a rock salt cell and how often the cubic one is repeated."""


def cells(
    n: int, *, repeat: tuple[int, int, int] = (1, 1, 1), pairs: tuple = ((11, 17),), a: float = 5.69
) -> list[Structure]:
    """``n`` rock salt cells, cubic ones of 8 atoms repeated, each atom moved by about 0.1 Å."""
    rng = np.random.default_rng(0)
    shifts = np.stack(np.meshgrid(*map(np.arange, repeat), indexing="ij"), axis=-1).reshape(-1, 1, 3)
    basis = (np.concatenate([FCC, FCC + 0.5])[None] + shifts).reshape(-1, 3) * a
    out = []
    for k in range(n):
        one, two = pairs[k % len(pairs)]
        numbers = np.array(([one] * 4 + [two] * 4) * len(shifts), dtype=np.int64)
        moved = basis + 0.1 * rng.normal(size=basis.shape) / np.sqrt(3)
        out.append(Structure(numbers, moved, np.diag(np.array(repeat) * a), PERIODIC, f"rock-salt-{k}"))
    return out


def bundled(n: int) -> list[Structure]:
    """``n`` of the bundled cells (2 to 6 atoms), spread over the set; moved a little where the set is used up."""
    data = tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")
    rng = np.random.default_rng(2)
    step = max(1, len(data) // n)
    out = []
    for k in range(n):
        s = data.structure(k * step % len(data))
        moved = s.positions + (0.01 * rng.normal(size=s.positions.shape) if k * step >= len(data) else 0.0)
        out.append(Structure(s.numbers, moved, s.cell, s.pbc, f"bundled-{k}"))
    return out


def quickstart() -> list[Structure]:
    """What recipes/quickstart.yaml trains on: fold 0 of 6 of the bundled set."""
    train = fold_split(tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN"), folds("gpaw-pbe-r2scan"), fold=0).train
    return [train.structure(k) for k in range(len(train))]


def mptrj(folder: Path, n: int, *, most: int = 200) -> list[Structure]:
    """``n`` frames of at most ``most`` atoms of the file mptrj-random-1k.xyz, drawn with a fixed seed; 31 atoms in the mean."""
    import ase.io

    read = ase.io.read(folder / "data" / "mptrj_1k" / "mptrj-random-1k.xyz", ":")
    kept = [k for k, a in enumerate(read) if len(a) <= most]
    order = np.random.default_rng(0).permutation(kept)[:n]
    return [
        Structure(read[k].numbers.astype(np.int64), read[k].positions, np.array(read[k].cell), PERIODIC, f"mptrj-{k}")
        for k in order
    ]


def labelled(structures: list[Structure]) -> Structures:
    """All four labels, drawn at random: the time of a step does not depend on them."""
    r = np.random.default_rng(1)
    atoms, n = sum(len(s.numbers) for s in structures), len(structures)
    names = np.array([s.id for s in structures])
    return Structures(
        numbers=np.concatenate([s.numbers for s in structures]),
        positions=np.concatenate([s.positions for s in structures]),
        cell=np.stack([s.cell for s in structures]),
        pbc=np.stack([s.pbc for s in structures]),
        offsets=np.cumsum([0, *(len(s.numbers) for s in structures)]),
        energy=r.normal(size=n),
        forces=r.normal(size=(atoms, 3)),
        stress=r.normal(size=(n, 3, 3)),
        magmoms=r.random(size=atoms),
        mask={p: np.ones(n, dtype=bool) for p in PROPERTIES},
        id=names,
        material_id=names,
        fidelity="PBE",
    )
