"""Augmentation: training structures that are made from others, before training. The loop sees more data and knows nothing."""

from dataclasses import dataclass

from transferkit.data.structures import Structures
from transferkit.errors import DataError, RecipeError, nearest
from transferkit.training.displacement import LONGEST
from transferkit.training.noise import noisy_copies
from transferkit.training.taylor import taylor_copies

MAKERS = {"noise": noisy_copies, "taylor": taylor_copies}


@dataclass(frozen=True)
class Augmentation:
    """Which copies of the training structures are made.

    Attributes:
        kind: "noise", see :func:`~transferkit.training.noise.noisy_copies`, or "taylor", see
            :func:`~transferkit.training.taylor.taylor_copies`
        length: standard deviation ("noise") or largest step ("taylor") along x, y and z, Å
        copies: of each structure

    Raises:
        RecipeError: nothing is called so, or a number is out of range.

    >>> import transferkit as tk
    >>> len(Augmentation("noise", copies=3).copies_of(tk.bundled("gpaw-pbe-r2scan")[:5], seed=0))
    15
    """

    kind: str
    length: float = 0.02
    copies: int = 1

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.kind not in MAKERS:
            raise RecipeError(f"training.augmentation: nothing is called {self.kind!r}. {nearest(self.kind, MAKERS)}")
        if not 0 < self.length <= LONGEST:
            raise RecipeError(
                f"training.augmentation.length is above 0 and at most {LONGEST:g} Å; got {self.length:g}. Some 0.02 Å are usual."
            )
        if self.copies < 1:
            raise RecipeError(f"training.augmentation.copies is at least 1; got {self.copies}.")

    def copies_of(self, data: Structures, *, seed: int) -> Structures:
        """The copies alone, which stand beside ``data`` in training.

        Raises:
            DataError: there are no structures; "taylor", and a structure lacks energy or forces.
        """
        if not len(data):
            raise DataError("training.augmentation: there are no structures to make copies of.")
        return MAKERS[self.kind](data, length=self.length, copies=self.copies, seed=seed)
