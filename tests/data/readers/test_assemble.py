from dataclasses import replace

import numpy as np
import pytest

from transferkit.data.readers.assemble import Frame, assemble
from transferkit.errors import DataError


def frame(name="a", *, numbers=(12, 8), labels=None, columns=None, material_id="", **geometry) -> Frame:
    numbers = np.array(numbers, dtype=np.int64)
    shape = {"positions": np.zeros((len(numbers), 3)), "cell": 4.0 * np.eye(3), "pbc": np.ones(3, dtype=bool)}
    return Frame(
        numbers=numbers,
        labels={k: np.asarray(v, dtype=np.float64) for k, v in (labels or {}).items()},
        id=name,
        where=f"set: frame {name}",
        material_id=material_id,
        columns=columns or {},
        **{**shape, **geometry},
    )


def join(*frames):
    return assemble(frames, fidelity="PBE", label_convention="mp2020", source="set")


def with_columns(*rows):
    return join(*(frame(str(k), columns=row) for k, row in enumerate(rows))).columns


def test_a_frame_without_a_label_keeps_its_place():
    forces = np.arange(3.0)[None]
    data = join(
        frame("a", labels={"energy": -1.0}),
        frame("b", numbers=[2], labels={"forces": forces, "stress": np.eye(3)}),
        frame("c", labels={"energy": -3.0, "magmoms": [1.0, 2.0]}),
    )
    assert data.has("energy").tolist() == [True, False, True]
    assert data.energy[[0, 2]].tolist() == [-1.0, -3.0]
    assert np.isnan(data.energy[1])
    assert data.has("forces").tolist() == data.has("stress").tolist() == [False, True, False]
    assert data.forces[2].tolist() == forces[0].tolist()
    assert data.magmoms[3:].tolist() == [1.0, 2.0]
    assert data.offsets.tolist() == [0, 2, 3, 5]
    assert (data.fidelity, data.label_convention) == ("PBE", "mp2020")


def test_material_falls_back_to_the_reduced_formula():
    data = join(frame("a", numbers=[8, 12, 8, 12]), frame("b", material_id="mp-1"))
    assert data.material_id.tolist() == ["MgO", "mp-1"]


def test_no_frames_make_an_empty_set():
    data = join()
    assert (len(data), data.forces.shape, data.cell.shape) == (0, (0, 3), (0, 3, 3))


def test_columns_with_holes():
    columns = with_columns({"gap": 1, "note": "x", "same": np.ones(2)}, {"gap": 2.5, "same": np.zeros(2)})
    assert columns["gap"].tolist() == [1.0, 2.5]
    assert columns["note"].tolist() == ["x", ""]
    assert columns["same"].tolist() == [[1.0, 1.0], [0.0, 0.0]]
    holes = with_columns({}, {"gap": 1}, {"note": 3}, {"note": "x"})
    assert np.array_equal(holes["gap"], [np.nan, 1.0, np.nan, np.nan], equal_nan=True)
    assert holes["note"].tolist() == ["", "", "3", "x"]


@pytest.mark.parametrize(
    "rows",
    [
        ({"x": np.ones(2)}, {"x": np.ones(3)}),
        ({"x": np.ones(2)}, {}),
        ({"x": np.ones(1)}, {"x": 1.0}),
        ({"x": {"a": 1}}, {"x": {"a": 2}}),
    ],
    ids=["ragged", "array in one frame only", "array and number", "no number"],
)
def test_what_does_not_fit_into_a_table_stays_behind(rows):
    assert "x" not in with_columns(*rows)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"energy": np.nan}, "energy is NaN or infinite"),
        ({"forces": np.full((2, 3), np.inf)}, "forces is NaN or infinite"),
        ({"stress": np.full((3, 3), np.nan)}, "stress is NaN or infinite"),
        ({"energy": [1.0, 2.0]}, r"energy of the wrong shape: \(2,\), but 2 atoms need \(\)"),
        ({"forces": np.zeros((3, 3))}, r"forces of the wrong shape: \(3, 3\), but 2 atoms need \(2, 3\)"),
        ({"stress": np.zeros(6)}, r"stress of the wrong shape: \(6,\), but 2 atoms need \(3, 3\)"),
        ({"magmoms": np.zeros(5)}, r"magmoms of the wrong shape: \(5,\), but 2 atoms need \(2,\)"),
    ],
)
def test_impossible_labels_name_frame_and_label(labels, message):
    with pytest.raises(DataError, match="set: frame bad: " + message):
        join(frame("good", labels={"energy": -1.0}), frame("bad", labels=labels))


