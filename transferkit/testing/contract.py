"""The adapter contract as tests: an adapter's own test class inherits them all."""

from transferkit.testing.handling import Handling
from transferkit.testing.physics import Physics
from transferkit.testing.several_heads import SeveralHeads


class AdapterContract(Physics, SeveralHeads, Handling):
    """Every promise of :class:`~transferkit.adapters.base.Adapter`, tested.

    Implement ``potential(dtype)``; ``native(path, structures)`` where there is a native package; and set the
    tolerances of :class:`~transferkit.testing.tools.Tools` where the adapter needs others.
    """
