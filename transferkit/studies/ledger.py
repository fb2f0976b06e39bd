"""Ledger: which points a study has, where each stands, and what study.json says of them."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from transferkit.errors import RunFolderError
from transferkit.recipe import Recipe, identity
from transferkit.run_folder import IDENTITY, writable, write_json
from transferkit.scaling.collect import STUDY
from transferkit.studies.hold import alive
from transferkit.studies.order import Order, spent_s
from transferkit.studies.treatment import parts_of, treatment
from transferkit.typing import Json
from transferkit.vary import Axis, Point, axes, budget, points, shown

FINISHED, RUNNING, FAILED, BEGUN, WAITING = "finished", "running", "failed", "begun", "waiting"
STATES = (FINISHED, RUNNING, FAILED, BEGUN, WAITING)


@dataclass(frozen=True)
class Standing:
    """Where a point stands.

    Attributes:
        state: "finished", "running", "failed", "begun" (a checkpoint is there, and nobody works on it) or "waiting"
        why: it failed
        seconds: spent on it so far
    """

    state: str
    why: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Ledger:
    """A study in its folder.

    Attributes:
        recipe: of the study
        folder: of the study, absolute
        points: those that are to be carried out
        smoke: two steps on a few points
    """

    recipe: Recipe
    folder: Path
    points: tuple[Point, ...]
    smoke: bool = False

    @classmethod
    def of(cls, recipe: Recipe, folder: Path, *, smoke: bool = False) -> "Ledger":
        """Points of a recipe; for a smoke run a few of them.

        Raises:
            RecipeError: see :func:`transferkit.vary.points`.
        """
        every = points(recipe)
        return cls(recipe, folder.absolute(), tuple(few(every) if smoke else every), smoke)

    @property
    def abscissa(self) -> str:
        """What sizes count: "compositions" or "structures"."""
        subsets = [p.recipe.data.subset for p in self.points]
        return "compositions" if any(s is not None and not isinstance(s, int) for s in subsets) else "structures"

    def orders(self) -> list[Order]:
        """One order per point."""
        return [Order(p.key, p.label, p.curve, p.recipe, self.folder, self.smoke) for p in self.points]

    def claim(self) -> None:
        """Make the folder, or check that it holds this study. Points of other recipes stay where they are.

        Raises:
            RunFolderError: the folder holds something else.
        """
        there = self.examine()
        if there == "new":
            self.folder.mkdir(parents=True, exist_ok=True)
        mine = {"identity": identity(self.recipe), "name": self.recipe.name, "smoke": self.smoke}
        write_json(self.folder / IDENTITY, mine)
        plain = self.recipe.model_dump(mode="json")
        (self.folder / "recipe.yaml").write_text(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True))
        if there == "new":
            self.write()

    def examine(self) -> str:
        """What the folder holds: "new" (nothing) or "begun". Nothing is written.

        Raises:
            RunFolderError: it holds something else.
        """
        folder, mend = self.folder, "Choose another folder: --output FOLDER, or output: in the recipe."
        writable(folder)
        if not (folder.exists() and any(not path.name.endswith(".partial") for path in folder.iterdir())):
            return "new"
        for name in ("points", "states", "graphs"):
            if (folder / name).exists() and not (folder / name).is_dir():
                raise RunFolderError(
                    f"{folder / name} is a file, and a study keeps a folder of that name. Move it away. {mend}"
                )
        try:
            theirs = json.loads((folder / IDENTITY).read_text())
            name, smoke = theirs["name"], theirs["smoke"]
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise RunFolderError(f"{folder} is not empty and no study of transferkit. {mend}") from error
        if (folder / "result.json").exists() or (folder / "comparison.json").exists():
            raise RunFolderError(f"{folder} holds a run or a comparison, and no study. {mend}")
        if name != self.recipe.name:
            raise RunFolderError(f"{folder} holds the study {name!r}, and this is {self.recipe.name!r}. {mend}")
        if smoke != self.smoke:
            what = "the smoke run of this study" if smoke else "the real study"
            raise RunFolderError(f"{folder} holds {what}. {mend}")
        return "begun"

    def standings(self) -> dict[str, Standing]:
        """Where every point stands, by its key, from what is in the folder."""
        return {order.key: standing(order) for order in self.orders()}

    def told(self, *, notes: Sequence[str] = (), workers: int | None = None) -> Json:
        """What study.json holds."""
        where = self.standings()
        count = Counter(one.state for one in where.values())
        return {
            "name": self.recipe.name,
            "question": self.recipe.question,
            "smoke": self.smoke,
            "abscissa": self.abscissa,
            "budget": ", ".join(dict.fromkeys(": ".join(budget(p.recipe)) for p in self.points)),
            "treatment": treatment(self.points),
            "axes": {a.name: [shown(v) for v in a.values] for a in self._axes()},
            "planned": len(self.points),
            "finished": count[FINISHED],
            "counts": {state: count[state] for state in STATES},
            "missing": [
                {"point": f"{p.label} ({p.key})", "state": where[p.key].state, "why": where[p.key].why}
                for p in self.points
                if where[p.key].state != FINISHED
            ],
            "notes": list(notes),
            "workers": workers,
            "updated": time.time(),
            "points": [
                {
                    "key": p.key,
                    "identity": p.identity,
                    "label": p.label,
                    "curve": p.curve,
                    "size": p.size,
                    "chain": p.chain,
                    "seed": p.recipe.seed,
                    "abscissa": self.abscissa,
                    "parts": parts_of(p.recipe),
                    "values": p.values,
                    "state": where[p.key].state,
                    "why": where[p.key].why,
                    "seconds": where[p.key].seconds,
                }
                for p in self.points
            ],
            "recipe": self.recipe.model_dump(mode="json"),
        }

    def write(self, *, notes: Sequence[str] = (), workers: int | None = None) -> Json:
        """Write study.json; what a report added to it stays."""
        told = self.told(notes=notes, workers=workers)
        path = self.folder / STUDY
        try:
            before: Json = json.loads(path.read_text())
        except (OSError, ValueError):
            before = {}
        write_json(path, {**before, **told, "workers": workers or before.get("workers")})
        return told

    def _axes(self) -> list[Axis]:
        return axes(self.recipe.vary or {}, self.recipe.contrast, self.recipe)


def standing(order: Order) -> Standing:
    """Where one point stands."""
    seconds = spent_s(order.stem)
    if (order.folder / "result.json").exists():
        return Standing(FINISHED, seconds=seconds)
    if alive(order.stem):
        return Standing(RUNNING, seconds=seconds)
    failed = order.stem.with_suffix(".failed.json")
    if failed.exists():
        try:
            why = str(json.loads(failed.read_text())["why"])
        except (ValueError, LookupError, TypeError):
            why = f"{failed} is damaged"
        return Standing(FAILED, why, seconds)
    return Standing(BEGUN if (order.folder / "checkpoint").exists() else WAITING, seconds=seconds)


def few(found: Sequence[Point]) -> list[Point]:
    """For a smoke run: every curve at its smallest size in the first chain, and the largest size of the first curve."""
    first = [p for p in found if (p.chain, p.recipe.seed) == (found[0].chain, found[0].recipe.seed)]

    def size(point: Point) -> float:
        return float("inf") if point.size is None else point.size

    chosen = [min((p for p in first if p.curve == curve), key=size) for curve in dict.fromkeys(p.curve for p in first)]
    largest = max((p for p in first if p.curve == first[0].curve), key=size)
    return chosen if largest in chosen else [*chosen, largest]
