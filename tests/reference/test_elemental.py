import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from transferkit.data.structures import Structures
from transferkit.errors import MissingReference
from transferkit.reference.elemental import ElementalReference


def _data(*formulas, energy=None):
    """Structures of the given lists of atomic numbers, spread along a line."""
    numbers = np.concatenate([np.array(f) for f in formulas])
    n, atoms = len(formulas), len(numbers)
    absent = np.zeros(n, dtype=bool)
    return Structures(
        numbers=numbers,
        positions=np.arange(3.0 * atoms).reshape(-1, 3),
        cell=np.tile(10 * np.eye(3), (n, 1, 1)),
        pbc=np.ones((n, 3), dtype=bool),
        offsets=np.concatenate([[0], np.cumsum([len(f) for f in formulas])]),
        energy=np.full(n, np.nan) if energy is None else np.asarray(energy, dtype=float),
        forces=np.full((atoms, 3), np.nan),
        stress=np.full((n, 3, 3), np.nan),
        magmoms=np.full(atoms, np.nan),
        mask={
            "energy": ~absent if energy is not None else absent,
            "forces": absent,
            "stress": absent,
            "magmoms": absent,
        },
        id=np.array([f"s{k}" for k in range(n)], dtype=object),
        material_id=np.array([f"m{k}" for k in range(n)], dtype=object),
        fidelity="PBE",
    )


@given(
    arrays(np.float64, 3, elements=st.floats(-1e4, 1e4)),
    arrays(np.float64, 2, elements=st.floats(-1e3, 1e3)),
)
def test_add_undoes_subtract(energy, e0):
    data = _data([8, 8, 22], [22], [8] * 40, energy=energy)
    table = ElementalReference(np.array([8, 22]), e0)
    back = table.add(table.subtract(data))
    np.testing.assert_allclose(back.energy, data.energy, atol=1e-9)


def test_total_and_subtract_by_hand():
    table = ElementalReference.from_mapping({"Ti": -7.0, "O": -5.0})
    data = _data([8, 8, 22], [22, 22], energy=[-20.0, -15.0])
    assert table.total(data).tolist() == [-17.0, -14.0]
    assert table.subtract(data).energy.tolist() == [-3.0, -1.0]


def test_missing_energy_stays_missing():
    table = ElementalReference.from_mapping({"O": -5.0})
    left = table.subtract(_data([8]))
    assert not left.has("energy").any()


def test_unknown_element_is_named():
    table = ElementalReference.from_mapping({"Ti": -7.0, "O": -5.0})
    with pytest.raises(MissingReference, match="no reference energy for U; the table has O, Ti"):
        table.total(_data([8, 92]))
    with pytest.raises(MissingReference, match="the table has no elements"):
        ElementalReference.from_mapping({}).at(np.array([8]))


def test_shifted_keeps_what_the_other_lacks():
    table = ElementalReference.from_mapping({"H": -3.0, "O": -5.0}, kind="isolated-atom", source="PBE")
    new = table.shifted(ElementalReference.from_mapping({"O": 0.5}), source="moved")
    assert new.to_mapping() == {"H": -3.0, "O": -4.5}
    assert (new.kind, new.undetermined, new.source) == ("isolated-atom", (1,), "moved")
    assert table["O"] == -5.0
    assert new.minus(table) == {"H": 0.0, "O": 0.5}
    with pytest.raises(MissingReference, match="Ti"):
        table.shifted(ElementalReference.from_mapping({"Ti": 0.5}))


def test_json_round_trip_to_the_digit():
    table = ElementalReference(
        np.array([1, 8]), np.array([-3.1, 1 / 3]), covariance=np.array([[0.1, 1e-17], [1e-17, 2.0]]), undetermined=(1,)
    )
    back = ElementalReference.from_json(json.loads(json.dumps(table.to_json())))
    np.testing.assert_array_equal(back.energies, table.energies)
    np.testing.assert_array_equal(back.covariance, table.covariance)
    assert (back.kind, back.undetermined, back.source) == (table.kind, table.undetermined, table.source)
    plain = replace(table, covariance=None)
    assert ElementalReference.from_json(plain.to_json()).covariance is None


def test_saved_file_holds_the_same(tmp_path):
    table = ElementalReference.from_mapping({"O": -5.25})
    table.save(tmp_path / "reference.json")
    assert ElementalReference.from_json(json.loads((tmp_path / "reference.json").read_text()))["O"] == -5.25


def test_the_label_convention_goes_through_json():
    table = replace(ElementalReference.from_mapping({"O": -5.0}), label_convention="mp2020")
    assert ElementalReference.from_json(json.loads(json.dumps(table.to_json()))).label_convention == "mp2020"
    old = table.to_json()
    del old["label_convention"]
    assert ElementalReference.from_json(old).label_convention is None
    assert table.shifted(ElementalReference.from_mapping({"O": 0.5})).label_convention == "mp2020"
