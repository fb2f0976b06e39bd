"""Levels: everything at other levels of theory that a recipe reads: sets beside its data, and what it pre-trains on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from transferkit.companions import Companion, check_conventions, divide_companion, read_companion
from transferkit.data.check import check
from transferkit.data.finding import Finding
from transferkit.data.quarantine import Limits, Sifted
from transferkit.data.split import Parts
from transferkit.data.structures import Structures
from transferkit.pretraining import Stage, divide_stage, read_stage
from transferkit.recipe import Recipe
from transferkit.starting import TARGET

STAGE = "pretrain"


@dataclass(frozen=True, eq=False)
class Levels:
    """What was read besides the data; nothing, for most recipes.

    Attributes:
        companions: sets that are trained on beside the data
        stage: what is trained on before; None for nothing
        read: every set as it was read, by its name
    """

    companions: tuple[Companion, ...] = ()
    stage: Stage | None = None
    read: Mapping[str, Sifted] = field(default_factory=dict)

    @property
    def n_atoms(self) -> int:
        """Atoms of all of them."""
        return sum(len(sifted.kept.numbers) for sifted in self.read.values())

    @property
    def hashes(self) -> list[str]:
        """Content hash of each set."""
        return [sifted.kept.hash for sifted in self.read.values()]

    def findings(self, limits: Limits | None) -> list[Finding]:
        """What looks wrong in each set, led by its name.

        Args:
            limits: of the recipe's quarantine
        """
        found = [(name, f) for name, sifted in self.read.items() for f in check(sifted.kept, limits)]
        return [replace(f, what=f"{name}: {f.what}") for name, f in found]

    def describe(self) -> str:
        """A few lines for each; "" for nothing."""
        first = [] if self.stage is None else [self.stage.describe()]
        return "\n".join([*first, *(companion.describe() for companion in self.companions)])


def read_levels(recipe: Recipe, target: Structures, parts: Parts, *, smoke: bool = False) -> Levels:
    """Read and divide all sets but the data.

    Args:
        recipe: resolved
        target: all structures of the data
        parts: of them
        smoke: at most as many structures of each as a smoke run trains on

    Raises:
        DataError: one level has two label conventions, or see :func:`~transferkit.companions.divide_companion` and
            :func:`~transferkit.pretraining.divide_stage`.
        SplitError: a set lacks the column by which the data are divided.
    """
    read = {f"beside.{k}": read_companion(recipe, k) for k in range(len(recipe.beside))}
    if recipe.pretrain is not None:
        read[STAGE] = read_stage(recipe)
    check_conventions(recipe, {TARGET: target, **{name: sifted.kept for name, sifted in read.items()}})
    companions = [
        divide_companion(recipe, k, read[f"beside.{k}"].kept, target, parts, smoke=smoke)
        for k in range(len(recipe.beside))
    ]
    stage = divide_stage(recipe, read[STAGE].kept, target, parts, smoke=smoke) if recipe.pretrain is not None else None
    return Levels(tuple(companions), stage, read)
