"""One structure twice: repeated as it is, with contradicting labels, or with labels of two conventions, units or levels of theory."""

from collections import defaultdict
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from ase.data import chemical_symbols
from scipy.optimize import nnls

from transferkit.data.composition import row_basis
from transferkit.data.finding import Finding
from transferkit.data.structures import Structures
from transferkit.units import ENERGIES

SAME_ENERGY = 1e-3
"""eV/atom; converged calculations of one structure agree better"""
SAME_FORCES = 0.02
"""eV/Å, any component"""
EXPLAINED = 0.1
"""Share of the rms difference that a constant per element, or one factor, may leave over."""
SHOWN = 6


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Rows of one structure whose energies differ: the higher one, the lower one, and by how much (eV), shape (pairs,)."""

    high: np.ndarray
    low: np.ndarray
    difference: np.ndarray


def geometries(data: Structures) -> list[bytes]:
    """A hash of each structure's atoms, cell and positions (to 1e-6 Å): equal hashes, equal geometry.

    >>> import transferkit as tk
    >>> pbe, r2scan = (tk.bundled("gpaw-pbe-r2scan", fidelity=f)[:9] for f in ("PBE", "r2SCAN"))
    >>> geometries(pbe) == geometries(r2scan)
    True
    """
    # adding zero turns -0.0, which has other bytes, into 0.0
    cells, positions = (np.round(v, 6) + 0.0 for v in (data.cell, data.positions))
    out = []
    for s, (a, b) in enumerate(zip(data.offsets[:-1].tolist(), data.offsets[1:].tolist(), strict=True)):
        digest = sha256(data.numbers[a:b].tobytes() + data.pbc[s].tobytes())
        digest.update(cells[s].tobytes() + positions[a:b].tobytes())
        out.append(digest.digest())
    return out


def duplicate_groups(data: Structures) -> list[list[int]]:
    """Rows with the same atoms, cell and positions (to 1e-6 Å), two or more each.

    >>> import transferkit as tk
    >>> duplicate_groups(tk.bundled("gpaw-pbe-r2scan")[[0, 1, 2, 0]])
    [[0, 3]]
    """
    found: defaultdict[bytes, list[int]] = defaultdict(list)
    for s, digest in enumerate(geometries(data)):
        found[digest].append(s)
    return [rows for rows in found.values() if len(rows) > 1]


def duplicate_findings(data: Structures) -> list[Finding]:
    """Exact duplicates, and what their labels say about each other.

    Where the energies of duplicates differ by a constant per element, or by the factor of a unit, two label conventions,
    two levels of theory or two units are mixed in one set; where by neither, the labels contradict each other.

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")[[0, 1, 2, 0]]
    >>> [found.what for found in duplicate_findings(data)]
    ['1 exact duplicate']
    """
    groups = duplicate_groups(data)
    if not groups:
        return []
    extra = sum(len(rows) - 1 for rows in groups)
    where = tuple(str(data.id[s]) for rows in groups for s in rows[1:])
    evidence = f"{extra} of {len(data)} structures repeat the geometry of another"
    what = f"{extra} exact duplicate{'s' if extra > 1 else ''}"
    pairs, moved = _differing(data, groups), _force_difference(data, groups)
    # NaN, where no two have forces, contradicts nothing
    if not len(pairs.high) and not moved > SAME_FORCES:
        return [Finding("note", what, where, evidence, "keep one of each")]
    if len(pairs.high):
        worst = float((pairs.difference / data.n_atoms[pairs.high]).max())
        evidence += f"; the energies of {len(pairs.high)} differ, by up to {worst:.3g} eV/atom"
    if np.isfinite(moved):
        agree = "agree" if moved <= SAME_FORCES else f"differ by up to {moved:.3g} eV/Å"
        evidence += f"; their forces {agree}"
    mixed = _mixture(data, pairs, forces_agree=moved <= SAME_FORCES)
    if mixed is not None:
        of, said, mend = mixed
        return [Finding("warning", f"{what} with energies of {of}", where, f"{evidence}; {said}", mend)]
    mend = "find out which label is right and keep that one"
    return [Finding("warning", f"{what} with different labels", where, evidence, mend)]


def _differing(data: Structures, groups: list[list[int]]) -> _Pairs:
    pairs = []
    for rows in groups:
        there = [s for s in rows if data.mask["energy"][s]]
        for s in there[1:]:
            high, low = (s, there[0]) if data.energy[s] > data.energy[there[0]] else (there[0], s)
            if (data.energy[high] - data.energy[low]) / data.n_atoms[high] > SAME_ENERGY:
                pairs.append((high, low))
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return _Pairs(table[:, 0], table[:, 1], data.energy[table[:, 0]] - data.energy[table[:, 1]])


def _force_difference(data: Structures, groups: list[list[int]]) -> float:
    """Largest difference of a force component between duplicates, eV/Å; NaN where no two have forces."""
    largest = np.nan
    for rows in groups:
        there = [s for s in rows if data.mask["forces"][s]]
        blocks = [data.forces[data.offsets[s] : data.offsets[s + 1]] for s in there]
        for block in blocks[1:]:
            largest = np.nanmax([largest, float(np.abs(block - blocks[0]).max())])
    return float(largest)


def _mixture(data: Structures, pairs: _Pairs, *, forces_agree: bool) -> tuple[str, str, str] | None:
    """What two kinds of energies are mixed, the numbers that say so, and what mends it; None where nothing explains it."""
    if len(pairs.high) < 3:
        return None
    sizes = np.sort(np.abs(np.stack([data.energy[pairs.high], data.energy[pairs.low]])), axis=0)
    ratio = sizes[1] / np.maximum(sizes[0], 1e-12)
    for name, unit in ENERGIES.items():
        if unit != 1.0 and np.abs(np.log(ratio * min(unit, 1 / unit))).max() < 0.02:
            which = "larger" if unit < 1 else "smaller"
            said = f"one is {np.median(ratio):.4g} times the other, and eV to {name} is {max(unit, 1 / unit):.4g}"
            return f"two units, eV and {name}", said, f"multiply the {which} ones by {unit:.6g}"
    counts = data.counts()[pairs.high]
    present = counts.any(axis=0)
    X, size = counts[:, present], data.n_atoms[pairs.high]
    y, freedom = pairs.difference / size, len(size) - len(row_basis(X))
    # corrections have one sign: without others, elements that have none get none
    fits = (nnls(X / size[:, None], y)[0], np.linalg.lstsq(X / size[:, None], y, rcond=None)[0])
    left = [np.sqrt(((y - X @ c / size) ** 2).sum() / max(freedom, 1)) for c in fits]
    limit = EXPLAINED * np.sqrt((y**2).mean())
    if freedom < 2 or min(left) > limit:
        return None
    constants = fits[0] if left[0] <= limit else fits[1]
    largest = np.argsort(-np.abs(constants))[:SHOWN]
    symbols = [chemical_symbols[int(z)] for z in data.elements[present]]
    said = "a constant per element explains the difference: " + ", ".join(
        f"{symbols[k]} {constants[k]:+.3f} eV" for k in largest if abs(constants[k]) > SAME_ENERGY
    )
    of = "two label conventions" if forces_agree else "two label conventions or two levels of theory"
    return of, said, "give each its own file, or convert one; a set has one level of theory and one label convention"
