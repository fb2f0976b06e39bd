"""Files into Structures: Parquet of ours, VASP runs, and whatever ASE reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from transferkit.data.readers.frames import from_ase, to_ase
from transferkit.data.readers.vasp import is_vasp, read_vasp
from transferkit.data.store import read_parquet
from transferkit.errors import DataError

if TYPE_CHECKING:
    from ase import Atoms

    from transferkit.data.structures import Structures

__all__ = ["from_ase", "read", "read_vasp", "to_ase"]


def read(
    path: str | Path, *, fidelity: str, label_convention: str = "raw", keys: Mapping[str, str] | None = None
) -> "Structures":
    """Labelled structures from a file or a folder.

    ``.parquet`` is our own store; a name that begins with vasprun or OUTCAR (also compressed), or a folder, is a VASP
    run (see :func:`~transferkit.data.readers.vasp.read_vasp`); anything else goes to ASE (extxyz, traj, db, ...).

    Args:
        path: file or folder
        fidelity: level of theory of the labels, e.g. "PBE" or "r2SCAN"
        label_convention: what the energies are, "raw" as computed
        keys: which entry is which label, for files that ASE reads, see
            :func:`~transferkit.data.readers.frames.from_ase`; the labels of Parquet files and VASP runs have one name

    Returns:
        Every frame of the file, in eV, Å, eV/Å, eV/Å³ (ASE sign), μB.

    Raises:
        DataError: the file is missing, empty or unreadable; no frame has an energy; a label is impossible or
            ambiguous; a Parquet file holds another fidelity than asked for; ``keys`` were given for a file of one format.

    >>> import tempfile, transferkit as tk
    >>> from ase.io import write
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(f"{folder}/two.extxyz", to_ase(tk.bundled("gpaw-pbe-r2scan")[:2]))
    ...     read(f"{folder}/two.extxyz", fidelity="r2SCAN")
    Structures(2 structures, 4 atoms, 3 elements, r2SCAN, energy 2, forces 2, stress 2)
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder. The working folder is {Path.cwd()}.")
    if path.is_file() and path.stat().st_size == 0:
        raise DataError(f"{path}: the file is empty")
    own = path.suffix == ".parquet" or path.is_dir() or is_vasp(path)
    if keys and own:
        raise DataError(
            f"{path}: keys choose among the entries of files that ASE reads; this one has no others. Leave keys out."
        )
    if path.suffix == ".parquet":
        data = read_parquet(path)
        _same(path, data, fidelity, label_convention)
    elif own:
        data = read_vasp(path, fidelity=fidelity, label_convention=label_convention)
    else:
        frames = _ase_frames(path)
        data = from_ase(frames, fidelity=fidelity, label_convention=label_convention, source=str(path), keys=keys)
    if not data.has("energy").any():
        raise DataError(
            f"{path}: none of the {len(data)} frames has an energy. If it goes by an unusual name, "
            f"say which: keys={{'energy': 'name of the entry'}}."
        )
    return data


def _same(path: Path, data: "Structures", fidelity: str, label_convention: str) -> None:
    for name, asked, found in (
        ("fidelity", fidelity, data.fidelity),
        ("label convention", label_convention, data.label_convention),
    ):
        if asked != found:
            raise DataError(f"{path}: the file holds {name} {found!r}, asked for was {asked!r}. Ask for {found!r}.")


def _ase_frames(path: Path) -> "list[Atoms]":
    from ase.io import iread

    frames: list[Atoms] = []
    try:
        frames.extend(iread(path, index=":"))
    except Exception as error:  # ASE's many readers raise anything; the cause stays attached
        raise DataError(
            f"{path}: frame {len(frames)} cannot be read ({type(error).__name__}: {error}). "
            f"Check its number of atoms and columns; the {len(frames)} frames before it are fine."
        ) from error
    if not frames:
        raise DataError(f"{path}: the file holds no frames")
    return frames
