"""Several runs side by side: what is finished stays, what fails is named, seeds and compositions are paired."""

import json
from concurrent.futures import Executor, Future

import pytest
import torch

from transferkit import pool
from transferkit.comparison import collect, jobs, report, run_comparison
from transferkit.errors import RecipeError, RunFolderError, TransferkitError
from transferkit.recipe import Recipe

pytestmark = pytest.mark.usefixtures("unrendered")


def recipe(**changes):
    plain = {
        "name": "pair",
        "question": "Does it run?",
        "seeds": [0, 1],
        "data": {"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN", "subset": 40, "split": {"fold": 0}},
        "adapter": {"name": "toy"},
        "training": {"steps": 2, "batch": {"structures": 8}},
        "tracking": {"wandb": None},
        "baseline": "residual",
        "compare": {
            "residual": {"label": "residual E0"},
            "keep": {"reference": {"policy": "keep"}, "note": "as it was"},
        },
    }
    return Recipe.model_validate(plain | changes)


class OneByOne(Executor):
    """In place of the pool: no process to start. A failed run, and the recipes, go through the pool itself."""

    def __init__(self, _workers, _context, *, initializer, initargs):
        self.threads = torch.get_num_threads()
        initializer(*initargs)

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        future.set_result(fn(*args, **kwargs))
        return future

    def shutdown(self, *_, **__):
        pool._STOP.clear()
        torch.set_num_threads(self.threads)


def run_here(recipe, folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "ProcessPoolExecutor", OneByOne)
        return run_comparison(recipe, folder, smoke=True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, unrendered):
    return run_here(recipe(), tmp_path_factory.mktemp("runs") / "pair")


def test_every_variant_runs_with_every_seed_and_seeds_come_first(tmp_path):
    order = [(job.variant, job.seed) for job in jobs(recipe(), tmp_path)]
    assert order == [("residual", 0), ("keep", 0), ("residual", 1), ("keep", 1)]


def test_comparison_holds_both_tests_intervals_and_paired_differences(finished):
    found = json.loads((finished / "comparison.json").read_text())
    assert found["baseline"] == "residual"
    assert found["seeds"] == [0, 1]
    assert found["missing"] == []
    assert set(found["variants"]["keep"]["tests"]) == {"known materials", "unseen compositions"}
    assert found["variants"]["keep"]["note"] == "as it was"
    results = [json.loads((finished / f"keep/seed-{seed}/result.json").read_text()) for seed in (0, 1)]
    assert found["variants"]["keep"]["kept_steps"] == [r["training"]["best_step"] for r in results]
    entry = found["variants"]["residual"]["tests"]["unseen compositions"]["step0"]["energy"]
    low, high = entry["interval"]
    assert low <= entry["mean"] <= high
    assert [c["method"] for c in found["paired"]["unseen compositions"]["energy"]] == ["keep"]
    assert (finished / "index.html").read_text().count("residual E0") > 0


def test_all_runs_share_their_graphs(finished):
    (shelf,) = (finished / "graphs").iterdir()  # one potential, one skin
    assert len([*shelf.glob("*.arrow")]) <= 8  # parts of two divisions, each built once
    assert not [*finished.glob("*/seed-*/graphs")]


def test_finished_runs_are_not_run_again(finished):
    before = {p: p.stat().st_mtime_ns for p in finished.rglob("result.json")}
    run_comparison(recipe(), finished, smoke=True)
    assert {p: p.stat().st_mtime_ns for p in finished.rglob("result.json")} == before
    assert len(before) == 4


def test_a_finished_run_of_other_options_is_not_taken_for_this_one(finished):
    kept = {p: p.read_text() for p in (finished / "comparison.json", finished / "recipe.yaml")}
    changed = recipe(compare={"residual": {"label": "residual E0"}, "keep": {"reference": {"policy": "refit"}}})
    with pytest.raises(
        RunFolderError, match=r"keep/seed-0 holds run 'pair' with other options \(reference\.policy: keep -> refit\)"
    ):
        run_comparison(changed, finished, smoke=True)
    assert {p: p.read_text() for p in kept} == kept


