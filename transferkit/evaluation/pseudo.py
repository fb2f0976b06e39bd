"""Pseudo-labels: what a potential predicts, as labels to be learnt, where labels of its level of theory cannot be had."""

from collections.abc import Sequence
from dataclasses import replace

from transferkit.adapters.batch import Graph
from transferkit.adapters.heads import head_for
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.structures import Structures
from transferkit.evaluation.predict import predict


def pseudo_labels(
    potential: ReferencedPotential,
    data: Structures,
    head: str | None = None,
    *,
    graphs: Sequence[Graph] | None = None,
    edges: int = 20_000,
) -> Structures:
    """The same structures, labelled by a head of the potential as it is now: replay without the old labels.

    All that the potential predicts becomes a label. Totals contain the E0 of that head, so training on them keeps it: the
    policy ``keep`` and no other.

    Args:
        potential: the teacher; it is not changed
        data: structures; their own labels, level of theory and convention are dropped
        head: that is to be remembered; by the level of theory of the data if not given, see
            :func:`~transferkit.adapters.heads.head_for`
        graphs: of the structures in order, where they are built already
        edges: of a batch at most

    Returns:
        Labels of the level of theory of the head (its name where that is unknown) and by the convention of its E0 (that of
        the data where that is unknown).

    Raises:
        UnknownHead: no head is called so, or nothing says which of several is meant.

    >>> import transferkit as tk
    >>> data = pseudo_labels(tk.load("chgnet"), tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN")[:2])
    >>> data.fidelity, data.label_convention, data.has("magmoms").all().item()
    ('PBE', 'mp2020', True)
    """
    head = head_for(potential, data.fidelity, head)
    reference = potential.reference(head)
    labelled = predict(potential, data, graphs=graphs, edges=edges, head=head)
    return replace(
        labelled,
        fidelity=reference.fidelity or head,
        label_convention=reference.label_convention or data.label_convention,
    )
