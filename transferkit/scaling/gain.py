"""What pre-training is worth: two learning curves compared."""

from dataclasses import dataclass, field

import numpy as np

from transferkit.errors import ScalingError
from transferkit.scaling.crossing import Crossing, crossing_between
from transferkit.scaling.curve import Labels, Numbers
from transferkit.scaling.data_factor import DataFactor, factor_at_size, factor_for_error
from transferkit.scaling.law import PowerLaw
from transferkit.scaling.power_law import fit_power_law
from transferkit.scaling.spread import CHAINS, COMPOSITIONS, Spread, joined
from transferkit.typing import Json

Points = tuple[Numbers, Numbers] | tuple[Numbers, Numbers, Labels | None]
"""Sizes, errors and, where there are several, chains. Give a law where there is more to say, e.g. errors of compositions."""


@dataclass(frozen=True)
class Gain:
    """Transfer against scratch.

    Args:
        transfer: law of the first curve
        scratch: law of the second curve
        crossing: where they meet
        data_factor: at the largest size that both curves have
        paired: chains of the same name share their subsets, so that their differences are what varies
        level: of all intervals
    """

    transfer: PowerLaw
    scratch: PowerLaw
    crossing: Crossing
    data_factor: DataFactor
    paired: bool
    level: float
    spread: Spread = field(repr=False, compare=False)

    def data_factor_at(self, size: float) -> DataFactor:
        """How many times ``size`` scratch needs to be as good as transfer at ``size``."""
        _positive("size", size)
        laws = self.transfer, self.scratch
        return factor_at_size(laws[0].fit, laws[1].fit, self.spread, float(size), level=self.level, unit=laws[0].unit)

    def data_factor_for(self, error: float) -> DataFactor:
        """N_scratch / N_transfer at a target error, in the unit of the errors."""
        _positive("error", error)
        laws = self.transfer, self.scratch
        return factor_for_error(
            laws[0].fit, laws[1].fit, self.spread, float(error), level=self.level, unit=laws[0].unit
        )

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "transfer": self.transfer.to_json(),
            "scratch": self.scratch.to_json(),
            "crossing": self.crossing.to_json(),
            "data_factor": self.data_factor.to_json(),
            "paired": self.paired,
            "level": self.level,
        }

    def __str__(self) -> str:
        """A few sentences."""
        how = (
            "Chains are paired: the same subsets on both curves."
            if self.paired
            else "The curves are taken as independent."
        )
        return f"{self.crossing}\n{self.data_factor}\n{how}"


def compare_curves(
    *,
    transfer: Points | PowerLaw,
    scratch: Points | PowerLaw,
    offset: bool | None = False,
    loss: str = "least-squares",
    level: float = 0.95,
    unit: str = "",
) -> Gain:
    """Fit two learning curves and say where they meet and how much data the first saves.

    Chains with the same labels on both curves are pairs: their subsets are the same, and what these subsets do to both curves
    cancels in the difference.

    Args:
        transfer: (sizes, errors) or (sizes, errors, chains) of the pre-trained network; or its law
        scratch: of the network from scratch
        offset: as in :func:`transferkit.fit_power_law`
        loss: "least-squares" or "huber"
        level: of the intervals
        unit: of the errors

    Raises:
        ScalingError: as :func:`transferkit.fit_power_law`.

    >>> n = [100, 1000, 10000]
    >>> gain = compare_curves(transfer=(n, [0.05, 0.04, 0.031]), scratch=(n, [0.5, 0.16, 0.048]))
    >>> gain.crossing.inside, round(gain.crossing.size, -3), gain.crossing.beyond
    (False, 30000.0, '3 times beyond your largest size')
    """
    laws = []
    for name, given in (("transfer", transfer), ("scratch", scratch)):
        if isinstance(given, PowerLaw):
            laws.append(given)
            continue
        n, e, chains = (*given, None)[:3]
        laws.append(fit_power_law(n, e, offset=offset, chains=chains, loss=loss, level=level, unit=unit, name=name))
    first, second = laws
    spread, paired = _both(first, second)
    crossing = crossing_between(first.fit, second.fit, spread, level)
    largest = float(min(first.fit.curve.sizes[-1], second.fit.curve.sizes[-1]))
    factor = factor_at_size(first.fit, second.fit, spread, largest, level=level, unit=first.unit)
    return Gain(first, second, crossing, factor, paired, level, spread)


def _both(first: PowerLaw, second: PowerLaw) -> tuple[Spread, bool]:
    """The spread of all parameters, and whether chains are pairs. Chains and compositions are in the order of their names."""
    one, other = first.fit.curve, second.fit.curve
    paired = one.chains is not None and one.chains == other.chains
    same = bool(one.compositions) and one.compositions == other.compositions
    shared = frozenset(kind for kind, is_shared in ((CHAINS, paired), (COMPOSITIONS, same)) if is_shared)
    return joined(first.fit.spread, second.fit.spread, shared), paired


def _positive(what: str, value: float) -> None:
    if not (np.isfinite(value) and value > 0):
        raise ScalingError(f"{what} {value:g} is not a positive number. Give one in the units of the points.")
