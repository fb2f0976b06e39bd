"""Joining: structures are chosen, predictions stand for labels, and every head gets the E0 of its own level."""

from dataclasses import replace

import numpy as np
import pytest

import transferkit as tk
from transferkit.adapters.graphs import build_graphs
from transferkit.adapters.toy import Toy
from transferkit.division import divide
from transferkit.errors import DataError
from transferkit.joining import join
from transferkit.levels import read_levels
from transferkit.rereferencing import compare_policies
from transferkit.starting import heads_of, start

DATA = tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN")
NEW = {"name": "toy", "new_head": {"name": "r2SCAN"}}


def joined(recipe):
    parts = divide(recipe, DATA)
    levels = read_levels(recipe, DATA, parts)
    model = start(recipe)
    heads = heads_of(model, recipe)
    moved = compare_policies(model, parts.train, head=heads["data"]).potential

    def build(data, head):
        return build_graphs(model, data, head=head)

    return model, join(recipe, model, moved, levels.companions, heads=heads, build=build)


def test_every_head_has_its_own_e0(several_levels):
    model, found = joined(several_levels(adapter=NEW, beside={"head": "default", "choose": {"structures": 40}}))
    old, new = found.potential.reference("default"), found.potential.reference("r2SCAN")
    assert (old.fidelity, new.fidelity) == ("PBE", "r2SCAN")
    assert old["O"] != new["O"] != model.reference("default")["O"]
    assert [(len(b.data), b.head, b.ratio) for b in found.beside] == [(40, "default", 1.0)]
    assert len(found.beside[0].graphs) == 40
    assert found.describe().startswith("head default")
    assert list(found.referenced) == ["default"]


@pytest.mark.parametrize("how", ["random", "farthest"])
def test_chosen_structures_are_seeded(several_levels, how):
    choose = {"structures": 12, "how": how}
    options = {"adapter": NEW, "beside": {"head": "default", "reference": "keep", "choose": choose}}
    ids = [joined(several_levels(seed=seed, **options))[1].beside[0].data.id.tolist() for seed in (0, 0, 1)]
    assert len(set(ids[0])) == 12
    assert ids[0] == ids[1] != ids[2]


def test_predictions_of_the_start_are_the_labels(several_levels):
    beside = {"head": "default", "pseudo": True, "labels": ["energy", "forces"], "choose": {"structures": 9}}
    model, found = joined(several_levels(adapter=NEW, beside=beside))
    (one,) = found.beside
    wanted = build_graphs(model, one.data, head="default")
    energies = model(model.collate(wanted, "default"), need=frozenset({"energy"})).energy.detach().numpy()
    assert np.allclose(one.data.energy, energies, atol=1e-5)
    assert one.data.has("forces").all()
    assert not one.data.has("stress").any()
    assert found.referenced == {}  # E0 stays: the predictions contain it
    assert found.companions[0].to_json()["pseudo"] is True


def test_a_label_that_cannot_be_predicted_is_a_mistake(several_levels, monkeypatch):
    options = Toy.capabilities
    monkeypatch.setattr(Toy, "capabilities", replace(options, properties=options.properties - {"magmoms"}))
    beside = {"head": "default", "pseudo": True, "labels": ["energy", "magmoms"], "choose": {"structures": 9}}
    with pytest.raises(DataError, match=r"beside\.0\.labels names magmoms, which none of the 9 structures"):
        joined(several_levels(adapter=NEW, beside=beside))


def test_what_e0_of_a_head_was_fitted_on_is_the_first_set_that_moved_it(several_levels):
    recipe = several_levels(adapter=NEW, beside={"head": "default", "choose": {"structures": 40}})
    again = recipe.beside[0].model_copy(update={"choose": None})
    _, found = joined(recipe.model_copy(update={"beside": (recipe.beside[0], again)}))
    assert found.fitted_on == {"default": found.companions[0].basis}


def test_who_shares_the_head_of_the_data_shares_its_e0(several_levels):
    _, found = joined(several_levels(beside={"head": "default", "choose": {"structures": 9}}))
    assert found.referenced == {}
    assert found.potential.reference().fidelity == "r2SCAN"
