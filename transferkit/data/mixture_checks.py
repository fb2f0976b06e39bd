"""Two kinds of calculation in one set: with and without a Hubbard U, or of two functionals; from what frames say, or from energies."""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from ase.data import atomic_numbers, chemical_symbols

from transferkit.data.finding import Finding
from transferkit.data.mp2020 import METALS
from transferkit.data.referenced import referenced
from transferkit.data.structures import Structures

HUBBARD = r"(is_?)?hubbards?(_?u)?|ldau\w*|is_?u|u_?values?"
"""Names of columns that say whether there is a U."""
LEVEL = r"run_?type|functional|xc|gga|level_?of_?theory|theory|method|metagga"
"""Names of columns that say the level of theory."""
NO_U = {"", "0", "0.0", "none", "nan", "false", "{}", "[]"}
IN_ID = r"(gga|pbe|pbesol|scan|lda|dft)[+_-]?u(?![a-z])|hubbard"
WITH_U = tuple(sorted(atomic_numbers[s] for s in METALS))
"""Metals that the Materials Project gives a U in oxides and fluorides."""
ANIONS = (8, 9)
FEWEST, APART, SMALLEST, COMPOSITIONS = 12, 5.0, 1.0, 4
"""Structures of a metal, separation over width of two clusters (a normal distribution cut in two has 2.7, a flat one 3.5),
eV per metal atom, and compositions in each heap, below which nothing is said: oxidation states make heaps too, of few
compositions each. MP2020 takes 1.6 (Co) to 4.4 (W) eV per metal atom off energies with U."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """Numbers in two heaps.

    Attributes:
        upper: whether a number is in the upper heap, shape (n,)
        gap: distance of the two means
        width: standard deviation within the heaps
    """

    upper: np.ndarray
    gap: float
    width: float


def mixture_findings(data: Structures) -> list[Finding]:
    """Frames that say they are of different kinds, and energies of oxides and fluorides in two heaps.

    >>> import transferkit as tk
    >>> from dataclasses import replace
    >>> data = tk.bundled("gpaw-pbe-r2scan")[:4]
    >>> mixed = replace(data, columns={"run_type": np.array(["GGA", "GGA+U", "GGA", "GGA"], dtype=object)})
    >>> [found.what for found in mixture_findings(mixed)]
    ['two kinds of calculation are mixed: run_type is GGA or GGA+U']
    """
    said = [*_by_columns(data), *_by_ids(data)]
    return said or _by_energies(data)


def two_clusters(values: np.ndarray) -> Clusters | None:
    """Cut numbers into two heaps where the sum of squares within is smallest; None unless the heaps stand well apart.

    Args:
        values: any finite numbers, shape (n,)

    >>> two_clusters(np.array([0.0, 0.1, 0.2, 2.0, 2.1, 2.2] * 4)).gap.__round__(3)
    2.0
    """
    n = len(values)
    if n < FEWEST:
        return None
    ordered = np.sort(values)
    k = np.arange(1, n)
    below, square = np.cumsum(ordered)[:-1], np.cumsum(ordered**2)
    above = ordered.sum() - below
    within = square[-1] - below**2 / k - above**2 / (n - k)
    cut = int(np.argmin(within)) + 1
    if min(cut, n - cut) < max(3, n // 10):
        return None
    gap = float(ordered[cut:].mean() - ordered[:cut].mean())
    width = float(np.sqrt(max(within[cut - 1], 0.0) / (n - 2)))
    # Few values fall apart by chance: the widest of 20,000 draws from one heap is 12.3 widths for 12 values, 5 for 100.
    if gap < APART * (1 + 20 / n) * width:
        return None
    return Clusters(values >= ordered[cut], gap, width)


def clusters_of_metals(data: Structures, left: np.ndarray) -> dict[str, Clusters]:
    """Metals whose oxides and fluorides lie in two heaps, as they do where some have a Hubbard U and others have none.

    Args:
        data: structures
        left: eV/atom that should not depend on the kind of calculation, NaN where unknown, shape (structures,)

    Returns:
        By chemical symbol, in eV per metal atom.
    """
    columns = [*WITH_U, *ANIONS]
    counts = np.stack(
        [np.bincount(data.owner, weights=data.numbers == z, minlength=len(data)) for z in columns], axis=1
    )
    metals, anions = counts[:, : len(WITH_U)], counts[:, len(WITH_U) :]
    found = {}
    for k, z in enumerate(WITH_U):
        # one such metal only, so that its share of the shift is known
        rows = (metals[:, k] > 0) & (metals.sum(axis=1) == metals[:, k]) & anions.any(axis=1) & np.isfinite(left)
        per_metal = left[rows] * data.n_atoms[rows] / metals[rows, k]
        clusters = two_clusters(per_metal)
        if clusters is not None and clusters.gap > SMALLEST and _across_compositions(data[rows], clusters.upper):
            found[chemical_symbols[z]] = clusters
    return found


def _across_compositions(data: Structures, upper: np.ndarray) -> bool:
    """Whether the heaps are no matter of composition: two or more lie in both, or each heap holds several."""
    first, second = (set(data.composition[side].tolist()) for side in (upper, ~upper))
    return len(first & second) > 1 or min(len(first), len(second)) >= COMPOSITIONS


def _by_columns(data: Structures) -> list[Finding]:
    found = []
    for name, values in data.columns.items():
        if np.ndim(values) != 1:
            continue
        texts = np.array([str(v).strip() for v in values], dtype=object)
        if re.fullmatch(HUBBARD, name.lower()):
            kinds = np.where([t.lower() in NO_U for t in texts], "without U", "with U").astype(object)
        elif re.fullmatch(LEVEL, name.lower()):
            kinds = texts
        else:
            continue
        if len(set(kinds[kinds != ""])) > 1:
            found.append(_mixed(data, f"{name} is", kinds, "certain: the frames say so"))
    # run_type and hubbards of one run say the same thing: the first that says it is enough
    return found[:1]


def _by_ids(data: Structures) -> list[Finding]:
    marked = np.array([re.search(IN_ID, str(i).lower()) is not None for i in data.id], dtype=bool)
    if marked.all() or not marked.any():
        return []
    kinds = np.where(marked, "with U", "without U").astype(object)
    return [_mixed(data, "the ids look like", kinds, "fairly sure: from names only")]


def _mixed(data: Structures, where: str, kinds: np.ndarray, sure: str) -> Finding:
    names, counts = np.unique(kinds[kinds != ""].astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    shown = " or ".join(str(names[k]) for k in order[:4]) + (" or others" if len(order) > 4 else "")
    evidence = f"{', '.join(f'{counts[k]} {names[k]}' for k in order[:4])}; {sure}"
    corrected = data.label_convention == "mp2020"
    severity: Literal["warning", "note"] = "note" if corrected else "warning"
    mend = (
        "nothing, if the corrections put them on one scale, as MP2020 does"
        if corrected
        else "train on one kind, or on energies that were put on one scale (label convention mp2020)"
    )
    if not corrected and _as_materials_project(data, kinds):
        severity = "note"
        evidence += "; the U stands where the Materials Project sets it, in oxides and fluorides of certain metals"
        mend = "nothing, if the potential learnt such a mixture, as those of the Materials Project did; else put them on one scale"
    number = {2: "two", 3: "three"}.get(len(names), "several")
    return Finding(severity, f"{number} kinds of calculation are mixed: {where} {shown}", (), evidence, mend)


def _as_materials_project(data: Structures, kinds: np.ndarray) -> bool:
    """Whether one functional was used, with a U in all oxides and fluorides of metals that get one, and nowhere else."""
    plain = {re.sub(r"[+_ ]?u$|^with(out)? u$", "", str(k).lower()) for k in kinds if k != ""}
    has_u = np.array([re.search(r"(^with |[+_ ])u$", str(k).lower()) is not None for k in kinds], dtype=bool)
    holds = {
        group: np.bincount(data.owner, weights=np.isin(data.numbers, group), minlength=len(data)) > 0
        for group in (WITH_U, ANIONS)
    }
    return len(plain) == 1 and np.array_equal(has_u, holds[WITH_U] & holds[ANIONS])


def _by_energies(data: Structures) -> list[Finding]:
    found = clusters_of_metals(data, referenced(data, robust=True).residual)
    if found:
        return heaps(found, "after a constant per element")
    return heaps(clusters_of_metals(data, _above_lowest(data)), "above the lowest of their composition")


def _above_lowest(data: Structures) -> np.ndarray:
    """Energy per atom above the lowest one of the same composition; NaN where a composition occurs once."""
    has = np.flatnonzero(data.mask["energy"])
    out = np.full(len(data), np.nan)
    if not len(has):
        return out
    fractions = np.round(data.counts()[has] / data.n_atoms[has, None], 9)
    _, kind, times = np.unique(fractions, axis=0, return_inverse=True, return_counts=True)
    kind = kind.reshape(-1)
    per_atom = data.energy[has] / data.n_atoms[has]
    lowest = np.full(len(times), np.inf)
    np.minimum.at(lowest, kind, per_atom)
    out[has] = np.where(times[kind] > 1, per_atom - lowest[kind], np.nan)
    return out


def heaps(found: dict[str, Clusters], left: str) -> list[Finding]:
    """The finding on metals in two heaps, with how sure it is; none where there are none."""
    if not found:
        return []
    shown = "; ".join(f"{m}: {c.gap:.2f} eV per atom apart, {c.width:.2f} wide" for m, c in found.items())
    sure = "fairly sure" if len(found) > 1 else "possible: one metal only"
    evidence = f"energies of oxides and fluorides {left} lie in two heaps ({shown}); {sure}"
    mend = "look for a Hubbard U in some inputs only; train on one kind, or on energies that were put on one scale"
    what = f"energies with and without U look mixed for {', '.join(found)}"
    return [Finding("warning" if len(found) > 1 else "note", what, (), evidence, mend)]
