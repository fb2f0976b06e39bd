"""Options of a recipe that say which potential is trained, and which of its heads."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from transferkit.options import Options


class NewHead(Options):
    """A readout of its own for these data, on the network of the checkpoint and next to its heads."""

    name: Annotated[str, Field(pattern=r"^[^\s:,]([^:,]*[^\s:,])?$")]
    """Level of theory that it learns, as in ``data.fidelity``."""
    copy_of: str | None = None
    """Head whose parameters and E0 it starts from; ``null`` where the checkpoint has one."""


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

    @model_validator(mode="after")
    def _train_what_is_added(self) -> "AdapterOptions":
        if self.new_head is not None and self.head not in {None, self.new_head.name}:
            raise ValueError(
                f"head {self.head!r} would be trained, and new_head {self.new_head.name!r} added for nothing; "
                f"leave one of them out"
            )
        return self
