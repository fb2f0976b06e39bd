"""Preview of a recipe: what it would read, divide, train and write, what that takes, and every mistake at once."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from transferkit.cores import cores
from transferkit.errors import RunFolderError
from transferkit.pool import shares
from transferkit.preview import facts
from transferkit.preview.attempts import Attempts
from transferkit.preview.estimate import Estimate, estimates
from transferkit.preview.prepare import Prepared, prepare
from transferkit.preview.span import Span
from transferkit.preview.stages import PAGE, crowded, shared_out
from transferkit.preview.text import in_words, text_of
from transferkit.preview.wanted import wanted
from transferkit.recipe import Recipe
from transferkit.run_folder import folder_of
from transferkit.typing import Json

SECONDS = 20.0
"""To spend on graphs; every structure is tried where that is enough."""


@dataclass(frozen=True)
class Preview:
    """What :func:`preview` found; ``print`` it, or take :attr:`facts`.

    Attributes:
        facts: a JSON object: "recipe", "kind", "study", "can_start", "mistakes", "read", "split", "train", "write", "cost"
    """

    facts: Json

    @property
    def can_start(self) -> bool:
        """Whether no mistake was found."""
        return not self.facts["mistakes"]

    def __str__(self) -> str:
        """For people."""
        return text_of(self.facts)


def preview(
    recipe: Recipe,
    *,
    output: Path | None = None,
    smoke: bool = False,
    startup: float = 0.0,
    seconds: float = SECONDS,
) -> Preview:
    """Do what comes before the first step of every run, measure a few steps, and stop there. Nothing is written.

    Args:
        recipe: a run, a comparison or a study
        output: folder that the run would be told to write to
        smoke: preview the smoke run
        startup: seconds that a process needs before it begins
        seconds: to spend on graphs

    Returns:
        Mistakes are in it, not raised.

    >>> from transferkit.recipe import Recipe
    >>> recipe = Recipe.model_validate(
    ...     {
    ...         "name": "tiny",
    ...         "data": {"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN", "subset": 20},
    ...         "adapter": {"name": "toy", "checkpoint": "demmo"},
    ...         "training": {"steps": 2},
    ...     }
    ... )
    >>> found = preview(recipe)
    >>> found.can_start, len(found.facts["mistakes"])
    (False, 1)
    """
    attempts = Attempts()
    folder = folder_of(recipe, output, smoke=smoke)
    asked = wanted(recipe, folder, smoke=smoke)
    several = asked.several
    if several and attempts.once("", of := ("folder", str(folder)), asked.folder_state) is None:
        # told once: the folders of the runs in it are refused for the same reason
        attempts.done |= {("folder", str(job.folder)): attempts.done[of] for job in asked.jobs}
    number = sum(asked.times.values()) if asked.study else len(asked.jobs)
    workers, threads = shares(max(1, number)) if several else (1, torch.get_num_threads())
    with _threads(threads):
        runs = [prepare(job, attempts, smoke=smoke) for job in asked.jobs]
        found = estimates(runs, attempts, seconds=seconds, smoke=smoke)
    if asked.study:  # its points have no pages
        found = {n: replace(e, stages={k: s for k, s in e.stages.items() if k != "page"}) for n, e in found.items()}
    times = asked.times if asked.study else {run.job.name: int(run.state != "finished") for run in runs}
    left = [found[run.job.name] for run in runs if run.job.name in found for _ in range(times[run.job.name])]
    graphs = max((e.graph_bytes for e in left), default=0)  # shared by all runs
    disk = {"bytes": sum(e.bytes for e in left) + graphs, "graph_bytes": graphs, "free_bytes": free_bytes(folder)}
    imports = sum(attempts.seconds(("package", name)) for name in {run.job.recipe.adapter.name for run in runs})
    if disk["bytes"] > disk["free_bytes"]:
        needed, free = in_words(disk["bytes"]), in_words(disk["free_bytes"])
        attempts.mistake(
            "",
            f"{folder}: about {needed} would be written, and {free} are free. Choose another folder: --output FOLDER.",
        )
    mistakes = attempts.mistakes(among=[run.job.name for run in runs])
    return Preview(
        {
            "recipe": recipe.name,
            "kind": asked.kind,
            "study": asked.study,
            "can_start": not mistakes,
            "mistakes": mistakes,
            "read": facts.read(runs, attempts),
            "split": facts.split(runs),
            "train": facts.train(runs),
            "write": facts.write(folder, runs, kind=asked.kind, study=asked.study) | disk,
            "cost": _cost(runs, found, left, begin=startup + imports, workers=workers, threads=threads)
            if left
            else None,
        }
    )


def _cost(
    runs: Sequence[Prepared],
    found: Mapping[str, Estimate],
    left: Sequence[Estimate],
    *,
    begin: float,
    workers: int,
    threads: int,
) -> Json:
    """Time and memory of the runs that are left to do; ``begin`` is what a process needs before its first run."""
    slow = max(estimate.costs.slow for estimate in left)
    crowd = crowded(slow, workers, cores())
    several = bool(runs[0].job.variant)
    # Every worker imports everything, after the process that starts them has; that one writes a page in the end.
    around = Span(0.7, 1.0, 1.3) * begin + (Span(0.7, 1.0, 1.3) * begin + PAGE * slow if several else Span.exactly(0))
    work, wall = shared_out([estimate.whole * (crowd / slow) for estimate in left], workers)
    work, wall = work + around * workers, wall + around
    arms = {run.job.variant: found[run.job.name].to_json() for run in reversed(runs) if run.job.name in found}
    return {
        "device": next(str(run.model.e0.device) for run in runs if run.model is not None),
        "workers": workers,
        "threads": threads,
        "cores": cores(),
        "slow": crowd,
        "runs": len(left),
        "variants": dict(reversed(arms.items())),
        "around_s": around.to_json(),
        "work_s": work.to_json(),
        "wall_s": wall.to_json(),
        "memory_bytes": workers * max(estimate.costs.memory for estimate in left),
    }


def free_bytes(folder: Path) -> int:
    """Bytes that are free where a folder is or would be.

    Raises:
        RunFolderError: never on a system with a root folder.
    """
    for path in (folder.absolute(), *folder.absolute().parents):
        if path.is_dir():
            return shutil.disk_usage(path).free
    raise RunFolderError(f"no folder above {folder} exists. Choose another one: --output FOLDER.")


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """Inside, torch uses as many threads as the runs would."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
