"""The policies by name, the inputs that they share, and when one does not apply."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ase.data import chemical_symbols

from transferkit.data.composition import fractions
from transferkit.errors import MissingReference
from transferkit.reference.composition import checked_counts
from transferkit.reference.elemental import ElementalReference
from transferkit.reference.fit import checked_energies, fit_reference

POLICIES: tuple[str, ...] = ("residual", "refit", "difference", "keep", "isolated-atoms")


@dataclass(frozen=True, eq=False)
class Problem:
    """Checked inputs of a policy; elements that occur in no structure are dropped from the columns.

    Attributes are the arguments of :func:`~transferkit.reference.transfer.transfer`.
    """

    source: ElementalReference
    counts: np.ndarray
    energies: np.ndarray
    elements: np.ndarray
    network: np.ndarray | None
    source_energies: np.ndarray | None
    isolated: ElementalReference | None
    method: str
    ridge: float

    def fit(self, targets: np.ndarray) -> ElementalReference:
        """Elemental energies that best explain these totals, eV, shape (structures,)."""
        return fit_reference(self.counts, targets, self.elements, method=self.method, ridge=self.ridge)

    @property
    def source_total(self) -> np.ndarray:
        """Sum of the source's E0 over each structure, eV."""
        out: np.ndarray = self.counts @ self.source.at(self.elements)
        return out


def checked_problem(
    *,
    source: ElementalReference,
    counts: np.ndarray,
    energies: np.ndarray,
    elements: Sequence[int] | np.ndarray,
    network: np.ndarray | None,
    source_energies: np.ndarray | None,
    isolated: Mapping[str, float] | None,
    method: str,
    ridge: float,
) -> Problem:
    """Inputs of a policy as float64, without the elements that do not occur.

    Raises:
        ReferenceFitError: an array has the wrong shape, or an energy is NaN or infinite.
        MissingReference: an element of the data is not in the source.
    """
    elements = np.asarray(elements, dtype=np.int64)
    counts = checked_counts(counts, elements)
    present = counts.any(axis=0)
    n = len(counts)
    unknown = np.setdiff1d(elements[present], source.elements)
    if len(unknown):
        raise MissingReference(
            f"the pretrained reference has no energy for {_names(unknown)}; leave structures with them out"
        )
    return Problem(
        source=source,
        counts=counts[:, present],
        energies=checked_energies(energies, n),
        elements=elements[present],
        network=None if network is None else checked_energies(network, n, "network energies"),
        source_energies=None if source_energies is None else checked_energies(source_energies, n, "source_energies"),
        isolated=None if isolated is None else ElementalReference.from_mapping(isolated, kind="isolated-atom"),
        method=method,
        ridge=ridge,
    )


def refusal(policy: str, problem: Problem) -> str:
    """Why a policy does not apply to this potential and these data; empty if it does."""
    if policy == "residual" and problem.network is None:
        return "it needs the energies that the network itself predicts for these structures (network=)"
    if policy == "difference" and problem.source_energies is None:
        return "it needs labels of the same structures at the source's level of theory (source_energies=)"
    if policy == "isolated-atoms":
        return _refusal_of_isolated(problem)
    return _refusal_of_refit(problem) if policy == "refit" else ""


def _refusal_of_isolated(problem: Problem) -> str:
    # A zero table is that of random weights, which have learned nothing on top of it yet.
    if problem.source.kind == "regression" and problem.source.energies.any():
        return (
            "the network learned what a regression left over, and energies of isolated atoms under it would leave out the "
            "part of the cohesive energy that the regression held; use 'residual'"
        )
    if problem.isolated is None:
        return "it needs a table of isolated-atom energies (isolated=)"
    lacking = np.setdiff1d(problem.elements, problem.isolated.elements)
    return f"the table of isolated atoms lacks {_names(lacking)}; add their energies" if len(lacking) else ""


def _refusal_of_refit(problem: Problem) -> str:
    if problem.source.kind == "isolated-atom":
        return (
            "the network learned cohesive energies on top of isolated atoms, and a fit to totals would "
            "count them twice; use 'residual'"
        )
    one = len(np.unique(np.round(fractions(problem.counts), 9), axis=0)) == 1
    # Ridge chooses among the solutions by a rule that the user has asked for; least squares would choose in silence.
    if one and len(problem.elements) > 1 and problem.method != "ridge":
        return (
            f"all structures have one composition, which determines only a sum of the energies of "
            f"{_names(problem.elements)}; use 'residual', which stays close to the source, or method='ridge', "
            f"or add compositions"
        )
    return ""


def _names(elements: np.ndarray) -> str:
    return ", ".join(chemical_symbols[int(z)] for z in elements)
