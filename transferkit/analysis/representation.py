"""How far training moved what a network knows of an atom: its features before and after, layer by layer."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch

from transferkit.adapters.graphs import build_graphs
from transferkit.adapters.heads import head_for
from transferkit.adapters.potential import ReferencedPotential
from transferkit.analysis.cka import cka
from transferkit.data.split import groups
from transferkit.data.structures import Structures
from transferkit.errors import DataError

BATCH = 32
"""Structures at a time."""


def atom_features(
    potential: ReferencedPotential, data: Structures, *, head: str | None = None
) -> dict[str, np.ndarray]:
    """Features of every atom after each block, in the order of the data, float64, (atoms, channels).

    Args:
        potential: whose features are wanted
        data: structures; labels are not looked at
        head: that they go through, see :func:`~transferkit.adapters.heads.head_for`; it plays a part only where the potential tells
            levels of theory apart at its input

    Raises:
        UnknownHead: no head is called so, or nothing says which of several is meant.
        GraphError, MissingReference: see :func:`~transferkit.adapters.graphs.build_graphs`.

    >>> import transferkit as tk
    >>> found = atom_features(tk.load("toy"), tk.bundled("gpaw-pbe-r2scan")[:3])
    >>> list(found), len(found["embedding"])
    (['embedding', 'interaction.0', 'interaction.1'], 6)
    """
    name = head_for(potential, data.fidelity, head)
    graphs = build_graphs(potential, data, head=name)
    parts: list[Mapping[str, torch.Tensor]] = []
    for start in range(0, len(graphs), BATCH):
        batch = potential.collate(graphs[start : start + BATCH], name)
        with torch.no_grad():
            found = potential.adapter.features(batch)
        parts.append({layer: x.detach().cpu() for layer, x in found.items()})
    return {layer: torch.cat([part[layer] for part in parts]).double().numpy() for layer in parts[0]}


def compare_features(
    before: ReferencedPotential,
    after: ReferencedPotential,
    data: Structures,
    *,
    head: str | None = None,
    head_after: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Linear CKA between the features of two potentials with the same layers, on the same atoms.

    Most of what differs between atoms is their element, which every network tells apart. So there are two numbers for each layer:
    ``cka``, over all atoms, and ``cka_within``, of what is left when the mean over atoms of the same element is taken off: how an atom's
    surroundings are seen. Only the second says how far features are specific to a level of theory.

    Args:
        before: first potential
        after: second potential
        data: structures; labels are not looked at
        head: of the first, by the level of theory of the data if not given
        head_after: of the second, likewise
        level: of the intervals, which are over compositions (jackknife)

    Returns:
        one row per layer from input to output: ``layer``, ``cka``, ``low``, ``high``, ``cka_within``, ``within_low``, ``within_high``,
        ``atoms``, ``compositions``; NaN where features do not vary or compositions are too few

    Raises:
        DataError: the potentials have other layers, or there are fewer than four atoms.
        UnknownHead: no head is called so, or nothing says which of several is meant.

    >>> import transferkit as tk
    >>> toy = tk.load("toy")
    >>> table = compare_features(toy, toy, tk.bundled("gpaw-pbe-r2scan")[:40])
    >>> table["cka"].round(6).tolist()
    [1.0, 1.0, 1.0]
    """
    one, other = atom_features(before, data, head=head), atom_features(after, data, head=head_after)
    if list(one) != list(other):
        raise DataError(
            f"the potentials have other layers: {', '.join(one)} and {', '.join(other)}. Compare features of one kind of network, "
            f"or call cka(x, y) with the features that are to be compared."
        )
    of_atom = np.repeat(groups(data, "composition"), np.diff(data.offsets))
    rows = []
    for layer, x in one.items():
        all_ = cka(x, other[layer], groups=of_atom, level=level)
        within = cka(*(_within(f, data.numbers) for f in (x, other[layer])), groups=of_atom, level=level)
        nothing = (np.nan, np.nan)
        low, high = all_.interval or nothing
        within_low, within_high = within.interval or nothing
        rows.append(
            {
                "layer": layer,
                "cka": all_.value,
                "low": low,
                "high": high,
                "cka_within": within.value,
                "within_low": within_low,
                "within_high": within_high,
                "atoms": all_.rows,
                "compositions": all_.groups,
            }
        )
    return pd.DataFrame(rows)


def _within(features: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Features less the mean over atoms of the same element; exactly zero where atoms of an element do not differ."""
    _, element = np.unique(numbers, return_inverse=True)
    sums = np.zeros((element.max() + 1, features.shape[1]))
    np.add.at(sums, element, features)
    rest = features - (sums / np.bincount(element)[:, None])[element]
    return np.where(np.abs(rest) < 1e-6 * np.abs(features).max(initial=0.0), 0.0, rest)
