"""The forms of a law of two fidelities: the error after training on h expensive and l cheap labels."""

import numpy as np

from transferkit.scaling.mixed_form import Array, Floored, MixedForm, log_or_nan

FAR = 20.0
"""Logarithm of a parameter beyond which it plays no part any more: the form is a simpler one then."""


def forms_for(*, always_cheap: bool, offset: bool | None) -> list[MixedForm]:
    """The forms that are tried.

    Args:
        always_cheap: every mix has cheap labels
        offset: with a floor, without, or (None) both

    >>> [form.name for form in forms_for(always_cheap=True, offset=False)]
    ['exchange', 'saturating', 'product']
    """
    plain: list[MixedForm] = [Exchange(), Saturating(), Product() if always_cheap else ProductFromNone()]
    floored: list[MixedForm] = [Floored(form) for form in plain]
    return {False: plain, True: floored, None: plain + floored}[offset]


class Exchange(MixedForm):
    """A cheap label is worth k expensive ones, however many there are: A (h + k l)^-b, with parameters (log A, b, k)."""

    name = "exchange"
    formula = "A (n_high + k n_low)^-b"
    starts = np.concatenate([[0.0], np.geomspace(1e-4, 10.0, 16)])[:, None]

    def value(self, theta: Array, high: Array, low: Array) -> Array:
        """Logarithm of the error.

        >>> Exchange().value(np.array([0.0, 1.0, 0.5]), np.array([1.0]), np.array([2.0])).round(3)
        array([-0.693])
        """
        return np.asarray(_at(theta, 0) - _at(theta, 1) * log_or_nan(high + _at(theta, 2) * low))

    def gradient(self, theta: Array, high: Array, low: Array) -> Array:
        """Derivatives."""
        total = high + _at(theta, 2) * low
        return _stack(np.ones_like(total), -log_or_nan(total), -_at(theta, 1) * low / total)

    def columns(self, start: Array, high: Array, low: Array) -> Array:
        """1 and -log of what the labels are worth together."""
        return _stack(np.ones_like(high), -log_or_nan(high + start[0] * low))

    def low_for(self, theta: Array, log_error: float, high: Array) -> Array:
        """What is missing, in cheap labels."""
        missing = np.maximum(_needed(theta, log_error) - high, 0.0)
        return np.where(missing > 0, missing / theta[2] if theta[2] > 0 else np.inf, 0.0)

    def high_for(self, theta: Array, log_error: float, low: float) -> float:
        """What is missing, in expensive labels."""
        return max(_needed(theta, log_error) - float(theta[2]) * low, 0.0)

    def readable(self, theta: Array, unit: float) -> dict[str, float]:
        """A, b and k."""
        return {"A": float(np.exp(theta[0]) * unit ** theta[1]), "b": float(theta[1]), "k": float(theta[2])}

    def sound(self, theta: Array) -> bool:
        """Both kinds lower the error."""
        return bool(theta[1] > 0 and theta[2] > 0)


