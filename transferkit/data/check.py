"""What looks wrong in a data set. Impossible labels are refused by the readers; this finds the implausible ones."""

from collections import defaultdict

import numpy as np

from transferkit.data.duplicate_checks import duplicate_findings
from transferkit.data.finding import Finding
from transferkit.data.geometry_checks import geometry_findings
from transferkit.data.level_name import level_findings
from transferkit.data.mixture_checks import mixture_findings
from transferkit.data.quarantine import Limits, energies_beyond, forces_beyond
from transferkit.data.structures import Structures
from transferkit.data.unit_checks import unit_findings
from transferkit.typing import PROPERTIES

__all__ = ["Finding", "check"]


def check(data: Structures, limits: Limits | None = None) -> list[Finding]:
    """Suspicions, each with its evidence and what mends it; the data stay as they are.

    Units: energies in Hartree or kcal/mol, forces in kcal/mol/Å, stress in GPa, kbar or with VASP's sign. Where frames
    of one material allow it, from how the energy follows forces and stress; elsewhere from the energy of all electrons,
    from what is left after a constant per element, and from magnitudes. Geometry: colliding and isolated atoms. Labels:
    huge forces, implausible energies, net forces, labels that only some structures have. Mixtures: one structure twice
    with labels of two conventions or two levels of theory, energies with and without a Hubbard U. A level of theory whose name looks misspelt.

    What only a potential can tell, such as the sign of the stress of single relaxed frames, is in
    :func:`transferkit.evaluation.against_model.against_model`.

    Args:
        data: labelled structures
        limits: what counts as huge and implausible; the defaults of the quarantine if not given

    Returns:
        Findings, warnings first.

    >>> import transferkit as tk
    >>> [finding.what for finding in check(tk.bundled("gpaw-pbe-r2scan"))]
    []
    """
    if len(data) == 0:
        return [Finding("warning", "there are no structures", (), "0 structures", "give a file with frames")]
    slips = unit_findings(data)
    found = [
        *slips,
        # numbers in another unit are beyond limits in ours: that is one mistake, and said already
        *([] if slips else _beyond(data, limits or Limits())),
        *geometry_findings(data, limits or Limits()),
        *duplicate_findings(data),
        *mixture_findings(data),
        *level_findings(data.fidelity),
        *data.read_as.findings(),
        *_partial_labels(data),
    ]
    return sorted(found, key=lambda f: f.severity != "warning")


def _beyond(data: Structures, limits: Limits) -> list[Finding]:
    found: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for measure in (forces_beyond, energies_beyond):
        for s, reason, value in measure(data, limits):
            found[reason][s] = value
    out = []
    for reason, values in found.items():
        worst = max(values, key=lambda s: abs(values[s]))
        where = tuple(str(data.id[s]) for s in values)
        evidence = f"{len(values)} of {len(data)} structures; the worst is {data.id[worst]} with {values[worst]:.4g}"
        mend = "look at these structures; a run takes them out unless data.quarantine says otherwise"
        out.append(Finding("warning", reason, where, evidence, mend))
    return out


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
