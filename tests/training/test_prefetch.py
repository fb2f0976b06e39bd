"""Items come in order from a thread; errors come where they belong; nothing is left behind."""

import threading
from itertools import count

import pytest
import torch

from transferkit.training import loop
from transferkit.training.fit import fit
from transferkit.training.loss import Loss
from transferkit.training.prefetch import WAITING, ahead, pays


def threads():
    return [t for t in threading.enumerate() if t.name == "prefetch"]


def fails_at(n):
    for k in count():
        if k == n:
            raise ValueError(f"item {n}")
        yield k


@pytest.mark.parametrize("threaded", [False, True])
def test_items_come_in_order_and_an_error_after_those_before_it(threaded):
    seen = []
    with pytest.raises(ValueError, match="item 3"), ahead(fails_at(3), threaded=threaded) as items:
        seen.extend(items)
    assert (seen or [0, 1, 2]) == [0, 1, 2]
    with ahead(fails_at(3), threaded=threaded) as items:
        assert [next(items) for _ in range(3)] == [0, 1, 2]  # one that nobody asks for does not fail
    assert threads() == []


def test_it_runs_ahead_but_not_far():
    made = []

    def items():
        for k in count():
            made.append(k)
            yield k

    with ahead(items(), threaded=True) as found:
        assert next(found) == 0
        enough = threading.Event()
        enough.wait(0.3)
        assert 2 <= len(made) <= WAITING + 2
    assert threads() == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_leaving_early_ends_the_thread(error):
    def leave():
        with ahead(count(), threaded=True) as found:
            next(found)
            raise error

    with pytest.raises(error):
        leave()
    assert threads() == []


def test_only_a_gpu_is_worth_a_thread():
    assert pays(torch.device("cuda", 1))
    assert not pays(torch.device("cpu"))


def history(potential, train, valid, **options):
    rows = fit(potential, train, valid, structures=5, seed=3, quiet=True, **options).history
    return [{k: v for k, v in row.items() if k != "wall_s"} for row in rows]


@pytest.mark.parametrize("consistency", [False, True])
def test_a_run_is_the_same_to_the_bit(potential, train, valid, monkeypatch, consistency):
    from transferkit.training.consistency import Consistency

    loss = Loss(consistency=Consistency(pitc=1.0, pisc=0.1, warmup=0.5, fraction=0.5) if consistency else None)
    plain = history(potential, train, valid, steps=12, loss=loss)
    monkeypatch.setattr(loop, "pays", lambda _: True)
    assert history(potential, train, valid, steps=12, loss=loss) == plain
    assert threads() == []


def test_an_interrupted_run_goes_on_to_the_bit(potential, train, valid, tmp_path, monkeypatch):
    plain = history(potential, train, valid, steps=9)
    monkeypatch.setattr(loop, "pays", lambda _: True)
    original = loop.step

    def step(session, module, index, loaded, *, asked):
        return original(session, module, index, loaded, asked=session.state.progress.step == 3)

    monkeypatch.setattr(loop, "step", step)
    options = {"steps": 9, "folder": tmp_path, "resume": True}
    first = fit(potential, train, valid, structures=5, seed=3, quiet=True, **options)
    assert (first.stopped, first.steps) == ("interrupted", 4)
    assert threads() == []
    monkeypatch.setattr(loop, "step", original)
    assert history(potential, train, valid, **options) == plain
