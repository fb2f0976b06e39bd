"""Which labels to buy: the cheapest mix of expensive and cheap ones for an error, and the best one for a budget.

How sure a plan is follows from the law along the best mixes of all budgets (:class:`~transferkit.scaling.market.Path`).
"""

from dataclasses import replace

import numpy as np

from transferkit.errors import ScalingError
from transferkit.scaling import wording
from transferkit.scaling.bounds import Interval, accepted, around
from transferkit.scaling.forecast import refined
from transferkit.scaling.market import NEVER, Market, Path, best, cheapest
from transferkit.scaling.mix import Bought, Mix
from transferkit.scaling.mixed_fit import MixedFit, told_apart
from transferkit.scaling.mixed_law import MixedLaw

FAR = 1e6
"""Budgets are looked at up to so many times the planned cost. An interval that reaches as far has no end."""


def plan_mix(
    law: MixedLaw,
    *,
    price_high: float,
    price_low: float,
    target: float | None = None,
    budget: float | None = None,
    least_high: int | None = None,
    most_high: int | None = None,
    most_low: int | None = None,
) -> Mix:
    """The cheapest mix of labels for a target error, or the mix with the least error for a budget.

    Args:
        law: from :func:`transferkit.fit_mixed_law`
        price_high: of one expensive label, e.g. core-hours or money
        price_low: of one cheap label, in the same unit; 0 for labels that are there already, with ``most_low``
        target: error wanted, in the unit of the law's points
        budget: cost at most
        least_high: expensive labels at least; the smallest number among the points if not given, as no law says what happens below
        most_high: expensive labels that can be had
        most_low: cheap labels that can be had

    Raises:
        ScalingError: the law says that labels do not lower the error; not one of ``target`` and ``budget``; a price, target or number
            that cannot be; a target below the floor or out of reach of the labels that can be had; a budget that buys nothing.

    >>> from transferkit.scaling.mixed_law import fit_mixed_law
    >>> high, low = (v.ravel() for v in np.meshgrid([10.0, 30.0, 100.0], [0.0, 100.0, 1000.0]))
    >>> law = fit_mixed_law(high, low, 3.0 * (high + 0.2 * low) ** -0.5)
    >>> mix = plan_mix(law, price_high=100, price_low=1, target=0.2)
    >>> mix.n_high, mix.n_low, mix.cost, mix.high_only.cost
    (10, 1075, 2075.0, 22500.0)
    """
    if not law.sound:
        raise ScalingError(
            f"nothing can be planned by the law {law.formula}: its best fit has "
            f"{', '.join(f'{k} = {v:.3g}' for k, v in law.parameters.items())}, so that more labels of one kind do not lower the error. "
            f"Give more mixes or chains, or plan with expensive labels alone (transferkit fit)."
        )
    if (target is None) == (budget is None):
        raise ScalingError("Give either a target error or a budget.")
    for name, value, zero in (("price_high", price_high, False), ("price_low", price_low, most_low is not None)):
        if not (np.isfinite(value) and (value > 0 or (zero and value == 0))):
            more = " Labels that cost nothing need a number that can be had (most_low)." if value == 0 else ""
            raise ScalingError(f"{name} is {value:g}, and a price is a positive number.{more}")
    for name, number in (
        ("target", target),
        ("budget", budget),
        ("least_high", least_high),
        ("most_high", most_high),
        ("most_low", most_low),
    ):
        if number is not None and not (np.isfinite(number) and (number > 0 or (name == "most_low" and number == 0))):
            raise ScalingError(f"{name} is {number:g}, and must be a positive number.")
    points = law.fit.points
    market = Market(
        float(price_high),
        float(price_low),
        float(least_high if least_high is not None else np.ceil(points.n_high.min())),
        float(most_high if most_high is not None else NEVER),
        float(np.ceil(points.n_low.min())) if law.fit.form.needs_cheap else 0.0,
        float(most_low if most_low is not None else NEVER),
    )
    if market.least_high > market.most_high or market.least_low > market.most_low:
        raise ScalingError(
            f"at least {market.least_high:g} expensive and {market.least_low:g} cheap labels are needed, and {market.most_high:g} and "
            f"{market.most_low:g} can be had. Change least_high, most_high or most_low."
        )
    if target is not None:
        return _for_target(law, market, float(target))
    return _for_budget(law, market, float(budget or 0.0))


def _for_target(law: MixedLaw, market: Market, target: float) -> Mix:
    bought = cheapest(law.fit, market, target)
    if bought is None:
        raise ScalingError(_out_of_reach(law, market, target))
    alone = cheapest(law.fit, _alone(market), target) if _may_go_alone(law, market) else None
    path = Path(law.fit, market)
    only = Path(law.fit, _alone(market))
    interval = saving = None
    if law.fit.spread is not None:
        interval = _budgets(law, path, target, bought.cost)
    if law.fit.spread is not None and alone is not None:
        toward = path.moved(bought.cost) - only.moved(alone.cost)
        half = float(law.fit.spread.half(toward, law.level))
        saving = around(np.log(alone.cost / bought.cost), half, law.level).through(np.exp)
    others = [cheapest(fit, market, target) for fit in _as_good(law)]
    return _mix(law, market, bought, alone, others, asked=(target, None), cost_interval=interval, saving=saving)


