"""Folders as a run and a comparison would write them, with made-up numbers."""

import json
from copy import deepcopy

import numpy as np
import pytest

from transferkit.data.store import write_parquet
from transferkit.data.structures import Structures
from transferkit.reference.elemental import ElementalReference
from transferkit.report import pictures
from transferkit.report.figures import style

STAND_IN = b"\x89PNG stands for a picture"


@pytest.fixture
def drawn_pictures():
    """For tests that need the pictures of a page rendered: asking for it is enough."""


@pytest.fixture(autouse=True)
def quick_pictures(monkeypatch, request):
    """Figures are made but not rendered, which is most of the time; those that are rendered are coarse."""
    monkeypatch.setattr(style, "DPI", 40)
    if "drawn_pictures" not in request.fixturenames:
        monkeypatch.setattr(pictures, "png", lambda _: STAND_IN)


TESTS = ("known materials", "unseen compositions")
STAGES = ("step0", "final")


@pytest.fixture
def make_structures():
    def make(n=12, seed=0):
        rng = np.random.default_rng(seed)
        numbers = np.tile([12, 8], n)
        return Structures(
            numbers=numbers,
            positions=rng.normal(size=(2 * n, 3)),
            cell=np.tile(4.2 * np.eye(3), (n, 1, 1)),
            pbc=np.ones((n, 3), dtype=bool),
            offsets=np.arange(0, 2 * n + 1, 2),
            energy=-12.0 + 0.2 * rng.normal(size=n),
            forces=0.4 * rng.normal(size=(2 * n, 3)),
            stress=0.02 * rng.normal(size=(n, 3, 3)),
            magmoms=np.full(2 * n, np.nan),
            mask={
                "energy": np.ones(n, dtype=bool),
                "forces": np.ones(n, dtype=bool),
                "stress": np.ones(n, dtype=bool),
                "magmoms": np.zeros(n, dtype=bool),
            },
            id=np.array([f"MgO-{k}" for k in range(n)], dtype=object),
            material_id=np.array(["MgO"] * n, dtype=object),
            fidelity="r2SCAN",
        )

    return make


def metrics(energy, forces, stress):
    """Metrics in stored units: eV/atom, eV/Å, eV/Å³."""
    return {
        "energy": {
            "mae": energy,
            "rmse": 1.3 * energy,
            "mean_over_compositions": 1.1 * energy,
            "median_over_compositions": 0.9 * energy,
            "interval": [0.8 * energy, 1.25 * energy],
            "unit": "eV/atom",
            "n": 20,
        },
        "forces": {
            "mae": forces,
            "rmse": 1.5 * forces,
            "interval": [0.9 * forces, 1.1 * forces],
            "predict_zero_mae": 0.2,
            "free_mae": 1.4 * forces,
            "free_predict_zero_mae": 0.31,
            "n_free": 88,
            "unit": "eV/Å",
            "n": 120,
        },
        "stress": {
            "mae": stress,
            "rmse": 1.2 * stress,
            "interval": [0.9 * stress, 1.1 * stress],
            "predict_zero_mae": 0.02,
            "unit": "eV/Å³",
            "n": 180,
        },
        "magmoms": {"mae": None, "rmse": None, "interval": None, "predict_zero_mae": None, "unit": "μB", "n": 0},
        "by_element": {
            "O": {"energy_mae": energy, "forces_mae": forces, "n_structures": 20},
            "Mg": {"energy_mae": 0.4 * energy, "forces_mae": None, "n_structures": 12},
        },
        "by_composition": {
            f"C{k}": {"energy": energy * (1 + k), "forces": forces, "free_forces": None, "stress": stress, "n": 2}
            for k in range(8)
        },
    }


POLICIES = (("residual", 0.0581, 0.0423), ("refit", 0.612, 0.6), ("keep", 21.4, 19.0))
SHIFT = {"H": -0.03, "O": -0.74, "F": -1.01, "Mg": -2.1, "Na": -2.8, "Ti": -5.37, "Zr": -14.9, "La": -24.9, "Bi": -54.7}


