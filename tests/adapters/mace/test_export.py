"""What upstream computes from a file that we wrote. The native process is in the contract."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from transferkit.adapters.mace.adapter import MaceAdapter
from transferkit.adapters.mace.checkpoint import of_upstream
from transferkit.adapters.mace.selection import cut
from transferkit.adapters.mace.upstream import quiet
from transferkit.adapters.potential import ReferencedPotential
from transferkit.errors import CheckpointError, UnknownHead

from .conftest import Oracle


@pytest.fixture
def potential(two_heads):
    content = of_upstream(two_heads, "test")
    return ReferencedPotential(MaceAdapter.of_content(content), content.references)


def opened(path):
    with quiet():
        return torch.load(path, weights_only=False)


def tables(potential):
    return {h: dict(zip(r.elements.tolist(), r.energies.tolist(), strict=True)) for h, r in
            ((h, potential.reference(h)) for h in potential.adapter.heads)}  # fmt: skip


def test_several_heads_are_merged_as_upstream_keeps_them(potential, two_heads, crystals, tmp_path):
    potential.adapter.export_heads(tmp_path / "both.model", tables(potential))
    model = opened(tmp_path / "both.model")
    assert model.heads == ["PBE", "r2SCAN"]
    for head in model.heads:
        one, two = (Oracle(m)(crystals, head) for m in (two_heads, model))
        for what, value in one.items():
            assert_allclose(two[what], value, atol=1e-10)


def test_one_head_is_taken_out(potential, two_heads, crystals, tmp_path):
    path = potential.export(tmp_path / "one.model", "r2SCAN")
    model = opened(path)
    assert model.heads == ["r2SCAN"]
    assert_allclose(Oracle(model)(crystals)["energy"], Oracle(two_heads)(crystals, "r2SCAN")["energy"], atol=1e-10)


def test_e0_is_read_back_after_it_was_set(potential, crystals, tmp_path):
    # mace_run_train 0.3.15 and 0.3.16 write the old E0 over the new ones.
    old = potential.reference("PBE")
    new = old.energies + np.arange(len(old.energies))
    from dataclasses import replace

    moved = potential.with_reference(replace(old, energies=new), "PBE")
    model = opened(moved.export(tmp_path / "moved.model", "PBE"))
    assert model.atomic_energies_fn.atomic_energies[0].tolist() == new.tolist()
    batch = moved.collate([moved.graph(s, head="PBE") for s in crystals], "PBE")
    ours = moved(batch, need=frozenset({"energy"})).energy.detach().numpy()
    assert_allclose(Oracle(model)(crystals)["energy"], ours, atol=1e-9)
    again = MaceAdapter.load(tmp_path / "moved.model", trust=True, dtype=torch.float64)
    assert again.reference().energies.tolist() == new.tolist()


def test_elements_without_an_energy_are_not_in_the_file(potential, tmp_path):
    table = {z: e for z, e in tables(potential)["PBE"].items() if z != 26}
    potential.adapter.export(tmp_path / "fewer.model", table, "PBE")
    assert opened(tmp_path / "fewer.model").atomic_numbers.tolist() == [3, 11, 17]


def test_what_cannot_be_written_is_refused_and_nothing_is_written(potential, tmp_path):
    path, table = tmp_path / "new/wrong.model", tables(potential)
    with pytest.raises(UnknownHead, match="PBE"):
        potential.adapter.export(path, table["PBE"], "SCAN")
    with pytest.raises(CheckpointError, match="does not know He"):
        potential.adapter.export(path, {2: 0.0}, "PBE")
    with pytest.raises(CheckpointError, match="different elements"):
        potential.adapter.export_heads(path, {"PBE": table["PBE"], "r2SCAN": {3: 0.0}})
    assert not path.parent.exists()


def vector(potential, head):
    potential.add_head(head, "PBE", shape="embedding")
    (found,) = potential.blocks()[f"fidelity.{head}"]
    found.data.normal_(generator=torch.Generator().manual_seed(len(head)))
    return found


def ours(potential, structures, head):
    batch = potential.collate([potential.graph(s, head=head) for s in structures], head)
    return potential(batch, need=frozenset({"energy"})).energy.detach().numpy()


def test_a_fidelity_vector_is_in_the_table_of_elements_also_of_fewer(potential, crystals, tmp_path):
    vector(potential, "HSE06")
    expected = ours(potential, crystals, "HSE06")
    assert np.abs(expected - ours(potential, crystals, "PBE")).max() > 1e-3
    model = opened(potential.export(tmp_path / "hse.model", "HSE06"))
    assert_allclose(Oracle(model)(crystals)["energy"], expected, atol=1e-9)
    smaller = cut(potential, [11, 17])
    assert_allclose(ours(smaller, crystals, "HSE06"), expected, atol=1e-9)
    model = opened(smaller.export(tmp_path / "fewer.model", "HSE06"))
    assert_allclose(Oracle(model)(crystals)["energy"], expected, atol=1e-9)


def test_heads_with_vectors_of_their_own_do_not_go_into_one_file(potential, tmp_path):
    one = vector(potential, "HSE06")
    two = vector(potential, "PBE0")
    known = tables(potential)
    for heads in (("PBE", "HSE06"), ("HSE06", "PBE0")):
        with pytest.raises(CheckpointError, match="Export each head into a file of its own"):
            potential.adapter.export_heads(tmp_path / "two.model", {h: known[h] for h in heads})
    two.data.copy_(one)
    potential.adapter.export_heads(tmp_path / "two.model", {h: known[h] for h in ("HSE06", "PBE0")})


def test_last_layers_of_mace_are_one_of_each_readout(potential):
    potential.add_head("HSE06", "PBE", shape="last-linear")
    old, new = potential.adapter.readouts[0], potential.adapter.readouts[-1]
    first, last = new.readouts
    assert first.linear is not old.readouts[0].linear
    assert last.linear_1 is old.readouts[1].linear_1
    assert last.linear_2 is not old.readouts[1].linear_2
    assert not {id(p) for p in potential.blocks()["shared.PBE"]} - {id(p) for p in last.linear_1.parameters()}
