"""Where training did harm: variants that ended above their own start, by more than chance explains."""

from collections.abc import Mapping
from dataclasses import dataclass

from transferkit.report.ordering import ORDERED, error_of
from transferkit.report.quantities import QUANTITIES
from transferkit.report.told_apart import ALIKE
from transferkit.typing import Json

INTERVAL = "95 % interval of final minus step 0, composition by composition and seed by seed"
RULE = f"Harm: the {INTERVAL}, is above zero. Each is taken alone, with no correction for their number."


@dataclass(frozen=True)
class Harm:
    """What training raised on one test.

    Attributes:
        clear: a sentence on errors whose change is above zero with its whole interval; empty where there is none
        unclear: a sentence on the others that are higher than at step 0; empty where there is none
        none: a sentence that says so where nothing is higher; empty where something is, or nothing was measured
    """

    clear: str = ""
    unclear: str = ""
    none: str = ""

    @property
    def sentences(self) -> list[str]:
        """Those that are not empty."""
        return [text for text in (self.clear, self.unclear, self.none) if text]


def harm(variants: Mapping[str, Json], test: str) -> Harm:
    """Variants whose mean final error is above their own step 0, by property, on one test.

    A rise is harm where the paired interval of the change excludes zero; else it is not told apart from chance. A rise
    that the shown digits cannot show is none.

    Args:
        variants: of comparison.json, errors in eV/atom, eV/Å, eV/Å³
        test: name of the test

    >>> def entry(mean, interval=None):
    ...     return {"energy": {"mean": mean, "interval": interval}}
    >>> stages = {"step0": entry(0.1), "final": entry(0.12), "change": entry(0.02, [0.01, 0.03])}
    >>> harm({"a": {"label": "A", "tests": {"t": stages}}}, "t").clear
    'On t training did harm: energy error: “A” (100 to 120, change 20.0 [10.0, 30.0] meV/atom).'
    """
    found: dict[bool, list[str]] = {True: [], False: []}
    measured = False
    for name in ORDERED:
        quantity = QUANTITIES[name]
        raised: dict[bool, list[str]] = {True: [], False: []}
        for key, variant in variants.items():
            stored = [error_of(variant, test, stage, name) for stage in ("step0", "final", "change")]
            before, after = (quantity.value(entry.get("mean")) for entry in stored[:2])
            if before is None or after is None:
                continue
            measured = True
            first, last = (quantity.show(entry["mean"]) for entry in stored[:2])
            if after <= before or first == last:
                continue
            change, ends = stored[2], quantity.ends(stored[2].get("interval"))
            said = "" if ends is None else f", change {quantity.show(change.get('mean'), change['interval'])}"
            text = f"“{variant.get('label') or key}” ({first} to {last}{said} {quantity.unit})"
            raised[ends is not None and ends[0] > 0].append(text)
        for which, texts in raised.items():
            found[which] += [f"{quantity.error}: {', '.join(texts)}"] if texts else []
    if not (found[True] or found[False]):
        return Harm(none=f"On {test} no variant ended above its own step 0." if measured else "")
    clear, unclear = "; ".join(found[True]), "; ".join(found[False])
    return Harm(
        clear and f"On {test} training did harm: {clear}.",
        unclear and f"On {test} higher than at step 0, but {ALIKE} from chance: {unclear}.",
    )
