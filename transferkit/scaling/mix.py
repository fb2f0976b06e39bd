"""A planned mix of expensive and cheap labels, and what to know before paying for it."""

from dataclasses import dataclass

from transferkit.scaling import wording
from transferkit.scaling.bounds import Interval
from transferkit.typing import Json


@dataclass(frozen=True)
class Bought:
    """Numbers of labels, what they cost and what they give.

    Args:
        form: of the law that planned them
        n_high: expensive labels
        n_low: cheap labels
        cost: in the unit of the prices
        error: of the law, in the unit of the points
    """

    form: str
    n_high: int
    n_low: int
    cost: float
    error: float

    def to_json(self) -> Json:
        """Plain data."""
        return dict(vars(self))


@dataclass(frozen=True)
class Mix:
    """The cheapest labels for a target error, or the best ones for a budget.

    Args:
        bought: the mix
        high_only: the same with expensive labels alone; None where the law says nothing of trainings without cheap labels, or where
            they are not to be had
        target: the error that was asked for; None where a budget was given
        budget: the cost that was asked for; None where a target was given
        error_interval: of the law at the mix; None with one chain, as all intervals
        new_training: of the error that one more training on such a mix would have
        cost_interval: budgets at which the points do not exclude that the best mix just reaches the target; None for a budget
        saving: cost of expensive labels alone over the cost of the mix; for a budget, their error over its error
        saving_interval: of that factor
        worth: how many expensive labels one more cheap label stands for at the mix
        others: what other forms plan that the points do not tell from this one
        edge: in words, that the mix lies at a limit that was set, not at a minimum; empty where it does not
        beyond: in words, how far the mix lies outside the points; empty inside
        unit: of errors
    """

    bought: Bought
    high_only: Bought | None
    target: float | None
    budget: float | None
    error_interval: Interval | None
    new_training: Interval | None
    cost_interval: Interval | None
    saving: float | None
    saving_interval: Interval | None
    worth: float
    others: tuple[Bought, ...]
    edge: str
    beyond: tuple[str, ...]
    unit: str

    @property
    def n_high(self) -> int:
        """Expensive labels."""
        return self.bought.n_high

    @property
    def n_low(self) -> int:
        """Cheap labels."""
        return self.bought.n_low

    @property
    def cost(self) -> float:
        """In the unit of the prices."""
        return self.bought.cost

    @property
    def error(self) -> float:
        """Of the law at the mix, in the unit of the points."""
        return self.bought.error

    def to_json(self) -> Json:
        """Plain data."""
        ends = {
            name: getattr(self, name) for name in ("error_interval", "new_training", "cost_interval", "saving_interval")
        }
        return {
            **vars(self),
            **{name: None if found is None else found.to_json() for name, found in ends.items()},
            "bought": self.bought.to_json(),
            "high_only": None if self.high_only is None else self.high_only.to_json(),
            "others": [one.to_json() for one in self.others],
            "beyond": list(self.beyond),
        }

    def __str__(self) -> str:
        """A few sentences."""
        asked = f"For {self._error(self.target)}" if self.target is not None else f"For a budget of {self.budget:,.6g}"
        lines = [f"{asked}: {_mix(self.bought)}, which costs {self.cost:,.6g} and gives {self._error(self.error)}."]
        told = (
            ("Error of the law", self.error_interval, self._error),
            ("Error of one more training", self.new_training, self._error),
            ("Cost", self.cost_interval, wording.size),
        )
        lines += [f"{what}: {wording.interval(found, show)}." for what, found, show in told if found is not None]
        lines.append(f"One more cheap label there stands for {self.worth:.3g} expensive ones.")
        lines += self._saved()
        lines += [self.edge] * bool(self.edge)
        lines += [f"An extrapolation: {said}." for said in self.beyond]
        lines += [
            f"The form {one.form} fits no worse and plans {_mix(one)}: cost {one.cost:,.6g}, {self._error(one.error)}."
            for one in self.others
        ]
        if self.error_interval is None:
            lines.append("No intervals: the points are of one chain.")
        return "\n".join(lines)

    def _saved(self) -> list[str]:
        if self.high_only is None or self.saving is None:
            return []
        more = f", {wording.interval(self.saving_interval, wording.number)}" if self.saving_interval else ""
        alone = f"Expensive labels alone: {self.high_only.n_high:,}"
        if self.target is not None:
            return [
                f"{alone}, which cost {self.high_only.cost:,.6g}: {self.saving:.3g} times the cost of the mix{more}."
            ]
        return [
            f"{alone}, which give {self._error(self.high_only.error)}: {self.saving:.3g} times the error of the mix{more}."
        ]

    def _error(self, value: float | None) -> str:
        return "" if value is None else wording.error(value, self.unit)


def _mix(one: Bought) -> str:
    return f"{one.n_high:,} expensive and {one.n_low:,} cheap labels"
