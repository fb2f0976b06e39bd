"""Card: what is known of a published checkpoint without opening it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """What ``transferkit adapters`` shows of a checkpoint; opening it may take a download, and the user's trust.

    Attributes:
        licence: of the weights, in words
        heads: names of its readout heads; None where only the file says
        elements: atomic numbers that it knows; None where only the file says
        fidelity: level of theory that it learnt; None where unknown, or where its heads have several
        kind: of its E0, "regression" or "isolated-atom"; None where only the file says
        label_convention: what the energies that it learnt are, "raw" or "mp2020"; None where unknown

    >>> Card("MIT").heads
    ('default',)
    """

    licence: str
    heads: tuple[str, ...] | None = ("default",)
    elements: frozenset[int] | None = None
    fidelity: str | None = None
    kind: str | None = None
    label_convention: str | None = None
