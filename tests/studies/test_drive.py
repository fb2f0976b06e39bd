"""Drive: what is finished stays, what fails is named and stops no other, what is lost is begun again."""

import json
import subprocess
from pathlib import Path

import pandas as pd
import pytest

import transferkit as tk
from transferkit.errors import RecipeError, StudyError
from transferkit.studies import drive
from transferkit.studies.drive import study
from transferkit.studies.order import Outcome

from . import kills
from .conftest import pretend


def test_all_points_and_tables(study_recipe, here, tmp_path):
    crew = here()
    folder = study(study_recipe(), output=tmp_path / "x", crew=lambda _: crew)
    assert crew.stopped
    assert len(crew.begun) == 8
    points = pd.read_csv(folder / "points.csv")
    assert len(points) == 8 * 2 * 2 * 2  # points, tests, moments, quantities (no stress)
    assert pd.read_parquet(folder / "compositions.parquet")["composition"].nunique() > 0
    assert json.loads((folder / "study.json").read_text())["finished"] == 8


@pytest.mark.parametrize("as_", [str, Path])
def test_a_study_may_be_given_as_its_file(study_recipe, here, tmp_path, as_):
    path = tmp_path / "toy.yaml"
    text = json.dumps(study_recipe().model_dump(mode="json", exclude_unset=True))  # JSON is YAML
    path.write_text(text)
    folder = tk.study(as_(path), output=tmp_path / "x", crew=lambda _: here())
    assert json.loads((folder / "study.json").read_text())["finished"] == 8
    with pytest.raises(RecipeError, match=r"no\.yaml"):
        tk.study(as_(tmp_path / "no.yaml"))


def test_finished_points_are_not_run_again_and_a_changed_option_runs_what_it_touches(study_recipe, here, tmp_path):
    study(study_recipe(), output=tmp_path / "x", crew=lambda _: here())
    again = here()
    study(study_recipe(), output=tmp_path / "x", crew=lambda _: again)
    assert again.begun == []
    arms = {"transfer": {}, "scratch": {"loss.energy": 6.0}}
    changed = study_recipe(vary={"data.subset.compositions": [10, 20, 40], "seed": [0, 1], "arm": arms})
    study(changed, output=tmp_path / "x", crew=lambda _: again)
    assert len(again.begun) == 2 * 3 + 2  # the whole changed arm, and the new size of the other
    assert len([*(tmp_path / "x" / "points").iterdir()]) == 8 + 8


def test_a_failed_point_stops_no_other_and_waits_for_retry(study_recipe, here, tmp_path):
    def some(order):
        if order.recipe.seed == 1 and order.curve == "scratch":
            raise ValueError("odd")
        pretend(order)

    with pytest.raises(
        StudyError, match=r"2 of 8 points failed(.|\n)*ValueError: odd(.|\n)*seed=1, arm=scratch"
    ) as caught:
        study(study_recipe(), output=tmp_path / "x", crew=lambda _: here(some))
    assert str(caught.value).count("ValueError") == 1
    assert json.loads((tmp_path / "x" / "study.json").read_text())["finished"] == 6
    idle = here()
    with pytest.raises(StudyError, match="--retry-failed"):
        study(study_recipe(), output=tmp_path / "x", crew=lambda _: idle)
    assert idle.begun == []
    study(study_recipe(), output=tmp_path / "x", crew=lambda _: here(), retry_failed=True)
    assert json.loads((tmp_path / "x" / "study.json").read_text())["finished"] == 8


class Careless:
    """A crew around another one that loses points."""

    def __init__(self, inner, states):
        self.inner, self.states = inner, states

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def poll(self, timeout):
        if self.states and self.inner.queue:
            return [(self.inner.queue.pop(0), Outcome(self.states.pop(0), "signal 9"))]
        return self.inner.poll(timeout)


def test_what_was_lost_or_is_elsewhere_is_looked_at_again(study_recipe, here, tmp_path, monkeypatch):
    monkeypatch.setattr(drive, "LOOK_AGAIN", 0.0)
    states = ["lost", "elsewhere", "interrupted", "evicted"]
    folder = study(study_recipe(), output=tmp_path / "x", crew=lambda _: Careless(here(), states))
    assert json.loads((folder / "study.json").read_text())["finished"] == 8


def test_a_point_whose_process_always_dies_counts_as_failed(study_recipe, here, tmp_path):
    one = study_recipe(vary={"seed": [0]})
    with pytest.raises(StudyError, match=r"died again and again \(signal 9\). Most often the memory"):
        study(one, output=tmp_path / "x", crew=lambda _: Careless(here(), ["lost"] * 9))


def test_an_interrupted_study_shows_what_it_has(study_recipe, here, tmp_path):
    class Stopped(here):
        def poll(self, timeout):
            if len(self.begun) == 3:
                raise KeyboardInterrupt
            return super().poll(timeout)

    crew = Stopped()
    with pytest.raises(KeyboardInterrupt):
        study(study_recipe(), output=tmp_path / "x", crew=lambda _: crew)
    assert crew.stopped
    assert json.loads((tmp_path / "x" / "study.json").read_text())["finished"] == 3
    assert (tmp_path / "x" / "points.csv").exists()


def test_without_vary_it_is_no_study(study_recipe):
    with pytest.raises(RecipeError, match="use `transferkit run`"):
        study(study_recipe(vary=None))


@pytest.mark.slow
def test_killed_at_random_moments_it_finds_the_same(tmp_path):
    (tmp_path / "r.yaml").write_text(kills.RECIPE)
    subprocess.run(kills.command(tmp_path / "r.yaml", tmp_path / "calm"), check=True, capture_output=True)
    kills.disturbed(tmp_path / "r.yaml", tmp_path / "wild", kills=20, seed=0, longest=8.0)
    calm, wild = kills.content(tmp_path / "calm"), kills.content(tmp_path / "wild")
    assert calm.keys() == wild.keys()
    assert [name for name in calm if calm[name] != wild[name]] == []
