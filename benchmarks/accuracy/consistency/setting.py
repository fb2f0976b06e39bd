"""What is compared: two tasks, their sizes and seeds, and the arms. Everything that a run needs besides its coefficients.

ethanol  MACE with random weights (16x0e+16x1o, 5 Å) on energies of rMD17 ethanol frames; some arms also see forces
r2scan   CHGNet 0.3.0 on bundled r2SCAN energies, reference by the policy "residual"; no arm sees a force
"""

import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

import transferkit as tk
from transferkit.adapters.mace import MaceAdapter
from transferkit.adapters.mace.architecture import of_config
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.split import split
from transferkit.data.structures import Structures
from transferkit.data.subset import nested_subsets
from transferkit.evaluation.judge import determined
from transferkit.reference.elemental import ElementalReference
from transferkit.rereferencing import compare_policies

SEEDS = (0, 1, 2, 3, 4)
PILOT_SEED = 100
FRAMES = "rmd17_ethanol_1k/rmd17_ethanol_1000.xyz"
FORCES = {"energy": 30.0, "forces": 1.0}
ENERGIES = {"energy": 3.0}


@dataclass(frozen=True)
class Task:
    """One data set and how long to train on it."""

    sizes: tuple[int, ...]
    pilot_size: int
    pilot_steps: int
    steps: int
    evaluate_every: int
    rate: float
    batch: int


TASKS = {
    "ethanol": Task((50, 100, 200), 100, 1200, 1000, 40, 1e-2, 10),
    "r2scan": Task((25, 50, 100), 50, 120, 80, 10, 3e-4, 8),
}


MACE = {
    **of_config("tiny"),
    "elements": [1, 6, 8],
    "avg_num_neighbors": 8.0,
    "avg_per_interaction": [8.0, 8.0],
    "hidden_irreps": "16x0e+16x1o",
    "MLP_irreps": "16x0e",
    "radial_MLP": [32, 32],
}
"""Every atom of ethanol has the 8 others within 5 Å; the default of 60 would make all messages tiny."""


@dataclass(frozen=True)
class Arm:
    """One way to train.

    Attributes:
        label: for tables
        weights: of the labels
        tuned: name of the coefficients in pilot.json; "" for none
        longer: take as many more steps as the second-order losses take longer
        tasks: where it is run
        sees_forces: whether force labels enter in any way, so that it is no rival of those that see none
        baseline: what it is compared with
        extra: run by `run.py --extra`, after all else
    """

    label: str
    tuned: str = ""
    weights: dict[str, float] = field(default_factory=lambda: dict(ENERGIES))
    longer: bool = False
    tasks: tuple[str, ...] = ("ethanol", "r2scan")
    sees_forces: bool = False
    baseline: str = "none"
    extra: bool = False


ARMS = {
    "none": Arm("energies alone"),
    "longer": Arm("energies alone, as long as κ = 1/2 takes", longer=True),
    "noise": Arm("noise augmentation", tuned="noise"),
    "first": Arm("PITC + PISC, κ = 0", tuned="first"),
    "second": Arm("PITC + PISC, κ = 1/2", tuned="second"),
    "paper": Arm("PITC + PISC, κ = 0, the paper's weights", tuned="paper", extra=True),
    "taylor": Arm("Taylor labels (from forces)", tuned="taylor", tasks=("ethanol",), sees_forces=True),
    "second-long": Arm(
        "PITC + PISC, κ = 1/2, as many steps as the longer training",
        tuned="second",
        longer=True,
        tasks=("ethanol",),
        baseline="longer",
        extra=True,
    ),
    "tuned-long": Arm(
        "PITC + PISC, weights chosen in the longer training",
        tuned="long",
        longer=True,
        tasks=("ethanol",),
        baseline="longer",
        extra=True,
    ),
    "forces": Arm(
        "energies and forces", weights=FORCES, tasks=("ethanol",), sees_forces=True, baseline="forces", extra=True
    ),
    "forces-second": Arm(
        "energies and forces, PITC + PISC, κ = 1/2",
        tuned="second",
        weights=FORCES,
        tasks=("ethanol",),
        sees_forces=True,
        baseline="forces",
        extra=True,
    ),
}


