"""Learning curves of known laws with the noise of real studies: what intervals are checked on.

What is drawn: test compositions, some hard and some easy, which gain more or less from data; chains of nested subsets, which are
good or bad as a whole and whose luck carries over from one size to the next; seeds; and the noise of one composition in one
training. Both curves of a study share subsets and test compositions, and feel them alike in part.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Truth:
    """error = a N^-b + c over all compositions and chains.

    >>> Truth(2.0, 0.5, 0.1).errors(np.array([4.0, 100.0])).round(6)
    array([1.1, 0.3])
    """

    a: float
    b: float
    c: float = 0.0

    def errors(self, sizes: np.ndarray) -> np.ndarray:
        """The law without noise."""
        return self.a * np.asarray(sizes, dtype=np.float64) ** -self.b + self.c


@dataclass(frozen=True)
class Noise:
    """Standard deviations in natural log error.

    ``level``, ``subset``, ``follows`` and ``difficulty`` are those of a quick learner on real compositions
    (``benchmarks/accuracy/scaling/noise.py``), ``seed`` of CHGNet runs; ``slope``, ``gain``, ``cell`` and ``shared`` are chosen so
    that the sums come out like its own.

    Args:
        level: of a chain's errors at all sizes together
        slope: of a chain's exponent
        subset: of the luck of one subset, at the smallest and at the largest size
        follows: correlation of that luck between neighbouring sizes of a chain
        seed: of a training's own chance
        difficulty: of a test composition's error
        gain: of a test composition's own exponent
        cell: of one composition's error in one training
        shared: correlation of each of these, but ``seed`` and ``cell``, between the two curves of a study
    """

    level: float = 0.08
    slope: float = 0.03
    subset: tuple[float, float] = (0.18, 0.06)
    follows: float = 0.35
    seed: float = 0.05
    difficulty: float = 0.75
    gain: float = 0.2
    cell: float = 0.5
    shared: float = 0.6


NOISE = Noise()


@dataclass(frozen=True)
class Study:
    """One simulated study of two curves or more, all with the same chains and test compositions.

    Args:
        sizes: (m,)
        errors: (curves, chains, m)
        cells: errors of single compositions, (curves, chains, m, compositions); their mean is ``errors``
        on_test: the laws without noise of chains and seeds on this study's test compositions, (curves, m)
    """

    sizes: np.ndarray
    errors: np.ndarray
    cells: np.ndarray
    on_test: np.ndarray

    def compositions(self, curve: int) -> dict[str, np.ndarray]:
        """Errors of one curve by composition, (chains, m) each."""
        return {f"composition {k:04d}": self.cells[curve, :, :, k] for k in range(self.cells.shape[-1])}


def simulate(
    rng: np.random.Generator,
    truths: Sequence[Truth],
    sizes: np.ndarray,
    *,
    chains: int,
    compositions: int = 100,
    noise: Noise = NOISE,
) -> Study:
    """Draw one study.

    Args:
        rng: source of chance
        truths: law of each curve
        sizes: training set sizes, increasing, as many in each chain
        chains: of nested subsets
        compositions: in the test part
        noise: how much everything varies

    >>> study = simulate(np.random.default_rng(0), [Truth(1.0, 0.5)], np.array([10.0, 100.0, 1000.0]), chains=3)
    >>> study.errors.shape, bool(np.allclose(study.cells.mean(axis=-1), study.errors))
    ((1, 3, 3), True)
    """
    sizes = np.asarray(sizes, dtype=np.float64)
    x = np.log(sizes) - np.log(sizes).mean()
    m, n = len(sizes), len(truths)

    def drawn(*shape: int) -> np.ndarray:
        common = rng.standard_normal(shape)
        own = rng.standard_normal((n, *shape))
        return np.asarray(np.sqrt(noise.shared) * common + np.sqrt(1.0 - noise.shared) * own)

    luck = drawn(chains, m)
    for i in range(1, m):
        luck[..., i] = noise.follows * luck[..., i - 1] + np.sqrt(1.0 - noise.follows**2) * luck[..., i]
    per_size = np.geomspace(*noise.subset, m)
    by_chain = noise.level * drawn(chains, 1) + noise.slope * drawn(chains, 1) * x + per_size * luck
    by_chain = by_chain + noise.seed * rng.standard_normal((n, chains, m))
    hard = noise.difficulty * drawn(1, compositions) + noise.gain * drawn(1, compositions) * x[:, None]
    # The mean over all compositions is the law: lognormal means are taken out.
    hard = hard - 0.5 * (noise.difficulty**2 + (noise.gain * x[:, None]) ** 2)
    laws = np.stack([truth.errors(sizes) for truth in truths])
    cell = noise.cell * rng.standard_normal((n, chains, m, compositions)) - 0.5 * noise.cell**2
    cells = laws[:, None, :, None] * np.exp(by_chain[..., None] + hard[:, None] + cell)
    return Study(sizes, cells.mean(axis=-1), cells, laws * np.exp(hard).mean(axis=-1))
