"""Options that verbs share."""

import pytest
from ase.io import write

from transferkit.cli.options import opened, pairs_of
from transferkit.data.bundled import bundled
from transferkit.data.readers import to_ase
from transferkit.errors import DataError


def test_keys_are_pairs(few):
    with pytest.raises(DataError, match="Write NAME=KEY"):
        opened(str(few), named=["energy"])


def test_units_are_pairs(few):
    with pytest.raises(DataError, match="Write NAME=UNIT"):
        opened(str(few), units=["=eV"])
    with pytest.raises(DataError, match="--key names 'energy' twice"):
        pairs_of(["energy=a", "energy=b"], "--key", "NAME=KEY")


def test_an_empty_key_leaves_a_label_out(tmp_path):
    write(tmp_path / "a.extxyz", to_ase(bundled("gpaw-pbe-r2scan")[:2]))
    data = opened(f"{tmp_path}/a.extxyz@r2SCAN", named=["forces="], units=["energy=Ha"])
    assert not data.has("forces").any()
    assert data.energy == pytest.approx(bundled("gpaw-pbe-r2scan")[:2].energy * 27.211386)


def test_data_are_opened(few):
    assert len(opened(str(few))) == 6