def copies(kind: str, *pairs: tuple[float, int]) -> list[dict]:
    """Augmentations by length and number of copies."""
    return [{"kind": kind, "length": length, "copies": n} for length, n in pairs]


def losses(kappa: float, *pairs: tuple[float, float]) -> list[dict]:
    """Consistency losses by weight of PITC and length; PISC weighs a tenth of PITC.

    The paper's ratio is 120; PISC costs a third of the time, and at a hundredth could do nothing.
    """
    return [{"kappa": kappa, "pitc": pitc, "pisc": pitc / 10, "length": length} for pitc, length in pairs]


NOISE = copies("noise", (0.005, 4), (0.02, 4), (0.05, 4), (0.002, 1), (0.01, 1))
GRID = {
    "noise": {"ethanol": NOISE, "r2scan": NOISE},
    "taylor": {"ethanol": copies("taylor", (0.01, 4), (0.03, 4), (0.1, 4), (0.01, 1), (0.03, 1)), "r2scan": []},
    "first": {
        "ethanol": losses(0.0, (0.03, 0.02), (0.3, 0.02), (3.0, 0.02), (0.3, 0.05)),
        "r2scan": losses(0.0, (0.03, 0.02), (0.3, 0.02), (3.0, 0.02), (0.3, 0.05), (3.0, 0.05), (100.0, 0.05)),
    },
    "second": {
        "ethanol": losses(0.5, (0.3, 0.05), (3.0, 0.05), (30.0, 0.05)),
        "r2scan": losses(0.5, (0.3, 0.05), (3.0, 0.05), (100.0, 0.1), (3000.0, 0.1)),
    },
}
"""What the pilot tries. The residuals of CHGNet near its crystals are far smaller than those of a molecule, so weights go higher."""
LONG = {
    "first": {"ethanol": losses(0.0, (0.3, 0.02))},
    "second": {"ethanol": losses(0.5, (3.0, 0.05), (30.0, 0.05))},
}
"""Stronger weights, tried once more in a training as long as that of the arm "longer", where a regulariser has more to do: for "tuned-long"."""
PAPER = {"kappa": 0.0, "pitc": 1.2, "pisc": 0.01, "length": 0.05}
"""As the paper has for ANI-1x, beside other units and another energy loss: not tuned here, run to see what copying them does."""


@dataclass(frozen=True, eq=False)
class Problem:
    """One data set, size and seed: where all arms start, and what they are measured on."""

    start: ReferencedPotential
    train: Structures
    valid: Structures
    test: Structures
    known: np.ndarray  # test structures whose E0 the training part determines


def problem(task: str, size: int, seed: int) -> Problem:
    """The same for every arm: subset, order and, for MACE, random weights follow from the seed; the test from nothing."""
    if task == "ethanol":
        pool, valid, test = ethanol()
        adapter = MaceAdapter(MACE, seed=seed).float()
        z = np.array(MACE["elements"])
        model = ReferencedPotential(adapter, [ElementalReference(z, np.zeros(len(z)), source="zero")])
    else:
        pool, valid, test = r2scan()
        model = tk.load("chgnet", "0.3.0", device="cpu")
    train = nested_subsets(pool, [size], seed=seed, by="random")[0]
    start = compare_policies(model, pool.without("forces", "stress", "magmoms"), policy="residual").potential
    chooses = np.flatnonzero(determined(pool, valid))
    return Problem(start, train, valid[chooses], test, determined(pool, test))


@cache
def ethanol() -> tuple[Structures, Structures, Structures]:
    """550 frames to draw from, 50 to choose by, 400 to test on; the order of the file is not that of time."""
    folder = Path(os.environ["TRANSFERKIT_SHARED"]) / "data"
    data = tk.read(folder / FRAMES, fidelity="PBE", units={"energy": "kcal/mol", "forces": "kcal/mol/Å"})
    order = np.random.default_rng(0).permutation(len(data))
    return data[order[:550]], data[order[550:600]], data[order[600:]]


@cache
def r2scan() -> tuple[Structures, Structures, Structures]:
    """Compositions dealt out once: two fifths to draw from, one to choose by, two to test on."""
    parts = split(tk.bundled("gpaw-pbe-r2scan"), by="composition", seed=0, fractions=(0.4, 0.2, 0.4), known=0.0)
    [test] = parts.tests.values()
    return parts.train, parts.valid, test
