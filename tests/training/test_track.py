"""metrics.jsonl is the truth, and is right again after a killed process."""

import json
import sys

from transferkit.training.track import JsonlTracker, Tracker, Trackers, open_tracker


def row(step):
    return {"epoch": 1, "step": step, "valid": {"loss": 0.1 + 0.2, "magmoms_mae": None}}


def read(folder):
    return [json.loads(text) for text in (folder / "metrics.jsonl").read_text().splitlines()]


def test_one_object_a_line_to_the_digit(tmp_path):
    tracker = JsonlTracker(tmp_path / "run")
    tracker.start({}, [])
    for step in (0, 5):
        tracker.log(row(step))
        assert read(tmp_path / "run")[-1] == row(step)  # on disk at once
    tracker.figures({})
    tracker.model(tmp_path)
    tracker.finish({})
    assert read(tmp_path / "run") == [row(0), row(5)]


def test_rows_that_a_killed_process_logged_too_many_are_dropped(tmp_path):
    tracker = JsonlTracker(tmp_path)
    tracker.start({}, [])
    for step in (0, 5, 10):
        tracker.log(row(step))
    again = JsonlTracker(tmp_path)
    again.start({}, [row(0), row(5)])
    again.log(row(10))
    assert read(tmp_path) == [row(0), row(5), row(10)]


def test_several_hear_everything_in_order(tmp_path):
    class Ear:
        def __init__(self):
            self.heard = []

        def start(self, config, history):
            self.heard.append(("start", config, list(history)))

        def log(self, row):
            self.heard.append(("log", row))

        def figures(self, paths):
            self.heard.append(("figures", paths))

        def model(self, folder):
            self.heard.append(("model", folder))

        def finish(self, summary):
            self.heard.append(("finish", summary))

    ears = [Ear(), Ear()]
    assert isinstance(ears[0], Tracker)
    both = Trackers(ears)
    both.start({"a": 1}, [])
    both.log(row(1))
    both.figures({"parity": tmp_path})
    both.model(tmp_path)
    both.finish({"b": 2})
    assert ears[0].heard == ears[1].heard
    assert [entry[0] for entry in ears[0].heard] == ["start", "log", "figures", "model", "finish"]


def test_without_wandb_the_package_is_not_imported(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)  # an import would raise
    tracker = open_tracker(tmp_path, name="a", wandb=None)
    tracker.start({}, [])
    tracker.log(row(0))
    assert len(read(tmp_path)) == 1
