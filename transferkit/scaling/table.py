"""Laws of all curves of a table of points, and what they say together."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from transferkit.errors import ScalingError, nearest
from transferkit.scaling.forecast import ErrorAt, SizeFor
from transferkit.scaling.gain import Gain, compare_curves
from transferkit.scaling.law import PowerLaw
from transferkit.scaling.points import checked, points_of
from transferkit.scaling.power_law import fit_power_law
from transferkit.typing import Json

TRANSFER, SCRATCH = "transfer", "scratch"
Pair = tuple[str, str]
"""Names of two curves: what is compared, and with what."""


@dataclass(frozen=True)
class CurveFits:
    """All curves of one quantity on one test part.

    Args:
        quantity: energy, forces, ...; empty where the table does not say
        test: name of the test part; empty where the table does not say
        laws: by name of the curve
        refused: curves without a law, with the reason
        gains: transfer against scratch, by the names of both; empty where one of both is not there
        errors_at: forecasts at sizes, by name of the curve
        sizes_for: forecasts for target errors, by name of the curve
        factors: data factors at these sizes and for these errors, by the names of both
    """

    quantity: str
    test: str
    laws: dict[str, PowerLaw]
    refused: dict[str, str]
    gains: dict[Pair, Gain]
    errors_at: dict[str, list[ErrorAt]]
    sizes_for: dict[str, list[SizeFor]]
    factors: dict[Pair, list[str]]

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "quantity": self.quantity,
            "test": self.test,
            "laws": {name: law.to_json() for name, law in self.laws.items()},
            "refused": self.refused,
            "gains": [gain.to_json() | {TRANSFER: one, SCRATCH: other} for (one, other), gain in self.gains.items()],
            "errors_at": {name: [f.to_json() for f in found] for name, found in self.errors_at.items()},
            "sizes_for": {name: [f.to_json() for f in found] for name, found in self.sizes_for.items()},
        }

    def __str__(self) -> str:
        """A paragraph per curve, then how they compare."""
        head = ", ".join(filter(None, [self.quantity, self.test and f"on {self.test}"]))
        blocks = [head] if head else []
        for name, law in self.laws.items():
            told = [*self.errors_at.get(name, []), *self.sizes_for.get(name, [])]
            blocks.append("\n".join([*([f"{name}:"] if name else []), str(law), *map(str, told)]))
        blocks += [f"{name}: no law. {why}" for name, why in self.refused.items()]
        if not self.gains and len(self.laws) > 1:
            blocks.append(f"Curves: {', '.join(self.laws)}. Name two with --transfer and --scratch to compare them.")
        for pair, gain in self.gains.items():
            one, other = (
                name if name == what else f"{name} ({what})"
                for name, what in zip(pair, (TRANSFER, SCRATCH), strict=True)
            )
            blocks.append("\n".join([f"{one} against {other}:", str(gain), *self.factors[pair]]))
        return "\n\n".join(blocks)


def fit_table(
    table: pd.DataFrame,
    *,
    transfer: str = TRANSFER,
    scratch: str = SCRATCH,
    pairs: Callable[[pd.DataFrame], Iterable[Pair]] | None = None,
    offset: bool | None = None,
    loss: str = "least-squares",
    level: float = 0.95,
    unit: str = "",
    targets: Sequence[float] = (),
    at: Sequence[float] = (),
) -> list[CurveFits]:
    """Fit every curve of a table, and compare transfer with scratch where both are there.

    Args:
        table: one row per point, with columns ``size`` and ``error`` at least (:mod:`transferkit.scaling.points`)
        transfer: name of the curve of the pre-trained network
        scratch: name of the curve of the network from scratch
        pairs: which curves of a quantity and test part are compared, from their rows, in place of ``transfer`` and ``scratch``
        offset: as in :func:`transferkit.fit_power_law`; None lets each curve choose
        loss: "least-squares" or "huber"
        level: of the intervals
        unit: of the errors, where the table has no column for it
        targets: errors for which sizes are asked, in the unit of the table
        at: sizes at which errors are asked

    Returns:
        one entry per quantity and test part, in the order of the table

    Raises:
        ScalingError: a column is missing or misspelt, a curve is named that is not there, or no curve at all carries a law.

    >>> table = pd.DataFrame({"size": [10, 100, 1000], "error": [0.3, 0.1, 0.03]})
    >>> round(fit_table(table)[0].laws[""].exponent, 2)
    0.5
    """
    table = checked(table)
    _named(table, transfer, scratch)
    out = []
    for (quantity, test), part in table.groupby(["quantity", "test"], sort=False):
        shown = str(part["unit"].iloc[0]) or unit
        laws: dict[str, PowerLaw] = {}
        refused: dict[str, str] = {}
        for name, points in part.groupby("curve", sort=False):
            try:
                laws[str(name)] = law_of(points, str(name), offset=offset, loss=loss, level=level, unit=shown)
            except ScalingError as error:
                refused[str(name)] = str(error)
        gains: dict[Pair, Gain] = {}
        factors: dict[Pair, list[str]] = {}
        for pair in pairs(part) if pairs else [(transfer, scratch)]:
            if set(pair) <= set(laws):
                both = [part[part["curve"] == name] for name in pair]
                gain = gain_of(*both, names=pair, offset=offset, loss=loss, level=level, unit=shown)
                asked = [*(gain.data_factor_at(n) for n in at), *(gain.data_factor_for(e) for e in targets)]
                gains[pair], factors[pair] = gain, [str(one) for one in asked]
        errors_at = {name: [law.error_at(n) for n in at] for name, law in laws.items()}
        sizes_for = {name: [law.size_for(e) for e in targets] for name, law in laws.items()}
        out.append(CurveFits(str(quantity), str(test), laws, refused, gains, errors_at, sizes_for, factors))
    if not any(one.laws for one in out):
        raise ScalingError(next(why for one in out for why in one.refused.values()))
    return out


def _named(table: pd.DataFrame, transfer: str, scratch: str) -> None:
    curves = [str(c) for c in table["curve"].unique()]
    for option, name, default in (("transfer", transfer, TRANSFER), ("scratch", scratch, SCRATCH)):
        if name != default and name not in curves:
            raise ScalingError(f"no curve is called {name!r}, which {option} names. {nearest(name, curves)}")
    if transfer == scratch:
        raise ScalingError(f"transfer and scratch both name {transfer!r}. Name two curves.")


def gain_of(one: pd.DataFrame, other: pd.DataFrame, *, names: tuple[str, str], **options: Any) -> Gain:
    """Two curves compared over the chains that both have, so that pairs stay pairs while a study is not finished.

    Args:
        one: rows of the first curve, as :func:`law_of` takes them
        other: rows of the second
        names: of both
        options: as of :func:`law_of`

    Raises:
        ScalingError: one of both carries no law.

    >>> one = pd.DataFrame({"size": [10, 100, 1000] * 3, "chain": [0] * 3 + [1] * 3 + [2] * 3})
    >>> one["error"] = one["size"] ** -0.5 * (1 + one["chain"] / 9)
    >>> other = one[one["chain"] < 2].assign(error=lambda table: 9 * table["error"] ** 2)
    >>> gain_of(one, other, names=("a", "b"), offset=False, loss="least-squares", level=0.95, unit="").paired
    True
    """
    if "parts" in one and set(one["parts"]) != set(
        other["parts"]
    ):  # chains of other data are no pairs, whatever their number
        other = other.assign(chain=[f"{chain} of {names[1]}" for chain in other["chain"]])
    elif "chain" in one and "chain" in other and len(both := set(one["chain"]) & set(other["chain"])) > 1:
        one, other = (table[table["chain"].isin(both)] for table in (one, other))
    first, second = (law_of(table, name, **options) for table, name in zip((one, other), names, strict=True))
    return compare_curves(transfer=first, scratch=second, level=options["level"])


def law_of(table: pd.DataFrame, name: str, *, offset: bool | None, loss: str, level: float, unit: str) -> PowerLaw:
    """The law of one curve.

    Args:
        table: its rows, of one quantity and test part, from :func:`transferkit.scaling.points.checked`
        name: for messages; "" leaves it out
        offset: as of :func:`transferkit.fit_power_law`
        loss: "least-squares" or "huber"
        level: of the intervals
        unit: of the errors

    Raises:
        ScalingError: the rows carry no law.

    >>> table = pd.DataFrame({"size": [10, 100, 1000], "error": [0.3, 0.1, 0.03]})
    >>> round(law_of(table, "a", offset=False, loss="least-squares", level=0.95, unit="").exponent, 2)
    0.5
    """
    points = points_of(table, name)
    return fit_power_law(
        points.sizes,
        points.errors,
        offset=offset,
        chains=points.chains,
        compositions=points.compositions,
        loss=loss,
        level=level,
        unit=unit,
        name=name,
    )
