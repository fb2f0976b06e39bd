"""Estimate: what one run takes, from graphs, steps and predictions that were measured."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.displaced import original
from transferkit.data.structures import Structures
from transferkit.pipeline import MOST_IN_MEMORY, SMOKE_STEPS
from transferkit.preview.attempts import Attempts, key_of
from transferkit.preview.graphs import SAMPLE, Graphs, measure_graphs
from transferkit.preview.measure import Costs, measure_steps
from transferkit.preview.other_graphs import OtherGraphs, other_graphs
from transferkit.preview.prepare import Prepared
from transferkit.preview.span import Span
from transferkit.preview.stages import Length, bytes_written, length, stages
from transferkit.resolve import loss_of
from transferkit.typing import Json


@dataclass(frozen=True, eq=False)
class Estimate:
    """Of one run.

    Attributes:
        length: steps, epochs, evaluations
        costs: measured
        stages: seconds by name
        bytes: written
        graph_bytes: of graphs that are kept on disk, which runs share
        graphs_complete: whether every structure was tried
        gradual: whether blocks open one after another; steps are measured with all of them open, so times are upper bounds
    """

    length: Length
    costs: Costs
    stages: dict[str, Span]
    bytes: int
    graphs_complete: bool
    gradual: bool = False
    graph_bytes: int = 0

    @property
    def whole(self) -> Span:
        """Seconds of the whole run."""
        return Span.sum(self.stages.values())

    def to_json(self) -> Json:
        """A JSON object."""
        per_step = self.length.edges / max(self.length.steps, 1)
        return {
            "steps": self.length.steps,
            "epochs": self.length.epochs,
            "exact": self.length.exact and self.graphs_complete,
            "evaluations": self.length.evaluations,
            "edges_per_step": round(per_step),
            "step_s": (self.costs.step * per_step).to_json(),
            "steps_measured": self.costs.steps,
            "stages_s": {name: span.to_json() for name, span in self.stages.items()},
            "run_s": self.whole.to_json(),
            "bytes": self.bytes,
            "graph_bytes": self.graph_bytes,
            "gradual": self.gradual,
        }


def estimates(runs: Sequence[Prepared], attempts: Attempts, *, seconds: float, smoke: bool) -> dict[str, Estimate]:
    """Of every run that could start."""
    out: dict[str, Estimate] = {}
    graphs: dict[object, Graphs] = {}
    for run in runs:
        if not run.complete:
            continue
        where = run.job.name if run.job.variant else ""
        data, model, head = _used(runs, run.keys["data"]), run.model, run.head
        if model is None or head is None:
            continue
        # Only training graphs have a skin in a run; here all do, which costs little and serves both.
        skin = loss_of(run.job.recipe, model.adapter.capabilities.properties).skin
        key = (run.keys["potential"], run.keys["data"], skin)
        if key not in graphs:
            # a step of each run needs a structure that it trains on
            trained = [
                str(other.parts.train.id[0]) for other in runs if other.keys.get("data") == key[1] and other.parts
            ]
            first = np.flatnonzero(np.isin(data.id.astype(str), trained)).tolist()
            graphs[key] = measure_graphs(model, data, head, seconds=seconds, first=first, skin=skin)
            for text in graphs[key].mistakes:
                attempts.mistake(where, text)
        if graphs[key].mistakes:
            continue
        others = other_graphs(run, attempts, where, seconds=seconds)
        if others is not None and (
            found := _estimate(run, attempts, graphs[key], data, where, others=others, smoke=smoke)
        ):
            out[run.job.name] = found
    return out


def _used(runs: Sequence[Prepared], key: object) -> Structures:
    """Structures of a data set that any run works with."""
    mine = [run for run in runs if run.keys.get("data") == key and run.parts is not None]
    kept = next(run.sifted.kept for run in mine if run.sifted is not None)
    names = {
        str(name) for run in mine if run.parts is not None for part in run.parts.all().values() for name in part.id
    }
    return kept[np.array([str(name) in names for name in kept.id])]


def _estimate(
    run: Prepared, attempts: Attempts, graphs: Graphs, data: Structures, where: str, *, others: OtherGraphs, smoke: bool
) -> Estimate | None:
    recipe, parts = run.job.recipe, run.parts
    if parts is None or run.referenced is None or run.model is None:
        return None
    row = {str(name): r for r, name in enumerate(data.id)}
    # A displaced copy costs what the structure does that it is a copy of.
    rows = {
        name: np.array([row[i] if i in row else row[original(i)] for i in map(str, part.id)], dtype=int)
        for name, part in parts.all().items()
    }
    built = {name: [r for r in found.tolist() if r in graphs.built] for name, found in rows.items()}
    checked = (built["valid"] or built["train"])[:SAMPLE]
    options = recipe.training
    key = (
        "costs",
        run.keys["potential"],
        run.keys["data"],
        key_of(
            recipe.strategy,
            recipe.reference.trainable,
            options.batch,
            options.ema,
            recipe.loss,
            recipe.anchor,
            sorted(run.need),
            *recipe.beside,
        ),
    )
    costs = attempts.once(
        where,
        key,
        lambda: measure_steps(
            run.trial(others.beside),
            data[np.array(built["train"])],
            [graphs.built[r] for r in built["train"]],
            data[np.array(checked)],
            [graphs.built[r] for r in checked],
        ),
    )
    if costs is None:
        return None
    trained = graphs.edges[rows["train"]]
    same: Json = {
        "budget": options.batch.edges,
        "structures": options.batch.structures,
        "seed": recipe.seed,
        "every": options.evaluate_every,
        "unit": options.evaluate_unit,
    }
    long = length(
        np.concatenate([trained, *others.edges]),
        epochs=None if smoke else options.epochs,
        steps=SMOKE_STEPS if smoke else options.steps,
        draws=others.draws(len(trained), recipe.seed),
        targets=len(trained),
        **same,
    )
    before = None
    if (stage := recipe.pretrain) is not None and others.stage is not None:
        steps, epochs = (SMOKE_STEPS, None) if smoke else (stage.steps, stage.epochs)
        before = length(others.stage, epochs=epochs, steps=steps, **same)
    keys = run.keys
    once = sum(attempts.seconds(keys[name]) for name in ("data", "parts", "potential"))
    edges = {name: float(graphs.edges[found].sum()) for name, found in rows.items()}
    fit = Span.exactly(attempts.seconds(keys["reference"]))
    found = stages(
        long,
        costs,
        graphs.seconds,
        edges=edges,
        once=Span(0.7 * once, once, 1.3 * once),
        fit=fit,
        beside=others.n_edges,
        held=others.held,
        before=before,
    )
    size = bytes_written(parts.tests, costs, _size(run.model), long.evaluations)
    shared = run.job.graphs is not None or parts.n_atoms > MOST_IN_MEMORY
    return Estimate(
        long, costs, found, size, graphs.complete and others.complete, recipe.strategy.kind == "gradual",
        graph_bytes=round(graphs.stored * sum(edges.values())) if shared else 0,
    )  # fmt: skip


def _size(model: ReferencedPotential) -> int:
    return sum(t.numel() * t.element_size() for t in model.state()[1].values())
