"""Parquet in and out: one row per structure, nested lists for atoms, units in the schema."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from transferkit.data.key_map import KeyMap
from transferkit.data.structures import PER_ATOM, Structures
from transferkit.errors import DataError
from transferkit.typing import PROPERTIES, Json

FORMAT = "1"
UNITS = {
    "numbers": "atomic number",
    "positions": "Å, Cartesian",
    "cell": "Å, rows are lattice vectors",
    "energy": "eV, total",
    "forces": "eV/Å",
    "stress": "eV/Å³, ASE sign (tension positive)",
    "magmoms": "μB, absolute value",
}
KEY = b"transferkit"
COLUMN = "column:"


def write_parquet(data: Structures, path: str | Path) -> Path:
    """Write one row per structure; what is absent is null. Whole or not at all: the file appears when it is finished.

    Units stand in the metadata of each field; fidelity, label convention, the entries that
    the labels were read from, and the content hash in that of the schema.

    Args:
        data: any Structures; columns may be text, integers, floats or booleans, of any fixed shape
        path: file to write

    Returns:
        The path.

    Raises:
        DataError: a column holds something else.
    """
    path = Path(path)
    arrays, fields = [], []
    for name, array in {**_geometry(data), **_labels(data), **_columns(data)}.items():
        arrays.append(array)
        unit = UNITS.get(name)
        fields.append(pa.field(name, array.type, metadata={"unit": unit} if unit else None))
    about: Json = {
        "format": FORMAT,
        "fidelity": data.fidelity,
        "label_convention": data.label_convention,
        "hash": data.hash,
        "read_as": data.read_as.to_json(),
        "columns": {k: {"dtype": v.dtype.kind, "shape": list(v.shape[1:])} for k, v in data.columns.items()},
    }
    schema = pa.schema(fields, metadata={KEY: json.dumps(about).encode()})
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), unfinished, compression="zstd")
    unfinished.replace(path)
    return path


def read_parquet(path: str | Path) -> Structures:
    """Read what :func:`write_parquet` wrote: the same to the bit, which the stored hash proves.

    Raises:
        DataError: the file is missing, unreadable, not one of ours, or its content differs from its hash.

    >>> import tempfile, transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")[:3]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_parquet(write_parquet(data, f"{folder}/three.parquet")).hash == data.hash
    True
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        table = pq.read_table(path, memory_map=True)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            f"{path}: not a readable Parquet file ({error}). Copy the file again, or write it anew."
        ) from error
    about = _about(path, table)
    lacking = [name for name in UNITS if name not in table.column_names]
    if lacking:
        raise DataError(f"{path}: the column {lacking[0]!r} is missing. The file was changed; write it anew.")
    data = _structures(table, about)
    if data.hash != about["hash"]:
        raise DataError(f"{path}: the content does not match its stored hash. The file was changed; write it anew.")
    return data


def _about(path: Path, table: pa.Table) -> Json:
    raw = (table.schema.metadata or {}).get(KEY)
    if raw is None:
        raise DataError(
            f"{path}: this Parquet file was not written by transferkit (its schema says nothing of fidelity and units). "
            f"Read its rows into ASE frames and pass them to transferkit.data.readers.from_ase."
        )
    about: Json = json.loads(raw)
    if about.get("format") != FORMAT:
        raise DataError(
            f"{path}: format {about.get('format')!r} of the store is unknown, this version reads {FORMAT!r}. "
            f"Open it with the version that wrote it, or convert the data again."
        )
    return about


