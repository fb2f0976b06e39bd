"""Small displacements of the atoms of a structure, and how far two atoms can move apart by them."""

from math import pi, sqrt

import numpy as np
import torch
from torch import Tensor

from transferkit.errors import RecipeError, nearest
from transferkit.typing import Positions

DIRECTIONS = ("uniform", "random", "adversarial")
LONGEST = 0.5
"""Å: beyond this, atoms change places; a longer step is a slip of units."""
EXACT = 1e-4
"""eV/Å: forces that symmetry makes zero differ from their labels by rounding, whose direction means nothing."""


def reach(direction: str, length: float) -> float:
    """Most that the distance of two atoms can change, Å: the skin that a topology needs to stay complete.

    Along x, y and z two atoms of "uniform" can part by twice the length each, and "adversarial" moves an atom by
    √3 times the length; atoms of "random" move by the length at most.

    Raises:
        RecipeError: unknown direction.

    >>> reach("random", 0.05)
    0.1
    """
    if direction not in DIRECTIONS:
        raise RecipeError(
            f"loss.consistency.direction: nothing is called {direction!r}. {nearest(direction, DIRECTIONS)}"
        )
    return 2.0 * length if direction == "random" else 2.0 * sqrt(3.0) * length


def draw(direction: str, length: float, n_atoms: int, rng: np.random.Generator) -> Positions:
    """Displacements of one structure, Å, (atoms, 3).

    "uniform": every component uniform in (-length, length), then the mean over the atoms is taken off, which would only
    move the whole structure. "random": every atom in a direction of its own, evenly spread over the sphere, by a
    distance uniform in (0, length). "adversarial" is not drawn, see :func:`against`.

    Args:
        direction: "uniform" or "random"
        length: Å
        n_atoms: of the structure
        rng: from :func:`transferkit.data.batch.rng`

    Raises:
        RecipeError: another direction.

    >>> from transferkit.data.batch import rng
    >>> bool(abs(draw("uniform", 0.05, 7, rng(0, 1, 1, "example")).mean(axis=0)).max() < 1e-15)
    True
    """
    # Raw bits, because numpy promises to keep only them the same between versions.
    u = (rng.bit_generator.random_raw(3 * n_atoms) >> np.uint64(11)).reshape(n_atoms, 3) * 2.0**-53
    if direction == "uniform":
        moved = (2.0 * u - 1.0) * length
        centred: Positions = moved - moved.mean(axis=0)
        return centred
    if direction == "random":
        z, angle = 2.0 * u[:, 0] - 1.0, 2.0 * pi * u[:, 1]
        flat = np.sqrt(1.0 - z**2)
        unit = np.stack([flat * np.cos(angle), flat * np.sin(angle), z], axis=1)
        there: Positions = unit * (length * u[:, 2:])
        return there
    raise RecipeError(
        f"a displacement cannot be drawn by {direction!r}. {nearest(direction, DIRECTIONS[:2])} adversarial ones follow from forces."
    )


def against(forces: Tensor, labels: Tensor, length: float) -> Tensor:
    """Displacements along which the error of the forces raises the error of the energy fastest, Å, (atoms, 3).

    For the atom i: ``-√3 length (F_i - F_i^label) / |F_i - F_i^label|``; zero where the error is below ``EXACT``. No
    gradient passes through it.

    Args:
        forces: predicted, eV/Å, (atoms, 3)
        labels: eV/Å, (atoms, 3)
        length: Å; √3 of it is as far as the corner of the cube of "uniform"

    >>> against(torch.tensor([[2.0, 1.0, 1.0]]), torch.ones(1, 3), 0.1)[0, 0].item()
    -0.1732...
    """
    gap = forces.detach().double() - labels.double()
    size = gap.norm(dim=1, keepdim=True)
    moved: Tensor = -sqrt(3.0) * length * torch.where(size > EXACT, gap / size.clamp(min=EXACT), 0.0)
    return moved
