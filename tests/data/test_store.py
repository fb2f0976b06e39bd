import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transferkit.data.readers.assemble import Frame, assemble
from transferkit.data.store import read_parquet, write_parquet
from transferkit.errors import DataError

numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)


def sound(cell) -> bool:
    """Whether any choice of periodic directions is fine."""
    size = np.abs(cell).max()
    return bool(size > 1e-3) and np.linalg.svd(cell / size, compute_uv=False)[-1] > 0.1


@st.composite
def lists_of_frames(draw) -> list[Frame]:
    frames = []
    for k in range(draw(st.integers(1, 5))):
        n = draw(st.integers(1, 4))
        table = st.lists(numbers, min_size=3 * n, max_size=3 * n).map(lambda v, n=n: np.array(v).reshape(n, 3))
        nine = st.lists(numbers, min_size=9, max_size=9).map(lambda v: np.array(v).reshape(3, 3))
        every = {
            "energy": numbers.map(np.asarray),
            "forces": table,
            "stress": nine,
            "magmoms": st.lists(numbers, min_size=n, max_size=n).map(np.array),
        }
        cell = draw(nine)
        labels = {name: draw(made) for name, made in every.items() if draw(st.booleans())}
        frames.append(
            Frame(
                numbers=np.array(draw(st.lists(st.integers(1, 118), min_size=n, max_size=n))),
                positions=draw(table),
                cell=cell,
                pbc=np.array(draw(st.lists(st.booleans(), min_size=3, max_size=3))) & sound(cell),
                labels=labels,
                id=f"{k} {draw(st.text(st.characters(codec='utf-8'), max_size=3))}",
                where="made",
                columns={
                    "text": draw(st.text(st.characters(codec="utf-8"), max_size=3)),
                    "mesh": np.array([1, 2, k]),
                    "gap": draw(numbers),
                },
            )
        )
    return frames


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=lists_of_frames())
def test_round_trip_is_exact(frames, tmp_path):
    data = assemble(frames, fidelity="PBE", label_convention="raw", source="made")
    back = read_parquet(write_parquet(data, tmp_path / "a.parquet"))
    assert back.hash == data.hash
    for name in ("positions", "energy", "forces", "stress", "magmoms", "cell", "offsets", "numbers", "pbc"):
        assert np.array_equal(
            getattr(back, name), getattr(data, name), equal_nan=name not in {"pbc", "numbers", "offsets"}
        )
    for name, values in data.columns.items():
        assert np.array_equal(back.columns[name], values)
        assert back.columns[name].dtype == values.dtype
    assert list(back.id) == list(data.id)


def test_units_and_fidelity_stand_in_the_schema(r2scan, tmp_path):
    schema = pq.read_schema(write_parquet(r2scan[:2], tmp_path / "a.parquet"))
    assert schema.field("stress").metadata[b"unit"].decode() == "eV/Å³, ASE sign (tension positive)"
    assert schema.field("forces").metadata[b"unit"].decode() == "eV/Å"
    assert b'"fidelity": "r2SCAN"' in schema.metadata[b"transferkit"]


def test_others_see_nested_rows(r2scan, tmp_path):
    row = pq.read_table(write_parquet(r2scan.without("stress"), tmp_path / "a.parquet")).to_pylist()[0]
    assert np.shape(row["positions"]) == (2, 3)
    assert np.shape(row["cell"]) == (3, 3)
    assert row["stress"] is None


def test_an_empty_set_survives(r2scan, tmp_path):
    assert len(read_parquet(write_parquet(r2scan[:0], tmp_path / "a.parquet"))) == 0


def test_no_half_file_is_left_behind(r2scan, tmp_path):
    write_parquet(r2scan[:2], tmp_path / "a.parquet")
    assert [f.name for f in tmp_path.iterdir()] == ["a.parquet"]


def test_a_changed_file_is_refused(r2scan, tmp_path):
    path = write_parquet(r2scan[:2], tmp_path / "a.parquet")
    table = pq.read_table(path)
    energy = table.schema.get_field_index("energy")
    pq.write_table(table.set_column(energy, table.schema.field("energy"), pa.array([0.0, 0.0])), path)
    with pytest.raises(DataError, match=r"a\.parquet: the content does not match its stored hash"):
        read_parquet(path)


def test_a_foreign_parquet_is_refused(tmp_path):
    pq.write_table(pa.table({"energy": [1.0]}), tmp_path / "b.parquet")
    with pytest.raises(DataError, match="not written by transferkit"):
        read_parquet(tmp_path / "b.parquet")


def test_missing_and_unreadable_files_are_named(tmp_path):
    with pytest.raises(DataError, match=r"c\.parquet: no such file"):
        read_parquet(tmp_path / "c.parquet")
    (tmp_path / "d.parquet").write_bytes(b"not parquet at all")
    with pytest.raises(DataError, match=r"d\.parquet: not a readable Parquet file"):
        read_parquet(tmp_path / "d.parquet")


def test_a_column_of_objects_is_refused(r2scan, tmp_path):
    from dataclasses import replace

    odd = replace(r2scan[:2], columns={"odd": np.array([{1}, None], dtype=object)})
    with pytest.raises(DataError, match="column 'odd'"):
        write_parquet(odd, tmp_path / "a.parquet")