def result():
    return {
        "name": "a run",
        "variant": None,
        "seed": 0,
        "fold": 1,
        "question": "Does the tool work?",
        "fidelity": "r2SCAN",
        "adapter": {"name": "toy", "checkpoint": "demo", "licence": "MIT"},
        "data": {
            "source": "bundled:gpaw-pbe-r2scan",
            "hash": "abc",
            "counts": {"train": 240, "valid": 40, "known materials": 25, "unseen compositions": 62},
            "compositions": {"train": 121, "valid": 20, "known materials": 20, "unseen compositions": 30},
        },
        "strategy": {
            "kind": "full",
            "trainable": 1234,
            "total": 5678,
            "blocks": {
                "embedding": {"parameters": 4444, "trainable": False},
                "readout": {"parameters": 1234, "trainable": True},
            },
        },
        "reference": {
            "policy": "residual",
            "trainable": False,
            "kind": "regression",
            "table": {
                "unit": "eV/atom",
                "best": "residual",
                "rows": [
                    {
                        "policy": p,
                        "mean": mean,
                        "median": median,
                        "rmse": 1.2 * mean,
                        "n_compositions": 115,
                        "n_undetermined": 6,
                        "applicable": True,
                        "why_not": "",
                    }
                    for p, mean, median in POLICIES
                ]
                + [
                    {
                        "policy": "difference",
                        "mean": None,
                        "median": None,
                        "rmse": None,
                        "n_compositions": 0,
                        "n_undetermined": 0,
                        "applicable": False,
                        "why_not": "no labels of the source",
                    }
                ],
            },
            "warning": None,
            "shift": {**SHIFT, "U": 0.0, "La": -3.0},
            "undetermined": ["U", "La"],
        },
        "training": {
            "steps": 150,
            "epochs": 10,
            "best_epoch": 8,
            "best_step": 120,
            "wall_s": 93.0,
            "stopped": "finished",
            "note": None,
        },
        "tests": {
            "known materials": {
                "step0": metrics(0.0442, 0.05, 0.004),
                "final": metrics(0.0217, 0.03, 0.002),
                "undetermined": {"ids": [], "final": None},
            },
            "unseen compositions": {
                "step0": metrics(0.0537, 0.06, 0.005),
                "final": metrics(0.0463, 0.04, 0.003),
                "undetermined": {"ids": ["LaN-1", "LaN-2"], "final": metrics(0.9, 0.05, 0.004)},
            },
        },
        "valid": {"step0": metrics(0.05, 0.05, 0.004), "final": metrics(0.03, 0.04, 0.003)},
        "versions": {"transferkit": "0.1.0", "torch": "2.9"},
    }


def history():
    def errors(k):
        return {"loss": 1.0 / (k + 1), "energy_mae": 0.05 / (k + 1), "forces_mae": 0.06, "stress_mae": 0.004}

    first = {"epoch": 0, "step": 0, "wall_s": 0.0, "learning_rate": 0.0, "train": None, "valid": errors(0)}
    rest = [
        {
            "epoch": k,
            "step": 15 * k,
            "wall_s": 1.0 * k,
            "learning_rate": 1e-3,
            "train": errors(k + 1),
            "valid": errors(k),
        }
        for k in range(1, 11)
    ]
    return [first, *rest]


