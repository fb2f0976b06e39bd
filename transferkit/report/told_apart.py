"""When a method is called better or worse than the baseline: one rule for sentences, table and figure."""

import math

from transferkit.typing import Json

LEVEL = 0.05
"""Family-wise error rate after Holm's correction."""
BETTER, WORSE, ALIKE = "better", "worse", "not told apart"
RULE = (
    f"“{BETTER.capitalize()}” and “{WORSE}” ask for two things: p (Holm) below {LEVEL:g}, and a 95 % interval of the "
    f"difference that excludes zero. All else is “{ALIKE}”."
)


def standing(row: Json) -> str:
    """Where one paired comparison puts a method: better, worse or not told apart.

    The signed-rank test asks how many compositions moved, the interval how far their mean did. One without the other
    would call a method better whose mean difference may be of either sign.

    Args:
        row: of :class:`transferkit.evaluation.compare.Comparison`; only "p_holm" and "interval" are read

    >>> standing({"p_holm": 0.01, "interval": [-0.2, -0.1]}), standing({"p_holm": 0.01, "interval": [-0.2, 0.1]})
    ('better', 'not told apart')
    """
    p, interval = row.get("p_holm"), row.get("interval")
    if p is None or not p < LEVEL or not interval or not all(x is not None and math.isfinite(x) for x in interval):
        return ALIKE
    low, high = interval
    return BETTER if high < 0 else WORSE if low > 0 else ALIKE
