"""Recipes of the toy potential to preview."""

import pytest

from transferkit.recipe import Recipe

TINY = {
    "name": "tiny",
    "data": {"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN", "split": {"fold": 0}, "subset": 40},
    "adapter": {"name": "toy", "checkpoint": "demo"},
    "training": {"steps": 6, "batch": {"structures": 8}},
    "tracking": {"wandb": None},
}


@pytest.fixture(scope="session")
def recipe():
    """A recipe with some groups of options replaced."""
    return lambda **groups: Recipe.model_validate(TINY | groups)


@pytest.fixture(scope="session")
def finished(recipe, tmp_path_factory):
    """Folder of a run that was carried out."""
    from transferkit.pipeline import run_one

    return run_one(recipe(), tmp_path_factory.mktemp("preview") / "finished", quiet=True)
