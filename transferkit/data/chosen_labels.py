"""Chosen labels: a set as if it had no others."""

from collections.abc import Sequence

from transferkit.data.structures import Structures
from transferkit.errors import DataError, nearest
from transferkit.typing import PROPERTIES


def only_labels(data: Structures, labels: Sequence[str] | None, *, option: str) -> Structures:
    """The same structures with the named labels alone; all of them where ``labels`` is None.

    Args:
        data: labelled structures
        labels: "energy", "forces", "stress", "magmoms"
        option: where they were named, for the message

    Raises:
        DataError: no label is called so, or no structure has it.

    >>> import transferkit as tk
    >>> only_labels(tk.bundled("gpaw-pbe-r2scan")[:3], ["energy"], option="labels")
    Structures(3 structures, 6 atoms, 4 elements, r2SCAN, energy 3)
    """
    if labels is None:
        return data
    there = [p for p in PROPERTIES if data.mask[p].any()]
    for name in labels:
        if name not in PROPERTIES:
            raise DataError(f"{option}: no label is called {name!r}. {nearest(name, PROPERTIES)}")
        if name not in there:
            raise DataError(
                f"{option} names {name}, which none of the {len(data)} structures ({data.fidelity}) has; they have "
                f"{', '.join(there) or 'no labels'}. Leave it out, or say by keys which entry of the file it is."
            )
    return data.without(*(p for p in PROPERTIES if p not in labels))
