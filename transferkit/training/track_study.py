"""A study in Weights & Biases: its points are the runs of one group, and one more run holds the table and the figures."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transferkit.training.track_wandb import WandbTracker, contained, flat
from transferkit.typing import Json

if TYPE_CHECKING:
    import pandas as pd


def log_study(
    folder: str | Path,
    table: "pd.DataFrame",
    *,
    group: str,
    figures: Mapping[str, Path],
    summary: Json,
    wandb: Mapping[str, Any],
) -> str:
    """Send the summary table and the figures of a study, as a run of its own in the group of its points.

    The run's id is made from the study's name, so that a study that has grown updates the same run.

    Args:
        folder: of the study; offline files lie in ``<folder>/wandb``
        table: one row per point, test, quantity and moment
        group: name of the study
        figures: PNG by name
        summary: what stands in the run's summary, e.g. exponents
        wandb: options of :class:`~transferkit.training.track_wandb.WandbTracker`: mode, project

    Returns:
        id of the run

    Raises:
        RecipeError: the mode is unknown, or "online" and no key is configured.
    """
    options = {key: value for key, value in wandb.items() if key in {"mode", "project", "entity"}}
    run_id = f"{sha256(group.encode()).hexdigest()[:16]}-summary"
    tracker = WandbTracker(folder, name=f"{group}/summary", group=group, run_id=run_id, **options)
    tracker.start({"study": group}, [])
    with contained():
        import wandb as client

        # One type in a column: an option may be a number in one point and text in another.
        plain = table.astype({name: str for name in table.columns if table[name].dtype == object})
        tracker.run.log({"points": client.Table(dataframe=plain)})
    tracker.figures(figures)
    tracker.finish(flat(summary))
    return run_id
