"""Status: how far a study is, and how long it will still take, from its folder alone; nothing is started."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from transferkit.studies.ledger import FAILED, FINISHED, RUNNING, STATES, Ledger, Standing
from transferkit.typing import Json
from transferkit.vary import Point


@dataclass(frozen=True)
class Status:
    """What :func:`status` found; print it, or take :attr:`facts`.

    Attributes:
        facts: "folder", "planned", "counts" by state, "curves" (per curve and size: counts), "failed" (label, folder, why),
            "left_s" (seconds of work left; None while nothing has finished), "workers", "left_wall_s"
    """

    facts: Json

    def __str__(self) -> str:
        """For people."""
        f = self.facts
        counts = ", ".join(f"{n} {state}" for state, n in f["counts"].items() if n)
        lines = [f"{f['folder']}: {f['planned']} points, {counts}"]
        width = max([len("curve"), *(len(row["curve"]) for row in f["curves"])])
        lines.append(f"  {'curve':<{width}} {f['abscissa']:>12}" + "".join(f" {state:>9}" for state in STATES))
        for row in f["curves"]:
            size = "all" if row["size"] is None else f"{row['size']:,}"
            lines.append(
                f"  {row['curve']:<{width}} {size:>12}" + "".join(f" {row[state] or '-':>9}" for state in STATES)
            )
        lines += [f"  failed: {one['label']} ({one['folder']}): {one['why']}" for one in f["failed"]]
        if f["counts"][FINISHED] == f["planned"]:
            lines.append("  everything is finished")
        elif f["left_s"] is None:
            lines.append("  no point has finished yet, so the time left is not known; `transferkit check` estimates it")
        else:
            work = f"  about {in_time(f['left_s'])} of work left"
            over = f", {in_time(f['left_wall_s'])} on {f['workers']} workers" if f["workers"] else ""
            lines.append(f"{work}{over}, by the points that have finished")
        return "\n".join(lines)


def status(ledger: Ledger, *, workers: int | None = None) -> Status:
    """How far a study is.

    Args:
        ledger: of the study
        workers: points at a time; those that run now, if not given
    """
    where = ledger.standings()
    counts = {state: sum(one.state == state for one in where.values()) for state in STATES}
    cells: dict[tuple[str, int | None], list[Standing]] = {}
    for point in ledger.points:
        cells.setdefault((point.curve, point.size), []).append(where[point.key])
    left = time_left(ledger.points, where)
    busy = counts[RUNNING] or workers
    return Status(
        {
            "name": ledger.recipe.name,
            "folder": str(ledger.folder),
            "planned": len(ledger.points),
            "counts": counts,
            "abscissa": ledger.abscissa,
            "curves": [
                {"curve": curve, "size": size, **{s: sum(one.state == s for one in ones) for s in STATES}}
                for (curve, size), ones in sorted(cells.items(), key=lambda item: (item[0][0], item[0][1] or 10**12))
            ],
            "failed": [
                {"label": p.label, "folder": f"points/{p.key}", "why": where[p.key].why}
                for p in ledger.points
                if where[p.key].state == FAILED
            ],
            "left_s": left,
            "workers": busy or None,
            "left_wall_s": None if left is None or not busy else left / busy,
        }
    )


def in_time(seconds: float) -> str:
    """Seconds for people.

    >>> in_time(5400.0), in_time(90.0)
    ('1.5 h', '1.5 min')
    """
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def time_left(found: Sequence[Point], where: Mapping[str, Standing]) -> float | None:
    """Seconds of work for all points that are neither finished nor failed; None where none has finished.

    A point takes what the finished ones of its curve and size took; where there is none, a straight line in size through
    those of its curve, or of all curves, says it. What was spent on a begun point already is taken off.
    """
    finished = [p for p in found if where[p.key].state == FINISHED and where[p.key].seconds > 0]
    if not finished:
        return None
    left = 0.0
    for point in found:
        if where[point.key].state in {FINISHED, FAILED}:
            continue
        left += max(0.0, expected(point, finished, where) - where[point.key].seconds)
    return left


def expected(point: Point, finished: Sequence[Point], where: Mapping[str, Standing]) -> float:
    """Seconds that a point will take."""
    like = [p for p in finished if p.curve == point.curve] or list(finished)
    seconds = np.array([where[p.key].seconds for p in like])
    same = np.array([p.size == point.size for p in like])
    if same.any():
        return float(seconds[same].mean())
    sizes = np.array([p.size or 0 for p in like], dtype=float)
    if point.size is None or len(set(sizes)) < 2 or (sizes == 0).any():
        return float(seconds.mean())
    slope, start = np.polyfit(sizes, seconds, 1)
    if slope < 0:  # noise, or fixed steps: size hardly counts
        return float(seconds.mean())
    return float(max(start + slope * point.size, seconds.min() * 0.5))
