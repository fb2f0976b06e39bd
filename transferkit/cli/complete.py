"""What the Tab key offers. Nothing heavy is imported: a shell asks at every press."""

from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files
from pathlib import Path

import typer

LEVELS = ("PBE", "PBE+U", "PBEsol", "r2SCAN", "SCAN", "HSE06", "CCSD(T)")
"""Levels of theory by their usual names; any other is as good."""
CONVENTIONS = ("raw", "mp2020", "cohesive", "formation")
CHECKPOINTS = {
    "toy": ("demo",),
    "chgnet": ("0.3.0", "0.2.0", "r2scan"),
    "mace": (
        "small", "medium", "large", "small-0b", "medium-0b", "small-0b2", "medium-0b2", "large-0b2", "medium-0b3",
        "medium-mpa-0", "small-omat-0", "medium-omat-0", "mace-matpes-pbe-0", "mace-matpes-r2scan-0", "mh-0", "mh-1",
    ),
}  # fmt: skip
"""Published checkpoints by adapter, written down here because an adapter's own list stands behind heavy imports."""


def recipes(incomplete: str) -> list[str]:
    """YAML files, and folders on the way to them."""
    return [*_paths(incomplete, lambda path: path.suffix in {".yaml", ".yml"})]


def clusters(incomplete: str) -> list[str]:
    """``local``, and cluster files."""
    return [name for name in ("local",) if name.startswith(incomplete)] + recipes(incomplete)


def runs(incomplete: str) -> list[str]:
    """Folders of runs and comparisons, and folders on the way to them."""
    return [*_paths(incomplete, lambda path: (path / "recipe.yaml").is_file())]


def overrides(incomplete: str) -> list[str]:
    """Options of a recipe with their dotted names, up to the equals sign.

    >>> overrides("training.st")
    ['training.steps=']
    """
    from transferkit.recipe_mistakes import all_options

    names = dict.fromkeys(".".join(map(str, path)) for path in all_options())
    return [f"{name}=" for name in _starting(names, incomplete) if not any(n.startswith(f"{name}.") for n in names)]


def data(incomplete: str) -> list[str]:
    """Bundled sets; after @, levels of theory. Files are left to the shell.

    >>> data("mine.extxyz@r")
    ['mine.extxyz@r2SCAN']
    """
    sets = files("transferkit.data") / "bundled_sets"
    found = [
        (s.name, f.name.removesuffix(".parquet"))
        for s in sets.iterdir()
        if s.is_dir()
        for f in s.iterdir()
        if f.name.endswith(".parquet")
    ]
    known = sorted(f"bundled:{name}@{level}" for name, level in found)
    name, at, level = incomplete.rpartition("@")
    if at and not name.startswith("bundled:"):
        return [f"{name}@{word}" for word in LEVELS if word.startswith(level)]
    return _starting(known, incomplete) if incomplete else []


def adapters(incomplete: str) -> list[str]:
    """Registered adapters."""
    from transferkit.adapters.registry import names

    return _starting(names(), incomplete)


def checkpoints(ctx: typer.Context, incomplete: str) -> list[str]:
    """Of the adapter that ``--model`` names; of all, where it names none."""
    model = ctx.params.get("model")
    wanted = CHECKPOINTS.get(model, ()) if model else [name for names in CHECKPOINTS.values() for name in names]
    return _starting(wanted, incomplete)


def conventions(incomplete: str) -> list[str]:
    """What energies can be."""
    return _starting(CONVENTIONS, incomplete)


def labels(incomplete: str) -> list[str]:
    """Labels, up to the equals sign: for ``--key`` and ``--unit``."""
    return _starting(("energy=", "forces=", "stress=", "magmoms="), incomplete)


def _starting(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]


def _paths(incomplete: str, wanted: Callable[[Path], bool]) -> Iterator[str]:
    """Wanted paths that begin so, and folders with a slash behind them."""
    folder, _, start = incomplete.rpartition("/")
    above = f"{folder}/" if folder or incomplete.startswith("/") else ""
    try:
        entries = sorted(Path(above or ".").iterdir())
    except OSError:
        return
    for path in entries:
        if path.name.startswith(start) and (start.startswith(".") or not path.name.startswith(".")):
            if wanted(path):
                yield f"{above}{path.name}"
            if path.is_dir():
                yield f"{above}{path.name}/"
