"""A seeded order that is the same on any machine, with any library version, and for any order of the rows."""

from collections.abc import Iterable
from hashlib import sha256


def seeded_order(names: Iterable[str], seed: int, purpose: str) -> list[str]:
    """Distinct names in an order drawn by the seed: sorted by the sha256 of seed, purpose and name.

    A name keeps its place relative to the others when names come or go, which a shuffled list does not grant.

    Args:
        names: any text; duplicates count once
        seed: another seed, another order
        purpose: what is drawn; draws for two purposes are independent

    >>> seeded_order(["NaCl", "MgO", "LiF"], 0, "test") == seeded_order(["LiF", "NaCl", "MgO"], 0, "test")
    True
    """
    return sorted(set(names), key=lambda name: (sha256(f"{seed}|{purpose}|{name}".encode()).digest(), name))
