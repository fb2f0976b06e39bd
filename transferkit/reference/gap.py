"""How two levels of theory differ on the same structures, before and after taking off elemental energies."""

from dataclasses import dataclass

import numpy as np
from ase.data import chemical_symbols
from sklearn.tree import DecisionTreeRegressor

from transferkit.data.composition import fractions
from transferkit.data.pairing import pairs
from transferkit.data.structures import Structures
from transferkit.errors import DataError
from transferkit.reference.fit import fit_reference
from transferkit.typing import Json


@dataclass(frozen=True)
class Gap:
    """Difference between two levels of theory, from ``a`` to ``b``.

    Attributes:
        fidelities: names of a and b
        n_pairs: structures found in both with energies
        n_unpaired: structures of a and of b that have no partner
        pearson_raw: correlation of the two total energies per atom
        pearson_referenced: the same after each has lost its own least-squares reference, fitted to these pairs
        shift: E0 of b minus E0 of a, eV/atom, by symbol
        undetermined: symbols whose shift the pairs do not determine
        importance: share of each element in explaining the referenced difference; sums to one
        importance_per_atom: importance divided by how often the element's atoms occur, rescaled to sum to one
        energy_rms_difference: rms of the referenced difference, eV/atom
        force_rms_difference: rms over force components, eV/Å; None if either lacks forces
        force_rms: rms force component of a, eV/Å; None likewise
    """

    fidelities: tuple[str, str]
    n_pairs: int
    n_unpaired: tuple[int, int]
    pearson_raw: float
    pearson_referenced: float
    shift: dict[str, float]
    undetermined: tuple[str, ...]
    importance: dict[str, float]
    importance_per_atom: dict[str, float]
    energy_rms_difference: float
    force_rms_difference: float | None
    force_rms: float | None

    def __str__(self) -> str:
        """Correlations, forces, and one line per element, the most important first."""
        a, b = self.fidelities
        lines = [
            f"{a} and {b} on {self.n_pairs} structures ({self.n_unpaired[0]} of {a} and {self.n_unpaired[1]} of {b} unpaired)",
            f"  correlation of energies per atom: {self.pearson_raw:.3f} raw, {self.pearson_referenced:.3f} after referencing",
            f"  rms difference after referencing: {self.energy_rms_difference:.4f} eV/atom",
        ]
        if self.force_rms_difference is not None:
            lines.append(
                f"  rms force difference: {self.force_rms_difference:.4f} eV/Å (rms force {self.force_rms:.4f})"
            )
        lines.append(f"  element  shift of E0 ({b} - {a}), eV/atom  importance  importance per atom")
        for symbol in sorted(self.importance, key=lambda s: -self.importance[s]):
            note = "  undetermined" if symbol in self.undetermined else ""
            lines.append(
                f"  {symbol:<7} {self.shift[symbol]:>12.3f} {self.importance[symbol]:>23.3f} "
                f"{self.importance_per_atom[symbol]:>20.3f}{note}"
            )
        return "\n".join(lines)

    def to_json(self) -> Json:
        """A JSON object with units in the names."""
        return {
            "fidelities": list(self.fidelities),
            "n_pairs": self.n_pairs,
            "n_unpaired": list(self.n_unpaired),
            "pearson_raw": self.pearson_raw,
            "pearson_referenced": self.pearson_referenced,
            "shift_eV_per_atom": self.shift,
            "undetermined": list(self.undetermined),
            "importance": self.importance,
            "importance_per_atom": self.importance_per_atom,
            "energy_rms_difference_eV_per_atom": self.energy_rms_difference,
            "force_rms_difference_eV_per_A": self.force_rms_difference,
            "force_rms_eV_per_A": self.force_rms,
        }


