"""What geometry and labels show frame by frame: atoms that collide, isolated atoms, net forces."""

import numpy as np

from transferkit.data.distances import closest, isolated
from transferkit.data.finding import Finding
from transferkit.data.order import seeded_order
from transferkit.data.quarantine import Limits
from transferkit.data.structures import Structures

ISOLATED = 6.0
"""Å"""
NET_FORCE = 0.1
"""eV/Å, largest component of the sum over atoms"""
MOST_ATOMS = 500_000
"""atoms whose distances are examined, some seconds; structures are drawn by id in larger sets"""


def geometry_findings(data: Structures, limits: Limits | None = None) -> list[Finding]:
    """Colliding and isolated atoms, net forces.

    Args:
        data: structures, labelled or not
        limits: how close atoms may be; the defaults of the quarantine if not given. A distance that is beyond its default
            is no collision, however strict the limit.

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")[:3]
    >>> geometry_findings(data)
    []
    >>> from dataclasses import replace
    >>> geometry_findings(replace(data, positions=data.positions / 4, cell=data.cell / 4))[0].what
    'atoms collide in 3 structure(s)'
    """
    return [*_distances(data, limits or Limits()), *_net_forces(data)]


def _distances(data: Structures, limits: Limits) -> list[Finding]:
    collide = min(limits.closest_distance or 0.0, Limits().closest_distance or 0.0)
    data, of = _examined(data)
    near, alone = closest(data), np.flatnonzero(isolated(data, ISOLATED))
    bad, found = np.flatnonzero(near.share < collide), []
    if len(bad):
        worst = int(bad[np.argmin(near.share[bad])])
        distance, radii = near.distance[worst], near.distance[worst] / max(near.share[worst], 1e-12)
        evidence = (
            f"shortest: {distance:.3f} Å in {data.id[worst]}, covalent radii sum to {radii:.2f} Å; "
            f"the limit is {collide:g} of that{of}"
        )
        mend = "look at these structures; positions in other units than Å, or a wrong cell, look like this too"
        names = tuple(str(data.id[s]) for s in bad)
        found.append(Finding("warning", f"atoms collide in {len(bad)} structure(s)", names, evidence, mend))
    if len(alone):
        evidence = f"no neighbour within {ISOLATED} Å of at least one atom{of}"
        mend = "fine for reference atoms; graph potentials see them as isolated, and some refuse them"
        names = tuple(str(data.id[s]) for s in alone)
        found.append(Finding("note", f"isolated atoms in {len(alone)} structure(s)", names, evidence, mend))
    return found


def _examined(data: Structures) -> tuple[Structures, str]:
    """All of the data, or whole structures of a large set, drawn by id, and what the evidence says of it."""
    if len(data.numbers) <= MOST_ATOMS:
        return data, ""
    order = seeded_order((str(i) for i in data.id), 0, "check")
    row = {str(name): s for s, name in enumerate(data.id)}
    drawn = np.array([row[name] for name in order])
    rows = np.sort(drawn[np.cumsum(data.n_atoms[drawn]) <= MOST_ATOMS])
    return data[rows], f" (examined {len(rows)} of {len(data)} structures)"


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
