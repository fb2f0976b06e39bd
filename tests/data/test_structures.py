import copy
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from transferkit.data.structures import Structures, concatenate
from transferkit.errors import DataError


def tiny(**changes) -> Structures:
    base = {
        "numbers": np.array([12, 8, 11]),
        "positions": np.arange(9.0).reshape(3, 3),
        "cell": np.stack([4.0 * np.eye(3), 5.0 * np.eye(3)]),
        "pbc": np.ones((2, 3), dtype=bool),
        "offsets": np.array([0, 2, 3]),
        "energy": np.array([-10.0, np.nan]),
        "forces": np.zeros((3, 3)),
        "stress": np.zeros((2, 3, 3)),
        "magmoms": np.full(3, np.nan),
        "mask": {
            "energy": np.array([True, False]),
            "forces": np.ones(2, dtype=bool),
            "stress": np.ones(2, dtype=bool),
            "magmoms": np.zeros(2, dtype=bool),
        },
        "id": np.array(["a", "ü"], dtype=object),
        "material_id": np.array(["MgO", "Na"], dtype=object),
        "fidelity": "PBE",
    }
    return Structures(**{**base, **changes})


# Computed once; another value on any machine, numpy version or string width means that hashes cannot be compared.
KNOWN_HASH = "1a1b244a0aff24fe2b78a6612975326f8b376cbe469cd0f4335c587f74ad021c"


def test_hash_is_the_same_on_any_machine():
    assert tiny().hash == KNOWN_HASH


def test_hash_does_not_depend_on_string_dtype_or_integer_width():
    narrow = tiny(
        id=np.array(["a", "ü"], dtype="<U7"),
        numbers=np.array([12, 8, 11], dtype=np.int32),
        offsets=np.array([0, 2, 3], dtype=np.int32),
    )
    assert narrow.hash == tiny().hash


def test_hash_ignores_what_stands_in_place_of_an_absent_label():
    assert tiny(energy=np.array([-10.0, 7.0])).hash == tiny().hash


@pytest.mark.parametrize(
    "change",
    [
        {"energy": np.array([-10.0 + 1e-12, np.nan])},
        {"id": np.array(["a", "u"], dtype=object)},
        {"fidelity": "r2SCAN"},
        {"label_convention": "mp2020"},
        {"pbc": np.zeros((2, 3), dtype=bool)},
        {"positions": np.arange(9.0).reshape(3, 3) + 1e-9},
    ],
)
def test_hash_sees_every_change(change):
    assert tiny(**change).hash != tiny().hash


def test_hash_is_the_same_in_another_process(r2scan):
    code = "import transferkit as tk; print(tk.bundled('gpaw-pbe-r2scan').hash)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == r2scan.hash


def test_ids_that_join_to_the_same_text_hash_differently():
    a = tiny(id=np.array(["ab", "c"], dtype=object))
    assert a.hash != tiny(id=np.array(["a", "bc"], dtype=object)).hash


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"offsets": np.array([0, 2, 4])}, "numbers has 3 rows for 4 atoms"),
        ({"id": np.array(["a"], dtype=object)}, "id has 1 rows for 2 structures"),
        ({"columns": {"gap": np.zeros(3)}}, "column 'gap' has 3 rows for 2 structures"),
        ({"mask": {"energy": np.ones(2, dtype=bool)}}, "mask lacks ['forces', 'magmoms', 'stress']"),
    ],
)
def test_wrong_lengths_are_refused(change, message):
    with pytest.raises(DataError) as caught:
        tiny(**change)
    assert message in str(caught.value)


def test_present_nan_label_is_refused_by_name():
    forces = np.zeros((3, 3))
    forces[2, 1] = np.inf
    with pytest.raises(DataError, match=r"structure 1 \('ü'\): forces is NaN or infinite"):
        tiny(forces=forces)


def test_absent_nan_label_is_fine():
    data = tiny()
    assert data.has("energy").tolist() == [True, False]


def test_everything_is_read_only():
    data = tiny(columns={"gap": np.zeros(2)})
    for array in (data.positions, data.mask["energy"], data.columns["gap"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_slicing_keeps_atoms_with_their_structure(r2scan):
    order = np.array([5, 2, 2, 300])
    part = r2scan[order]
    for new, old in enumerate(order):
        a, b = part.offsets[new], part.offsets[new + 1]
        c, d = r2scan.offsets[old], r2scan.offsets[old + 1]
        assert np.array_equal(part.forces[a:b], r2scan.forces[c:d])
        assert np.array_equal(part.structure(new).positions, r2scan.structure(int(old)).positions)
        assert part.columns["prototype"][new] == r2scan.columns["prototype"][old]


def test_slice_mask_and_indices_agree(r2scan):
    mask = np.zeros(len(r2scan), dtype=bool)
    mask[3:9] = True
    assert r2scan[3:9].hash == r2scan[mask].hash == r2scan[list(range(3, 9))].hash


def test_an_empty_selection_has_no_structures(r2scan):
    empty = r2scan[np.zeros(len(r2scan), dtype=bool)]
    assert (len(empty), len(empty.numbers), empty.forces.shape) == (0, 0, (0, 3))


def test_concatenate_undoes_slicing(r2scan):
    assert concatenate([r2scan[:7], r2scan[7:40], r2scan[40:]]).hash == r2scan.hash


def test_concatenate_refuses_two_fidelities(r2scan, pbe):
    with pytest.raises(DataError, match="r2SCAN/raw with PBE/raw"):
        concatenate([r2scan, pbe])


def test_concatenate_refuses_a_repeated_id(r2scan):
    name = r2scan.id[4]
    with pytest.raises(DataError, match=rf"id '{name}' \(set 1 of 2\) occurs more than once\. Leave .* out"):
        concatenate([r2scan[:5], r2scan[4:9]])
    with pytest.raises(DataError, match=rf"id '{name}' \(set 0 of 1\)"):
        concatenate([r2scan[[4, 4]]])


def test_concatenate_refuses_nothing():
    with pytest.raises(DataError, match="empty"):
        concatenate([])


def test_counts_and_unknown_column(r2scan):
    counts = r2scan.counts()
    assert counts.sum() == len(r2scan.numbers)
    assert np.array_equal(counts.sum(axis=1), r2scan.n_atoms)
    with pytest.raises(DataError, match="not among the columns"):
        r2scan.counts([1, 8])


def test_without_and_with_labels(r2scan):
    bare = r2scan.without("forces", "energy")
    assert not bare.has("forces").any()
    assert bare.has("stress").all()
    assert bare.with_labels(energy=r2scan.energy).has("energy").all()
    assert np.isnan(bare.forces).all()


def test_copies_and_pickles(r2scan):
    part = r2scan[:3]
    assert copy.deepcopy(part).hash == part.hash
    assert pickle.loads(pickle.dumps(part)).hash == part.hash  # noqa: S301
    assert replace(part, fidelity="PBE").fidelity == "PBE"


def test_one_structure_by_its_number():
    import transferkit as tk

    data = tk.bundled("gpaw-pbe-r2scan")
    assert data[3].id.tolist() == [data.id[3]]
    assert data[np.int64(-1)].id.tolist() == [data.id[-1]]
