"""Rereferencing: move a potential's E0 to the level of theory of data, and score every way to do so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from transferkit.data.finding import Finding
from transferkit.data.quarantine import TakenOut, by_reason, first
from transferkit.data.structures import Structures
from transferkit.errors import ReferenceFitError
from transferkit.reference.isolated import refuse_isolated_only
from transferkit.reference.kind import kind_finding
from transferkit.reference.mismatch import convention_finding
from transferkit.reference.policy_table import PolicyTable
from transferkit.reference.transfer import score_policies, transfer

if TYPE_CHECKING:
    from transferkit.adapters.base import Graph
    from transferkit.adapters.potential import ReferencedPotential


@dataclass(frozen=True)
class Rereferenced:
    """A potential with a new reference, and how every policy would have done.

    Attributes:
        potential: the same network, new E0
        table: leave-one-composition-out error of each policy before training
        warning: in words, where the chosen policy is more than three times worse than the best; else None
        shift: eV per atom, by element
        head: whose reference it is
        findings: what looks wrong, e.g. labels by another convention than the totals of the potential
    """

    potential: "ReferencedPotential"
    table: PolicyTable
    warning: str | None
    shift: dict[str, float]
    head: str
    findings: tuple[Finding, ...] = ()


def compare_policies(
    model: "ReferencedPotential",
    data: Structures,
    *,
    policy: str = "residual",
    trainable: bool = False,
    method: str = "least-squares",
    ridge: float = 1e-3,
    source_data: Structures | None = None,
    source_taken: Sequence[TakenOut] = (),
    isolated: Mapping[str, float] | None = None,
    graphs: Sequence["Graph"] | None = None,
    head: str | None = None,
    network: np.ndarray | None = None,
    stand_in: bool = False,
) -> Rereferenced:
    """Move a potential's E0 to the level of theory of ``data``, and score every way to do so from one forward pass.

    Args:
        model: the potential; it is not changed
        data: structures with energies at the target level of theory
        policy: "residual", "refit", "difference", "keep" or "isolated-atoms"; :mod:`transferkit.reference.transfer`
        trainable: make the new E0 a parameter
        method: "least-squares", "ridge" or "huber"
        ridge: strength of "ridge", dimensionless
        source_data: the same structures at the source level of theory, for "difference" (paper A, equation 3)
        source_taken: frames of the file of ``source_data`` that cannot be used and were left out
        isolated: energies of isolated atoms at the target level, eV by symbol, for "isolated-atoms"
        graphs: of ``data`` in order, where they are built already
        head: whose E0 moves; by the level of theory of the data if not given, see
            :func:`~transferkit.adapters.heads.head_for`. The E0 of other heads stays.
        network: energy of the network alone on ``data``, eV, (structures,), where it is known; no forward pass then
        stand_in: ``network`` stands in for what was not computed: nothing is said of how far the potential is off

    Raises:
        UnknownHead: no head is called so, or nothing says which of several is meant.
        ReferenceFitError: there are no energies, all structures are isolated atoms, the policy lacks what it needs, or does
            not fit this potential.
    """
    from transferkit.adapters.graphs import take
    from transferkit.adapters.heads import head_for
    from transferkit.evaluation.predict import network_energy

    head = head_for(model, data.fidelity, head)
    labelled = np.flatnonzero(data.has("energy"))
    data, graphs = data[labelled], None if graphs is None else take(graphs, labelled)
    if not len(data):
        raise ReferenceFitError(
            "none of the structures has an energy, so no reference can be fitted. Add energies, or use policy 'keep'."
        )
    refuse_isolated_only(data)
    source = model.reference(head)
    arrays: dict[str, Any] = {
        "source": source,
        "counts": data.counts(),
        "energies": data.energy,
        "network": network_energy(model, data, graphs, head=head) if network is None else network[labelled],
        "elements": data.elements,
        "source_energies": None if source_data is None else _paired(data, source_data, source_taken),
        "isolated": isolated,
        "method": method,
        "ridge": ridge,
    }
    table = score_policies(**arrays, compositions=data.composition)
    new = replace(transfer(policy, **arrays), fidelity=data.fidelity, label_convention=data.label_convention)
    moved = model.with_reference(new, head, trainable=trainable)
    # equation 3 takes the source's labels off: they must be by the convention of the source
    if policy == "difference" and source_data is not None:
        convention = convention_finding(source, source_data)
    else:
        predicted = None if stand_in else arrays["network"] + source.total(data)
        convention = convention_finding(source, data, predicted=predicted, policy=policy)
    found = (convention, kind_finding(source, policy), _left_out(source_taken))
    findings = tuple(finding for finding in found if finding is not None)
    return Rereferenced(moved, table, table.warning(policy), new.minus(source), head, findings)


def _paired(data: Structures, source: Structures, taken: Sequence[TakenOut]) -> np.ndarray:
    """Energies of ``source`` in the order of ``data``, matched by id."""
    if source.fidelity == data.fidelity:
        raise ReferenceFitError(
            f"source_data holds {source.fidelity} labels, as the data themselves do, so their difference is zero. "
            f"Give the same structures at the level of theory of the checkpoint, e.g. bundled:gpaw-pbe-r2scan@PBE."
        )
    position = {str(name): k for k, name in enumerate(source.id) if source.mask["energy"][k]}
    if missing := [str(name) for name in data.id if str(name) not in position]:
        broken = [t for t in taken if t.id in set(missing)]
        why = f" Of these, source_data holds {len(broken)} that cannot be used: {first(broken)}." if broken else ""
        mend = (
            "mend them there, or remove these frames from the data"
            if broken
            else "give source_data that holds the same ids, each with an energy"
        )
        raise ReferenceFitError(
            f"policy 'difference' needs the source labels of every training structure; {len(missing)} are missing, "
            f"first {missing[0]!r}.{why} {mend[0].upper()}{mend[1:]}, or use policy 'residual'."
        )
    return source.energy[[position[str(name)] for name in data.id]]


def _left_out(taken: Sequence[TakenOut]) -> Finding | None:
    """What was left out of the source labels, which are in no other list."""
    if not taken:
        return None
    return Finding(
        "note",
        f"{len(taken)} frame(s) of source_data cannot be used and were left out: {by_reason(taken)}",
        tuple(t.id for t in taken),
        first(taken),
        "nothing, since no training structure needs them",
    )
