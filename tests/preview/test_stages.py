"""Steps, evaluations and seconds of a run, counted without running it."""

import numpy as np
import pytest

from transferkit.data.bundled import bundled
from transferkit.preview.measure import Costs
from transferkit.preview.span import Span
from transferkit.preview.stages import Length, bytes_written, crowded, length, shared_out, stages

COSTS = Costs(*(Span.exactly(k) for k in (4.0, 3.0, 2.0, 1.0)), checkpoint=10**6, memory=10**9, steps=5)


def count(n=10, *, epochs=None, steps=None, every=1, unit="epochs"):
    options = {"budget": 10**6, "structures": 4, "seed": 0, "every": every, "unit": unit}
    return length(np.full(n, 7), epochs=epochs, steps=steps, **options)


def test_epochs():
    assert count(epochs=3) == Length(steps=9, epochs=3, edges=210.0, evaluations=4, exact=True)


def test_the_last_epoch_may_be_cut():
    found = count(steps=4)
    assert (found.steps, found.epochs, found.evaluations) == (4, 2, 3)
    assert found.edges == 70 + 4 * 7


def test_evaluations_every_few_steps():
    assert count(steps=9, every=2, unit="steps").evaluations == 1 + 4 + 1
    assert count(steps=8, every=2, unit="steps").evaluations == 1 + 4


def test_evaluations_every_few_epochs():
    assert count(epochs=5, every=2).evaluations == 1 + 2 + 1


def test_a_large_set_is_laid_out_once(monkeypatch):
    exact = count(epochs=3)
    monkeypatch.setattr("transferkit.preview.stages.EXACT", 1)
    about = count(epochs=3)
    assert not about.exact
    assert (about.steps, about.edges, about.evaluations) == (exact.steps, exact.edges, exact.evaluations)


def test_the_loop_agrees(recipe, finished):
    import json

    from transferkit.adapters.graphs import build_graphs
    from transferkit.pipeline import divide, start
    from transferkit.resolve import read_data

    wanted = recipe()
    rows = [json.loads(line) for line in (finished / "metrics.jsonl").read_text().splitlines()]
    train = divide(wanted, read_data(wanted).kept).train
    edges = np.array([g.n_edges for g in build_graphs(start(wanted), train)])
    found = length(edges, epochs=None, steps=6, budget=20_000, structures=8, seed=0, every=1, unit="epochs")
    assert (found.steps, found.epochs, found.evaluations) == (rows[-1]["step"], rows[-1]["epoch"], len(rows))


def test_every_stage_has_its_part():
    edges = {"train": 10.0, "valid": 4.0, "unseen": 6.0}
    found = stages(
        Length(3, 1, 30.0, 2, True), COSTS, Span.exactly(0.5), edges=edges, once=Span.exactly(9.0), fit=Span.exactly(1.0)
    )  # fmt: skip
    likely = {name: span.likely for name, span in found.items()}
    assert likely.pop("page") > 0
    assert likely.pop("evaluations") == pytest.approx(2 * 4 * 3 + 2 * 10**6 / 200e6)
    assert likely == {"loading": 9, "graphs": 10, "reference": 11, "training": 120, "predictions": 40}


def test_workers_share_runs():
    total, wall = shared_out([Span.exactly(s) for s in (3.0, 1.0, 1.0, 1.0)], 2)
    assert (total.likely, wall.likely) == (6.0, 3.0)


def test_workers_crowd_a_busy_machine_only():
    assert crowded(1.05, 8, cores=8) == 1.05
    assert crowded(2.0, 1, cores=8) == 2.0
    assert 2.0 < crowded(2.0, 8, cores=8) < 3.0


def test_more_structures_take_more_room():
    data = bundled("gpaw-pbe-r2scan")
    small, large = (bytes_written({"unseen": data[:n]}, COSTS, 10**6, 5) for n in (10, 300))
    assert 2 * 10**6 < small < large