def test_the_first_variant_is_the_baseline_even_where_it_is_missing(tmp_path):
    assert collect(recipe(baseline=None), tmp_path)["baseline"] == "residual"


def test_the_change_by_training_is_paired_by_composition_and_seed(tmp_path):
    for seed, shift in ((0, 0.1), (1, 0.3)):
        stages = {
            "step0": {"by_composition": {"A": {"energy": 1.0 + seed}, "B": {"energy": 5.0}, "C": {"energy": 2.0}}},
            "final": {"by_composition": {"A": {"energy": 1.0 + seed + shift}, "B": {"energy": 5.0 + shift}}},
        }
        told = {
            "fold": 0,
            "tests": {"t": stages},
            "strategy": {"trainable": 1},
            "reference": {"policy": "keep"},
            "training": {"steps": 1, "best_step": 1, "wall_s": 1.0},
        }
        (tmp_path / f"keep/seed-{seed}").mkdir(parents=True)
        (tmp_path / f"keep/seed-{seed}/result.json").write_text(json.dumps(told))
    found = collect(recipe(), tmp_path)["variants"]["keep"]["tests"]["t"]["change"]
    assert found["energy"]["mean"] == pytest.approx(0.2)
    assert found["energy"]["interval"] == pytest.approx((0.1, 0.3))
    assert found["energy"]["n_compositions"] == 2
    assert found["forces"] is None


def test_kept_steps_stand_in_the_order_of_seeds(tmp_path):
    for seed, step in ((0, 28), (1, 0), (2, 14)):
        metrics = {"step0": {"by_composition": {"A": {"energy": 0.1}}}, "final": {"by_composition": {}}}
        told = {
            "fold": 0,
            "tests": {"t": metrics},
            "strategy": {"trainable": 1},
            "reference": {"policy": "keep"},
            "training": {"steps": 150, "best_step": step, "wall_s": 1.0},
        }
        (tmp_path / f"keep/seed-{seed}").mkdir(parents=True)
        (tmp_path / f"keep/seed-{seed}/result.json").write_text(json.dumps(told))
    assert collect(recipe(seeds=[2, 0, 1]), tmp_path)["variants"]["keep"]["kept_steps"] == [28, 0, 14]


def test_several_processes_belong_to_one_run(tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(RecipeError, match="without torchrun"):
        run_comparison(recipe(), tmp_path / "x", smoke=True)
    assert not (tmp_path / "x").exists()


def test_a_failed_run_is_named_and_stops_no_other(tmp_path):
    broken = recipe(seeds=[0], compare={"good": {}, "bad": {"adapter": {"checkpoint": "no-such"}}}, baseline="good")
    with pytest.raises(TransferkitError, match=r"1 of 2 runs failed(.|\n)*bad, seed 0: CheckpointError"):
        run_comparison(broken, tmp_path / "x", smoke=True)
    assert collect(broken, tmp_path / "x")["missing"] == ["bad/seed-0"]
    assert (tmp_path / "x" / "good" / "seed-0" / "result.json").exists()
    assert (tmp_path / "x" / "index.html").exists()


def test_report_puts_together_what_is_there(finished):
    (finished / "comparison.json").unlink()
    page = report(finished)
    assert json.loads((finished / "comparison.json").read_text())["seeds"] == [0, 1]
    assert page == finished / "index.html"


def test_seeds_can_be_added_later(tmp_path):
    folder = run_here(recipe(seeds=[0]), tmp_path / "x")
    first = {p: p.stat().st_mtime_ns for p in folder.rglob("result.json")}
    run_here(recipe(seeds=[0, 1]), folder)
    assert all(p.stat().st_mtime_ns == t for p, t in first.items())
    assert json.loads((folder / "comparison.json").read_text())["seeds"] == [0, 1]
