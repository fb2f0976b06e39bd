"""What the contract's tests are written with."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.testing import assert_allclose

from transferkit.adapters.base import Batch, Prediction
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.structures import Structure
from transferkit.errors import CheckpointError
from transferkit.testing.structures import small_structures
from transferkit.typing import Property

Arrays = dict[str, np.ndarray]
"""A prediction as numpy arrays, by property; what was not predicted is not there"""

ENERGY: frozenset[Property] = frozenset({"energy"})


@dataclass(frozen=True)
class Native:
    """What the native package says about a structure: energy eV total, forces eV/Å, stress eV/Å³ in ASE's sign."""

    energy: float
    forces: np.ndarray
    stress: np.ndarray | None = None


def expect(condition: object, message: str) -> None:
    """Fail the test with a message that says what was expected.

    >>> expect(1 + 1 == 2, "arithmetic is broken")
    """
    if not condition:
        raise AssertionError(message)


def arrays(prediction: Prediction) -> Arrays:
    """Copy a prediction into numpy arrays."""
    values = {f.name: getattr(prediction, f.name) for f in fields(prediction)}
    return {name: v.detach().cpu().numpy().copy() for name, v in values.items() if v is not None}


class Tools:
    """Settings of a contract, and the few methods that its tests share.

    Attributes:
        numbers: two elements that the checkpoint knows
        unknown: an element that it does not know, or None
        energy_tolerance: eV/atom
        force_tolerance: eV/Å; also of moments, μB
        stress_tolerance: eV/Å³
        difference_tolerance: of finite differences, eV/Å and eV/Å³
        suffix: of the files that ``export`` writes
        step: of finite differences, Å and strain
    """

    numbers: tuple[int, int] = (11, 17)
    unknown: int | None = 118
    energy_tolerance = 1e-5
    force_tolerance = 1e-4
    stress_tolerance = 1e-5
    difference_tolerance = 1e-5
    suffix = ".pth.tar"
    step = 1e-3

    @abstractmethod
    def potential(self, dtype: torch.dtype) -> ReferencedPotential:
        """A new potential each time, from a checkpoint."""

    def native(self, path: Path, structures: Sequence[Structure]) -> list[Native] | None:
        """What the native package computes from an exported file; None where there is no native package."""
        del path, structures
        return None

    def loaded(self, checkpoint: str | Path) -> ReferencedPotential:
        """A checkpoint by name, or what ``export`` wrote; override where ``load`` needs more, e.g. the user's trust."""
        return type(self.default().adapter).load(checkpoint)

    def default(self) -> ReferencedPotential:
        """In float32 if the adapter can, which is what users run."""
        return self._first(torch.float32, torch.float64)

    def exact(self) -> ReferencedPotential:
        """In float64 if the adapter can, for differences."""
        return self._first(torch.float64, torch.float32)

    def _first(self, *dtypes: torch.dtype) -> ReferencedPotential:
        for dtype in dtypes:
            try:
                return self.potential(dtype)
            except CheckpointError:
                if dtype == dtypes[-1]:
                    raise
        raise AssertionError("no dtype was given")

    def structures(self) -> list[Structure]:
        """The small structures."""
        return list(small_structures(self.numbers).values())

    def named(self, name: str) -> Structure:
        """One of the small structures."""
        return small_structures(self.numbers)[name]

    @staticmethod
    def first(potential: ReferencedPotential) -> str:
        """The head that is tested: a potential may come with several."""
        return potential.adapter.heads[0]

    @classmethod
    def batch(
        cls,
        potential: ReferencedPotential,
        structures: Sequence[Structure],
        *,
        skin: float = 0.0,
        head: str | Sequence[str] | None = None,
    ) -> Batch:
        """A batch of structures, all through one head or each through its own."""
        named = cls.first(potential) if head is None else head
        heads = [named] * len(structures) if isinstance(named, str) else list(named)
        graphs = [potential.graph(s, skin=skin, head=h) for s, h in zip(structures, heads, strict=True)]
        return potential.collate(graphs, heads)

    @classmethod
    def evaluate(
        cls,
        potential: ReferencedPotential,
        structures: Sequence[Structure],
        *,
        need: frozenset[Property] | None = None,
        skin: float = 0.0,
        head: str | Sequence[str] | None = None,
    ) -> Arrays:
        """Predict what is needed, or all that the potential can, for one batch of structures."""
        need = potential.adapter.capabilities.properties if need is None else need
        return arrays(potential(cls.batch(potential, structures, skin=skin, head=head), need=need))

    def same(self, one: Arrays, two: Arrays, atoms: Sequence[int]) -> None:
        """Two predictions agree within the tolerances; ``atoms`` per structure."""
        self.close(one["energy"] / np.array(atoms), two["energy"] / np.array(atoms), self.energy_tolerance)
        expect(one.keys() == two.keys(), f"one prediction has {list(one)}, the other {list(two)}")
        tolerances = {"forces": self.force_tolerance, "stress": self.stress_tolerance, "magmoms": self.force_tolerance}
        for name in one.keys() & tolerances.keys():
            self.close(one[name], two[name], tolerances[name])

    @staticmethod
    def close(one: np.ndarray, two: np.ndarray, tolerance: float) -> None:
        """Two arrays agree to an absolute tolerance."""
        assert_allclose(one, two, atol=tolerance, rtol=0)


def split(batch: Mapping[str, np.ndarray], sizes: Sequence[int]) -> list[Arrays]:
    """One prediction per structure from that of a batch; ``sizes`` are atoms per structure."""
    ends = np.cumsum(sizes)
    per_structure = {"energy", "stress"}
    return [
        {k: v[s : s + 1] if k in per_structure else v[end - n : end] for k, v in batch.items()}
        for s, (n, end) in enumerate(zip(sizes, ends, strict=True))
    ]
