"""Drive: a study from its recipe to its tables, whoever carries the points out."""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from transferkit.cores import cores
from transferkit.counter import COLUMNS
from transferkit.errors import RecipeError, StudyError
from transferkit.recipe import Recipe
from transferkit.recipe_file import recipe_of
from transferkit.run_folder import folder_of, write_json
from transferkit.scaling.collect import Collector
from transferkit.studies import order as outcome_of
from transferkit.studies.cluster import cluster_crew, load_cluster
from transferkit.studies.ledger import FAILED, FINISHED, Ledger
from transferkit.studies.order import Crew, Order, Outcome
from transferkit.studies.workers import Local, gpus_here

WIDE = 120
DEATHS = 3
"""Processes that may die over one point before it counts as failed."""
EVICTIONS = 30
"""Batch jobs that may end over one point before it counts as failed."""
LOOK_AGAIN = 5.0
"""Seconds until a point that another driver works on is looked at again."""
TABLES = 5.0
"""Seconds between two writings of the tables, at least; twenty times as long as writing takes, if that is more."""


def study(
    recipe: Recipe | str | Path,
    *,
    output: Path | None = None,
    on: str | Path = "local",
    workers: int | None = None,
    smoke: bool = False,
    retry_failed: bool = False,
    crew: Callable[[int], Crew] | None = None,
) -> Path:
    """Carry out every point of a study that is not finished, and put together what was found.

    Args:
        recipe: with ``vary``: its file, or what :func:`transferkit.recipe_file.load_recipe` makes of it
        output: folder to write to; ``runs/<name>`` if not given
        on: "local", or a file that describes a cluster; see :mod:`transferkit.studies.cluster`
        workers: points at a time on this machine; one per GPU, or one per core, if not given
        smoke: two steps on a few points
        retry_failed: begin failed points again
        crew: makes who carries the points out, for tests

    Returns:
        the folder, which holds study.json, points.csv, compositions.parquet and ``points/``

    Raises:
        RecipeError: nothing varies, or points would not compare.
        RunFolderError: the folder belongs to something else.
        StudyError: at the end, if points failed; the others are finished all the same.
        KeyboardInterrupt: Ctrl-C; points under way have written a checkpoint.
    """
    recipe = recipe_of(recipe)
    if recipe.vary is None:
        raise RecipeError(f"recipe {recipe.name!r} has no vary, so it is no study: use `transferkit run`, or add vary.")
    if str(on) != "local":
        load_cluster(Path(on))  # before a folder is made
    ledger = Ledger.of(recipe, folder_of(recipe, output, smoke=smoke), smoke=smoke)
    ledger.claim()
    where = ledger.standings()
    if retry_failed:
        for one in ledger.orders():
            one.stem.with_suffix(".failed.json").unlink(missing_ok=True)
    todo = [
        one
        for one in ledger.orders()
        if where[one.key].state != FINISHED and (retry_failed or where[one.key].state != FAILED)
    ]
    number = 0
    desk = Desk(ledger)
    try:
        if todo:
            made, number = (crew(len(todo)), 0) if crew else _crew(on, workers, todo)
            desk.workers = number or None
            _work(made, todo, desk)
    finally:  # an interrupted study shows what it has
        desk.close()
    _complain(ledger)
    return ledger.folder


@dataclass
class Desk:
    """Tables and study.json, kept up while points finish.

    Attributes:
        ledger: of the study
        workers: for study.json
    """

    ledger: Ledger
    workers: int | None = None
    collector: Collector = field(default_factory=Collector)
    due: float = 0.0

    def tick(self) -> None:
        """Write, if it is time to."""
        if time.monotonic() < self.due:
            return
        clock = time.monotonic()
        self.write()
        self.due = time.monotonic() + max(TABLES, 20 * (time.monotonic() - clock))

    def write(self) -> None:
        """Write study.json and the tables of what is finished."""
        self.ledger.write(workers=self.workers)
        found = self.collector.collect(self.ledger.folder)
        found.write(self.ledger.folder)
        self.ledger.write(notes=found.notes, workers=self.workers)

    def close(self) -> None:
        """Write everything, and the page."""
        from transferkit.scaling.study_report import report_study

        self.write()
        report_study(self.ledger.folder, self.collector.collect(self.ledger.folder))


