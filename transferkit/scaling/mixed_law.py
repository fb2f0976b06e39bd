"""Fit a law of two fidelities: what expensive and cheap labels together buy."""

from dataclasses import dataclass, field

import numpy as np
from scipy.stats import t as student

from transferkit.errors import ScalingError
from transferkit.scaling import wording
from transferkit.scaling.bounds import Interval, around
from transferkit.scaling.curve import Labels
from transferkit.scaling.mixed_fit import MixedFit, fit_form, told_apart
from transferkit.scaling.mixed_forms import FAR, forms_for
from transferkit.scaling.mixed_points import MixedPoints, mixed_points
from transferkit.typing import Json

Numbers = list[int] | list[float] | np.ndarray


@dataclass(frozen=True)
class MixedLaw:
    """The error after training on some expensive and some cheap labels.

    Args:
        form: its name: exchange, saturating or product, perhaps with ``+ c``
        formula: the same as a formula
        parameters: of the formula, for labels counted one by one and errors in the unit of the points
        intervals: of all but the prefactor A; empty with one chain
        misfit: in natural log error, of mixes that the fit did not see (leave one out): 0.05 is five per cent
        others: the other forms that were fitted, best first
        preferred: whether the points tell this form from all others (a t test over chains of left-out misfits)
        sound: whether more labels of either kind lower the error; if not, nothing can be planned
        warnings: what a reader must know
        level: of all intervals and tests
        unit: of the errors; empty where not told
        fit: the fit itself
    """

    form: str
    formula: str
    parameters: dict[str, float]
    intervals: dict[str, Interval]
    misfit: float
    others: tuple["MixedLaw", ...]
    preferred: bool
    sound: bool
    warnings: tuple[str, ...]
    level: float
    unit: str
    fit: MixedFit = field(repr=False, compare=False)

    def errors(self, n_high: Numbers, n_low: Numbers) -> np.ndarray:
        """The law's errors at mixes, in the unit of the points."""
        return np.asarray(np.exp(self.fit.log_error(np.asarray(n_high, float), np.asarray(n_low, float))))

    def interval_at(self, n_high: float, n_low: float, *, new: bool = False) -> Interval | None:
        """The interval of the error at a mix: of the law, or of one ``new`` training; None with one chain."""
        spread = self.fit.spread
        if spread is None:
            return None
        at = np.array([n_high], float), np.array([n_low], float)
        middle = float(self.fit.log_error(*at)[0])
        half = float(spread.half(self.fit.gradient(*at), self.level)[0])
        if new:
            # A chain is good or bad as a whole, so its scatter is known from as many units as there are chains.
            n = len(self.fit.points.logs)
            scatter = float(self.fit.points.logs.var(axis=0, ddof=1).mean())
            half = float(np.hypot(half, student.ppf(0.5 + self.level / 2, n - 1) * np.sqrt(scatter)))
        return around(middle, half, self.level).through(np.exp)

    def worth(self, n_high: float, n_low: float) -> float:
        """How many expensive labels one more cheap label stands for at a mix: buy cheap ones while they cost less than that.

        >>> high, low = (v.ravel() for v in np.meshgrid([10.0, 30.0, 100.0], [0.0, 100.0, 1000.0]))
        >>> law = fit_mixed_law(high, low, 3.0 * (high + 0.2 * low) ** -0.5)
        >>> round(law.worth(50, 200), 3)
        0.2
        """
        step = 1e-4 * np.array([-1.0, 1.0])
        by_high = np.diff(self.fit.log_error(n_high * (1 + step), np.full(2, float(n_low))))[0] / n_high
        size = max(n_low, 1.0)
        low = n_low + size * (step if n_low > 0 else step - step[0])
        by_low = np.diff(self.fit.log_error(np.full(2, float(n_high)), low))[0] / size
        return float(by_low / by_high)

    def to_json(self) -> Json:
        """Plain data, with the points."""
        points = self.fit.points
        plain = {k: v for k, v in vars(self).items() if k not in {"fit", "others", "intervals"}}
        return {
            **plain,
            "warnings": list(self.warnings),
            "intervals": {name: found.to_json() for name, found in self.intervals.items()},
            "others": [
                {"form": o.form, "parameters": o.parameters, "misfit": o.misfit, "sound": o.sound} for o in self.others
            ],
            "points": {
                "n_high": points.n_high.tolist(),
                "n_low": points.n_low.tolist(),
                "errors": points.errors.tolist(),
                "chains": None if points.chains is None else [str(c) for c in points.chains],
            },
        }

    def __str__(self) -> str:
        """A few sentences."""
        points = self.fit.points
        n = 1 if points.chains is None else len(points.chains)
        lines = [
            f"error = {self.formula} ({len(points.n_high)} mixes, {n} chain{'s' * (n > 1)}): {self._parameters()}."
        ]
        shown = [
            f"{law.form} {100 * law.misfit:.2g} %{'' if law.sound else ' (labels do not help, or nothing saturates)'}"
            for law in (self, *self.others)
        ]
        lines.append(f"Misfit of mixes left out: {', '.join(shown)}.")
        if self.others:
            lines.append(
                f"The points prefer {self.form} to all others."
                if self.preferred
                else f"Form: {self.form}, with the least misfit; the points do not tell it from others."
            )
        return "\n".join([*lines, *self.warnings])

    def _parameters(self) -> str:
        told = []
        for name, value in self.parameters.items():
            text = wording.error(value, self.unit) if name == "c" else wording.number(value)
            more = f", {wording.interval(self.intervals[name], wording.number)}" if name in self.intervals else ""
            told.append(f"{name} = {text}{more}")
        return "; ".join(told)


