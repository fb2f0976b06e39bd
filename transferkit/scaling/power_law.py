"""Fit a scaling law to a learning curve."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from transferkit.errors import ScalingError, nearest
from transferkit.scaling.curve import Curve, Labels, Numbers, curve_of
from transferkit.scaling.fit import Fit, fit_plain
from transferkit.scaling.floor import Floor, exponent_with_floor, fit_with_floor, floor_of
from transferkit.scaling.law import PowerLaw
from transferkit.typing import Json

LOSSES = ("least-squares", "huber")
FEWEST_WITH_FLOOR = 4
EXPONENT = np.array([0.0, 1.0])


def fit_power_law(
    sizes: Numbers,
    errors: Numbers,
    *,
    offset: bool | None = False,
    chains: Labels | None = None,
    compositions: Mapping[str, Numbers] | None = None,
    loss: str = "least-squares",
    level: float = 0.95,
    unit: str = "",
    name: str = "",
) -> PowerLaw:
    """Fit error = a N^-b, or a N^-b + c, in logarithms (paper A, arXiv 2504.05565, figure 6: the plain form by least squares).

    Intervals are t intervals over chains of nested subsets, each of which sees the whole curve: points of one chain are
    correlated. Without chains they are those of a regression on independent points.

    Args:
        sizes: training set sizes, one per error; or one per column of ``errors``
        errors: test errors, in any unit; one per size, or a table with one row per chain
        offset: False for a N^-b, True for a N^-b + c, None to choose: c stays where its one-sided lower bound at ``level`` is
            above zero, and ``.other`` holds the form that was not chosen
        chains: the chain of nested subsets of each error (or row)
        compositions: errors of each test composition by its name, in the shape of ``errors``, which must be their mean. Intervals
            then hold for the law over all compositions that could have been tested, not for this test part alone
        loss: "least-squares", or "huber", which a run that went astray hardly moves
        level: of the intervals
        unit: of the errors, for printing: eV/atom, eV/Å, eV/Å³
        name: what messages call this curve

    Raises:
        ScalingError: fewer than three sizes (four with an offset) or less than a decade, values that are not positive, a size
            twice in a chain, chains with different sizes, or an unknown loss.

    >>> law = fit_power_law([100, 1000, 10000], [[0.30, 0.10, 0.031], [0.32, 0.11, 0.034], [0.29, 0.10, 0.032]])
    >>> round(law.exponent, 3), [round(end, 3) for end in law.interval.pieces[0]]
    (0.486, [0.468, 0.504])
    """
    if loss not in LOSSES:
        raise ScalingError(f"loss is {loss!r}. {nearest(loss, LOSSES)}")
    if not 0.5 <= level < 1.0:
        raise ScalingError(f"level is {level:g}, and an interval's level is from 0.5 to below 1. Give 0.95 for 95 %.")
    curve = curve_of(sizes, errors, chains, compositions=compositions, name=name)
    huber = loss == "huber"
    m = len(curve.sizes)
    if m < FEWEST_WITH_FLOOR:
        if offset:
            raise ScalingError(
                f"there are {m} sizes{f' of {name!r}' if name else ''}, and a N^-b + c has three parameters. Give at least "
                f"{FEWEST_WITH_FLOOR} sizes, or leave the offset out."
            )
        why = (
            "Form: a N^-b, as it was asked for."
            if offset is False
            else f"Form: a N^-b, as {m} sizes cannot show a floor."
        )
        return _plain(curve, fit_plain(curve, huber=huber), None, choice=why, level=level, unit=unit)
    bent = fit_with_floor(curve, huber=huber)
    floor = floor_of(bent, level)
    why = "Form: a N^-b, as it was asked for."
    plain = _plain(curve, fit_plain(curve, huber=huber), floor, choice=why, level=level, unit=unit)
    if offset is False:
        return plain
    floored = _floored(curve, bent, plain, level)
    if offset:
        return floored
    test = "t test over chains" if curve.chains else "t test of a third parameter"
    said = f"p = {floor.p_value:.2g} for no floor, by a one-sided {test}, against {1 - level:.2g}"
    if floor.at_least > 0 and bent.floor > 0:
        return replace(floored, choice=f"Form: a N^-b + c ({said}).", other=plain, warnings=_warnings(curve))
    return replace(plain, choice=f"Form: a N^-b ({said}).", other=floored)


def _plain(curve: Curve, fit: Fit, floor: Floor | None, *, choice: str, level: float, unit: str) -> PowerLaw:
    """The straight line; with a warning where the points bend away from it."""
    warnings = _warnings(curve)
    if floor is not None and floor.at_least > 0:
        warnings = (
            *warnings,
            f"The points bend: a floor fits them better (p = {floor.p_value:.2g}). Fit with an offset.",
        )
    return PowerLaw(
        form=fit.form.name,
        exponent=fit.exponent,
        prefactor=fit.prefactor,
        offset=0.0,
        r2=fit.r2,
        interval=fit.spread.interval(fit.exponent, EXPONENT, level),
        floor=floor,
        choice=choice,
        method=_method(curve),
        warnings=warnings,
        level=level,
        unit=unit,
        fit=fit,
    )


def _floored(curve: Curve, bent: Fit, plain: PowerLaw, level: float) -> PowerLaw:
    """The law with its floor; without one where the points bend downwards, as no error is negative."""
    interval = exponent_with_floor(bent, level)
    if bent.floor <= 0:
        said = (
            "Form: a N^-b + c, as it was asked for. The points bend downwards, so c = 0; b's interval allows for any c."
        )
        return replace(plain, form=bent.form.name, interval=interval, choice=said)
    return replace(
        plain,
        form=bent.form.name,
        exponent=bent.exponent,
        prefactor=bent.prefactor,
        offset=bent.floor,
        r2=bent.r2,
        interval=interval,
        choice="Form: a N^-b + c, as it was asked for.",
        warnings=_warnings(curve),
        fit=bent,
    )


def _method(curve: Curve) -> str:
    """How intervals were made, what they assume, and of which law they are."""
    tests = f"{len(curve.compositions)} test compositions"
    of = (
        f"of the law over all compositions like these {tests}" if curve.compositions else "of the law on this test part"
    )
    if curve.chains is None:
        return f"t intervals of a regression, {of}; they assume independent points of equal scatter in log error"
    n = len(curve.chains)
    both = " and the test compositions" if curve.compositions else ""
    return f"t intervals over {n} chains{both}, {of}; points of a chain may be correlated in any way"


def _warnings(curve: Curve) -> tuple[str, ...]:
    if curve.chains is None:
        return (
            "One curve: intervals come from the scatter of its points, and say nothing of other subsets and seeds.",
        )
    return ("Two chains: intervals are about three times as wide as with three.",) if len(curve.chains) == 2 else ()


def law_from_json(data: Json) -> PowerLaw:
    """Read a law back: its points are fitted again.

    Raises:
        ScalingError: as :func:`fit_power_law`.

    >>> law = fit_power_law([100, 1000, 10000], [0.3, 0.1, 0.031])
    >>> law_from_json(law.to_json()) == law
    True
    """
    points = data["points"]
    law = fit_power_law(
        points["sizes"],
        points["errors"],
        offset=None if data["other"] else data["form"] == "a N^-b + c",
        chains=points["chains"] or [0],
        compositions=points["compositions"],
        loss=data["loss"],
        level=data["level"],
        unit=data["unit"],
    )
    return law if data["other"] else replace(law, choice=data["choice"])
