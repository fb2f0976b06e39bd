"""Weights & Biases as a listener: offline unless a key is configured, and never a log-in prompt."""

import netrc
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlparse

from transferkit.errors import RecipeError, nearest
from transferkit.typing import Json

MODES = ("auto", "online", "offline")
HOST = "https://api.wandb.ai"


class WandbTracker:
    """Sends config, metrics, figures and the best model to W&B; everything lies in ``<folder>/wandb``.

    Offline runs are uploaded later by ``wandb sync``. Where no key is configured "auto" is offline and "online" is an
    error, because W&B would stop the run and ask for one.

    Args:
        folder: of the run
        name: of the run
        project: filed under
        mode: "auto" (online where a key is configured), "online" or "offline"
        entity: user or team; the key's own if not given
        tags: shown with the run
        group: runs shown together; a study gives its name
        run_id: the run's own; a run that is resumed under the same one goes on instead of beginning anew

    Raises:
        RecipeError: the mode is unknown, or "online" and no key is configured.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        name: str,
        project: str = "transferkit",
        mode: str = "auto",
        entity: str | None = None,
        tags: Sequence[str] = (),
        group: str | None = None,
        run_id: str | None = None,
    ) -> None:
        """Nothing is imported or sent before the run starts."""
        if mode not in MODES:
            raise RecipeError(f"tracking.wandb: no mode is called {mode!r}. {nearest(mode, MODES)}")
        if mode == "online" and not key_configured():
            raise RecipeError(
                "tracking.wandb.mode is online, and no API key is configured. Set WANDB_API_KEY or run `wandb login`; "
                "with mode auto the run is offline without a key, and `wandb sync` uploads it later."
            )
        self.folder = Path(folder)
        self.mode: Literal["online", "offline"] = "offline" if mode == "offline" or not key_configured() else "online"
        self.options: dict[str, Any] = {"name": name, "project": project, "entity": entity, "tags": list(tags)}
        if group is not None:
            self.options["group"] = group
        if run_id is not None:
            self.options |= {"id": run_id, "resume": "allow"}
        self.run: Any = None

    def start(self, config: Json, history: Sequence[Json]) -> None:
        """Open the run. A resumed one without an id is a new W&B run that starts with the old rows.

        With an id it is the same run, which leaves out the rows that it has.
        """
        with contained():
            import wandb

            self.folder.mkdir(parents=True, exist_ok=True)
            settings = wandb.Settings(silent=True, console="off", disable_git=True, disable_job_creation=True)
            self.run = wandb.init(
                dir=str(self.folder),
                mode=self.mode,
                config=config,
                settings=settings,
                reinit="create_new",
                **self.options,
            )
        for row in history:
            self.log(row)

    def log(self, row: Json) -> None:
        """One evaluation; W&B's step is the optimiser's."""
        with contained():
            self.run.log(flat(row), step=row["step"])

    def figures(self, paths: Mapping[str, Path]) -> None:
        """Show PNG figures under their names."""
        with contained():
            import wandb

            self.run.log({f"figures/{name}": wandb.Image(str(path)) for name, path in paths.items()})

    def model(self, folder: Path) -> None:
        """Store the best model as an artifact."""
        with contained():
            import wandb

            artifact = wandb.Artifact(f"model-{self.run.id}", type="model")
            for path in sorted(p for p in folder.rglob("*") if p.is_file()):  # add_dir prints a line a run
                artifact.add_file(str(path), name=path.relative_to(folder).as_posix())
            self.run.log_artifact(artifact)

    def finish(self, summary: Json) -> None:
        """Write the summary and close the run."""
        with contained():
            self.run.summary.update(flat(summary))
            self.run.finish()


def contained() -> warnings.catch_warnings:
    """A context in which W&B's own warnings go nowhere; they are not ours, and a strict filter would stop the run."""
    return warnings.catch_warnings(action="ignore")


def key_configured() -> bool:
    """Whether W&B would find an API key (``WANDB_API_KEY`` or an entry of netrc), looked up without asking anybody."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlparse(os.environ.get("WANDB_BASE_URL", HOST)).hostname or ""
    named = os.environ.get("NETRC")
    for path in [Path(named)] if named else [Path.home() / ".netrc", Path.home() / "_netrc"]:
        try:
            if host in netrc.netrc(path).hosts:
                return True
        except (OSError, netrc.NetrcParseError):
            continue
    return False


def flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested object as one level, names joined by a slash; nulls are left out.

    >>> flat({"step": 3, "valid": {"loss": 0.5, "magmoms_mae": None}})
    {'step': 3, 'valid/loss': 0.5}
    """
    out: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, Mapping):
            out |= flat(value, f"{prefix}{key}/")
        elif value is not None:
            out[f"{prefix}{key}"] = value
    return out
