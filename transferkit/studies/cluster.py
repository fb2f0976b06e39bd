"""Cluster: a file that says where points of a study are carried out, read and checked; all mistakes at once.

It imports no Parsl, so that a recipe can be checked where there is none. :mod:`transferkit.studies.parsl_crew` uses it.
"""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, PositiveInt, ValidationError, model_validator

from transferkit.errors import RecipeError, nearest
from transferkit.options import Options
from transferkit.recipe_yaml import read_yaml
from transferkit.studies.order import Crew

WALLTIME = r"^\d{1,3}:[0-5]\d:[0-5]\d$"


class Kubernetes(Options):
    """What a pod is."""

    image: str
    """Container image with transferkit and the cluster extra in it."""
    namespace: str = "default"
    """Of the pods."""
    cpus: PositiveInt = 2
    """Of a pod."""
    memory: str = "8Gi"
    """Of a pod."""
    volumes: dict[str, str] = Field(default_factory=dict)
    """Claims of persistent volumes and where they are mounted; the folder of the study must lie in one of them."""
    service_account: str | None = None
    """Name, where pods need one."""


class Cluster(Options):
    """Pilot jobs: a block is one batch job, in which workers import once and take point after point."""

    kind: Literal["slurm", "pbs", "kubernetes", "local"]
    """Batch system; ``local`` starts blocks as processes of this machine."""
    blocks: PositiveInt = 1
    """Batch jobs at most; they are asked for as points wait and given back when they are idle."""
    nodes_per_block: PositiveInt = 1
    """Nodes of one batch job."""
    workers_per_node: PositiveInt | None = None
    """Points at a time on a node; one per GPU, or one, if not given."""
    gpus_per_node: Annotated[int, Field(ge=0)] = 0
    """GPUs of a node; every worker is pinned to one of them."""
    cores_per_worker: PositiveInt = 1
    """Threads of a point."""
    walltime: Annotated[str, Field(pattern=WALLTIME)] = "01:00:00"
    """Of a batch job. A point that it cuts off goes on in the next one from its checkpoint."""
    account: str | None = None
    """Who pays."""
    queue: str | None = None
    """Partition or queue."""
    qos: str | None = None
    """Quality of service, Slurm only."""
    directives: str = ""
    """More lines at the head of the batch script, e.g. ``#SBATCH --constraint=gpu``."""
    setup: str = ""
    """Shell lines before the workers start: modules, the environment. The version of transferkit must be the same there."""
    address: str | None = None
    """Of the machine where the study is driven, as the nodes see it; found by trying if not given."""
    kubernetes: Kubernetes | None = None
    """For kind kubernetes."""

    @model_validator(mode="after")
    def _agree(self) -> "Cluster":
        if (self.kind == "kubernetes") != (self.kubernetes is not None):
            raise ValueError("kind kubernetes and the group kubernetes belong together: give both or neither")
        if self.gpus_per_node and (self.workers_per_node or 0) > self.gpus_per_node:
            raise ValueError(
                f"{self.workers_per_node} workers share {self.gpus_per_node} GPUs of a node, and each is pinned to one of its "
                f"own: workers_per_node is at most gpus_per_node"
            )
        if self.qos is not None and self.kind != "slurm":
            raise ValueError("qos is Slurm's: leave it out, or put it into directives")
        return self

    @property
    def workers(self) -> int:
        """On one node."""
        return self.workers_per_node or self.gpus_per_node or 1


def load_cluster(path: Path) -> Cluster:
    """Read a cluster file.

    Raises:
        RecipeError: it is missing or not YAML, or it holds mistakes; all are named with their line and the nearest spelling.
    """
    if not path.is_file():
        raise RecipeError(
            f"--on takes local or a cluster file, and {str(path)!r} is no file. Start from one of recipes/cluster/."
        )
    try:
        document = read_yaml(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise RecipeError(f"cluster file {str(path)!r} is not YAML. {error}") from error
    wrong = [f"line {document.lines.get(at, 1)}, {'.'.join(map(str, at))}: {text}" for at, text in document.mistakes]
    if not isinstance(document.data, dict):
        raise RecipeError(f"cluster file {str(path)!r} holds no options. Start from one of recipes/cluster/.")
    try:
        found = Cluster.model_validate(document.data)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            at = tuple(one["loc"])
            line = next((document.lines[at[:n]] for n in range(len(at), 0, -1) if at[:n] in document.lines), None)
            where = f"line {line}, {'.'.join(map(str, at))}" if line and at else ".".join(map(str, at)) or "as a whole"
            wrong.append(f"{where}: {_text(one, at)}")
    if wrong:
        count = "a mistake" if len(wrong) == 1 else f"{len(wrong)} mistakes"
        raise RecipeError("\n  ".join([f"cluster file {str(path)!r} has {count}:", *wrong]))
    return found


def cluster_crew(path: Path, study: Path) -> Crew:
    """Workers of a cluster.

    Args:
        path: of a cluster file
        study: folder of the study, which all nodes must see under this path

    Raises:
        RecipeError: see :func:`load_cluster`; or Parsl is not installed.
    """
    cluster = load_cluster(path)
    missing = [
        name for name in ("parsl", *(["kubernetes"] if cluster.kind == "kubernetes" else [])) if not find_spec(name)
    ]
    if missing:
        raise RecipeError(
            f"--on {path} needs {' and '.join(missing)}, not installed here: "
            f"pip install 'transferkit[cluster]'{' kubernetes' if 'kubernetes' in missing else ''}"
        )
    from transferkit.studies.parsl_crew import ParslCrew

    return ParslCrew(cluster, study)


def _text(one: Any, at: tuple[Any, ...]) -> str:
    group = Kubernetes if at[:1] == ("kubernetes",) and len(at) > 1 else Cluster
    if one["type"] == "extra_forbidden":
        return f"unknown option. {nearest(str(at[-1]), group.model_fields)}"
    if one["type"] == "missing":
        return f"is missing. {(group.model_fields[str(at[-1])].description or '').splitlines()[0]}"
    if one["type"] == "literal_error":
        return f"{one['input']!r} is not a choice. {nearest(str(one['input']), re.findall(chr(39) + '([^' + chr(39) + ']*)', one['ctx']['expected'])[::2])}"
    if one["type"] == "string_pattern_mismatch":
        return f"{one['input']!r} is no time of the form HH:MM:SS"
    message = one["msg"].removeprefix("Value error, ").replace("Input should", "should")
    return message if isinstance(one["input"], dict) else f"{message}, and is {one['input']!r}"
