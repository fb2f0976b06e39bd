"""Held-out levels: what a run did to the levels of theory that it was to keep, in its result."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import transferkit as tk
from transferkit import pipeline
from transferkit.adapters.graphs import build_graphs
from transferkit.adapters.potential import ReferencedPotential
from transferkit.cli import app
from transferkit.division import divide
from transferkit.errors import DataError
from transferkit.evaluation.predict import predict
from transferkit.held_levels import divide_known, known_level
from transferkit.recipe import Recipe
from transferkit.starting import start

pytestmark = pytest.mark.usefixtures("unrendered")
R2SCAN, PBE = (tk.bundled("gpaw-pbe-r2scan", fidelity=f) for f in ("r2SCAN", "PBE"))
KNOWN = {"source": "bundled:gpaw-pbe-r2scan@PBE", "fidelity": "PBE"}
LEARNS = {
    "reference": {"policy": "refit"},  # so that there is something to gain in a few steps
    "loss": {"kind": "rmse+mae", "energy_of": "structure", "energy": 1, "forces": 1},
    "training": {"steps": 4, "batch": {"structures": 8}},
}


def run(recipe, folder):
    pipeline.run_one(recipe, folder, quiet=True, page=False)
    return json.loads((folder / "result.json").read_text())


@pytest.fixture(scope="module")
def done(several_levels, tmp_path_factory, unrendered):
    """Energies of the data, energies and forces beside them, an anchor by importance."""
    recipe = several_levels(
        data={"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN", "labels": ["energy"], "split": {"fold": 0}},
        adapter={"name": "toy", "new_head": {"name": "r2SCAN"}},
        beside={"head": "default", "choose": {"structures": 20}, "ratio": 0.5, "reference": "refit"},
        anchor={"kind": "ewc", "strength": 1e-4},
        **LEARNS,
    )
    folder = tmp_path_factory.mktemp("levels") / "run"
    return folder, run(recipe, folder)


def test_every_set_has_its_row(done):
    folder, result = done
    data, pbe = result["heads"]
    assert (data["head"], data["labels"]) == ("r2SCAN", {"energy": data["structures"]})
    assert (pbe["head"], pbe["structures"], pbe["policy"]) == ("default", 20, "refit")
    assert pbe["labels"] == {"energy": 20, "forces": 20, "stress": 20}
    assert pbe["left_out"]["held_out"] == pbe["held_out"]["structures"] > 0
    assert set(json.loads((folder / "references.json").read_text())) == {"r2SCAN", "default"}


def test_errors_are_those_of_the_stored_potential(done):
    folder, result = done
    split = json.loads((folder / "split.json").read_text())
    assert split["counts"]["unseen compositions"] > 0
    pbe = result["heads"][1]["held_out"]
    model = ReferencedPotential.open(folder / "model")
    rows = np.isin(PBE.composition.astype(str), [*result["tests"]["unseen compositions"]["final"]["by_composition"]])
    errors = np.abs(predict(model, PBE[rows], head="default").forces - PBE[rows].forces)
    assert errors.mean() == pytest.approx(pbe["final"]["forces"], rel=0.5)  # the known materials are in there, too
    assert pbe["step0"]["forces"] != pbe["final"]["forces"]


def test_tests_keep_the_labels_that_are_not_learnt(done):
    _, result = done
    final = result["tests"]["unseen compositions"]["final"]
    assert final["forces"]["mae"] > 0
    assert result["valid"]["final"]["forces"]["mae"] is None


def test_sets_that_share_a_head_share_its_e0(several_levels, tmp_path):
    head = {"name": "toy", "new_head": {"name": "r2SCAN"}}
    pbe = {**KNOWN, "head": "default", "choose": {"structures": 40}}
    sets = [pbe | {"reference": "refit"}, pbe | {"labels": ["stress"], "reference": "keep"}, pbe | {"head": "r2SCAN"}]
    plain = several_levels(adapter=head).model_dump(exclude_unset=True)
    result = run(Recipe.model_validate(plain | {"beside": sets}), tmp_path / "run")
    assert [row["policy"] for row in result["heads"][1:]] == ["refit", "that of beside.0", "that of the data"]


def test_forgetting_stands_in_the_result(done):
    _, result = done
    found = result["forgetting"]["held_out"]["PBE labels held out of beside.0"]
    assert found["head"] == "default"
    assert found["forces"]["before"] > 0


def test_a_level_that_nothing_is_trained_on_is_measured_with_its_own_e0(several_levels):
    recipe = several_levels(forgetting=KNOWN)
    parts, model = divide(recipe, R2SCAN), start(several_levels())
    held, rest = divide_known(recipe, PBE, R2SCAN, parts)
    assert set(parts.test.id) <= set(held.id)
    assert not set(parts.test.composition) & set(rest.composition)

    def build(data, head):
        return build_graphs(model, data, head=head)

    (one,) = known_level(recipe, model, R2SCAN, parts, build).values()
    assert one.reference.fidelity == "PBE"
    assert len(one.fitted_on) == len(rest)
    assert known_level(several_levels(), model, R2SCAN, parts, build) == {}
    kept = known_level(several_levels(forgetting=KNOWN | {"reference": "keep"}), model, R2SCAN, parts, build)
    assert next(iter(kept.values())).reference["O"] == model.reference()["O"]


def test_one_composition_cannot_be_held_out(several_levels):
    recipe = several_levels(forgetting=KNOWN)
    parts = divide(recipe, R2SCAN)
    trained = PBE[PBE.composition == parts.train.composition[0]]
    only = trained[~np.isin(trained.id, [i for part in parts.tests.values() for i in part.id])]
    with pytest.raises(DataError, match="all of them are of one composition"):
        divide_known(recipe, only, R2SCAN, parts)


def test_a_difference_has_nothing_to_forget(several_levels, tmp_path):
    minus = {"source": "bundled:gpaw-pbe-r2scan@PBE", "fidelity": "PBE"}
    data = {"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN", "minus": minus, "split": {"fold": 0}}
    result = run(several_levels(data=data, strategy={"kind": "from-scratch"}), tmp_path / "run")
    assert result["fidelity"] == "r2SCAN minus PBE"
    assert result["forgetting"] is None
    assert any("add a PBE calculation" in text for text in result["data"]["warnings"])
    assert ReferencedPotential.open(tmp_path / "run" / "model").reference().fidelity == "r2SCAN minus PBE"
    assert "trained on r2SCAN minus PBE" in pipeline.evaluate_run(tmp_path / "run", R2SCAN[:3]).caution
    told = CliRunner().invoke(app, ["export", str(tmp_path / "run"), str(tmp_path / "out.toy")])
    assert "differences, r2SCAN minus PBE: to use a prediction, add a PBE calculation" in " ".join(told.stderr.split())