def _structures(table: pa.Table, about: Json) -> Structures:
    numbers = table["numbers"].combine_chunks()
    offsets = np.asarray(numbers.offsets, dtype=np.int64)
    n_structures, sizes = len(table), np.diff(offsets)
    mask = {p: np.asarray(table[p].combine_chunks().is_valid()) for p in PROPERTIES}
    labels: dict[str, np.ndarray] = {}
    for p in PROPERTIES:
        rows = np.repeat(mask[p], sizes) if p in PER_ATOM else mask[p]
        tail = {"forces": (3,), "stress": (3, 3)}.get(p, ())
        full = np.full((len(rows), *tail), np.nan)
        full[rows] = _flat(table[p]).reshape(-1, *tail)
        labels[p] = full
    return Structures(
        numbers=_flat(table["numbers"]).astype(np.int64),
        positions=_flat(table["positions"]).reshape(-1, 3),
        cell=_flat(table["cell"]).reshape(-1, 3, 3),
        pbc=_flat(table["pbc"]).reshape(-1, 3).astype(bool),
        offsets=offsets,
        **labels,
        mask=mask,
        id=_text(table["id"]),
        material_id=_text(table["material_id"]),
        fidelity=about["fidelity"],
        label_convention=about["label_convention"],
        read_as=KeyMap.from_json(about.get("read_as", {})),
        columns={
            k: _text(table[COLUMN + k])
            if how["dtype"] in "OU"
            else _flat(table[COLUMN + k]).reshape(n_structures, *how["shape"])
            for k, how in about["columns"].items()
        },
    )


def _flat(column: pa.ChunkedArray) -> np.ndarray:
    """All numbers of a nested column in order; nulls are skipped."""
    values = column.combine_chunks().drop_null()
    while pa.types.is_nested(values.type):
        values = values.flatten()
    return np.array(values.to_numpy(zero_copy_only=False))


def _text(column: pa.ChunkedArray) -> np.ndarray:
    return np.array(column.to_pylist(), dtype=object)


def _ragged(values: pa.Array, sizes: np.ndarray, mask: np.ndarray | None = None) -> pa.Array:
    kept = sizes if mask is None else sizes * mask
    offsets = pa.array(np.concatenate([[0], np.cumsum(kept)]), type=pa.int32())
    absent = None if mask is None else pa.array(~mask)
    return pa.ListArray.from_arrays(offsets, values, mask=absent)


def _vectors(values: np.ndarray, dtype: pa.DataType, lengths: Sequence[int]) -> pa.Array:
    """Numbers nested into fixed-size lists, innermost length last."""
    array = pa.array(np.ascontiguousarray(values).reshape(-1), type=dtype)
    for length in reversed(lengths):
        array = pa.FixedSizeListArray.from_arrays(array, length)
    return array


def _geometry(data: Structures) -> dict[str, pa.Array]:
    return {
        "id": pa.array([str(v) for v in data.id], type=pa.string()),
        "material_id": pa.array([str(v) for v in data.material_id], type=pa.string()),
        "numbers": _ragged(pa.array(data.numbers, type=pa.uint8()), data.n_atoms),
        "positions": _ragged(_vectors(data.positions, pa.float64(), [3]), data.n_atoms),
        "cell": _vectors(data.cell, pa.float64(), [3, 3]),
        "pbc": _vectors(data.pbc, pa.bool_(), [3]),
    }


def _labels(data: Structures) -> dict[str, pa.Array]:
    mask = data.mask
    energy = pa.array(data.energy, type=pa.float64(), mask=~mask["energy"])
    forces = data.forces[mask["forces"][data.owner]]
    magmoms = data.magmoms[mask["magmoms"][data.owner]]
    stress = _vectors(data.stress[mask["stress"]], pa.float64(), [3])
    # three rows per structure as a list, not a fixed-size list: only lists may be null without holding values
    tensors = _ragged(stress, np.full(len(data), 3), mask["stress"])
    return {
        "energy": energy,
        "forces": _ragged(_vectors(forces, pa.float64(), [3]), data.n_atoms, mask["forces"]),
        "stress": tensors,
        "magmoms": _ragged(pa.array(magmoms, type=pa.float64()), data.n_atoms, mask["magmoms"]),
    }


def _columns(data: Structures) -> dict[str, pa.Array]:
    return {COLUMN + k: _one_column(k, v) for k, v in data.columns.items()}


def _one_column(name: str, values: np.ndarray) -> pa.Array:
    if values.dtype.kind in "OU" and values.ndim == 1 and all(isinstance(v, str) for v in values):
        return pa.array([str(v) for v in values], type=pa.string())
    kinds: dict[str, Any] = {"f": pa.float64(), "i": pa.int64(), "u": pa.int64(), "b": pa.bool_()}
    if values.dtype.kind not in kinds:
        raise DataError(f"column {name!r} is neither text nor numbers ({values.dtype}); a table cannot hold it")
    return _vectors(values, kinds[values.dtype.kind], values.shape[1:])
