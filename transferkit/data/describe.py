"""What a data set holds: counts, elements, ranges, coverage, duplicates, findings."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from ase.data import chemical_symbols

from transferkit.data.check import Finding, check
from transferkit.data.composition import row_basis, undetermined_elements
from transferkit.data.duplicate_checks import duplicate_groups
from transferkit.data.key_map import KeyMap
from transferkit.data.per_structure import per_structure
from transferkit.data.quarantine import Limits, TakenOut, by_reason, counted, first
from transferkit.data.referenced import referenced
from transferkit.data.structures import Structures
from transferkit.typing import PROPERTIES, Json


@dataclass(frozen=True)
class Description:
    """What :func:`describe` found; ``print`` it, or take :meth:`to_json`.

    Attributes:
        fidelity: level of theory
        label_convention: what the energies are
        structures: how many
        atoms: how many in all
        compositions: distinct reduced formulas
        materials: distinct ``material_id``
        elements: symbol -> {"structures", "compositions"} that hold it, {"atoms"} of it
        labels: property -> structures that have it
        ranges: quantity -> {"min", "median", "max", "unit"}
        rank: of the composition matrix; below the number of elements, not every E0 can be fitted
        undetermined: symbols whose elemental energy these data cannot determine
        duplicates: structures that repeat the geometry of another
        findings: what :func:`~transferkit.data.check.check` says
        elemental_energies: symbol -> eV, least squares of the energies per element; {} without energies
        residual_rms: eV/atom, of the energies after these constants; None where compositions are too few to tell
        quarantine: frames that were taken out, or that a run would take out
        limits: what the quarantine was asked for; None if it was not
        keys: which entry of the file became which label
        values: one list per quantity, see :func:`~transferkit.data.per_structure.per_structure`
    """

    fidelity: str
    label_convention: str
    structures: int
    atoms: int
    compositions: int
    materials: int
    elements: dict[str, dict[str, int]]
    labels: dict[str, int]
    ranges: dict[str, Json]
    rank: int
    undetermined: tuple[str, ...]
    duplicates: int
    findings: tuple[Finding, ...]
    elemental_energies: dict[str, float]
    residual_rms: float | None
    quarantine: tuple[TakenOut, ...]
    limits: Limits | None
    keys: Json
    values: Json = field(repr=False)

    def to_json(self, *, per_structure: bool = False) -> Json:
        """A JSON object.

        Args:
            per_structure: with the lists that have one entry per structure, as figures need them
        """
        special = {"findings", "undetermined", "quarantine", "limits", "values"}
        return {
            **{k: v for k, v in self.__dict__.items() if k not in special},
            "undetermined": list(self.undetermined),
            "findings": [finding.to_json() for finding in self.findings],
            "quarantine": {
                "taken": len(self.quarantine),
                "reasons": counted(self.quarantine),
                "frames": [taken.to_json() for taken in self.quarantine],
            },
            "limits": None if self.limits is None else asdict(self.limits),
            **(self.values if per_structure else {}),
        }

    def __str__(self) -> str:
        """A page for a terminal."""
        labels = ", ".join(f"{k} {v}" for k, v in self.labels.items() if v) or "none"
        rare = [f"{s} ({n['compositions']})" for s, n in self.elements.items() if n["compositions"] < 3]
        reference = (
            "every element's energy can be fitted"
            if not self.undetermined
            else f"rank {self.rank} of {len(self.elements)}; not determined: {', '.join(self.undetermined)}"
        )
        lines = [
            f"counts      {self.structures} structures, {self.atoms} atoms, {self.compositions} compositions",
            f"materials   {self.materials}",
            f"level       {self.fidelity}, {self.label_convention} energies",
            f"labels      {labels}",
            f"read        {KeyMap.from_json(self.keys) or 'the file does not say from which entries'}",
            f"elements    {len(self.elements)}: {' '.join(self.elements)}",
            f"rare        {', '.join(rare) or 'none'} (in fewer than 3 compositions)",
            f"reference   {reference}",
            *(
                [f"referenced  {self.residual_rms:.3g} eV/atom rms after a constant per element"]
                if self.residual_rms
                else []
            ),
            f"duplicates  {self.duplicates}",
            *(
                f"{name:<26} {r['min']:>11.4g} {r['median']:>11.4g} {r['max']:>11.4g}  {r['unit']}"
                for name, r in self.ranges.items()
            ),
            *(str(finding) for finding in self.findings),
            *(
                [f"quarantine  {len(self.quarantine)} ({by_reason(self.quarantine)}): {first(self.quarantine)}"]
                if self.quarantine
                else []
            ),
        ]
        return "\n".join(lines)


def describe(data: Structures, *, quarantine: Sequence[TakenOut] = (), limits: Limits | None = None) -> Description:
    """Counts, coverage, ranges and findings of a data set.

    An elemental energy is determined when the unit vector of its element lies in the row space of the composition
    matrix (structures x elements): a set of MgO cells alone gives Mg + O, neither Mg nor O.

    Args:
        data: structures, labelled or not
        quarantine: frames that were taken out of them, or that a run would take out
        limits: by which, for the findings too; the defaults if not given

    >>> import transferkit as tk
    >>> found = describe(tk.bundled("gpaw-pbe-r2scan"))
    >>> found.structures, len(found.elements), found.undetermined
    (367, 45, ())
    """
    counts = data.counts()
    symbols = [chemical_symbols[int(z)] for z in data.elements]
    basis = row_basis(counts)
    composition, left = data.composition, referenced(data)
    elements = {
        symbol: {
            "structures": int((counts[:, k] > 0).sum()),
            "compositions": len(set(composition[counts[:, k] > 0])),
            "atoms": int(counts[:, k].sum()),
        }
        for k, symbol in enumerate(symbols)
    }
    return Description(
        fidelity=data.fidelity,
        label_convention=data.label_convention,
        structures=len(data),
        atoms=len(data.numbers),
        compositions=len(set(composition)),
        materials=len(set(data.material_id)),
        elements=elements,
        labels={p: int(data.mask[p].sum()) for p in PROPERTIES},
        ranges=_ranges(data),
        rank=len(basis),
        undetermined=tuple(chemical_symbols[z] for z in undetermined_elements(basis, data.elements)),
        duplicates=sum(len(rows) - 1 for rows in duplicate_groups(data)),
        findings=tuple(check(data, limits)),
        elemental_energies=dict(zip(symbols, left.constants.tolist(), strict=True))
        if data.mask["energy"].any()
        else {},
        residual_rms=left.rms,
        quarantine=tuple(quarantine),
        limits=limits,
        keys=data.read_as.to_json(),
        values=per_structure(data, left),
    )


def _ranges(data: Structures) -> dict[str, Json]:
    mask, per_atom = data.mask, data.owner
    quantities: dict[str, tuple[Callable[[], np.ndarray], str]] = {
        "atoms": (lambda: data.n_atoms, "per structure"),
        "volume": (lambda: (data.volume / data.n_atoms)[data.volume > 0], "Å³/atom"),
        "energy": (lambda: (data.energy / data.n_atoms)[mask["energy"]], "eV/atom"),
        "|force|": (lambda: np.linalg.norm(data.forces[mask["forces"][per_atom]], axis=1), "eV/Å"),
        "|stress|, largest component": (lambda: np.abs(data.stress[mask["stress"]]).max(axis=(1, 2)), "eV/Å³"),
        "magmom": (lambda: data.magmoms[mask["magmoms"][per_atom]], "μB"),
    }
    out: dict[str, Json] = {}
    for name, (compute, unit) in quantities.items():
        values = compute()
        if len(values):
            low, middle, high = (float(f(values)) for f in (np.min, np.median, np.max))
            out[name] = {"min": low, "median": middle, "max": high, "unit": unit}
    return out
