"""Frames of a file that ASE reads, and what a user can do where ASE cannot read it."""

from pathlib import Path
from typing import TYPE_CHECKING

from ase.data import chemical_symbols

from transferkit.errors import DataError

if TYPE_CHECKING:
    from ase import Atoms


def ase_frames(path: Path) -> "list[Atoms]":
    """Every frame of a file.

    Args:
        path: any format that ASE reads; its name or its content tells which

    Raises:
        DataError: a frame cannot be read (names its number, the cause, and what mends it), or there is none.
    """
    from ase.io import iread

    frames: list[Atoms] = []
    try:
        # an @ in the name of a file is a character like any other
        frames.extend(iread(path, index=":", do_not_split_by_at_sign=True))
    except Exception as error:  # ASE's many readers raise anything; the cause stays attached
        raise DataError(f"{path}: {trouble(error, len(frames))}") from error
    if not frames:
        raise DataError(f"{path}: the file holds no frames. Check that the calculation wrote any.")
    return frames


def trouble(error: Exception, frame: int) -> str:
    """What an error of ASE's means, and what mends it.

    Args:
        error: that it raised
        frame: which it could not read, from 0

    >>> trouble(KeyError("MG"), 2)
    "frame 2 names an element 'MG', which does not exist. Did you mean 'Mg'? Correct it in the file."
    """
    from ase.io.formats import UnknownFileTypeError

    if isinstance(error, UnknownFileTypeError):
        return (
            "the format of this file is not known to ASE, neither by its name nor by its content. "
            "Give it the suffix of its format, e.g. .extxyz or .traj, or write it as extxyz."
        )
    if isinstance(error, UnicodeDecodeError):
        return (
            f"the file is not text (byte {error.start} is {error.object[error.start]:#04x}), but its name is that of a text format. "
            f"Give it the suffix of its format, or take it anew."
        )
    if isinstance(error, PermissionError):
        return "no permission to read the file. Make it readable: chmod u+r FILE."
    if isinstance(error, KeyError) and len(error.args) == 1 and isinstance(name := error.args[0], str):
        hint = f"Did you mean {name.capitalize()!r}? " if name.capitalize() in chemical_symbols[1:] else ""
        return f"frame {frame} names an element {name!r}, which does not exist. {hint}Correct it in the file."
    reason = " ".join(str(error).split())
    before = f"; the {frame} frames before it are fine" if frame else ""
    return (
        f"frame {frame} cannot be read ({type(error).__name__}: {reason}). "
        f"Check its number of atoms, its columns and the name of the file's format{before}."
    )
