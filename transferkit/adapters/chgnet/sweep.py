"""Which derivatives a pass through autograd is for."""

from collections.abc import Iterator
from contextlib import contextmanager


class Sweep:
    """Tells hand-written backward functions that only the geometry is differentiated by, so that they skip the rest.

    Autograd prunes its own operations by what was asked for; a function of ours cannot see it. One object belongs to
    one forward pass.

    >>> sweep = Sweep()
    >>> with sweep.geometry_only():
    ...     sweep.parameters
    False
    >>> sweep.parameters
    True
    """

    def __init__(self) -> None:
        """A sweep over everything."""
        self.parameters = True

    @contextmanager
    def geometry_only(self) -> Iterator[None]:
        """While forces and stress are computed: gradients of parameters are not."""
        self.parameters = False
        try:
            yield
        finally:
            self.parameters = True
