"""A study whose points take no time: what it finds is made up, and is the same for the same point."""

import json
from hashlib import sha256

import pytest

from transferkit.recipe import Recipe
from transferkit.run_folder import write_json
from transferkit.studies.order import carry_out

BASE = {
    "name": "s",
    "data": {"source": "a", "fidelity": "PBE", "split": {"fold": 0}},
    "adapter": {"name": "toy", "device": "cpu"},
    "training": {"steps": 20, "evaluate_every": 5, "evaluate_unit": "steps"},
    "tracking": {"wandb": None},
    "vary": {
        "data.subset.compositions": [10, 20],
        "seed": [0, 1],
        "arm": {"transfer": {}, "scratch": {"loss.energy": 5.0}},
    },
}


def made_up(order):
    """A result.json: of four unseen compositions, one is undetermined in small sets; known ones are those of the chain."""
    size, chain = order.recipe.data.subset.compositions, order.recipe.seed

    def entry(name):
        noise = int(sha256(f"{order.key}{name}".encode()).hexdigest()[:6], 16) / 16**6
        return {"energy": 1 / size + noise / 100, "free_forces": 2 / size, "stress": None}

    unseen = {name: entry(name) for name in ("A", "B", "C")}
    rare = {"by_composition": {"D": entry("D")}}
    small = size == 10
    seen = {f"K{chain}{k}": entry(f"K{k}") for k in range(size // 10)}

    def judged(known, apart):
        return {
            "step0": {"by_composition": known},
            "final": {"by_composition": known},
            "undetermined": {"ids": [], "step0": apart, "final": apart},
        }

    return {
        "data": {"compositions": {"train": size}, "counts": {"train": 2 * size}},
        "tests": {
            "unseen compositions": judged(unseen | ({} if small else rare["by_composition"]), rare if small else None),
            "known materials": judged(seen, None),
        },
    }


def pretend(order):
    """In place of a run."""
    write_json(order.folder / "result.json", made_up(order))


class Here:
    """A crew that carries out points in this process, when it is asked for outcomes."""

    def __init__(self, run=pretend):
        self.run, self.queue, self.begun, self.stopped = run, [], [], False

    def submit(self, order):
        self.queue.append(order)

    def poll(self, _timeout):
        if not self.queue:
            return []
        order = self.queue.pop(0)
        self.begun.append(order.label)
        return [(order, carry_out(order, self.run))]

    def ready(self):
        return 1

    def stop(self):
        self.stopped = True


@pytest.fixture
def study_recipe():
    """A recipe with some groups of options replaced."""
    return lambda **changes: Recipe.model_validate(BASE | changes)


@pytest.fixture
def here():
    """A crew in this process."""
    return Here


@pytest.fixture(autouse=True)
def _no_page(monkeypatch):
    """Pages have tests of their own."""
    monkeypatch.setattr("transferkit.scaling.study_report.report_study", lambda folder, _: folder / "index.html")


def read(path):
    return json.loads(path.read_text())
