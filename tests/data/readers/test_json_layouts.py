import bz2

import pytest
from ase.build import bulk
from ase.io import write

from transferkit.data.readers import read
from transferkit.data.readers.json_layouts import is_json
from transferkit.errors import DataError


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("layout", ["list", "mapping", "lines", "one"])
def test_matpes_in_every_shape(layouts, tmp_path, layout, packed):
    rows = [layouts.matpes(0), layouts.matpes(1)]
    # a name that says gzip whether it is or not, as the published files have it
    path = tmp_path / "a.json.gz"
    if layout == "lines":
        layouts.write(path, rows, lines=True, packed=packed)
    else:
        content = {"list": rows, "mapping": {"Mg": rows[0], "O": rows[1]}, "one": rows[0]}[layout]
        layouts.write(path, content, packed=packed)
    data = read(path, fidelity="PBE")
    assert data.energy.tolist() == ([-12.0] if layout == "one" else [-12.0, -13.0])
    assert data.read_as.entries["stress"] == {"stress [-kbar]": len(data)}


def test_one_line_of_json_lines(layouts, tmp_path):
    assert len(read(layouts.write(tmp_path / "a.jsonl", [layouts.matpes()], lines=True), fidelity="PBE")) == 1


def test_bzip2(layouts, tmp_path):
    path = layouts.write(tmp_path / "a.json", [layouts.matpes()])
    path.write_bytes(bz2.compress(path.read_bytes()))
    assert len(read(path, fidelity="PBE")) == 1


def test_databases_of_ase_stay_with_ase(tmp_path):
    from ase.calculators.singlepoint import SinglePointCalculator

    atoms = bulk("Cu")
    atoms.calc = SinglePointCalculator(atoms, energy=-3.7)
    write(tmp_path / "a.json", atoms)
    assert not is_json(tmp_path / "a.json")
    assert read(tmp_path / "a.json", fidelity="PBE", keys={"id": ""}).energy.tolist() == [-3.7]


def test_options_for_ase_and_other_conventions_are_refused(layouts, tmp_path):
    path = layouts.write(tmp_path / "a.json", [layouts.matpes()])
    with pytest.raises(DataError, match="Leave keys out"):
        read(path, fidelity="PBE", keys={"energy": "energy_per_atom"})
    with pytest.raises(DataError, match="Leave units out"):
        read(path, fidelity="PBE", units={"energy": "eV"})
    with pytest.raises(DataError, match=r"holds raw energies, and mp2020 was asked for\. Ask for raw, then convert"):
        read(path, fidelity="PBE", label_convention="mp2020")


@pytest.mark.parametrize(
    ("content", "part"),
    [({"a": 1}, "no known layout of JSON. Known are MatPES"), ([], "holds no frames"), ([1, 2], "no known layout")],
)
def test_unknown_layouts_are_refused(layouts, tmp_path, content, part):
    with pytest.raises(DataError, match=part):
        read(layouts.write(tmp_path / "a.json", content), fidelity="PBE")


def test_damaged_files_are_refused(tmp_path):
    (tmp_path / "a.json").write_text('[{"energy": 1,')
    with pytest.raises(DataError, match=r"a\.json: not readable as JSON"):
        read(tmp_path / "a.json", fidelity="PBE")
