"""Options of a recipe that say which potential is trained, and which of its heads."""

from typing import Annotated, Literal

from pydantic import Field

from transferkit.options import Options


class NewHead(Options):
    """A readout of its own for these data, on the network of the checkpoint and next to its heads."""

    name: Annotated[str, Field(pattern=r"^[^\s:,]([^:,]*[^\s:,])?$")]
    """Level of theory that it learns, as in ``data.fidelity``."""
    copy_of: str | None = None
    """Head whose parameters and E0 it starts from; ``null`` where the checkpoint has one."""
    shape: Literal["readout", "last-linear", "embedding"] = "readout"
    """What is its own: the whole ``readout``; its ``last-linear`` layers only; or no readout, but an ``embedding`` of the
    level of theory at the network's entrance. Not every adapter can do all of them."""


class AdapterOptions(Options):
    """Which pre-trained potential."""

    name: str
    """Registered name; ``transferkit adapters`` lists them."""
    checkpoint: str | None = None
    """Name, in quotes where it looks like a number; path of a file; or folder of a run, whose potential is taken on.
    ``null`` takes the first of those that come with the adapter's package; where none do, one must be named."""
    head: str | None = None
    """Which head to train; ``null`` takes the one of the level of theory of the data, or the only one."""
    new_head: NewHead | None = None
    """Add a head and train it; ``null`` adds none."""
    dtype: Literal["float32", "float64"] = "float32"
    """Of the network; elemental energies and totals are float64 always."""
    trust: bool = False
    """Your word that a pickle may be opened, which runs code that its author chose; MACE's files are pickles."""
    device: str = "auto"
    """``auto`` (CUDA where there is one, else the CPU), ``cpu``, ``cuda``, ``cuda:1``."""
