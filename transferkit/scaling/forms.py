"""The two forms of a scaling law, in reduced units: error = a N^-b and error = a N^-b + c.

Sizes u and errors e are in units of the curve's geometric means, so that all parameters are of order one. Both forms give the
natural logarithm of e.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Plain:
    """log e = A - b log u, with parameters (A, b)."""

    name: str = "a N^-b"
    n: int = 2

    def value(self, theta: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Natural logarithm of e at sizes u.

        >>> Plain().value(np.array([0.0, 0.5]), np.array([1.0]))
        array([0.])
        """
        return np.asarray(theta[0] - theta[1] * np.log(u))

    def gradient(self, theta: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Its derivatives by the parameters, (..., 2)."""
        del theta
        return np.stack([np.ones_like(u), -np.log(u)], axis=-1)

    def steepness(self, theta: np.ndarray, u: np.ndarray) -> np.ndarray:
        """-d log e / d log u."""
        return np.full_like(u, theta[1])

    def floor(self, theta: np.ndarray) -> float:
        """The error that no size goes below."""
        del theta
        return 0.0


@dataclass(frozen=True)
class WithFloor:
    """log e = log(exp(A) u^-b + c), with parameters (A, b, c)."""

    name: str = "a N^-b + c"
    n: int = 3

    def value(self, theta: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Natural logarithm of e at sizes u.

        >>> WithFloor().value(np.array([0.0, 0.5, 1.0]), np.array([1.0])).round(3)
        array([0.693])
        """
        return np.asarray(np.log(self._error(theta, u)))

    def gradient(self, theta: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Its derivatives by the parameters, (..., 3)."""
        error = self._error(theta, u)
        falling = (error - theta[2]) / error
        return np.stack([falling, -falling * np.log(u), 1.0 / error], axis=-1)

    def steepness(self, theta: np.ndarray, u: np.ndarray) -> np.ndarray:
        """-d log e / d log u."""
        error = self._error(theta, u)
        return np.asarray(theta[1] * (error - theta[2]) / error)

    def floor(self, theta: np.ndarray) -> float:
        """The error that no size goes below."""
        return float(theta[2])

    def _error(self, theta: np.ndarray, u: np.ndarray) -> np.ndarray:
        return np.asarray(np.exp(theta[0] - theta[1] * np.log(u)) + theta[2])


Form = Plain | WithFloor
