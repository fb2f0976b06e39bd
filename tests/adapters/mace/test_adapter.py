"""Blocks, presets, copies and configurations of MACE, and recipes on it; the rest is in the contract."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

import transferkit as tk
from transferkit import pipeline
from transferkit.adapters.mace import MaceAdapter
from transferkit.adapters.mace.architecture import of_config
from transferkit.data.structures import Structure
from transferkit.errors import CheckpointError, MissingReference
from transferkit.recipe import Recipe

NEED = frozenset({"energy", "forces", "stress"})


def answers(potential, structures, head=None):
    out = potential(potential.collate([potential.graph(s, head=head) for s in structures], head), need=NEED)
    return [x.detach().numpy() for x in (out.energy, out.forces, out.stress)]


def test_blocks_from_input_to_output(tiny):
    names = ["embedding", "interaction.0", "product.0", "interaction.1", "product.1", "readout.default"]
    assert list(tiny.blocks()) == names
    assert all(p.requires_grad for block in tiny.blocks().values() for p in block)


@pytest.mark.parametrize(("level", "first"), [(1, "interaction.0"), (5, "product.0"), (6, "readout.default")])
def test_presets_are_the_freeze_levels_of_mace(tiny, level, first):
    # mace_run_train --freeze 1 keeps the embedding as it is, 5 the interactions too, 6 the products too.
    chosen = MaceAdapter.presets[f"mace-freeze-{level}"]
    left = [name for name in tiny.blocks() if name.split(".")[0] in chosen]
    assert left[0] == first
    assert left[-1] == "readout.default"
    assert "embedding" not in left


def test_scratch_has_the_sizes_of_the_published_models():
    small, tiny = (MaceAdapter.scratch(name).adapter for name in ("small", "tiny"))
    assert sum(p.numel() for p in tiny.parameters()) < 60_000
    assert of_config("medium")["hidden_irreps"] == "128x0e+128x1o"
    # The default of recipes, so that none need name a size.
    assert of_config("full") == of_config("medium")
    assert (small.cutoff, len(small.elements)) == (6.0, 94)


def test_a_copy_is_independent_and_equal(tiny, crystals):
    # e3nn's modules compile TorchScript when they are copied; none is left here.
    before = answers(tiny, crystals)
    twin = copy.deepcopy(tiny)
    again = pickle.loads(pickle.dumps(tiny))  # noqa: S301
    with torch.no_grad():
        for p in twin.parameters():
            p.add_(0.1)
    for one, two in zip(before, answers(tiny, crystals), strict=True):
        assert_array_equal(one, two)
    for one, two in zip(before, answers(again, crystals), strict=True):
        assert_array_equal(one, two)
    assert not any(isinstance(m, torch.jit.ScriptModule) for m in tiny.modules())


@pytest.mark.parametrize("default", [torch.float32, torch.float64])
def test_the_global_dtype_changes_nothing(default, crystals):
    expected = answers(MaceAdapter.scratch("tiny", seed=1), crystals)
    torch.set_default_dtype(default)
    try:
        potential = MaceAdapter.scratch("tiny", seed=1)
        assert torch.get_default_dtype() == default
        found = answers(potential, crystals)
    finally:
        torch.set_default_dtype(torch.float32)
    assert potential.adapter.backbone.dtype == torch.float32
    for one, two in zip(expected, found, strict=True):
        assert_array_equal(one, two)


def test_coupling_matrices_travel_with_the_state(tiny, crystals):
    config, tensors = tiny.adapter.state()
    names = [n for n in tensors if "U_matrix" in n or "coupling" in n or "step_" in n]
    assert len(names) > 10
    tensors = {k: v * 2 if "U_matrix_2" in k else v for k, v in tensors.items()}
    changed = MaceAdapter.from_state(config, tensors)
    assert torch.equal(changed.state_dict()[names[0]], tensors[names[0]])
    need = frozenset({"energy"})
    one, two = (a(a.collate([a.graph(crystals[0])], [0]), need=need).energy for a in (tiny.adapter, changed))
    assert not torch.equal(one, two)


def test_heads_have_their_own_scale_and_shift(tiny, crystals):
    tiny.add_head("r2SCAN", copy_of="default")
    tiny.adapter.readouts[1].scale.mul_(2.0)
    tiny.adapter.readouts[1].shift.add_(0.25)
    first, second = (answers(tiny, crystals, head)[0] for head in ("default", "r2SCAN"))
    sizes = np.array([len(s) for s in crystals])
    assert second == pytest.approx(2 * first + 0.25 * sizes)
    config, tensors = tiny.adapter.state()
    assert float(MaceAdapter.from_state(config, tensors).readouts[1].shift) == 0.25


def test_several_heads_need_a_name(tiny, crystals):
    tiny.add_head("r2SCAN", copy_of="default")
    with pytest.raises(tk.errors.UnknownHead, match="default, r2SCAN"):
        tiny.calculator()


def test_molecules_relax_without_a_box(tiny, molecule):
    from ase import Atoms

    atoms = Atoms(molecule.numbers, molecule.positions)
    atoms.calc = tiny.calculator()
    assert np.isfinite(atoms.get_forces()).all()


def test_an_element_that_is_cut_away_is_refused(tiny, crystals):
    from transferkit.adapters.mace.selection import cut

    with pytest.raises(MissingReference, match="Na"):
        cut(tiny, [17]).graph(crystals[0])


def test_no_checkpoint_is_named_and_none_is_here(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert MaceAdapter.checkpoints() == ()
    with pytest.raises(CheckpointError, match="brings no checkpoint of its own; name one"):
        tk.load("mace")


def test_low_rank_sites_are_the_linear_maps_of_interactions(tiny):
    sites = tiny.adapter.low_rank_sites()
    assert {name.split(".")[-1] for name in sites} == {"linear_up", "linear"}
    assert all(module.weight.requires_grad for module in sites.values())


@pytest.mark.parametrize("without", ["forces", "stress"])
def test_training_on_batches_without_a_label(tiny, without):
    data = tk.bundled("gpaw-pbe-r2scan")[:12]
    data = replace(data, mask={**data.mask, without: np.zeros(len(data), dtype=bool)})
    parts = tk.split(data, by="random", seed=0)
    model = tk.rereference(MaceAdapter.scratch("tiny", seed=1), parts.train)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    run = tk.finetune(model, parts, steps=2, quiet=True)
    after = run.model.state_dict()
    assert all(torch.isfinite(v).all() for v in after.values() if v.is_floating_point())
    assert any(not torch.equal(after[k], v) for k, v in before.items())


def recipe(**changes):
    plain = {
        "name": "families",
        "data": {"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN", "split": {"fold": 0}},
        "training": {"steps": 2, "batch": {"structures": 4}},
        "tracking": {"wandb": None},
    }
    return Recipe.model_validate(plain | changes)


@pytest.mark.parametrize("family", [pytest.param("chgnet", marks=pytest.mark.slow), "mace"])
def test_one_recipe_runs_on_every_family(family, tmp_path, unrendered):
    changed = {"adapter": {"name": family}, "strategy": {"kind": "from-scratch", "config": "tiny"}}
    folder = pipeline.run(recipe(**changed), output=tmp_path / "run", smoke=True)
    assert (folder / "index.html").exists()
    assert (folder / "model/model.safetensors").exists()


def test_a_recipe_starts_from_a_file_on_trust(tmp_path):
    file = MaceAdapter.scratch("tiny", seed=1).export(tmp_path / "mine.model")
    with pytest.raises(CheckpointError, match="trust: true"):
        pipeline.start(recipe(adapter={"name": "mace", "checkpoint": str(file)}))
    trusted = recipe(adapter={"name": "mace", "checkpoint": str(file), "trust": True})
    assert pipeline.start(trusted).adapter.cutoff == 5.0


@pytest.mark.shared
def test_the_real_weights_have_their_known_errors(weights):
    folder = weights / "mace_gst_small"
    model = tk.load("mace", folder / "mace_swa.model", dtype="float64", trust=True)
    data = tk.read(folder / "validate.xyz", fidelity="unknown")[:10]
    predicted = np.concatenate([answers(model, [s])[1] for s in data])
    first, all_ten = (np.abs(predicted - data.forces)[:n].mean() for n in (81, 810))
    # The first frame alone has the 0.063 eV/Å that is told of this model; on all 200 it is 0.0722, as upstream's is.
    assert first == pytest.approx(0.0629, abs=1e-4)
    assert 0.06 < all_ten < 0.08


@pytest.mark.shared
@pytest.mark.slow
def test_the_real_weights_on_all_200_frames(weights):
    folder = weights / "mace_gst_small"
    model = tk.load("mace", folder / "mace_swa.model", dtype="float64", trust=True)
    found = tk.evaluate(model, tk.read(folder / "validate.xyz", fidelity="unknown"))
    assert found.metrics["forces"]["mae"] == pytest.approx(0.0722, abs=1e-4)
    assert found.metrics["energy"]["mae"] == pytest.approx(0.00385, abs=1e-5)


@pytest.mark.shared
def test_the_water_delta_model_in_float64(weights):
    path = weights / "mace_delta_r2scan_to_ccsdt_water/delta_r2scancc_ase_gpu.model"
    model = tk.load("mace", path, dtype="float64", trust=True)
    assert model.reference().to_mapping() == pytest.approx({"H": 0.006153124698142776, "O": 3.9133047167772474})
    water = Structure(
        np.array([8, 1, 1]),
        np.array([[0, 0, 0], [0.76, 0.59, 0], [-0.76, 0.59, 0.0]]),
        np.zeros((3, 3)),
        np.zeros(3, dtype=bool),
        "water",
    )
    energy, forces, stress = answers(model, [water])
    assert np.isfinite(energy).all()
    assert forces.sum(axis=0) == pytest.approx(np.zeros(3), abs=1e-9)
    assert np.isnan(stress).all()


def test_files_need_trust():
    assert MaceAdapter.pickles  # so that what is printed about an exported file can be done as it stands