@pytest.fixture
def run_folder(tmp_path, make_structures):
    """Writes a complete run folder; ``change`` may alter the result first. Without predictions it is quicker to draw."""

    def write(change=lambda _: None, name="run", *, predictions=True):
        folder = tmp_path / name
        (folder / "predictions").mkdir(parents=True)
        content = result()
        change(content)
        (folder / "result.json").write_text(json.dumps(content))
        lines = "\n".join(json.dumps(entry) for entry in history())
        (folder / "metrics.jsonl").write_text(lines + "\n")
        ElementalReference.from_mapping({"Mg": -4.0, "O": -8.0}).save(folder / "reference.json")
        (folder / "provenance.json").write_text(json.dumps({"recipe_hash": "deadbeef", "versions": {"numpy": "2"}}))
        (folder / "recipe.yaml").write_text("name: a run\n")
        for seed, test in enumerate(TESTS if predictions else ()):
            labels = make_structures(seed=seed)
            rng = np.random.default_rng(seed)
            write_parquet(labels, folder / "predictions" / f"labels-{test}.parquet")
            for prefix, scale in (("step0-", 0.2), ("", 0.05)):
                predicted = labels.with_labels(
                    energy=labels.energy + scale * rng.normal(size=len(labels)),
                    forces=labels.forces + scale * rng.normal(size=labels.forces.shape),
                    stress=labels.stress * (1 + scale),
                )
                write_parquet(predicted, folder / "predictions" / f"{prefix}{test}.parquet")
        return folder

    return write


VARIANTS = {
    "scratch": ("from scratch", "from-scratch", "refit", False, 0.309, 0.281),
    "trainable": ("trainable GGA reference", "full", "keep", True, 20.755, 0.873),
    "frozen": ("frozen GGA reference", "full", "keep", False, 20.755, 0.888),
    "refit": ("refit", "full", "refit", False, 0.862, 0.304),
    "residual": ("residual", "full", "residual", False, 0.0442, 0.0463),
    "readout": ("residual, readout only", "frozen", "residual", False, 0.0442, 0.0431),
}


def entry(energy, forces, stress):
    return {
        name: {"mean": value, "median": value, "interval": [0.85 * value, 1.2 * value], "n_compositions": 30}
        for name, value in (("energy", energy), ("forces", forces), ("stress", stress))
    }


def comparison():
    variants = {
        name: {
            "label": label,
            "note": "not converged at these steps" if policy == "keep" else None,
            "trainable": 412_525 + k,
            "policy": policy,
            "runs": [f"{name}/seed-{seed}" for seed in range(3)],
            "tests": {
                test: {
                    "step0": entry(first * factor, 0.06 + 0.01 * k, 0.004),
                    "final": entry(last * factor, 0.04 + 0.01 * k, 0.003 + 0.0002 * k),
                }
                for test, factor in zip(TESTS, (0.7, 1.0), strict=True)
            },
        }
        for k, (name, (label, _, policy, _, first, last)) in enumerate(VARIANTS.items())
    }
    rows = [
        {
            "method": name,
            "baseline": "residual",
            "mean_difference": v[5] - 0.0463,
            "interval": sorted([0.7 * (v[5] - 0.0463), 1.3 * (v[5] - 0.0463)]),
            "p_wilcoxon": 0.0004 if v[5] > 0.1 else 0.4,
            "p_holm": 0.002 if v[5] > 0.1 else 0.4,
            "n_compositions": 30,
            "n_seeds": 3,
            "seeds_per_composition": 3,
            "claim": False,
            "warnings": ["3 seeds: indicative only; an ordering needs at least 5 for every composition"],
        }
        for name, v in VARIANTS.items()
        if name != "residual"
    ]
    return {
        "name": "a comparison",
        "question": "Which reference is best?",
        "baseline": "residual",
        "seeds": [0, 1, 2],
        "folds": [0],
        "steps": 150,
        "missing": [],
        "variants": variants,
        "paired": {test: {"energy": deepcopy(rows), "forces": deepcopy(rows)} for test in TESTS},
        "paper": None,
    }


@pytest.fixture
def comparison_folder(tmp_path):
    """Writes a comparison folder with one result per variant; ``change`` may alter the comparison first."""

    def write(change=lambda _: None):
        folder = tmp_path / "comparison"
        content = comparison()
        change(content)
        for name, (_, kind, policy, trainable, *_) in VARIANTS.items():
            run = folder / name / "seed-0"
            run.mkdir(parents=True)
            one = result()
            one["strategy"]["kind"], one["reference"]["policy"], one["reference"]["trainable"] = kind, policy, trainable
            (run / "result.json").write_text(json.dumps(one))
            (run / "index.html").write_text("a page")
        (folder / "comparison.json").write_text(json.dumps(content))
        return folder

    return write
