"""What mends a slip of units: the factor, and the option with which the file is read as it is."""

from transferkit.typing import Property

SPOKEN: dict[Property, str] = {"energy": "energies", "forces": "forces", "stress": "stress", "magmoms": "magmoms"}


def unit_mend(label: Property, factor: float, unit: str) -> str:
    """A clause that says by what to multiply a label, and how to state its unit instead.

    Args:
        label: which
        factor: what turns the numbers into ours; negative where the sign is wrong, too
        unit: of the numbers, as in :meth:`~transferkit.data.readers.stated_units.StatedUnits.of`, without the sign

    >>> unit_mend("stress", -0.000624151, "kbar")
    "multiply the stress by -0.000624151, or read the file with units={'stress': '-kbar'} (--unit stress=-kbar)"
    """
    stated = f"-{unit}" if factor < 0 else unit
    return (
        f"multiply the {SPOKEN[label]} by {factor:.6g}, or read the file with units={{'{label}': '{stated}'}} "
        f"(--unit {label}={stated})"
    )
