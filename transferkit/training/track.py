"""Where metrics go: a JSON Lines file always, and whoever else listens."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from transferkit.typing import Json


@runtime_checkable
class Tracker(Protocol):
    """Listens to one run. The loop calls ``start`` and ``log``; whoever started the loop calls the others."""

    def start(self, config: Json, history: Sequence[Json]) -> None:
        """A run begins, or goes on after the rows in ``history``."""

    def log(self, row: Json) -> None:
        """One evaluation: epoch, step, wall_s, learning_rate, train {...}, valid {...}."""

    def figures(self, paths: Mapping[str, Path]) -> None:
        """Figures are ready, PNG by name."""

    def model(self, folder: Path) -> None:
        """The best model is saved in this folder."""

    def finish(self, summary: Json) -> None:
        """The run is over."""


class JsonlTracker:
    """``metrics.jsonl``: one JSON object per evaluation, in eV/atom, eV/Å, eV/Å³ and μB. This file is the truth.

    Args:
        folder: of the run; made if needed
    """

    def __init__(self, folder: str | Path) -> None:
        """Nothing is written before the run starts."""
        self.path = Path(folder) / "metrics.jsonl"

    def start(self, config: Json, history: Sequence[Json]) -> None:
        """Write the rows of a resumed run afresh: a killed process may have logged steps that are done again."""
        del config
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("".join(f"{json.dumps(row)}\n" for row in history))

    def log(self, row: Json) -> None:
        """Append a line; it is on disk when this returns."""
        with self.path.open("a") as file:
            file.write(f"{json.dumps(row)}\n")

    def figures(self, paths: Mapping[str, Path]) -> None:
        """Figures are files already."""

    def model(self, folder: Path) -> None:
        """So is the model."""

    def finish(self, summary: Json) -> None:
        """The summary is in ``result.json``."""


class Trackers:
    """Several trackers as one.

    Args:
        trackers: told in this order
    """

    def __init__(self, trackers: Sequence[Tracker]) -> None:
        """Listen."""
        self.trackers = tuple(trackers)

    def start(self, config: Json, history: Sequence[Json]) -> None:
        """Pass on."""
        for tracker in self.trackers:
            tracker.start(config, history)

    def log(self, row: Json) -> None:
        """Pass on."""
        for tracker in self.trackers:
            tracker.log(row)

    def figures(self, paths: Mapping[str, Path]) -> None:
        """Pass on."""
        for tracker in self.trackers:
            tracker.figures(paths)

    def model(self, folder: Path) -> None:
        """Pass on."""
        for tracker in self.trackers:
            tracker.model(folder)

    def finish(self, summary: Json) -> None:
        """Pass on."""
        for tracker in self.trackers:
            tracker.finish(summary)


def open_tracker(folder: str | Path, *, name: str, wandb: Mapping[str, Any] | None = None) -> Tracker:
    """The JSON Lines file, and W&B where options for it are given.

    Args:
        folder: of the run
        name: of the run
        wandb: options of :class:`~transferkit.training.track_wandb.WandbTracker`; None turns it off, and then the
            package is not imported

    >>> type(open_tracker("runs/demo", name="demo")).__name__
    'JsonlTracker'
    """
    file = JsonlTracker(folder)
    if wandb is None:
        return file
    from transferkit.training.track_wandb import WandbTracker

    return Trackers([file, WandbTracker(folder, name=name, **wandb)])
