"""What the weights may be used for, said before anything is trained on them."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transferkit.adapters.potential import ReferencedPotential

RESTRICTED = re.compile(r"non-?\s?commercial|\bacademic\b|\bASL\b|\bNC\b|\bresearch (use )?only\b", re.IGNORECASE)
"""Words by which licences forbid commercial use: the Academic Software License, CC BY-NC, and those in plain words."""


def is_non_commercial(licence: str) -> bool:
    """Whether a licence, in an adapter's words, forbids commercial use.

    >>> is_non_commercial("ASL (non-commercial)"), is_non_commercial("CC BY-NC 4.0"), is_non_commercial("MIT")
    (True, True, False)
    """
    return RESTRICTED.search(licence) is not None


def describe_weights(potential: "ReferencedPotential", head: str) -> str:
    """A line about the weights that a run starts from: adapter, head, level of theory, licence.

    >>> from transferkit.adapters.toy import Toy
    >>> print(describe_weights(Toy.load("demo"), "default"))
    toy: head default is trained; licence of the weights: MIT
    """
    adapter = potential.adapter
    others = [name for name in adapter.heads if name != head]
    kept = f", next to {', '.join(others)}" if others else ""
    text = f"{adapter.name}: head {head} is trained{kept}; licence of the weights: {adapter.licence or 'not stated'}"
    if is_non_commercial(adapter.licence):
        text += "\n! These weights are for non-commercial use only, and so is what is trained from them."
    return text