def functional_gap(a: Structures, b: Structures) -> Gap:
    """Compare two levels of theory on the structures that they share.

    Follows the data analysis of Huang et al., npj Comput. Mater. 11, 313 (2025): Pearson correlation of energies per
    atom, raw and after subtracting each one's own elemental reference (their equation 2), and a regression tree from
    composition fractions to the referenced difference, whose impurity importances are also given per atom of the
    element. The referenced correlation is that of the fit's own data, as there.

    Args:
        a: structures with energies, for instance PBE
        b: the same structures at another level, paired by ``id``

    Raises:
        DataError: the label conventions differ, no id is shared, a pair differs in geometry (the first is named), or fewer
            than three pairs have energies.

    >>> import transferkit as tk
    >>> pbe, r2scan = (tk.bundled("gpaw-pbe-r2scan", fidelity=f) for f in ("PBE", "r2SCAN"))
    >>> gap = functional_gap(pbe, r2scan)
    >>> gap.n_pairs, round(gap.pearson_raw, 1), round(gap.pearson_referenced, 2)
    (367, 0.1, 0.99)
    """
    if a.label_convention != b.label_convention:
        raise DataError(
            f"{a.fidelity} has {a.label_convention!r} energies and {b.fidelity} has {b.label_convention!r}: corrections would "
            f"pass for a difference of the functionals. Read both with one label_convention, from files that hold such energies"
        )
    first, second = _pair(a, b)
    both = first.has("energy") & second.has("energy")
    if both.sum() < 3:
        raise DataError(
            f"{int(both.sum())} pairs of {a.fidelity} and {b.fidelity} have energies; a comparison needs three"
        )
    first, second = first[both], second[both]
    elements, counts = first.elements, first.counts()
    size = counts.sum(axis=1)
    references = [fit_reference(counts, data.energy, elements, source=data.fidelity) for data in (first, second)]
    left = [(data.energy - e0.total(data)) / size for data, e0 in zip((first, second), references, strict=True)]
    difference = left[1] - left[0]
    importance = _importance(fractions(counts), difference)
    per_atom = importance / counts.sum(axis=0)
    symbols = [chemical_symbols[int(z)] for z in elements]
    force_difference, force_rms = _forces(first, second)
    return Gap(
        fidelities=(a.fidelity, b.fidelity),
        n_pairs=len(first),
        n_unpaired=(len(a) - len(first), len(b) - len(second)),
        pearson_raw=_pearson(first.energy / size, second.energy / size),
        pearson_referenced=_pearson(*left),
        shift=references[1].minus(references[0]),
        undetermined=tuple(chemical_symbols[z] for z in references[0].undetermined),
        importance=dict(zip(symbols, importance.tolist(), strict=True)),
        importance_per_atom=dict(zip(symbols, (per_atom / (per_atom.sum() or 1.0)).tolist(), strict=True)),
        energy_rms_difference=float(np.sqrt(np.mean(difference**2))),
        force_rms_difference=force_difference,
        force_rms=force_rms,
    )


def _pair(a: Structures, b: Structures) -> tuple[Structures, Structures]:
    """Shared structures of both, in the order of ``a``; refuses a pair that is not one geometry."""
    if not {*map(str, a.id)} & {*map(str, b.id)}:
        raise DataError(
            f"no id of {a.fidelity} ({a.id[0] if len(a) else 'no structures'!s}, ...) is found in {b.fidelity} "
            f"({b.id[0] if len(b) else 'no structures'!s}, ...); give the frames of both files the same ids, e.g. id=... in the comment line of extxyz (atoms.info['id'] in ASE)"
        )
    found = pairs(a, b)
    return a[found.first], b[found.second]


def _pearson(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(), y - y.mean()
    norm = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float(x @ y) / norm if norm else float("nan")


def _importance(composition: np.ndarray, difference: np.ndarray) -> np.ndarray:
    # The tree breaks ties between equally good splits at random; a fixed state makes the table repeatable.
    tree = DecisionTreeRegressor(random_state=0).fit(composition, difference)
    importance: np.ndarray = tree.feature_importances_
    return importance


def _forces(first: Structures, second: Structures) -> tuple[float | None, float | None]:
    both = first.has("forces") & second.has("forces")
    if not both.any():
        return None, None
    atoms = both[first.owner]
    one, other = first.forces[atoms], second.forces[atoms]
    return float(np.sqrt(np.mean((one - other) ** 2))), float(np.sqrt(np.mean(one**2)))
