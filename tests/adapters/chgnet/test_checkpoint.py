"""Reading and writing CHGNet's files."""

import pickle

import numpy as np
import pytest
import torch
from ase.data import chemical_symbols

from transferkit.adapters.chgnet.checkpoint import CARDS, read, write
from transferkit.adapters.chgnet.upstream import CHGNet
from transferkit.errors import CheckpointError


def test_released_checkpoints_and_their_tables(each_oracle):
    name, oracle = each_oracle
    content = read(name)
    table = oracle.model.composition_model.fc.weight.detach().double().numpy()[0]
    assert content.reference.energies.dtype == np.float64
    np.testing.assert_array_equal(content.reference.energies, table[content.reference.elements - 1])
    assert content.reference.kind == "regression"
    assert "composition_model.fc.weight" not in content.weights


def test_r2scan_lacks_six_elements():
    missing = set(range(1, 95)) - set(read("r2scan").reference.elements.tolist())
    assert [chemical_symbols[z] for z in sorted(missing)] == ["Yb", "Po", "At", "Rn", "Fr", "Ra"]
    assert len(read("0.3.0").reference.elements) == 94


def test_written_and_read_again(tmp_path):
    content = read("0.3.0")
    table = {8: -9.5, 22: -15.25}
    write(tmp_path / "new" / "a.pth.tar", content.arguments, content.weights, table)
    again = read(tmp_path / "new" / "a.pth.tar")
    assert again.reference.to_mapping() == {"O": -9.5, "Ti": -15.25}
    assert again.weights.keys() == content.weights.keys()
    assert all(torch.equal(again.weights[k], content.weights[k]) for k in content.weights)


def test_elements_beyond_the_table_are_refused(tmp_path):
    content = read("0.3.0")
    path = tmp_path / "a.pth.tar"
    with pytest.raises(CheckpointError, match=r"H to Pu, and the reference also has Am, Cm\..*lacks them"):
        write(path, content.arguments, content.weights, {96: -1.0, 8: -9.5, 95: -2.0})
    assert not path.exists()


def test_unknown_names_and_bad_files(tmp_path):
    with pytest.raises(CheckpointError, match=r"Did you mean '0.3.0'"):
        read("0.3.1")
    text = tmp_path / "text.pth.tar"
    text.write_text("not a checkpoint")
    with pytest.raises(CheckpointError, match="not a CHGNet checkpoint"):
        read(text)
    other = tmp_path / "other.pth.tar"
    torch.save({"weights": torch.zeros(2)}, other)
    with pytest.raises(CheckpointError, match="not a CHGNet checkpoint"):
        read(other)
    no_table = tmp_path / "no-table.pth.tar"
    torch.save({"model": {"state_dict": {}, "model_args": {}}}, no_table)
    with pytest.raises(CheckpointError, match="no elemental energies"):
        read(no_table)


class Payload:
    def __reduce__(self):
        return (exec, ("raise RuntimeError('ran')",))


def test_code_in_a_file_is_not_run(tmp_path):
    path = tmp_path / "evil.pth.tar"
    torch.save({"model": Payload()}, path, pickle_module=pickle)
    with pytest.raises(CheckpointError):
        read(path)


def test_a_written_table_is_intensive_fitted_and_read_back_by_upstream(tmp_path):
    # AtomRef keeps both flags outside its tensors: a table that is rebuilt without them refuses to predict.
    from chgnet.model.composition_model import AtomRef

    with pytest.raises(ValueError, match="needs to be fitted"):
        AtomRef()([])
    content = read("0.3.0")
    e0 = {z: -0.1 * z - 1e-5 for z in range(1, 95)}
    write(tmp_path / "a.pth.tar", content.arguments, content.weights, e0)
    table = CHGNet.from_file(tmp_path / "a.pth.tar").composition_model
    assert (table.fitted, table.is_intensive) == (True, True)
    np.testing.assert_array_equal(table.fc.weight.detach().numpy()[0], np.array(list(e0.values()), dtype=np.float32))
    assert not table.fc.weight.requires_grad


def test_what_the_released_models_learnt_is_known_and_of_other_files_it_is_not(tmp_path):
    known = {name: (read(name).reference.fidelity, read(name).reference.label_convention) for name in CARDS}
    assert known == {"0.3.0": ("PBE", "mp2020"), "0.2.0": ("PBE", "mp2020"), "r2scan": ("r2SCAN", "raw")}
    content = read("0.3.0")
    write(tmp_path / "a.pth.tar", content.arguments, content.weights, {8: -9.5})
    other = read(tmp_path / "a.pth.tar").reference
    assert (other.fidelity, other.label_convention) == (None, None)
