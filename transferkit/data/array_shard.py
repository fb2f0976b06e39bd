"""Array shards: many records, each a few named arrays, in one file that is read through memory mapping.

A shard is one Arrow IPC file of one record batch. It appears under its name by one rename after it is on disk, and is never
changed again; so a reader sees it whole or not at all. Integers are kept in the smallest type that holds them, and widened
again when a record is read.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
import pyarrow as pa

from transferkit.errors import DataError
from transferkit.typing import Json

FORMAT = 1
DRAFT = ".draft-"
ABOUT = b"transferkit"
KEY, CHECKSUM, SHAPE = "key", "checksum", "shape:"
KEY_BYTES = 16
SMALL = (np.int8, np.int16, np.int32)


def write_shard(path: Path, keys: Sequence[bytes], records: Sequence[Mapping[str, np.ndarray]], about: Json) -> Path:
    """Write records to one file, whole or not at all.

    Args:
        path: of the file; its folder is there
        keys: 16 bytes for each record
        records: at least one; all have the same names, each name the same dtype and number of dimensions, at least one
        about: JSON object, to be read again from :attr:`Shard.about`

    Raises:
        DataError: a record has other arrays than the first.
    """
    first = {name: (array.dtype, array.ndim) for name, array in records[0].items()}
    for record in records:
        if (own := {name: (array.dtype, array.ndim) for name, array in record.items()}) != first:
            raise DataError(f"the arrays of a record are {_named(own)}, and those of the first are {_named(first)}")
    columns: dict[str, pa.Array] = {
        KEY: pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(KEY_BYTES), len(keys), [None, pa.py_buffer(b"".join(keys))]
        ),
        CHECKSUM: pa.array(np.array([_checksum(record.values()) for record in records], dtype=np.uint32)),
    }
    for name, (_, ndim) in first.items():
        arrays = [record[name] for record in records]
        offsets = np.concatenate([[0], np.cumsum([array.size for array in arrays])])
        values = compact(np.concatenate([array.ravel() for array in arrays]))
        shapes = np.array([array.shape for array in arrays], dtype=np.int64)
        columns[name] = pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(values))
        columns[SHAPE + name] = pa.FixedSizeListArray.from_arrays(pa.array(shapes.ravel()), ndim)
    dtypes = {name: dtype.str for name, (dtype, _) in first.items()}
    meta = {ABOUT: json.dumps({"format": FORMAT, "dtypes": dtypes, "about": about}).encode()}
    table = pa.table(columns).replace_schema_metadata(meta)
    draft = path.with_name(f"{DRAFT}{os.getpid()}-{path.name}")
    with draft.open("wb") as file:
        with pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table, max_chunksize=len(keys))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    return path


class Shard:
    """A file that :func:`write_shard` wrote; arrays are read from it when they are asked for.

    Attributes:
        path: of the file
        about: what was said of it

    Raises:
        DataError: the file is damaged, or is no shard; names it and says what to delete.
    """

    def __init__(self, path: Path) -> None:
        """Open it; nothing but keys, shapes and offsets is looked at."""
        self.path = path
        try:
            table = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
            meta = json.loads(table.schema.metadata[ABOUT])
            columns = dict(zip(table.schema.names, table.columns, strict=True))
            self.about: Json = meta["about"]
            self._keys = columns[KEY]
            self._checksums = columns[CHECKSUM].to_numpy()
            self._columns = {
                name: (
                    columns[name].values.to_numpy(zero_copy_only=True),
                    columns[name].offsets.to_numpy(),
                    columns[SHAPE + name].flatten().to_numpy().reshape(table.num_rows, -1),
                    np.dtype(dtype),
                )
                for name, dtype in meta["dtypes"].items()
            }
        except (pa.ArrowException, OSError, KeyError, TypeError, ValueError, IndexError) as error:
            raise self._damaged(str(error) or type(error).__name__) from error
        if meta["format"] != FORMAT:
            raise self._damaged(f"it has format {meta['format']}, and this version reads {FORMAT}")
        self._seen = np.zeros(len(self._keys), dtype=bool)

    @property
    def keys(self) -> list[bytes]:
        """Of the records, in order; read anew each time, as a list of many would take more memory than their places."""
        keys: list[bytes] = self._keys.to_pylist()
        return keys

    def shapes(self, name: str) -> np.ndarray:
        """Shape of one array in every record, int64, (records, dimensions); the array itself is not read."""
        sizes: np.ndarray = self._columns[name][2]
        return sizes

    def record(self, k: int) -> dict[str, np.ndarray]:
        """The arrays of record ``k`` as they were written: same dtypes, shapes and bits; writable copies.

        Raises:
            DataError: they are not what was written; checked when a record is read for the first time.
        """
        out = {}
        for name, (values, offsets, shapes, dtype) in self._columns.items():
            part = values[offsets[k] : offsets[k + 1]]
            try:
                out[name] = part.astype(dtype).reshape(shapes[k])
            except ValueError as error:
                raise self._damaged(str(error)) from error
        if not self._seen[k]:
            if _checksum(out.values()) != self._checksums[k]:
                raise self._damaged(f"the checksum of record {k} does not fit")
            self._seen[k] = True
        return out

    def _damaged(self, why: str) -> DataError:
        return DataError(
            f"{self.path} is damaged: {why}. It holds nothing but what can be computed again: delete this file and run the "
            f"same command."
        )


def _checksum(arrays: Iterable[np.ndarray]) -> int:
    total = 0
    for array in arrays:
        total = crc32(np.ascontiguousarray(array).data, total)
    return total


def compact(values: np.ndarray) -> np.ndarray:
    """The same numbers in the smallest signed integer type that holds them; anything but integers as it is."""
    if values.dtype.kind == "b":
        return values.astype(np.int8)
    if values.dtype.kind not in "iu" or not values.size:
        return values
    low, high = int(values.min()), int(values.max())
    for small in SMALL:
        if np.iinfo(small).min <= low and high <= np.iinfo(small).max:
            return values.astype(small)
    return values


def _named(arrays: Mapping[str, tuple[np.dtype, int]]) -> str:
    return ", ".join(f"{name} ({dtype}, {ndim}D)" for name, (dtype, ndim) in arrays.items())
