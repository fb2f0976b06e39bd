"""Does a policy suit the kind of E0 that a network was trained on, where nothing says which kind that is?"""

from transferkit.data.finding import Finding
from transferkit.reference.elemental import ElementalReference

RIGHT_FOR = {"refit": "regression", "isolated-atoms": "isolated-atom"}
"""Policies that are right for one kind only"""
IF_NOT = {
    "refit": "if they are energies of isolated atoms, the network holds the cohesive energy, and a fit to totals counts it twice",
    "isolated-atoms": (
        "if they come from a regression, they hold a part of the cohesive energy, and energies of isolated atoms leave it out"
    ),
}


def kind_finding(reference: ElementalReference, policy: str) -> Finding | None:
    """A warning where a policy is right for one kind of E0 only, and the kind is unknown; None otherwise.

    Where the kind is known and wrong, the policy is refused: :func:`transferkit.reference.policies.refusal`.

    Args:
        reference: E0 of the potential before anything is moved
        policy: how it is moved

    >>> unknown = ElementalReference.from_mapping({"O": -2.0}, kind="unknown")
    >>> kind_finding(unknown, "refit").what
    'policy refit is right for E0 of kind regression, and the kind of this potential is unknown'
    >>> kind_finding(unknown, "residual")
    """
    if reference.kind != "unknown" or policy not in RIGHT_FOR:
        return None
    return Finding(
        "warning",
        f"policy {policy} is right for E0 of kind {RIGHT_FOR[policy]}, and the kind of this potential is unknown",
        (),
        IF_NOT[policy],
        "use policy residual, which is right for both, or compare the two in the table of policies",
    )
