import json

import pytest

from transferkit.cli.to_convention import converted
from transferkit.data.bundled import bundled
from transferkit.errors import DataError


@pytest.fixture(scope="module")
def oxide():
    pbe = bundled("gpaw-pbe-r2scan", fidelity="PBE")
    return pbe[pbe.composition == "MgO"][:2]


def test_nothing_is_asked_for(oxide):
    assert converted(oxide, None) is oxide
    with pytest.raises(DataError, match="are read with --to-convention"):
        converted(oxide, None, "none")


def test_energies_come_from_a_file(oxide, tmp_path):
    path = tmp_path / "atoms.json"
    path.write_text(json.dumps({"Mg": -1, "O": -1.5}))
    cohesive = converted(oxide, "cohesive", energies=path)
    assert (cohesive.energy - oxide.energy).tolist() == pytest.approx([2.5, 2.5])
    for text in ("[1, 2]", "{", '{"Mg": "x"}'):
        path.write_text(text)
        with pytest.raises(DataError, match=r"atoms\.json: not a JSON table of eV per atom by symbol"):
            converted(oxide, "cohesive", energies=path)


def test_mp2020(oxide):
    assert (converted(oxide, "mp2020").energy - oxide.energy).tolist() == pytest.approx([-0.687, -0.687])
    with pytest.raises(DataError, match="Did you mean 'mp2020'"):
        converted(oxide, "mp202")
