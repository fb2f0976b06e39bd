"""Public: what an adapter's tests inherit, with small structures and finite differences.

A test file of five lines holds an adapter to the whole contract::

    from transferkit.testing import AdapterContract


    class TestMine(AdapterContract):
        def potential(self, dtype):
            return MyAdapter.load("some-checkpoint", dtype=dtype)
"""

from transferkit.testing.contract import AdapterContract
from transferkit.testing.differences import force_by_differences, stress_by_differences
from transferkit.testing.structures import labelled, small_structures
from transferkit.testing.tools import Native

__all__ = [
    "AdapterContract",
    "Native",
    "force_by_differences",
    "labelled",
    "small_structures",
    "stress_by_differences",
]