class Saturating(MixedForm):
    """Cheap labels are worth k expensive ones at first, and all of them together at most multiply the expensive ones by 1 + g.

    A (h + k l / (1 + k l / (g h)))^-b, with parameters (log A, b, log k, log g).
    """

    name = "saturating"
    formula = "A (n_high + k n_low / (1 + k n_low / (g n_high)))^-b"
    in_logs = frozenset({"k", "g"})
    starts = np.array([(np.log(k), np.log(g)) for k in np.geomspace(1e-3, 3.0, 8) for g in (0.3, 2.0, 15.0)])

    def value(self, theta: Array, high: Array, low: Array) -> Array:
        """Logarithm of the error.

        >>> Saturating().value(np.array([0.0, 1.0, 0.0, 0.0]), np.array([1.0]), np.array([1e9])).round(3)
        array([-0.693])
        """
        return np.asarray(_at(theta, 0) - _at(theta, 1) * np.log(self._worth(theta, high, low)[0]))

    def gradient(self, theta: Array, high: Array, low: Array) -> Array:
        """Derivatives."""
        total, gain, by_worth, by_most = self._worth(theta, high, low)
        slope = -_at(theta, 1) / total
        return _stack(np.ones_like(gain), -np.log(total), slope * by_worth, slope * by_most)

    @staticmethod
    def _worth(theta: Array, high: Array, low: Array) -> tuple[Array, Array, Array, Array]:
        """What all labels are worth, what the cheap ones add, and its derivatives by log k and log g."""
        u = _exp(_at(theta, 2)) * low
        most = _exp(_at(theta, 3)) * high
        gain = u * most / (u + most)
        return high + gain, gain, gain * most / (u + most), gain * u / (u + most)

    def columns(self, start: Array, high: Array, low: Array) -> Array:
        """1 and -log of what the labels are worth together."""
        total = self._worth(np.array([0.0, 0.0, *start]), high, low)[0]
        return _stack(np.ones_like(total), -np.log(total))

    def low_for(self, theta: Array, log_error: float, high: Array) -> Array:
        """Infinite where more than 1 + g times the expensive labels would be needed."""
        missing = np.maximum(_needed(theta, log_error) - high, 0.0)
        most = _exp(theta[3]) * high
        with np.errstate(divide="ignore"):
            found = missing * most / np.maximum(most - missing, 0.0)
        return np.where(missing > 0, found / _exp(theta[2]), 0.0)

    def high_for(self, theta: Array, log_error: float, low: float) -> float:
        """The positive root of a quadratic equation."""
        need, u, g = _needed(theta, log_error), float(_exp(theta[2])) * low, float(_exp(theta[3]))
        b = u * (1.0 + g) - need * g
        return float((-b + np.sqrt(b * b + 4.0 * g * need * u)) / (2.0 * g)) if np.isfinite(need) else np.inf

    def readable(self, theta: Array, unit: float) -> dict[str, float]:
        """A, b, k and g."""
        return {
            "A": float(np.exp(theta[0]) * unit ** theta[1]),
            "b": float(theta[1]),
            "k": float(_exp(theta[2])),
            "g": float(_exp(theta[3])),
        }

    def sound(self, theta: Array) -> bool:
        """The error falls, and the points show where cheap labels begin to count and to saturate."""
        return bool(theta[1] > 0 and (np.abs(theta[2:4]) < FAR).all())


class Product(MixedForm):
    """Each kind lowers the error by a factor of its own: A h^-b l^-d, with parameters (log A, b, d); for l > 0 everywhere."""

    name = "product"
    formula = "A n_high^-b n_low^-d"
    starts = np.zeros((1, 0))
    needs_cheap = True

    def value(self, theta: Array, high: Array, low: Array) -> Array:
        """Logarithm of the error.

        >>> Product().value(np.array([0.0, 1.0, 0.5]), np.array([1.0]), np.array([4.0])).round(3)
        array([-0.693])
        """
        return np.asarray(_at(theta, 0) - _at(theta, 1) * np.log(high) - _at(theta, 2) * log_or_nan(low))

    def gradient(self, theta: Array, high: Array, low: Array) -> Array:
        """Derivatives."""
        columns = self.columns(theta[..., :0], high, low)
        return np.broadcast_to(columns, (*theta.shape[:-1], *columns.shape))

    def columns(self, start: Array, high: Array, low: Array) -> Array:
        """1 and minus the logarithms."""
        del start
        return _stack(np.ones_like(high), -np.log(high), -log_or_nan(low))

    def low_for(self, theta: Array, log_error: float, high: Array) -> Array:
        """Grows as a power where expensive labels are fewer."""
        power = (theta[0] - theta[1] * np.log(high) - log_error) / theta[2] if theta[2] > 0 else np.inf
        return np.broadcast_to(np.exp(np.minimum(power, 700.0)), np.shape(high))

    def high_for(self, theta: Array, log_error: float, low: float) -> float:
        """Grows as a power where cheap labels are fewer; infinite without any."""
        if low <= 0 or theta[1] <= 0:
            return np.inf
        return float(np.exp(min((theta[0] - theta[2] * np.log(low) - log_error) / theta[1], 700.0)))

    def readable(self, theta: Array, unit: float) -> dict[str, float]:
        """A, b and d."""
        prefactor = np.exp(theta[0]) * unit ** (theta[1] + theta[2])
        return {"A": float(prefactor), "b": float(theta[1]), "d": float(theta[2])}

    def sound(self, theta: Array) -> bool:
        """Both kinds lower the error."""
        return bool(theta[1] > 0 and theta[2] > 0)


