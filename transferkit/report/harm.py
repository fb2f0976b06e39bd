"""Where training did harm: variants that ended above their own start."""

from collections.abc import Mapping

from transferkit.report.ordering import ORDERED, error_of
from transferkit.report.quantities import QUANTITIES
from transferkit.typing import Json


def harm(variants: Mapping[str, Json], test: str) -> str:
    """Variants whose mean final error is above their own step 0, by property, on one test.

    A rise that the shown digits cannot show is none.

    Args:
        variants: of comparison.json, errors in eV/atom, eV/Å, eV/Å³
        test: name of the test

    Returns:
        one sentence; empty where no variant has both errors

    >>> def entry(mean):
    ...     return {"energy": {"mean": mean}}
    >>> harm({"a": {"label": "A", "tests": {"t": {"step0": entry(0.1), "final": entry(0.12)}}}}, "t")
    'On t training raised the mean error of some variants above their own step 0: energy error: “A” (100 to 120 meV/atom).'
    """
    found, measured = [], False
    for name in ORDERED:
        quantity, raised = QUANTITIES[name], []
        for key, variant in variants.items():
            before, after = (
                quantity.value(error_of(variant, test, stage, name).get("mean")) for stage in ("step0", "final")
            )
            if before is None or after is None:
                continue
            measured = True
            first, last = (quantity.show(x / quantity.factor) for x in (before, after))
            if after > before and first != last:
                raised.append(f"“{variant.get('label') or key}” ({first} to {last} {quantity.unit})")
        if raised:
            found.append(f"{quantity.error}: {', '.join(raised)}")
    if found:
        return f"On {test} training raised the mean error of some variants above their own step 0: {'; '.join(found)}."
    return f"On {test} no variant ended above its own step 0." if measured else ""
