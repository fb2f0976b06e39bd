import pandas as pd

from transferkit.training import track_study
from transferkit.training.track_study import log_study
from transferkit.training.track_wandb import WandbTracker


class Run:
    def __init__(self):
        self.logged, self.summary, self.finished = [], {}, False

    def log(self, row, **_):
        self.logged.append(row)

    def finish(self):
        self.finished = True


def test_one_run_of_the_group_holds_table_figures_and_summary(tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    made = []

    class Tracker(WandbTracker):
        def start(self, config, history):
            self.run = Run()
            made.append((self, config, history))

    monkeypatch.setattr(track_study, "WandbTracker", Tracker)
    picture = tmp_path / "scaling.png"
    Figure().savefig(picture)
    table = pd.DataFrame({"size": [12, 24], "error": [0.2, 0.1], "option": [1, "text"]})
    first = log_study(
        tmp_path,
        table,
        group="a-study",
        figures={"scaling": picture},
        summary={"b": {"c": 0.3}},
        wandb={"mode": "offline"},
    )
    ((tracker, _, _),) = made
    assert tracker.options["group"] == "a-study"
    assert tracker.options["id"] == first
    assert tracker.options["resume"] == "allow"
    assert [name for row in tracker.run.logged for name in row] == ["points", "figures/scaling"]
    assert tracker.run.logged[0]["points"].columns == ["size", "error", "option"]
    assert tracker.run.summary == {"b/c": 0.3}
    assert tracker.run.finished
    again = log_study(tmp_path, table, group="a-study", figures={}, summary={}, wandb={"mode": "offline"})
    assert again == first


def test_points_of_a_study_are_one_group_of_runs_with_ids_of_their_own():
    from transferkit.recipe import Recipe
    from transferkit.vary import points

    tiny = {"data": {"source": "a", "fidelity": "PBE"}, "adapter": {"name": "toy"}, "training": {"steps": 2}}
    found = points(Recipe(name="x", **tiny, vary={"seed": [0, 1]}))
    told = [point.recipe.tracking.wandb for point in found]
    assert [one.group for one in told] == ["x", "x"]
    assert [one.run_id for one in told] == [point.identity[:16] for point in found]
    silent = points(Recipe(name="x", **tiny, tracking={"wandb": None}, vary={"seed": [0]}))
    assert silent[0].recipe.tracking.wandb is None