def _crew(on: str | Path, workers: int | None, todo: list[Order]) -> tuple[Crew, int]:
    if str(on) != "local":
        return cluster_crew(Path(on), todo[0].study), 0
    gpus = [] if all(one.recipe.adapter.device == "cpu" for one in todo) else gpus_here()
    number = min(len(todo), workers or len(gpus) or cores())
    return Local(number, gpus=gpus), number


def _work(crew: Crew, todo: list[Order], desk: Desk) -> None:
    """Hand out, take in, hand out again what was lost; look again at what others work on."""
    deaths: defaultdict[str, float] = defaultdict(float)
    open_, later = {one.key: one for one in todo}, list[tuple[float, Order]]()
    for one in todo:
        crew.submit(one)
    with Progress(*COLUMNS, console=Console(stderr=True)) as progress:
        bar = progress.add_task("points", total=len(todo))
        try:
            while open_:
                for one, outcome in crew.poll(1.0):
                    again = _again(one, outcome, deaths)
                    if again is not None:
                        later.append((time.monotonic() + again, one))
                    elif open_.pop(one.key, None) is not None:
                        last = (
                            f" (last: {one.label})" if progress.console.width >= WIDE else ""
                        )  # or it leaves the bar no room
                        progress.update(bar, advance=1, description=f"points{last}")
                        if not progress.console.is_terminal:  # a log shows no bar
                            words = f": {outcome.why}" if outcome.why else f" in {outcome.seconds:.0f} s"
                            n = len(todo) - len(open_)
                            progress.console.print(
                                f"{n} of {len(todo)} points, {one.label} {outcome.state}{words}", soft_wrap=True
                            )
                for waited in [w for w in later if w[0] <= time.monotonic()]:
                    later.remove(waited)
                    crew.submit(waited[1])
                desk.tick()
        finally:
            crew.stop()


def _again(one: Order, outcome: Outcome, deaths: defaultdict[str, float]) -> float | None:
    """Seconds until an order is handed out once more; None where it has ended."""
    if outcome.state == outcome_of.ELSEWHERE:
        return LOOK_AGAIN
    if outcome.state == outcome_of.INTERRUPTED:  # its process was asked to stop, and this one was not
        return 0.0
    if outcome.state not in {outcome_of.LOST, outcome_of.EVICTED}:
        return None
    # A batch job ends at its walltime, which is no fault of the point.
    deaths[one.key] += 1 if outcome.state == outcome_of.LOST else DEATHS / EVICTIONS
    if deaths[one.key] < DEATHS:
        return 0.0
    why = (
        f"its process died again and again ({outcome.why}). Most often the memory ran out: give fewer workers, "
        "or smaller batches (training.batch.edges)"
    )
    write_json(one.stem.with_suffix(".failed.json"), {"why": why, "traceback": "", "label": one.label})
    return None


def _complain(ledger: Ledger) -> None:
    """Name the points that failed, each reason once."""
    where = ledger.standings()
    failed = [p for p in ledger.points if where[p.key].state == FAILED]
    if not failed:
        return
    reasons: dict[str, list[str]] = {}
    for point in failed:
        reasons.setdefault(where[point.key].why, []).append(f"{point.label} ({point.key})")
    lines = [
        f"  {why}\n    {'; '.join(names[:5])}{'; ...' if len(names) > 5 else ''}" for why, names in reasons.items()
    ]
    raise StudyError(
        f"{len(failed)} of {len(ledger.points)} points failed; the others are not touched by it. "
        "Mend the reason and add --retry-failed:\n" + "\n".join(lines)
    )
