"""What looks wrong in a data set. Impossible labels are refused by the readers; this finds the implausible ones."""

import numpy as np

from transferkit.data.finding import Finding
from transferkit.data.geometry_checks import geometry_findings
from transferkit.data.structures import Structures
from transferkit.data.unit_checks import unit_findings
from transferkit.typing import PROPERTIES

__all__ = ["Finding", "check"]


def check(data: Structures) -> list[Finding]:
    """Suspicions, each with its evidence and what mends it; the data stay as they are.

    Units: energies in Hartree or kcal/mol, forces in kcal/mol/Å, stress in GPa, kbar or with VASP's sign. Where frames
    of one material allow it, from how the energy follows forces and stress; elsewhere from magnitudes. Geometry:
    colliding and isolated atoms, exact duplicates. Labels: net forces, labels that only some structures have.

    Args:
        data: labelled structures

    Returns:
        Findings, warnings first.

    >>> import transferkit as tk
    >>> [finding.what for finding in check(tk.bundled("gpaw-pbe-r2scan"))]
    []
    """
    if len(data) == 0:
        return [Finding("warning", "there are no structures", (), "0 structures", "give a file with frames")]
    found = [*unit_findings(data), *geometry_findings(data), *_partial_labels(data)]
    return sorted(found, key=lambda f: f.severity != "warning")


def _partial_labels(data: Structures) -> list[Finding]:
    found = []
    for name in PROPERTIES:
        lacking = np.flatnonzero(~data.mask[name])
        if 0 < len(lacking) < len(data):
            where = tuple(str(data.id[s]) for s in lacking)
            evidence = f"{len(lacking)} of {len(data)} structures lack it"
            mend = "nothing, if that is meant: absent labels never enter a loss"
            found.append(Finding("note", f"{name} is there for some structures only", where, evidence, mend))
    return found
