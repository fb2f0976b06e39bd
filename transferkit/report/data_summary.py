"""A data set in plain words: what it is, what it can and cannot give, what to do next."""

from transferkit.report.data_tables import warnings_in
from transferkit.report.quantities import QUANTITIES, count, counted, percent
from transferkit.typing import Json

FEW = 30
"""Compositions below which a test by composition has too few to say much."""
ENOUGH_TO_FOLD = 12
"""Compositions that give each of six folds two."""
RARE = 3
NAMED = 8


def data_outcome(found: Json) -> list[str]:
    """What a data set is and holds, one sentence per matter.

    Args:
        found: of :meth:`transferkit.data.describe.Description.to_json`

    >>> data_outcome(
    ...     {
    ...         "structures": 2,
    ...         "atoms": 4,
    ...         "compositions": 1,
    ...         "elements": {"Mg": {}, "O": {}},
    ...         "undetermined": ["Mg", "O"],
    ...     }
    ... )[1]
    'The data determine the elemental energy E0 of none of the 2 elements by themselves (not Mg, O).'
    """
    elements, undetermined = found.get("elements") or {}, found.get("undetermined") or []
    size = (
        f"{counted(found.get('structures'), 'structure')} with {counted(found.get('atoms'), 'atom')}: "
        f"{counted(found.get('compositions'), 'composition')} of {counted(len(elements), 'element')}, "
        f"{found.get('fidelity') or 'unnamed level of theory'}, {found.get('label_convention') or 'unknown'} energies."
    )
    said = [size]
    if len(undetermined) == len(elements):
        said.append(
            f"The data determine the elemental energy E0 of none of the {len(elements)} elements by themselves (not {_listed(undetermined)})."
        )
    elif undetermined:
        said.append(f"The data determine E0 of all elements but {_listed(undetermined)}.")
    else:
        said.append("The data determine the elemental energy E0 of every element.")
    if found.get("residual_rms") is not None:
        energy = QUANTITIES["energy"]
        said.append(
            f"A constant per element leaves {energy.show(found['residual_rms'])} {energy.unit} (root mean square) of the energies."
        )
    return said


def data_steps(found: Json) -> list[str]:
    """What to do with a data set next, most urgent first; commands and options stand between backticks."""
    taken = (found.get("quarantine") or {}).get("taken")
    out = []
    if n := warnings_in(found.get("findings") or []):
        out.append(f"Settle the {count(n)} warning{'s' if n > 1 else ''} below before any training.")
    if taken:
        out.append(
            f"Look at the {counted(taken, 'structure')} that a run takes out: each has its reason and value below."
        )
    out += [*_about_labels(found), *_about_coverage(found)]
    if found.get("duplicates"):
        out.append(f"Of geometries that repeat, keep one each: {counted(found['duplicates'], 'structure')} too many.")
    return out or ["Nothing stands in the way of training."]


def _about_labels(found: Json) -> list[str]:
    labels, total = found.get("labels") or {}, found.get("structures") or 0
    out = []
    if not labels.get("energy"):
        out.append("There are no energies: name the entry that holds them with `--key energy=NAME`.")
    for label, word in (("energy", "energies"), ("forces", "forces")):
        n = labels.get(label) or 0
        if 0 < n < total:
            out.append(
                f"{percent(n / total)} of the structures have {word}: the others do not teach them, and errors are over those that do."
            )
    if labels.get("energy") and not labels.get("forces"):
        out.append(
            "There are no forces: expect little for relaxation and dynamics, and keep the network close to its start."
        )
    return out


def _about_coverage(found: Json) -> list[str]:
    undetermined, out = found.get("undetermined") or [], []
    if undetermined:
        out.append(
            f"Add compositions with {_listed(undetermined)} in other proportions, or isolated atoms: until then only the "
            "proportions that are here are determined, and all others are counted apart in a test."
        )
    elements = found.get("elements") or {}
    rare = [s for s, row in elements.items() if s not in undetermined and (row or {}).get("compositions", RARE) < RARE]
    if rare:
        out.append(f"Few compositions hold {_listed(rare)} (fewer than {RARE} each): more of them make their E0 sure.")
    n = found.get("compositions")
    if n is not None and n < FEW:
        how = "cross-validate with `data.split.fold`" if n >= ENOUGH_TO_FOLD else "split by `material` or `random`"
        out.append(f"With {counted(n, 'composition')} a test on unseen ones is small or impossible: {how}.")
    return out


def _listed(words: list[str]) -> str:
    more = f" and {len(words) - NAMED} more" if len(words) > NAMED else ""
    return ", ".join(words[:NAMED]) + more
