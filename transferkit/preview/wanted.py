"""Wanted: which runs a recipe asks for, and which of them stand for others in a preview."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from transferkit.comparison import jobs
from transferkit.pool import Job
from transferkit.preview.prepare import state_of
from transferkit.recipe import Recipe
from transferkit.scaling.curve import no_law
from transferkit.studies.ledger import BEGUN, FINISHED, RUNNING, Ledger
from transferkit.studies.treatment import treatment
from transferkit.typing import Json


@dataclass(frozen=True)
class Wanted:
    """Runs of a recipe.

    Attributes:
        kind: "run", "comparison" or "study"
        jobs: runs that are looked at
        folder_state: looks at the folder of all of them
        times: of a study, by name of a job, how many points it stands for that are not finished
        study: of a study, what there is to say of its points
    """

    kind: str
    jobs: list[Job]
    folder_state: Callable[[], str]
    times: Mapping[str, int] = field(default_factory=dict)
    study: Json | None = None

    @property
    def several(self) -> bool:
        """Whether there is a folder with runs in it."""
        return self.kind != "run"


def wanted(recipe: Recipe, folder: Path, *, smoke: bool = False) -> Wanted:
    """Runs of a recipe; of a study, the first point of every curve and size, which stands for those of all chains.

    >>> recipe = Recipe.model_validate(
    ...     {
    ...         "name": "tiny",
    ...         "data": {"source": "x", "fidelity": "PBE"},
    ...         "adapter": {"name": "toy"},
    ...         "training": {"epochs": 2},
    ...         "vary": {"seed": [0, 1, 2], "arm": {"all": {}, "few": {"data.subset": 8}}},
    ...     }
    ... )
    >>> [(job.variant, job.seed) for job in wanted(recipe, Path("x")).jobs]
    [('all', 0), ('few', 0)]
    """
    if recipe.vary is not None:
        return _study(recipe, folder, smoke=smoke)
    several = bool(recipe.compare or recipe.seeds)
    found = [*jobs(recipe, folder)] if several else [Job("", recipe.seed, recipe, folder)]
    return Wanted("comparison" if several else "run", found, lambda: state_of(folder, recipe, smoke=smoke))


def _study(recipe: Recipe, folder: Path, *, smoke: bool) -> Wanted:
    ledger = Ledger.of(recipe, folder, smoke=smoke)
    where = ledger.standings()
    first: dict[tuple[str, int | None], Job] = {}
    times: Counter[str] = Counter()
    for point in ledger.points:
        key = (point.curve, point.size)
        if key not in first:
            several = {p.size for p in ledger.points if p.curve == point.curve}
            name = point.curve if len(several) == 1 else f"{point.curve}, {point.size or 'all'} {ledger.abscissa}"
            place = ledger.folder / "points" / point.key
            first[key] = Job(name, point.recipe.seed, point.recipe, place, ledger.folder / "graphs")
        times[first[key].name] += where[point.key].state != FINISHED
    sizes = sorted({p.size for p in ledger.points if p.size is not None})
    facts = {
        "points": len(ledger.points),
        "finished": sum(where[point.key].state == FINISHED for point in ledger.points),
        "begun": sum(where[point.key].state in {BEGUN, RUNNING} for point in ledger.points),
        "curves": list(dict.fromkeys(p.curve for p in ledger.points)),
        "sizes": sizes,
        "no_law": no_law(sizes) if len(sizes) > 1 else "",
        "abscissa": ledger.abscissa,
        "chains": sorted({p.chain for p in ledger.points}),
        "treatment": treatment(ledger.points),
    }
    return Wanted("study", [*first.values()], ledger.examine, times, facts)
