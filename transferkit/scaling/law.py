"""A fitted scaling law, as users get it back."""

from dataclasses import dataclass, field

import numpy as np

from transferkit.scaling import forecast, wording
from transferkit.scaling.bounds import Interval
from transferkit.scaling.fit import Fit
from transferkit.scaling.floor import Floor
from transferkit.typing import Json

PLAIN = "a N^-b"
CRITERION = "c stays where its one-sided lower bound at {level} is above zero"
"""How a form is chosen."""


@dataclass(frozen=True)
class PowerLaw:
    """error = a N^-b + c, fitted in logarithms.

    Args:
        form: "a N^-b" or "a N^-b + c"
        exponent: b
        prefactor: a, in the unit of the errors
        offset: c, in the unit of the errors; 0 in the plain form
        r2: share of the variance of the chain means of log error that the law explains
        interval: of the exponent
        floor: what the points say of c, also where the plain form was fitted; None with fewer than four sizes
        choice: why this form
        method: how intervals were made, and what they assume
        warnings: what a reader must know
        level: of all intervals
        unit: of the errors; empty where not told
        fit: the fit itself, from which forecasts are made
        other: the other form, where both were fitted to choose
    """

    form: str
    exponent: float
    prefactor: float
    offset: float
    r2: float
    interval: Interval
    floor: Floor | None
    choice: str
    method: str
    warnings: tuple[str, ...]
    level: float
    unit: str
    fit: Fit = field(repr=False, compare=False)
    other: "PowerLaw | None" = field(default=None, repr=False, compare=False)

    @property
    def forms(self) -> tuple["PowerLaw", ...]:
        """Both forms, the plain one first, where choosing one moves b: the b of one lies outside the interval of the other.

        Empty where it does not, and where the form was asked for or three sizes leave no choice.
        """
        if self.other is None:
            return ()
        plain, bent = (self, self.other) if self.form == PLAIN else (self.other, self)
        apart = bent.exponent not in plain.interval or plain.exponent not in bent.interval
        return (plain, bent) if apart and bent.offset > 0 else ()

    def errors(self, sizes: np.ndarray) -> np.ndarray:
        """The law's errors at sizes, in the unit of the errors."""
        return np.asarray(np.exp(self.fit.log_error(np.log(np.asarray(sizes, dtype=np.float64)))))

    def band(self, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends of the law's interval at each of some sizes, for a figure."""
        x = np.log(np.asarray(sizes, dtype=np.float64))
        middle, half = self.fit.log_error(x), self.fit.spread.half(self.fit.gradient(x), self.level)
        return np.exp(middle - half), np.exp(middle + half)

    def error_at(self, size: float) -> forecast.ErrorAt:
        """The error at a size, with the interval of the law and that of a new training."""
        return forecast.error_at(self.fit, float(size), level=self.level, unit=self.unit)

    def size_for(self, error: float) -> forecast.SizeFor:
        """The size for an error, in the unit of the errors; or that the floor forbids it."""
        return forecast.size_for(self.fit, self.floor, float(error), level=self.level, unit=self.unit)

    def to_json(self) -> Json:
        """Everything, with the points: :func:`transferkit.scaling.power_law.law_from_json` fits them again."""
        curve = self.fit.curve
        plain = {k: v for k, v in vars(self).items() if k not in {"fit", "other", "interval", "floor"}}
        return {
            **plain,
            "warnings": list(self.warnings),
            "interval": self.interval.to_json(),
            "floor": None if self.floor is None else vars(self.floor),
            "loss": "least-squares" if self.fit.loss.scale is None else "huber",
            "points": {
                "sizes": curve.sizes.tolist(),
                "errors": curve.errors.tolist(),
                "chains": None
                if curve.chains is None
                else [c if isinstance(c, str | int | float) else str(c) for c in curve.chains],
                "compositions": None
                if curve.cells is None
                else {name: curve.cells[:, :, k].tolist() for k, name in enumerate(curve.compositions)},
            },
            "other": None if self.other is None else self.other.to_json() | {"points": None},
        }

    def __str__(self) -> str:
        """A few sentences."""
        chains, m = self.fit.logs.shape
        low, high = self.fit.curve.sizes[[0, -1]]
        parts = f"{m} sizes from {wording.size(low)} to {wording.size(high)}" + (
            f", {chains} chains" if chains > 1 else ", one curve"
        )
        law = f"{wording.error(self.prefactor, self.unit)} × N^{-self.exponent:.3f}"
        if self.form == "a N^-b + c":
            law += f" + {wording.error(self.offset, self.unit)}"
        lines = [
            f"error = {law} ({parts}; R² {self.r2:.3f} in logarithms).",
            f"Exponent b = {self.exponent:.3f}, {wording.interval(self.interval, wording.number)}.",
        ]
        if self.floor is not None:
            lines.append(floor_words(self.floor, self.unit))
        lines += [self.choice, *forms_words(self), f"Intervals: {self.method}."]
        return "\n".join([*lines, *self.warnings])


def forms_words(law: PowerLaw) -> list[str]:
    """Both forms under each other, where choosing one moves b; none where it does not.

    Args:
        law: that was chosen, with the other form
    """
    if not law.forms:
        return []
    at = f"{100 * law.level:g} %"
    rows = [("", "form", "b", f"{at} interval", "c")]
    for one in law.forms:
        ends = ("no end" if end is None else f"{end:.3f}" for end in (one.interval.low, one.interval.high))
        c = "none" if one.form == PLAIN else wording.error(one.offset, law.unit)
        if one.form != PLAIN and one.floor is not None and one.floor.at_most is not None:
            c += f", at most {wording.error(one.floor.at_most, law.unit)}"
        rows.append(("*" if one.form == law.form else "", one.form, f"{one.exponent:.3f}", " to ".join(ends), c))
    wide = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = ["  ".join(text.ljust(n) for text, n in zip(row, wide, strict=True)).rstrip() for row in rows]
    return [f"Both forms, as choosing one moves b (* chosen: {CRITERION.format(level=at)}):", *lines]


def floor_words(floor: Floor, unit: str) -> str:
    """What the points say of the floor.

    >>> floor_words(Floor(0.0, 0.012, 0.0, 0.4, 0.95), "eV/atom")
    'Floor c: at most 12 meV/atom at 95 %; the points do not show one (p = 0.4).'
    """
    at = f"at {100 * floor.level:g} %"
    top = (
        f"at most {wording.error(floor.at_most, unit)} {at}" if floor.at_most is not None else f"not bounded above {at}"
    )
    if floor.at_least > 0:
        return (
            f"Floor c: {top}, at least {wording.error(floor.at_least, unit)} {at} (p = {floor.p_value:.2g} for none)."
        )
    return f"Floor c: {top}; the points do not show one (p = {floor.p_value:.2g})."