def fit_mixed_law(
    n_high: Numbers,
    n_low: Numbers,
    errors: Numbers,
    *,
    chains: Labels | None = None,
    offset: bool | None = False,
    level: float = 0.95,
    unit: str = "",
) -> MixedLaw:
    """Fit the test error as a function of the numbers of expensive and of cheap labels, by least squares in log error.

    Three forms are fitted, and that which predicts left-out mixes best is returned with the others beside it:
    ``exchange``, A (n_high + k n_low)^-b, where a cheap label is worth k expensive ones; ``saturating``, where all cheap labels
    together multiply the expensive ones by 1 + g at most; ``product``, A n_high^-b n_low^-d, with (1 + n_low / m) where
    some mixes have no cheap labels. Intervals are t intervals over chains.

    Args:
        n_high: expensive labels (structures), one per error
        n_low: cheap labels, one per error; zero where there were none
        errors: test errors at the expensive level of theory, in any unit
        chains: the chain (subset order and seed) of each error; without it there are no intervals
        offset: with a floor c, without, or (None) with it where its one-sided lower bound at ``level`` is above zero
        level: of the intervals
        unit: of the errors, for printing

    Raises:
        ScalingError: as :func:`~transferkit.scaling.mixed_points.mixed_points`, too few mixes for the parameters, or no such level.

    >>> high, low = (v.ravel() for v in np.meshgrid([10.0, 30.0, 100.0], [0.0, 100.0, 1000.0]))
    >>> law = fit_mixed_law(high, low, 3.0 * (high + 0.2 * low) ** -0.5)
    >>> law.form, round(law.parameters["k"], 6), law.intervals
    ('exchange', 0.2, {})
    """
    points = mixed_points(np.asarray(n_high), np.asarray(n_low), np.asarray(errors), chains)
    return law_of(points, offset=offset, level=level, unit=unit)


def law_of(points: MixedPoints, *, offset: bool | None = False, level: float = 0.95, unit: str = "") -> MixedLaw:
    """As :func:`fit_mixed_law`, of points that are checked.

    Raises:
        ScalingError: too few mixes for the parameters, or no such level.
    """
    if not 0.5 <= level < 1.0:
        raise ScalingError(f"level is {level:g}, and an interval's level is from 0.5 to below 1. Give 0.95 for 95 %.")
    m = len(points.n_high)
    forms = forms_for(always_cheap=points.both, offset=offset)
    most = max(len(form.starts[0]) + 2 + (form.needs_cheap) for form in forms)
    if m < most + 2:
        raise ScalingError(
            f"there are {m} mixes, and the forms have up to {most} parameters. Give at least {most + 2} mixes"
            + (", or leave the offset out." if offset is not False else ".")
        )
    fits = [MixedFit(points, form, fit_form(points, form)) for form in forms]
    if offset is None:
        half = len(fits) // 2
        fits = [
            bent if _floor_shown(bent, plain, level) else plain
            for plain, bent in zip(fits[:half], fits[half:], strict=True)
        ]
    order = sorted(fits, key=lambda fit: (not fit.form.sound(fit.theta), fit.misfit))
    others = tuple(_law(fit, (), level, unit, preferred=False) for fit in order[1:])
    apart = all(told_apart(order[0], fit, level) for fit in order[1:] if fit.form.sound(fit.theta))
    return _law(order[0], others, level, unit, preferred=apart)


def _floor_shown(bent: MixedFit, plain: MixedFit, level: float) -> bool:
    """A lower bound of c above zero; with one chain, a misfit of left-out mixes that is clearly less."""
    if not bent.form.sound(bent.theta):
        return False
    if bent.spread is None:
        return told_apart(bent, plain, level)
    error, df = bent.spread.of(np.eye(len(bent.theta))[-1])
    return bool(bent.theta[-1] > student.ppf(level, df) * error)


def _law(fit: MixedFit, others: tuple[MixedLaw, ...], level: float, unit: str, *, preferred: bool) -> MixedLaw:
    form, theta = fit.form, fit.theta
    parameters = form.readable(theta, fit.points.unit)
    sound = form.sound(theta)
    warnings = fit.points.warnings
    if not sound:
        warnings += (
            "These points do not show that more labels of both kinds lower the error: nothing can be planned.",
        )
    intervals = {}
    for k, name in enumerate(parameters):
        if k and fit.spread is not None:
            half = float(fit.spread.half(np.eye(len(theta))[k], level))
            half = half if half < FAR or name not in form.in_logs else np.inf
            value = parameters[name]
            logs = around(np.log(value), half, level).through(np.exp) if name in form.in_logs else None
            intervals[name] = logs or around(value, half, level)
    if sound and any((name in intervals) and 0.0 in intervals[name] for name in ("k", "d") if name not in form.in_logs):
        warnings += ("The points do not exclude that cheap labels change nothing.",)
    return MixedLaw(
        form=form.name,
        formula=form.formula,
        parameters=parameters,
        intervals=intervals,
        misfit=fit.misfit,
        others=others,
        preferred=preferred,
        sound=sound,
        warnings=warnings,
        level=level,
        unit=unit,
        fit=fit,
    )
