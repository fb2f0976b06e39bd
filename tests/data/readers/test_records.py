"""Records of JSON files that cannot be used: refused, or noted with id and reason where they may be left out."""

import pytest

from transferkit.data.readers import read
from transferkit.errors import DataError


def without(record, name):
    return {key: value for key, value in record.items() if key != name}


def matpes(layouts):
    flat = layouts.structure()
    flat["sites"][0]["species"].append({"element": "Fe", "occu": 0.5})
    bad = [
        without(layouts.matpes(0), "energy"),  # first, so that the layout is seen by a later record
        layouts.matpes(1, structure=None),
        layouts.matpes(2, energy="lost"),
        layouts.matpes(3, structure=flat),
        layouts.matpes(4, energy=float("nan")),
        None,
    ]
    reasons = ["no energy", "no structure", *["a record that cannot be read"] * 2, "a record of another layout"]
    ids = ["matpes-0", "matpes-1", "matpes-2", "matpes-3", "5", "matpes-4"]
    return [*bad, layouts.matpes(9)], ids, [*reasons, "energy is NaN or infinite"], "record 0 has no energy"


def mptrj(layouts):
    whole = layouts.mptrj()["mp-1265"]["mp-1265-0-0"]
    lost = dict.fromkeys(("uncorrected_total_energy", "corrected_total_energy", "energy_per_atom"))
    frames = {"a": whole | lost, "b": without(whole, "structure"), "c": whole | {"uncorrected_total_energy": None}}
    reasons = ["no energy", "no structure", "mp2020 energies, and raw was asked for"]
    return {"mp-1": {**frames, "d": whole}}, ["a", "b", "c"], reasons, "frame a has no energy"


def elements(layouts):
    record = {"structure": [layouts.structure(("Fe", "Fe")), None, layouts.structure(("Fe", "Fe"), 2.8)]}
    content = {"Fe": record | {"energy_per_atom": [None, -8.0, -8.5]}}
    return content, ["Fe:0", "Fe:1"], ["no energy", "no structure"], "structure 0 has no energy"


def diatomics(layouts):
    content = layouts.diatomics()
    content["PBE"]["O-O"]["energies"][1] = None
    return content, ["O-O:1"], ["no energy"], "point 1 has no energy"


@pytest.mark.parametrize("layout", [matpes, mptrj, elements, diatomics])
def test_records_that_cannot_be_used_are_noted_and_the_others_read(layouts, tmp_path, layout):
    content, ids, reasons, said = layout(layouts)
    path, taken = layouts.write(tmp_path / "a.json", content), []
    assert len(read(path, fidelity="PBE", taken=taken)) == 1
    assert [t.id for t in taken] == ids
    assert [t.reason for t in taken] == reasons
    assert all(str(path) in t.where for t in taken)
    with pytest.raises(DataError, match=rf"{said}\. Remove it from the file, or have it taken out: .*--quarantine"):
        read(path, fidelity="PBE")


def test_another_functional_is_no_broken_record(layouts, tmp_path):
    path = layouts.write(tmp_path / "a.json", [layouts.matpes(0), layouts.matpes(1, functional="r2SCAN")])
    with pytest.raises(DataError, match="record 1 is r2SCAN, and PBE was asked for"):
        read(path, fidelity="PBE", taken=[])


def test_nothing_left_is_refused_with_the_reasons(layouts, tmp_path):
    path = layouts.write(tmp_path / "a.json", layouts.mptrj(corrected_total_energy=None, energy_per_atom=-6.0))
    with pytest.raises(DataError, match=r"no frame is left\..*raw energies, and mp2020 was asked for"):
        read(path, fidelity="PBE", label_convention="mp2020", taken=[])
