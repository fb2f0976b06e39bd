"""What geometry and labels show frame by frame: atoms that collide, isolated atoms, duplicates, net forces, outliers."""

from collections import defaultdict
from hashlib import sha256

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from ase.neighborlist import neighbor_list

from transferkit.data.finding import Finding
from transferkit.data.order import seeded_order
from transferkit.data.structures import Structures

COLLIDE = 0.5
"""of the sum of the covalent radii"""
ISOLATED = 6.0
"""Å"""
NET_FORCE = 0.1
"""eV/Å, largest component of the sum over atoms"""
MOST = 2000
"""structures whose distances are examined; drawn by id in larger sets"""


def geometry_findings(data: Structures) -> list[Finding]:
    """Colliding and isolated atoms, exact duplicates, net forces.

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")[:3]
    >>> geometry_findings(data)
    []
    >>> twice = data[[0, 1, 2, 0]]
    >>> geometry_findings(twice)[0].what
    '1 exact duplicate'
    """
    return [*_distances(data), *_duplicates(data), *_net_forces(data)]


def duplicate_groups(data: Structures) -> list[list[int]]:
    """Rows with the same atoms, cell and positions (to 1e-6 Å), two or more each."""
    found: defaultdict[bytes, list[int]] = defaultdict(list)
    for s, one in enumerate(data):
        digest = sha256(one.numbers.astype("<i8").tobytes() + one.pbc.tobytes())
        for values in (one.cell, one.positions):
            # adding zero turns -0.0, which has other bytes, into 0.0
            digest.update((np.round(values, 6) + 0.0).astype("<f8").tobytes())
        found[digest.digest()].append(s)
    return [rows for rows in found.values() if len(rows) > 1]


def _duplicates(data: Structures) -> list[Finding]:
    every = duplicate_groups(data)
    if not every:
        return []
    extra = sum(len(rows) - 1 for rows in every)
    differ = [
        rows
        for rows in every
        if data.mask["energy"][rows].all() and np.ptp(data.energy[rows]) / data.n_atoms[rows[0]] > 1e-3
    ]
    where = tuple(str(data.id[s]) for rows in every for s in rows[1:])
    evidence = f"{extra} of {len(data)} structures repeat the geometry of another"
    if differ:
        worst = max(float(np.ptp(data.energy[rows])) / data.n_atoms[rows[0]] for rows in differ)
        evidence += f"; in {len(differ)} cases the energies differ, by up to {worst:.3g} eV/atom"
    what = f"{extra} exact duplicate{'s' if extra > 1 else ''}{' with different labels' if differ else ''}"
    mend = "keep one of each" if not differ else "find out which label is right and keep that one"
    return [Finding("warning" if differ else "note", what, where, evidence, mend)]


def _distances(data: Structures) -> list[Finding]:
    rows, of = list(range(len(data))), ""
    if len(data) > MOST:
        drawn = set(seeded_order((str(i) for i in data.id), 0, "check")[:MOST])
        rows = [s for s in rows if str(data.id[s]) in drawn]
        of = f" (examined {len(rows)} of {len(data)} structures)"
    close: dict[str, tuple[float, float]] = {}
    alone: list[str] = []
    for s in rows:
        shortest, isolated = _nearest_neighbours(data, s)
        if shortest is not None and shortest[0] < COLLIDE * shortest[1]:
            close[str(data.id[s])] = shortest
        if isolated:
            alone.append(str(data.id[s]))
    found = []
    if close:
        worst = min(close, key=lambda name: close[name][0] / close[name][1])
        distance, radii = close[worst]
        evidence = f"shortest: {distance:.3f} Å in {worst}, covalent radii sum to {radii:.2f} Å; the limit is {COLLIDE} of that{of}"
        mend = "look at these structures; positions in other units than Å, or a wrong cell, look like this too"
        found.append(Finding("warning", f"atoms collide in {len(close)} structure(s)", tuple(close), evidence, mend))
    if alone:
        evidence = f"no neighbour within {ISOLATED} Å of at least one atom{of}"
        mend = "fine for reference atoms; graph potentials see them as isolated, and some refuse them"
        found.append(Finding("note", f"isolated atoms in {len(alone)} structure(s)", tuple(alone), evidence, mend))
    return found


def _nearest_neighbours(data: Structures, s: int) -> tuple[tuple[float, float] | None, bool]:
    """Distance and sum of radii of the relatively closest pair within 6 Å, and whether an atom has no neighbour."""
    one = data.structure(s)
    atoms = Atoms(numbers=one.numbers, positions=one.positions, cell=one.cell, pbc=one.pbc)
    # 3 Å hold every collision, as half of the largest sum of radii is 2.6 Å; the long list is made where an atom lacks
    # a neighbour in the short one
    for cutoff in (3.0, ISOLATED):
        i, j, d = neighbor_list("ijd", atoms, cutoff)  # type: ignore[no-untyped-call]
        isolated = len(np.unique(i)) < len(one.numbers)
        if not isolated:
            break
    if len(d) == 0:
        return None, isolated
    radii = covalent_radii[one.numbers[i]] + covalent_radii[one.numbers[j]]
    k = int(np.argmin(d / radii))
    return (float(d[k]), float(radii[k])), isolated


def _net_forces(data: Structures) -> list[Finding]:
    has = data.mask["forces"]
    if not has.any():
        return []
    total = np.zeros((len(data), 3))
    np.add.at(total, data.owner, np.nan_to_num(data.forces))
    size = np.where(has, np.abs(total).max(axis=1), 0.0)
    bad = np.flatnonzero(size > NET_FORCE)
    if not len(bad):
        return []
    evidence = f"the largest component of the sum over atoms exceeds {NET_FORCE} eV/Å, by up to {size.max():.3g} eV/Å"
    mend = "no potential can fit a net force: tighten the calculation, or subtract the mean force per structure"
    where = tuple(str(data.id[s]) for s in bad)
    return [Finding("note", f"net force in {len(bad)} structure(s)", where, evidence, mend)]
