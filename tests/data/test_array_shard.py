"""What is written comes back to the bit; a damaged file is one error that says what to delete."""

import numpy as np
import pytest

from transferkit.data.array_shard import DRAFT, Shard, write_shard
from transferkit.errors import DataError

RNG = np.random.default_rng(0)
RECORDS = [
    {
        "edges": RNG.integers(0, 9, size=(2, n)),
        "image": RNG.integers(-2, 3, size=(n, 3)),
        "wide": RNG.integers(-(2**40), 2**40, size=n),
        "weight": RNG.normal(size=n),
        "half": RNG.normal(size=n).astype(np.float32),
        "flag": RNG.random(n) < 0.5,
    }
    for n in (4, 0, 11, 1)
]
KEYS = [bytes([k]) * 16 for k in range(len(RECORDS))]


@pytest.fixture
def path(tmp_path):
    return write_shard(tmp_path / "one.arrow", KEYS, RECORDS, {"skin": 0.1})


def test_records_come_back_to_the_bit(path):
    shard = Shard(path)
    assert (shard.keys, shard.about) == (KEYS, {"skin": 0.1})
    assert shard.shapes("edges").tolist() == [[2, 4], [2, 0], [2, 11], [2, 1]]
    for _ in range(2):
        for k, record in enumerate(RECORDS):
            found = shard.record(k)
            assert found.keys() == record.keys()
            assert all(found[n].dtype == a.dtype and np.array_equal(found[n], a) for n, a in record.items())
            assert all(array.flags.writeable for array in found.values())


def test_small_numbers_take_little_room(tmp_path):
    sizes = {
        high: write_shard(tmp_path / f"{high}", KEYS[:1], [{"a": np.full(10_000, high)}], {}).stat().st_size
        for high in (100, 30_000, 2**30, 2**40)
    }
    assert [round(size / 10_000) for size in sizes.values()] == [1, 2, 4, 8]


def test_numbers_at_the_edge_of_a_type_survive(tmp_path):
    values = [np.array([v]) for v in (-128, 127, 128, -32_769, 2**31 - 1, 2**31, -(2**63))]
    for k, value in enumerate(values):
        assert Shard(write_shard(tmp_path / str(k), KEYS[:1], [{"a": value}], {})).record(0)["a"] == value


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_a_file_cut_short_is_named(path, keep):
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole)) if keep < 1 else keep])
    with pytest.raises(DataError, match=r"one\.arrow is damaged: .*delete this file and run the same command"):
        Shard(path)


def test_changed_bytes_are_found_in_the_record_that_has_them(path):
    whole = path.read_bytes()
    at = whole.index(RECORDS[2]["weight"].tobytes())
    path.write_bytes(whole[:at] + b"\x07" + whole[at + 1 :])
    shard = Shard(path)
    assert shard.record(0)["weight"].tolist() == RECORDS[0]["weight"].tolist()
    with pytest.raises(DataError, match=r"one\.arrow is damaged: the checksum of record 2"):
        shard.record(2)


def test_a_file_of_something_else_is_no_shard(tmp_path):
    import pyarrow as pa

    (tmp_path / "text.arrow").write_text("edges")
    table = pa.table({"a": [1]})
    with pa.ipc.new_file(tmp_path / "other.arrow", table.schema) as writer:
        writer.write_table(table)
    for name in ("text.arrow", "other.arrow"):
        with pytest.raises(DataError, match=rf"{name} is damaged"):
            Shard(tmp_path / name)


def test_a_file_appears_when_it_is_whole(tmp_path, monkeypatch):
    from transferkit.data import array_shard

    def killed(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(array_shard.os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        write_shard(tmp_path / "one.arrow", KEYS, RECORDS, {})
    assert [p.name.startswith(DRAFT) for p in tmp_path.iterdir()] == [True]


def test_records_of_another_kind_are_refused(tmp_path):
    for other in ({"a": np.ones(1)}, {"a": np.arange(2), "b": np.arange(1)}):
        with pytest.raises(DataError, match=r"the arrays of a record are .* the first are a \(int64, 1D\)"):
            write_shard(tmp_path / "x", KEYS[:2], [{"a": np.arange(3)}, other], {})
