"""Graphs of the other levels of theory of a run, as many as there is time for, and what a step on mixed batches takes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from transferkit.preview.attempts import Attempts, key_of
from transferkit.preview.graphs import Graphs, measure_graphs
from transferkit.preview.prepare import Prepared
from transferkit.preview.prepare_levels import groups, labelled
from transferkit.training.mixture import Beside, Draw, draws_of, names_of


@dataclass(frozen=True, eq=False)
class OtherGraphs:
    """Of the sets beside the data, of what is trained on before, and of what is held out.

    Attributes:
        heads: that of the data, then those of the sets beside them
        ratios: of the sets beside the data
        edges: directed edges of every structure of each set beside the data
        beside: the same sets, with the structures whose graphs were built
        stage: directed edges of every structure that is pre-trained on; None for none
        held: directed edges of all that is held out
        complete: whether every structure was tried, and is known to be chosen
    """

    heads: tuple[str, ...]
    ratios: tuple[float, ...]
    edges: tuple[np.ndarray, ...]
    beside: tuple[Beside, ...]
    stage: np.ndarray | None
    held: float
    complete: bool

    @property
    def n_edges(self) -> float:
        """Directed edges of all that is trained on besides the data, or before."""
        return float(sum(found.sum() for found in self.edges)) + (
            0.0 if self.stage is None else float(self.stage.sum())
        )

    def draws(self, targets: int, seed: int) -> Sequence[Draw]:
        """How the sets beside the data are drawn.

        Args:
            targets: structures of the data that are trained on
            seed: of the run
        """
        return draws_of(names_of(self.heads), [targets, *map(len, self.edges)], self.ratios, seed)


def other_graphs(run: Prepared, attempts: Attempts, where: str, *, seconds: float) -> OtherGraphs | None:
    """Measure graphs of every other set of a run; None, and mistakes are noted, where some cannot be made.

    Args:
        run: with everything that comes before its first step
        attempts: shared by all runs
        where: which run
        seconds: to spend on each set
    """
    model, head, levels, recipe = run.model, run.head, run.levels, run.job.recipe
    if model is None or head is None:
        return None
    shared = (run.keys["potential"], run.keys["parts"], key_of(*groups(recipe).values()))
    found: dict[str, Graphs] = {}
    sets = {c.name: (c.train, run.heads[c.name]) for c in levels.companions}
    sets |= {f"held of {c.name}": (c.held, run.heads[c.name]) for c in levels.companions}
    if levels.stage is not None:
        sets |= {"stage": (levels.stage.train, head), "held of stage": (levels.stage.held, head)}
    if levels.held is not None:
        sets["held"] = (levels.held, head)
    for name, (data, through) in sets.items():
        if not len(data):
            continue
        work = partial(measure_graphs, model, data, through, seconds=seconds)
        graphs = attempts.once(where, ("graphs", name, shared), work)
        if graphs is None or graphs.mistakes:
            for text in () if graphs is None else graphs.mistakes:
                attempts.mistake(where, text)
            return None
        found[name] = graphs
    beside = []
    for companion in levels.companions:
        graphs = found[companion.name]
        rows = np.array(sorted(graphs.built), dtype=int)
        data = labelled(companion, model.adapter.capabilities.properties)[rows]
        o = companion.options
        beside.append(Beside(data, [graphs.built[int(r)] for r in rows], run.heads[companion.name], o.ratio, o.weight))
    guessed = any(c.options.choose is not None and c.options.choose.how != "random" for c in levels.companions)
    return OtherGraphs(
        (head, *(run.heads[c.name] for c in levels.companions)),
        tuple(c.options.ratio for c in levels.companions),
        tuple(found[c.name].edges for c in levels.companions),
        tuple(beside),
        found["stage"].edges if "stage" in found else None,
        float(sum(graphs.edges.sum() for name, graphs in found.items() if name.startswith("held"))),
        all(graphs.complete for graphs in found.values()) and not guessed,
    )
