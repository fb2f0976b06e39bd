"""The field page: every array that crosses a boundary, with its shape and unit.

| name | shape | unit |
|---|---|---|
| numbers | atoms | atomic number Z |
| positions | atoms, 3 | Å, Cartesian |
| cell | structures, 3, 3 | Å, one lattice vector per row |
| pbc | structures, 3 | periodic along each lattice vector |
| offsets | structures + 1 | structure ``s`` owns atoms ``offsets[s]:offsets[s + 1]`` |
| energy | structures | eV, total |
| forces | atoms, 3 | eV/Å |
| stress | structures, 3, 3 | eV/Å³, ASE sign: + dE/dstrain / volume, tension positive |
| magmoms | atoms | μB, absolute value |
| counts | structures, elements | atoms of each element in each structure |

Names of a dimension are checked against each other at run time in the tests (jaxtyping with beartype).
"""

from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float, Int

Property = Literal["energy", "forces", "stress", "magmoms"]
PROPERTIES: tuple[Property, ...] = ("energy", "forces", "stress", "magmoms")

Numbers = Int[np.ndarray, " atoms"]
Positions = Float[np.ndarray, "atoms 3"]
Cells = Float[np.ndarray, "structures 3 3"]
Cell = Float[np.ndarray, "3 3"]
Periodic = Bool[np.ndarray, "structures 3"]
Energy = Float[np.ndarray, " structures"]
Forces = Float[np.ndarray, "atoms 3"]
Stress = Float[np.ndarray, "structures 3 3"]
Magmoms = Float[np.ndarray, " atoms"]
Mask = Bool[np.ndarray, " structures"]
Counts = Float[np.ndarray, "structures elements"]
Json = dict[str, Any]
