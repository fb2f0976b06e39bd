"""READ FIRST. One run, top to bottom: recipe, data, reference, adapter, fine-tuning, evaluation, report.

Everything below is a concept called with plain arguments; only this file meets the recipe.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from transferkit import api
from transferkit.data.source import open_data
from transferkit.data.split import Folds, Parts, fold_split, split
from transferkit.data.structures import Structures
from transferkit.data.subset import nested_subsets
from transferkit.provenance import provenance
from transferkit.recipe import Recipe, identity
from transferkit.typing import PROPERTIES, Json, Property

if TYPE_CHECKING:
    from transferkit.adapters.base import Graph
    from transferkit.adapters.potential import ReferencedPotential
    from transferkit.training.loop import FitResult

SMOKE_STEPS = 2
SMOKE_STRUCTURES = 24


def run(recipe: Recipe, *, output: Path | None = None, smoke: bool = False, resume: bool = True) -> Path:
    """Carry out a recipe: one run, or every variant and seed of a comparison.

    Args:
        recipe: from :func:`transferkit.recipe.load_recipe`
        output: folder to write to; ``runs/<name>`` if not given
        smoke: two steps on two dozen training structures, to see that everything works
        resume: continue what is there; what is finished is not run again

    Returns:
        the folder, which holds ``index.html``

    Raises:
        RunFolderError: the folder belongs to another recipe.
    """
    folder = output or Path(recipe.output or f"runs/{recipe.name}")
    if recipe.compare or recipe.seeds:
        from transferkit.comparison import run_comparison

        return run_comparison(recipe, folder, smoke=smoke, resume=resume)
    return run_one(recipe, folder, smoke=smoke, resume=resume)


def run_one(
    recipe: Recipe, folder: Path, *, variant: str = "", smoke: bool = False, resume: bool = True, quiet: bool = False
) -> Path:
    """One resolved recipe, one seed, one folder."""
    claim(folder, recipe, smoke=smoke, resume=resume)
    if (folder / "result.json").exists():
        return folder
    say = (lambda text: None) if quiet else (lambda text: sys.stderr.write(text + "\n"))

    # 1. data: labelled structures in a training, a validation and two named test parts
    data = open_data(recipe.data.source, fidelity=recipe.data.fidelity, label_convention=recipe.data.label_convention)
    parts = divide(recipe, data, smoke=smoke)
    write_json(folder / "split.json", parts.info)
    say(f"{data}\n{parts.describe()}")

    # 2. adapter: a network, with its elemental energies lifted out
    model = start(recipe)

    # 3. reference: E0 of the target level of theory, and the table of how every policy would do
    options = recipe.reference
    source_data = None if options.source_data is None else open_data(options.source_data, fidelity=recipe.data.fidelity)
    referenced = api.compare_policies(
        model,
        parts.train,
        policy=options.policy,
        trainable=options.trainable,
        method=options.method,
        ridge=options.ridge,
        source_data=source_data,
        isolated=options.isolated_atoms,
    )
    model = referenced.potential
    model.reference().save(folder / "reference.json")
    say(str(referenced.table))
    if referenced.warning:
        say(referenced.warning)

    # 4. what the potential knows before any training: step 0
    sets = {"valid": parts.valid, **parts.tests}
    graphs = {name: build(model, part) for name, part in sets.items()}
    step0 = {name: predictions(model, part, graphs[name]) for name, part in sets.items()}

    # 5. fine-tune: strategy, loss and optimiser are data handed to the one loop
    fitted = train(recipe, model, parts, graphs["valid"], folder, resume=resume, smoke=smoke, quiet=quiet)

    # 6. evaluate on the named tests; structures whose reference is undetermined are counted apart
    final = {name: predictions(fitted.potential, part, graphs[name]) for name, part in sets.items()}
    tests = {name: judge(parts.train, part, step0[name], final[name]) for name, part in sets.items()}
    save_predictions(folder, step0, final)
    fitted.potential.save(folder / "model")

    # 7. write what came out, then the page
    result = assemble(recipe, variant, data, parts, referenced, fitted, tests)
    write_json(folder / "provenance.json", provenance(recipe, data))
    write_json(folder / "result.json", result)
    from transferkit.report.page import write

    write(folder)
    return folder
