"""What a person sees while a run trains: a bar with rate and time left on a terminal, one line per evaluation elsewhere."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from transferkit.counter import Rate
from transferkit.typing import Json


class Display:
    """Writes to stderr, so that a result on stdout stays clean.

    Args:
        total: optimiser steps of the run
        done: steps done before (resumed)
        quiet: say nothing at all: other ranks, and runs in a pool
    """

    def __init__(self, total: int, *, done: int = 0, quiet: bool = False) -> None:
        """Prepare; nothing is drawn yet."""
        self.console = Console(stderr=True, quiet=quiet)
        self.bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            Rate(),
            TimeRemainingColumn(),
            console=self.console,
            disable=quiet or not self.console.is_terminal,
        )
        self.task = self.bar.add_task("training", total=total, completed=done)

    def __enter__(self) -> "Display":
        """Start drawing."""
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing; the terminal is left as it was."""
        self.bar.stop()

    def step(self, loss: float) -> None:
        """One step is done."""
        self.bar.update(self.task, advance=1, description=f"training, loss {loss:.4g}")

    def row(self, row: Json) -> None:
        """One line per evaluation."""
        self.note(line(row))

    def note(self, text: str) -> None:
        """Say something above the bar."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)


def line(row: Json) -> str:
    """One evaluation in one line.

    >>> maes = {"energy_mae": 0.0421, "forces_mae": 0.0634, "stress_mae": None, "magmoms_mae": None}
    >>> line({"epoch": 1, "step": 12, "valid": {"loss": 0.0123, **maes}})
    'epoch   1  step     12  valid loss 0.0123  energy 0.0421 eV/atom  forces 0.0634 eV/Å'
    """
    units = {"energy": "eV/atom", "forces": "eV/Å", "stress": "eV/Å³", "magmoms": "μB"}
    valid = row["valid"]
    errors = {name: valid[f"{name}_mae"] for name in units}
    shown = [f"{name} {error:.3g} {units[name]}" for name, error in errors.items() if error is not None]
    return "  ".join([f"epoch {row['epoch']:3d}  step {row['step']:6d}  valid loss {valid['loss']:.4g}", *shown])
