"""Sets of structures by name."""

from pathlib import Path

from frames import bundled, cells, mptrj, quickstart

from transferkit.data.structures import Structure

ROCK_SALT, BUNDLED, MPTRJ = "rock salt", "bundled", "MPtrj"
QUICKSTART = "quickstart"


def structures_of(name: str, shared: Path | None) -> list[Structure]:
    """The structures of a set such as "MPtrj x 16", "MPtrj below 60 x 64" or "quickstart"."""
    if name == QUICKSTART:
        return quickstart()
    kind, _, n = name.rpartition(" x ")
    family, _, most = kind.partition(" below ")
    if family == ROCK_SALT:
        return cells(int(n))
    if family == BUNDLED:
        return bundled(int(n))
    if shared is None:
        raise SystemExit(f"the set {name!r} needs the folder of shared data")
    return mptrj(shared, int(n), most=int(most or 200))
