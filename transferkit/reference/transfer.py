"""Policies that move elemental energies from the level of theory of a pretrained network to that of new labels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from transferkit.errors import ReferenceFitError, nearest
from transferkit.reference.elemental import ElementalReference
from transferkit.reference.leave_out import left_out_residuals
from transferkit.reference.policies import POLICIES, Problem, checked_problem, refusal
from transferkit.reference.policy_table import PolicyScore, PolicyTable

T = TypeVar("T")


def transfer(
    policy: str,
    *,
    source: ElementalReference,
    counts: np.ndarray,
    energies: np.ndarray,
    elements: Sequence[int] | np.ndarray,
    network: np.ndarray | None = None,
    source_energies: np.ndarray | None = None,
    isolated: Mapping[str, float] | None = None,
    method: str = "least-squares",
    ridge: float = 1e-3,
) -> ElementalReference:
    r"""Elemental energies for a network that was pretrained with ``source`` and will see ``energies``.

    With :math:`E` the new labels, :math:`E_{net}` the network's part, :math:`n` the counts and fit() least squares:

    - ``residual`` (default): :math:`E^0 = E^0_{src} + fit(E - E_{net} - n E^0_{src})`. Equation 3 of Huang et al.,
      npj Comput. Mater. 11, 313 (2025), with the source labels replaced by the model's own predictions.
    - ``refit``: :math:`E^0 = fit(E)`, their method 4. On narrow data it also absorbs the mean of :math:`E_{net}`.
    - ``difference``: :math:`E^0 = E^0_{src} + fit(E) - fit(E_{src})`, equation 3 with labels of both levels.
    - ``keep``: :math:`E^0 = E^0_{src}`.
    - ``isolated-atoms``: the energies given, for networks that learn cohesive energies: those that were trained on top of
      isolated atoms, and random weights (a zero ``source``). Elements that are not given are not in the result.

    The result of the others covers all elements of ``source``. Elements that do not occur in the data keep the source's value; they
    and those that the data do not determine are listed in ``undetermined`` (``residual`` and ``difference`` fit the
    shift of smallest norm, so these stay close to the source).

    Args:
        policy: one of :data:`POLICIES`
        source: reference of the pretrained network
        counts: shape (structures, elements)
        energies: total labels at the new level, eV, shape (structures,)
        elements: atomic numbers of the columns, shape (elements,)
        network: energy predicted by the pretrained network without E0, eV, shape (structures,); for ``residual``
        source_energies: total labels of the same structures at the source's level, eV, shape (structures,); for ``difference``
        isolated: energy of each isolated atom at the new level, eV, by symbol; for ``isolated-atoms``
        method: as in :func:`~transferkit.reference.fit.fit_reference`
        ridge: as there

    Raises:
        ReferenceFitError: the policy is unknown, lacks its input or does not apply; or the arrays are unfit.
        MissingReference: an element of the data is in neither table.

    >>> source = ElementalReference.from_mapping({"H": -3.0, "Li": -2.0, "O": -7.0})
    >>> counts = np.array([[2.0, 0.0], [1.0, 1.0]])
    >>> network = np.array([-1.0, -4.0])  # eV, without E0
    >>> labels = network + counts @ np.array([-2.5, -9.0])
    >>> new = transfer("residual", source=source, counts=counts, energies=labels, network=network, elements=[3, 8])
    >>> {s: round(e, 6) for s, e in new.to_mapping().items()}, new.undetermined
    ({'H': -3.0, 'Li': -2.5, 'O': -9.0}, (1,))
    """
    problem = checked_problem(
        source=source,
        counts=counts,
        energies=energies,
        elements=elements,
        network=network,
        source_energies=source_energies,
        isolated=isolated,
        method=method,
        ridge=ridge,
    )
    if policy not in POLICIES:
        raise ReferenceFitError(f"No reference policy is called {policy!r}. {nearest(policy, POLICIES)}")
    if why_not := refusal(policy, problem):
        raise ReferenceFitError(f"reference policy {policy!r} does not apply: {why_not}")
    return _TRANSFERS[policy](problem)


def score_policies(
    *,
    source: ElementalReference,
    counts: np.ndarray,
    energies: np.ndarray,
    elements: Sequence[int] | np.ndarray,
    network: np.ndarray,
    compositions: Sequence[str] | np.ndarray,
    source_energies: np.ndarray | None = None,
    isolated: Mapping[str, float] | None = None,
    method: str = "least-squares",
    ridge: float = 1e-3,
) -> PolicyTable:
    """How far off each policy would be before any training, on compositions left out of its fit.

    Each composition is left out in turn, the reference is fitted to the others, and the error of
    network + reference on it is taken: the mean over its structures, then over compositions. One forward pass of the
    network is enough. Compositions that the others do not determine are left aside for all policies alike, so that
    rows compare; if that leaves none, policies without a fit are scored on all.

    Args:
        source: as in :func:`transfer`, like the arguments not named here
        counts: shape (structures, elements)
        energies: eV, shape (structures,)
        elements: shape (elements,)
        network: eV, shape (structures,)
        compositions: name of each structure's composition, shape (structures,)
        source_energies: eV, shape (structures,)
        isolated: eV by symbol
        method: as in :func:`~transferkit.reference.fit.fit_reference`; "huber" refits once per composition
        ridge: as there

    Raises:
        ReferenceFitError: the arrays are unfit or differ in length.
        MissingReference: an element of the data is not in the source.

    >>> rng = np.random.default_rng(0)
    >>> counts = rng.integers(1, 4, (30, 3)).astype(float)
    >>> network = -4.0 * counts.sum(axis=1) + rng.normal(0, 0.1, 30)
    >>> source = ElementalReference.from_mapping({"Li": -1.0, "O": -4.0, "Si": -6.0})
    >>> labels = network + counts @ np.array([-2.0, -5.0, -9.0])
    >>> table = score_policies(
    ...     source=source,
    ...     counts=counts,
    ...     energies=labels,
    ...     elements=[3, 8, 14],
    ...     network=network,
    ...     compositions=[str(c) for c in counts],
    ... )
    >>> table.best.policy, round(table["residual"].mean, 6), bool(table["keep"].mean > 1)
    ('residual', 0.0, True)
    """
    problem = checked_problem(
        source=source,
        counts=counts,
        energies=energies,
        elements=elements,
        network=network,
        source_energies=source_energies,
        isolated=isolated,
        method=method,
        ridge=ridge,
    )
    _, groups = np.unique(np.asarray(compositions, dtype=str), return_inverse=True)
    size = problem.counts.sum(axis=1)
    base = (problem.energies - network - problem.source_total) / size
    columns = [base, problem.energies / size]
    if problem.source_energies is not None:
        columns.append(problem.source_energies / size)
    left_out, determined = left_out_residuals(
        problem.counts, np.stack(columns, axis=1), groups, method=method, ridge=ridge
    )
    errors = {"residual": left_out[:, 0], "refit": left_out[:, 1] - network / size, "keep": base}
    if problem.source_energies is not None:
        shift = left_out[:, 1] - left_out[:, 2]
        errors["difference"] = base - (columns[1] - columns[2]) + shift
    if problem.isolated is not None and not refusal("isolated-atoms", problem):
        atoms = problem.counts @ problem.isolated.at(problem.elements)
        errors["isolated-atoms"] = (problem.energies - network - atoms) / size
    aside = len(np.unique(groups[~determined]))
    rows = []
    for policy in POLICIES:
        if why_not := refusal(policy, problem):
            rows.append(PolicyScore.refused(policy, why_not))
            continue
        fitted = policy not in {"keep", "isolated-atoms"}
        use = determined if fitted or determined.any() else ~determined
        left_aside = aside if fitted or determined.any() else 0
        rows.append(PolicyScore.of(policy, errors[policy][use], groups[use], left_aside))
    return PolicyTable(rows)


def _residual(problem: Problem) -> ElementalReference:
    network = _given(problem.network, "residual", problem)
    shift = problem.fit(problem.energies - network - problem.source_total)
    return problem.source.shifted(shift, source=f"residual policy, {_origin(problem)}")


def _refit(problem: Problem) -> ElementalReference:
    new = problem.fit(problem.energies)
    shift = replace(new, energies=new.energies - problem.source.at(new.elements))
    return problem.source.shifted(shift, source=f"refit policy, {_origin(problem)}")


def _difference(problem: Problem) -> ElementalReference:
    new, old = problem.fit(problem.energies), problem.fit(_given(problem.source_energies, "difference", problem))
    shift = replace(new, energies=new.energies - old.energies)
    return problem.source.shifted(shift, source=f"difference policy, {_origin(problem)}")


def _keep(problem: Problem) -> ElementalReference:
    return problem.source


def _isolated(problem: Problem) -> ElementalReference:
    table = _given(problem.isolated, "isolated-atoms", problem)
    common = np.intersect1d(table.elements, problem.source.elements)
    # What was not given stays out: the source's value belongs to another level of theory, or to a regression.
    return replace(table, elements=common, energies=table.at(common), source="isolated-atoms policy, energies as given")


def _given(value: T | None, policy: str, problem: Problem) -> T:
    if value is None:
        raise ReferenceFitError(f"reference policy {policy!r} does not apply: {refusal(policy, problem)}")
    return value


_TRANSFERS: dict[str, Callable[[Problem], ElementalReference]] = {
    "residual": _residual,
    "refit": _refit,
    "difference": _difference,
    "keep": _keep,
    "isolated-atoms": _isolated,
}


def _origin(problem: Problem) -> str:
    return f"{problem.method} on {len(problem.counts)} structures; before: {problem.source.source or 'not stated'}"