def _for_budget(law: MixedLaw, market: Market, budget: float) -> Mix:
    bought = best(law.fit, market, budget)
    if bought is None:
        least = market.high * market.least_high + market.low * market.least_low
        raise ScalingError(
            f"a budget of {budget:g} does not buy the {market.least_high:g} expensive and {market.least_low:g} cheap labels that the law needs "
            f"at least, which cost {least:g}. Give a larger budget."
        )
    alone = best(law.fit, _alone(market), budget) if _may_go_alone(law, market) else None
    saving = None
    if law.fit.spread is not None and alone is not None:
        gradients = [
            law.fit.gradient(np.array([b.n_high], float), np.array([b.n_low], float))[0] for b in (alone, bought)
        ]
        half = float(law.fit.spread.half(gradients[0] - gradients[1], law.level))
        saving = around(np.log(alone.error / bought.error), half, law.level).through(np.exp)
    others = [best(fit, market, budget) for fit in _as_good(law)]
    return _mix(law, market, bought, alone, others, asked=(None, budget), cost_interval=None, saving=saving)


def _may_go_alone(law: MixedLaw, market: Market) -> bool:
    return not law.fit.form.needs_cheap and market.least_low == 0


def _alone(market: Market) -> Market:
    """Expensive labels only."""
    return replace(market, most_low=0.0)


def _as_good(law: MixedLaw) -> list[MixedFit]:
    """Fits of other forms that the points do not tell from the law's."""
    return [o.fit for o in law.others if o.sound and not told_apart(law.fit, o.fit, law.level)]


def _budgets(law: MixedLaw, path: Path, target: float, cost: float) -> Interval:
    """Budgets at which a t test does not tell the best error from the target."""
    spread = law.fit.spread
    if spread is None:
        raise ScalingError("one chain has no intervals")

    def excess(x: np.ndarray) -> np.ndarray:
        off = np.abs(path.log_error(x) - np.log(target)) - spread.half(path.gradient(x), law.level)
        return np.where(np.isfinite(off), off, np.inf)

    at = float(np.log(cost))
    grid = np.linspace(path.least, at + np.log(FAR), 241)
    return accepted(excess, refined(grid, max(at, path.least)), law.level).through(np.exp)


def _mix(
    law: MixedLaw,
    market: Market,
    bought: Bought,
    alone: Bought | None,
    others: list[Bought | None],
    *,
    asked: tuple[float | None, float | None],
    cost_interval: Interval | None,
    saving: Interval | None,
) -> Mix:
    target, budget = asked
    ratio = None
    if alone is not None:
        ratio = alone.cost / bought.cost if target is not None else alone.error / bought.error
    at = float(bought.n_high), float(bought.n_low)
    return Mix(
        bought=bought,
        high_only=alone,
        target=target,
        budget=budget,
        error_interval=law.interval_at(*at),
        new_training=law.interval_at(*at, new=True),
        cost_interval=cost_interval,
        saving=ratio,
        saving_interval=saving,
        worth=law.worth(*at),
        others=tuple(one for one in others if one is not None),
        edge=_edge(bought, market),
        beyond=_beyond(law, bought),
        unit=law.unit,
    )


def _edge(bought: Bought, market: Market) -> str:
    """At which limit the mix lies."""
    if bought.n_high <= market.least_high:
        return (
            f"No fewer than {market.least_high:g} expensive labels are planned (least_high, or your smallest mix): the law would go on to "
            f"fewer, where nobody has looked."
        )
    n = {"most_high": (bought.n_high, market.most_high), "most_low": (bought.n_low, market.most_low)}
    full = [name for name, (used, most) in n.items() if used >= 0.95 * most > 0]
    return f"Nearly all labels that can be had are used ({', '.join(full)})." if full else ""


def _beyond(law: MixedLaw, bought: Bought) -> tuple[str, ...]:
    """How far the mix lies outside the points."""
    points, found = law.fit.points, []
    for name, value, seen in (("expensive", bought.n_high, points.n_high), ("cheap", bought.n_low, points.n_low)):
        if value > seen.max() * (1 + 1e-9):
            found.append(f"{value / seen.max():.3g} times as many {name} labels as in your largest mix")
        elif 0 < value < seen.min() * (1 - 1e-9):
            found.append(f"{seen.min() / value:.3g} times fewer {name} labels than in your smallest mix")
    ratio, ratios = bought.n_low / bought.n_high, points.n_low / points.n_high
    if not found and ratio > ratios.max() * (1 + 1e-9):
        found.append(f"{ratio / ratios.max():.3g} times as many cheap labels per expensive one as in any of your mixes")
    smallest = float(np.exp(points.logs.mean(axis=0)).min())
    if bought.error < smallest * (1 - 1e-9):
        found.append(f"an error {smallest / bought.error:.3g} times below that of your best mix")
    return tuple(found)


def _out_of_reach(law: MixedLaw, market: Market, target: float) -> str:
    """Why no mix reaches the target, and what mends it."""
    asked = f"the target {wording.error(target, law.unit)} is"
    floor = law.parameters.get("c", 0.0)
    if target <= floor:
        return (
            f"{asked} not above the law's floor of {wording.error(floor, law.unit)}, which no number of labels goes below. Give a larger "
            f"target, or plan by the law without a floor (offset=False) if you do not believe in it."
        )
    if market.most_high < NEVER or market.most_low < NEVER:
        can = [
            f"{n:g} {kind}" for n, kind in ((market.most_high, "expensive"), (market.most_low, "cheap")) if n < NEVER
        ]
        return f"{asked} out of reach of the {' and '.join(can)} labels that can be had. Give a larger target, or more labels."
    return f"{asked} out of reach: the law needs more than {NEVER:g} labels. Give a larger target."
