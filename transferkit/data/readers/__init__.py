"""Files into Structures: Parquet of ours, VASP runs, MatPES and MPtrj JSON, and whatever ASE reads."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from transferkit.data.convention import checked_convention
from transferkit.data.quarantine import TakenOut, told
from transferkit.data.readers.ase_file import ase_frames
from transferkit.data.readers.candidates import mend
from transferkit.data.readers.frames import from_ase, to_ase
from transferkit.data.readers.json_layouts import is_json, read_json
from transferkit.data.readers.pymatgen_frames import from_pymatgen
from transferkit.data.readers.vasp import is_vasp, read_vasp
from transferkit.data.store import read_parquet
from transferkit.errors import DataError

if TYPE_CHECKING:
    from transferkit.data.structures import Structures

__all__ = ["from_ase", "from_pymatgen", "read", "read_vasp", "to_ase"]


def read(
    path: str | Path,
    *,
    fidelity: str,
    label_convention: str = "raw",
    keys: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    taken: list[TakenOut] | None = None,
    unlabelled: bool = False,
) -> "Structures":
    """Labelled structures from a file or a folder.

    ``.parquet`` is our own store; a name that begins with vasprun or OUTCAR (also compressed), or a folder, is a VASP
    run (see :func:`~transferkit.data.readers.vasp.read_vasp`); JSON and JSON lines are told apart by their content (MatPES,
    MPtrj and MP-r2SCAN, diatomic curves); anything else goes to ASE (extxyz, traj, db, ...).

    Args:
        path: file or folder
        fidelity: level of theory of the labels, e.g. "PBE" or "r2SCAN"
        label_convention: what the energies are, "raw" as computed; nothing is converted, see
            :func:`~transferkit.data.convention.convert_convention`
        keys: which entry is which label, for files that ASE reads, see
            :func:`~transferkit.data.readers.frames.from_ase`; the labels of the other formats have one name
        units: what the numbers are in where that is not eV, Å, eV/Å and eV/Å³, for files that ASE reads, e.g.
            ``{"energy": "kcal/mol", "forces": "kcal/mol/Å"}``; see
            :meth:`~transferkit.data.readers.stated_units.StatedUnits.of`
        taken: where frames that cannot be used are noted, which are then left out; None refuses them
        unlabelled: take structures of which none has an energy, too

    Returns:
        Every frame of the file, in eV, Å, eV/Å, eV/Å³ (ASE sign), μB; ``read_as`` says which entry became which label.

    Raises:
        DataError: the file is missing, empty or unreadable; no frame can be used; no frame has an energy, unless ``unlabelled``; a label is impossible or
            ambiguous; the file holds another fidelity than asked for; ``keys`` or ``units`` were given for a file of one
            format; no convention is called so.

    >>> import tempfile, transferkit as tk
    >>> from ase.io import write
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(f"{folder}/two.extxyz", to_ase(tk.bundled("gpaw-pbe-r2scan")[:2]))
    ...     read(f"{folder}/two.extxyz", fidelity="r2SCAN")
    Structures(2 structures, 4 atoms, 3 elements, r2SCAN, energy 2, forces 2, stress 2)
    """
    path = Path(path)
    if not path.exists():
        close = get_close_matches(path.name, [p.name for p in path.parent.glob("*")], n=1)
        hint = f" Did you mean {str(path.with_name(close[0]))!r}?" if close else ""
        raise DataError(f"{path}: no such file or folder.{hint} The working folder is {Path.cwd()}.")
    if path.is_file() and path.stat().st_size == 0:
        raise DataError(f"{path}: the file is empty. Take it anew.")
    checked_convention(label_convention)
    json = path.is_file() and is_json(path)
    own = path.suffix == ".parquet" or path.is_dir() or is_vasp(path) or json
    for option, given in (("keys", keys), ("units", units)):
        if given and own:
            raise DataError(
                f"{path}: {option} are for the entries of files that ASE reads; the labels of this one have one name and one "
                f"unit. Leave {option} out."
            )
    if path.suffix == ".parquet":
        data = read_parquet(path)
        _same(path, data, fidelity, label_convention)
    elif json:
        data = read_json(path, fidelity=fidelity, label_convention=label_convention, taken=taken)
    elif own:
        data = read_vasp(path, fidelity=fidelity, label_convention=label_convention, taken=taken)
    else:
        data = from_ase(
            ase_frames(path),
            fidelity=fidelity,
            label_convention=label_convention,
            source=str(path),
            keys=keys,
            units=units,
            taken=taken,
        )
    if taken and not len(data):
        raise DataError(f"{path}: no frame is left. {told(taken, len(taken))}")
    if not unlabelled and not data.has("energy").any():
        free = "free_energy" in data.columns
        raise DataError(
            f"{path}: none of the {len(data)} frames has an energy"
            + (" but free_energy, the force-consistent one, which is another quantity" if free else "")
            + f". {'To take it all the same' if free else 'If it goes by an unusual name, say which'}: "
            + mend({"energy": "free_energy" if free else "NAME_OF_THE_ENTRY"})
            + "."
        )
    return data


def _same(path: Path, data: "Structures", fidelity: str, label_convention: str) -> None:
    for name, asked, found in (
        ("fidelity", fidelity, data.fidelity),
        ("label convention", label_convention, data.label_convention),
    ):
        if asked != found:
            raise DataError(f"{path}: the file holds {name} {found!r}, asked for was {asked!r}. Ask for {found!r}.")