class ProductFromNone(MixedForm):
    """The product law where some mixes have no cheap labels: A h^-b (1 + l / m)^-d, with parameters (log A, b, d, log m)."""

    name = "product"
    formula = "A n_high^-b (1 + n_low / m)^-d"
    in_logs = frozenset({"m"})
    starts = np.log(np.geomspace(1e-3, 1e3, 13))[:, None]

    def value(self, theta: Array, high: Array, low: Array) -> Array:
        """Logarithm of the error.

        >>> ProductFromNone().value(np.array([0.0, 1.0, 0.5, 0.0]), np.array([1.0]), np.array([3.0])).round(3)
        array([-0.693])
        """
        return np.asarray(_at(theta, 0) - _at(theta, 1) * np.log(high) - _at(theta, 2) * self._more(theta, low))

    def gradient(self, theta: Array, high: Array, low: Array) -> Array:
        """Derivatives."""
        more = self._more(theta, low)
        share = -np.expm1(-more)
        one = np.ones_like(more)
        return _stack(one, -np.log(high) * one, -more, _at(theta, 2) * share)

    @staticmethod
    def _more(theta: Array, low: Array) -> Array:
        return np.asarray(np.log1p(low * _exp(-_at(theta, 3))))

    def columns(self, start: Array, high: Array, low: Array) -> Array:
        """1 and minus the logarithms."""
        return _stack(np.ones_like(high), -np.log(high), -np.log1p(low / np.exp(start[0])))

    def low_for(self, theta: Array, log_error: float, high: Array) -> Array:
        """Grows as a power where expensive labels are fewer."""
        missing = theta[0] - theta[1] * np.log(high) - log_error
        power = np.where(missing > 0, missing / theta[2] if theta[2] > 0 else np.inf, 0.0)
        return np.asarray(_exp(theta[3]) * np.expm1(np.minimum(power, 700.0)))

    def high_for(self, theta: Array, log_error: float, low: float) -> float:
        """Grows as a power where cheap labels are fewer."""
        if theta[1] <= 0:
            return np.inf
        more = float(np.log1p(low / _exp(theta[3])))
        return float(np.exp(min((theta[0] - theta[2] * more - log_error) / theta[1], 700.0)))

    def readable(self, theta: Array, unit: float) -> dict[str, float]:
        """A, b, d and m."""
        return {
            "A": float(np.exp(theta[0]) * unit ** theta[1]),
            "b": float(theta[1]),
            "d": float(theta[2]),
            "m": float(_exp(theta[3]) * unit),
        }

    def sound(self, theta: Array) -> bool:
        """Both kinds lower the error, and the points show where cheap labels begin to count."""
        return bool(theta[1] > 0 and theta[2] > 0 and abs(theta[3]) < FAR)


def _at(theta: Array, k: int) -> Array:
    return theta[..., k : k + 1]


def _exp(x: Array | float) -> Array:
    """No overflow where a parameter runs away, as the points do not show it."""
    return np.asarray(np.exp(np.clip(x, -50.0, 50.0)))


def _stack(*columns: Array) -> Array:
    return np.stack(np.broadcast_arrays(*columns), axis=-1)


def _needed(theta: Array, log_error: float) -> float:
    """What all labels must be worth together, in expensive ones; infinite where the error does not fall."""
    return float(np.exp(min((theta[0] - log_error) / theta[1], 700.0))) if theta[1] > 0 else np.inf
