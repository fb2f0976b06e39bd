"""One run: train one arm on one problem, measure it, write one JSON file and the model."""

import json
import time
from pathlib import Path

import numpy as np
from setting import ARMS, TASKS, Problem

from transferkit.data.structures import Structures, concatenate
from transferkit.evaluation.judge import symmetry_free
from transferkit.evaluation.metrics import measure
from transferkit.evaluation.predict import predict
from transferkit.training.augmentation import Augmentation
from transferkit.training.consistency import Consistency
from transferkit.training.fit import FitResult, fit
from transferkit.training.loss import Loss
from transferkit.training.optimiser import Optimiser

STEP0 = frozenset({"energy", "forces"})


def train(
    problem: Problem,
    task: str,
    arm: str,
    coefficients: dict | None,
    *,
    seed: int,
    steps: int,
    evaluate_every: int | None = None,
) -> tuple[FitResult, float]:
    """The result and the CPU seconds it took, with graphs, augmentation and evaluations on the validation part."""
    settings, how = TASKS[task], ARMS[arm]
    clock = time.process_time()
    data, consistency = problem.train, None
    if coefficients is not None and "kind" in coefficients:
        data = concatenate([data, Augmentation(**coefficients).copies_of(data, seed=seed)])
    elif coefficients is not None:
        consistency = Consistency(**coefficients)
    if not how.weights.get("forces"):
        data = data.without("forces", "stress", "magmoms")
    result = fit(
        problem.start,
        data,
        problem.valid,
        loss=Loss(weights=how.weights, consistency=consistency),
        optimiser=Optimiser(learning_rate=settings.rate),
        steps=steps,
        structures=settings.batch,
        evaluate_every=evaluate_every or max(1, round(settings.evaluate_every * steps / settings.steps)),
        evaluate_unit="steps",
        clip=10.0,
        seed=seed,
        quiet=True,
    )
    return result, time.process_time() - clock


def errors(problem: Problem, potential) -> dict:
    """Errors on the test: energies of structures whose E0 is determined, forces of all, by composition and in all."""
    predicted = predict(potential, problem.test, need=STEP0)
    known = np.flatnonzero(problem.known)
    whole = measure(predicted, problem.test, free=free_of(problem.test))
    sound = measure(predicted[known], problem.test[known])
    return {
        "energy": sound["energy"]["mae"],
        "forces": whole["forces"]["free_mae"],
        "forces_rmse": whole["forces"]["rmse"],
        "energy_by_composition": {k: v["energy"] for k, v in sound["by_composition"].items()},
        "forces_by_composition": {
            k: v["free_forces"] for k, v in whole["by_composition"].items() if v["free_forces"] is not None
        },
    }


def free_of(data: Structures) -> np.ndarray:
    """Force components that symmetry does not make zero; all of them in a molecule that moves."""
    return np.ones((len(data.numbers), 3), dtype=bool) if not data.pbc.any() else symmetry_free(data)


def lowest(result: FitResult) -> float:
    """Validation loss of the weights that are kept."""
    return min(row["valid"]["loss"] for row in result.history)


def write(path: Path, content: dict) -> None:
    """A file is there in full or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, indent=1) + "\n")
    part.replace(path)
