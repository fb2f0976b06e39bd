"""Graphs of the parts of a run, built once; kept in memory, or on disk where there are many atoms."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from transferkit.adapters.batch import Graph
from transferkit.adapters.graphs import build_graphs
from transferkit.adapters.potential import ReferencedPotential
from transferkit.counter import counter
from transferkit.data.split import Parts
from transferkit.data.structures import Structures
from transferkit.run_folder import FIRST_RANK


def graphs_of(
    model: ReferencedPotential, parts: Parts, head: str, *, skin: float, store: Path | None, quiet: bool
) -> dict[str, Sequence[Graph]]:
    """Graphs of every part by its name, and ``basis``: of what E0 is fitted on. Only training needs the skin.

    Args:
        model: whose adapter builds them
        parts: of the data
        head: whose reference must know the elements
        skin: Å added to the cutoff of training graphs
        store: folder to look for graphs in and keep them in; None for memory
        quiet: show no progress
    """
    with counter("building graphs", quiet=quiet or not FIRST_RANK) as tell:
        build = partial(build_graphs, model, head=head, progress=tell, store=store)
        graphs = {name: build(part) for name, part in {"valid": parts.valid, **parts.tests}.items()}
        graphs["train"] = build(parts.train, skin=skin)
        graphs["basis"] = graphs["train"] if parts.fitted_on is parts.train else build(parts.fitted_on)
    return graphs


def graphs_for(
    model: ReferencedPotential, data: Structures, head: str, *, store: Path | None, quiet: bool
) -> Sequence[Graph]:
    """Graphs of one more set, without a skin; arguments as for :func:`graphs_of`."""
    with counter(f"building graphs of {data.fidelity}", quiet=quiet or not FIRST_RANK) as tell:
        return build_graphs(model, data, head=head, progress=tell, store=store)
