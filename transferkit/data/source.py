"""Data by one word: a file, a folder, or a set that ships with the package."""

from collections.abc import Mapping
from pathlib import Path

from transferkit.data.bundled import bundled
from transferkit.data.convention import checked_convention
from transferkit.data.quarantine import Limits, Sifted, TakenOut, sift
from transferkit.data.readers import read
from transferkit.data.store import read_parquet
from transferkit.data.structures import Structures
from transferkit.errors import DataError

PREFIX = "bundled:"


def open_data(
    spec: str | Path,
    fidelity: str | None = None,
    label_convention: str = "raw",
    keys: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    *,
    taken: list[TakenOut] | None = None,
    unlabelled: bool = False,
) -> Structures:
    """Open ``bundled:NAME``, ``bundled:NAME@FIDELITY``, ``PATH`` or ``PATH@FIDELITY``.

    Args:
        spec: what to open, with the level of theory after ``@``
        fidelity: level of theory of the labels, where it does not stand in ``spec``; a Parquet file of this package
            carries its own
        label_convention: what the energies are, see :mod:`transferkit.data.convention`; bundled sets and Parquet files
            carry their own
        keys: which entry is which label, for files that ASE reads, see
            :func:`~transferkit.data.readers.frames.from_ase`; other data have one name for each
        units: what the numbers are in, for the same files, see
            :meth:`~transferkit.data.readers.stated_units.StatedUnits.of`
        taken: where frames that cannot be used are noted, which are then left out; None refuses them
        unlabelled: take structures of which none has an energy, too

    Raises:
        DataError: there is no such file or set, the level of theory is not said or said twice and differently, or the
            data carry another one, or another convention; no convention is called so; ``keys`` or ``units`` were given for data
            with fixed names.

    >>> open_data("bundled:gpaw-pbe-r2scan@PBE").fidelity
    'PBE'
    """
    name, said = _parts(str(spec))
    if said and fidelity not in {None, said}:
        raise DataError(f"{str(spec)!r} says {said}, and the fidelity asked for is {fidelity}. Say one of them.")
    fidelity = said or fidelity
    checked_convention(label_convention)
    for option, given in (("keys", keys), ("units", units)):
        if given and (name.startswith(PREFIX) or Path(name).suffix == ".parquet"):
            raise DataError(
                f"{name!r} has one name and one unit for each label; {option} are for the entries of files that ASE reads. "
                f"Leave {option} out."
            )
    if name.startswith(PREFIX):
        data = bundled(name.removeprefix(PREFIX), **({"fidelity": fidelity} if fidelity else {}))
        return _of_convention(name, data, label_convention)
    if Path(name).suffix == ".parquet":
        data = read_parquet(name)
        if fidelity not in {None, data.fidelity}:
            raise DataError(
                f"{name!r} holds {data.fidelity} labels, and {fidelity} was asked for. Write {data.fidelity}, or give another file."
            )
        return _of_convention(name, data, label_convention)
    if not name or name.startswith("@"):
        raise DataError(f"{str(spec)!r} names no file. Write FILE@PBE, or bundled:NAME@PBE.")
    if fidelity is None:
        raise DataError(
            f"the level of theory of {name!r} is not said. Write it behind an @, e.g. {name}@PBE if the labels are PBE; "
            f"fidelity= in Python."
        )
    return read(
        name,
        fidelity=fidelity,
        label_convention=label_convention,
        keys=keys,
        units=units,
        taken=taken,
        unlabelled=unlabelled,
    )


def open_sifted(
    spec: str | Path,
    fidelity: str | None = None,
    label_convention: str = "raw",
    keys: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    *,
    limits: Limits | None,
    unlabelled: bool = False,
) -> Sifted:
    """Open data and take out broken and implausible frames; see :func:`~transferkit.data.quarantine.sift`.

    Args:
        spec: as in :func:`open_data`, like the arguments not named here
        fidelity: level of theory
        label_convention: what the energies are
        keys: which entry is which label
        units: what the numbers are in
        limits: what a frame may be; None takes nothing out and refuses data with frames that cannot be used
        unlabelled: take structures of which none has an energy, too

    Raises:
        DataError: as :func:`open_data` and :func:`~transferkit.data.quarantine.sift`.

    >>> len(open_sifted("bundled:gpaw-pbe-r2scan@PBE", limits=Limits()).taken)
    0
    """
    if limits is None:
        return Sifted(open_data(spec, fidelity, label_convention, keys, units, unlabelled=unlabelled))
    broken: list[TakenOut] = []
    data = open_data(spec, fidelity, label_convention, keys, units, taken=broken, unlabelled=unlabelled)
    return sift(data, limits, broken=broken)


def _of_convention(name: str, data: Structures, asked: str) -> Structures:
    """Refuse a convention that was asked for and is not that of the data; "raw" is what nobody needs to ask for."""
    if asked not in {"raw", data.label_convention}:
        raise DataError(
            f"{name!r} holds {data.label_convention} energies, and label_convention {asked!r} was asked for. "
            f"Leave the option out, or convert them (data.convert in a recipe, transferkit convert --to-convention {asked})."
        )
    return data


def _parts(spec: str) -> tuple[str, str | None]:
    """Split at the last ``@``, unless a file is really called so."""
    name, at, fidelity = spec.rpartition("@")
    if not at or not name or Path(spec).exists() or "/" in fidelity:
        return spec, None
    return name, fidelity or None
