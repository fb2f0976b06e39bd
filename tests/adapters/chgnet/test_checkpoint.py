"""Reading and writing CHGNet's files."""

import pickle

import numpy as np
import pytest
import torch
from ase.data import chemical_symbols

from transferkit.adapters.chgnet.checkpoint import read, write
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