@pytest.mark.parametrize("what", ["positions", "cell"])
def test_a_geometry_that_is_not_finite_is_refused(what):
    values = np.zeros((2, 3)) if what == "positions" else np.eye(3)
    values[1, 2] = np.inf
    with pytest.raises(DataError, match=f"set: frame a: {what} is NaN or infinite"):
        join(frame(**{what: values}))


def test_a_frame_without_atoms_is_refused():
    with pytest.raises(DataError, match="set: frame a: no atoms"):
        join(frame(numbers=[]))


def test_repeated_ids_are_refused():
    with pytest.raises(DataError, match=r"set: 1 ids occur more than once, the first is 'b'.*give each frame its own"):
        join(frame("a"), frame("b"), frame("b"), frame("b"))
    twice = [frame("b"), frame("b")]
    with pytest.raises(DataError, match=r"keys=\{'id': ''\} \(--key id=\)"):
        assemble(twice, fidelity="PBE", label_convention="raw", source="set", named=True)


@pytest.mark.parametrize(("cell", "how"), [(np.zeros((3, 3)), "zero"), (np.diag([4.0, 4.0, 0.0]), "flat")])
def test_a_periodic_frame_needs_a_cell_with_a_volume(cell, how):
    bad = replace(frame("a"), cell=cell, pbc=np.ones(3, dtype=bool))
    with pytest.raises(DataError, match=f"periodic, but its cell has no volume: it is {how} along abc"):
        join(bad)
    slab = replace(frame("b"), cell=np.diag([4.0, 4.0, 0.0]), pbc=np.array([True, True, False]))
    molecule = replace(frame("c"), cell=np.zeros((3, 3)), pbc=np.zeros(3, dtype=bool))
    assert len(join(slab, molecule)) == 2


def test_an_atom_of_no_element_is_refused():
    with pytest.raises(DataError, match="an atom of no element: atom 1"):
        join(replace(frame("a"), numbers=np.array([12, 0])))


def broken():
    good = {"energy": -1.0}
    nan = [frame(f"nan{k}", labels={"energy": np.nan}) for k in range(6)]
    forces = np.zeros((2, 3))
    forces[1, 2] = np.inf
    return [
        frame("good", labels=good),
        *nan,
        frame("inf", labels=good | {"forces": forces}),
        frame("last", labels=good),
    ]


def test_every_bad_frame_is_in_the_refusal():
    with pytest.raises(DataError) as refused:
        join(*broken())
    said = str(refused.value)
    assert "7 of 9 frames are broken" in said
    assert "6 with energy is NaN or infinite; 1 with forces is NaN or infinite" in said
    assert all(f"set: frame nan{k}" in said for k in range(5))
    assert "nan5" not in said
    assert "and 2 more" in said
    assert "transferkit convert set@PBE OUT.parquet --quarantine" in said
    assert "keys=" not in said  # two labels are concerned: leaving one out mends nothing


def refusal(frames, **options):
    with pytest.raises(DataError, match="Mend or remove") as caught:
        assemble(frames, fidelity="PBE", label_convention="raw", source="set", **options)
    return str(caught.value)


def test_the_refusal_names_the_label_that_can_be_left_out():
    nan = [*broken()[:4], frame("forces", labels={"forces": np.zeros((2, 3))})]
    assert "keys={'energy': ''} (--key energy=)" in refusal(nan, named=True)
    assert "keys" not in refusal(nan)  # of a file in which nothing can be named


def test_the_only_label_is_not_to_be_left_out():
    assert "keys" not in refusal(broken()[:4], named=True)


def test_the_refusal_names_the_share_that_the_quarantine_must_take():
    good = [frame(f"good{k}", labels={"energy": -1.0}) for k in range(18)]
    nan = [frame(f"nan{k}", labels={"energy": np.nan}) for k in range(7)]
    said = refusal(good + nan)
    assert "OUT.parquet --quarantine --limit most=0.28`" in said
    assert "data.quarantine in a recipe, with most: 0.28 (null refuses)" in said
    assert "most" not in refusal(good + nan[:2])  # a tenth may go anyway
    assert "most" not in refusal(nan)  # nothing would be left


def test_bad_frames_are_taken_out_on_request_with_reason_and_value():
    taken = []
    data = assemble(broken(), fidelity="PBE", label_convention="raw", source="set", taken=taken)
    assert data.id.tolist() == ["good", "last"]
    assert [t.id for t in taken] == [*(f"nan{k}" for k in range(6)), "inf"]
    assert (taken[-1].where, taken[-1].reason) == ("set: frame inf", "forces is NaN or infinite")
    assert taken[-1].value == "1 of 6, the first is inf"
