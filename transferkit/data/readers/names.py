"""What the name of an entry says: which label it is, at which level of theory, by which convention. Rules, no guesses."""

import re
from dataclasses import dataclass
from functools import lru_cache

KINDS = {
    "energy": "energy", "energies": "energy", "toten": "energy", "etot": "energy", "u0": "energy",
    "force": "forces", "forces": "forces",
    "stress": "stress", "stresses": "stress",
    "virial": "virial", "virials": "virial",
    "magmom": "magmoms", "magmoms": "magmoms",
    "gradient": "gradient", "gradients": "gradient",
}  # fmt: skip
"""The word that makes an entry a label."""
LEVELS = frozenset(
    re.findall(
        r"\w+",
        "lda pw91 pbe pbesol pbe0 rpbe revpbe scan rscan r2scan r4scan tpss blyp b3lyp bp86 hse hse03 hse06 m06 m06l m062x "
        "b97 wb97x wb97m hf mp2 mp3 mp4 rpa ccsd ccsdt",
    )
)
"""Levels of theory that people put into names."""
CONVENTIONS = {
    "formation": "formation", "cohesive": "cohesive", "atomization": "cohesive", "atomisation": "cohesive",
    "corrected": "mp2020", "mp2020": "mp2020", "uncorrected": "raw", "raw": "raw",
}  # fmt: skip
"""Words that say what an energy is."""
BEHIND = LEVELS | {"ref", "dft", "tot", "total", "raw", "uncorrected", "corrected", "per", "atom"}
"""Words that may follow the label's."""
OTHER = frozenset(
    re.findall(
        r"\w+",
        "free fr binding fermi kinetic cutoff hull interaction adsorption zero zpe initial correction corrections "
        "vdw dispersion d3 d4 repulsion xc ewald madelung solvation surface band gap thermal reaction activation "
        "pred predicted prediction model ml mlip mace chgnet nequip sevennet std error weight delta",
    )
)
"""Words of another quantity, and of a prediction."""
MONOMER = re.compile(r"mono(mer)?\d*|fragment\d*")
LONE_E = re.compile(
    rf"E|e|(?:E_?|e_)(delta)?_?({'|'.join(sorted(LEVELS, key=len, reverse=True))})[\d_]*", re.IGNORECASE
)


@dataclass(frozen=True)
class Name:
    """What the name of an entry says.

    Attributes:
        kind: "energy", "forces", "stress", "virial", "magmoms" or "gradient"
        levels: words of a level of theory in it
        convention: what the energy is by its name, e.g. "formation"; "" where the name says nothing
        per_atom: it is called per atom
        family: the other words: entries of one calculation usually share them
    """

    kind: str
    levels: frozenset[str] = frozenset()
    convention: str = ""
    per_atom: bool = False
    family: frozenset[str] = frozenset()


@lru_cache(maxsize=4096)  # every frame has the same names
def name_of(key: str) -> Name | None:
    """What a name says; None if it is not that of a label.

    The label's word stands last, or before a level of theory; words of other energies (free, Fermi, zero-point, ...), of
    starting values and of predictions rule it out. Case, ``_``, ``:``, ``-`` and a capital inside divide words.

    >>> name_of("mtt::r2scan_energy").levels
    frozenset({'r2scan'})
    >>> [name_of(k).kind for k in ("TotEnergy", "REF_forces", "U0", "E", "Emp2", "energy_pbe")]
    ['energy', 'forces', 'energy', 'energy', 'energy', 'energy']
    >>> [name_of(k) for k in ("free_energy", "initial_magmoms", "energy_unit", "MACE_energy")]
    [None, None, None, None]
    """
    said = words(key)
    while len(said) > 1 and said[-1] in BEHIND:
        said = said[:-1]
    kind = KINDS.get(said[-1]) if said else None
    everything = words(key)
    if kind is None or OTHER & set(everything) or any(MONOMER.fullmatch(w) for w in everything):
        return _lone(key)
    conventions = [CONVENTIONS[w] for w in everything if w in CONVENTIONS]
    rest = set(everything) - {said[-1]} - {"dft", "tot", "total", "potential", "final"}
    return Name(
        kind,
        frozenset(LEVELS & rest),
        # "mp2020_corrected" says one thing in two words
        conventions[0] if conventions and kind == "energy" else "",
        {"per", "atom"} <= rest or "peratom" in rest,
        frozenset(rest - set(CONVENTIONS) - {"per", "atom", "peratom"}),
    )


def _lone(key: str) -> Name | None:
    """``E``, and ``E`` before a level of theory as in ``Emp2``."""
    found = LONE_E.fullmatch(key.replace("(T)", "t"))
    if found is None:
        return None
    said = frozenset(word.lower() for word in found.groups() if word)
    return Name("energy", said & LEVELS, family=said)


def words(name: str) -> list[str]:
    """Words of a name in small letters.

    >>> words("mtt::r2scan_energy"), words("TotEnergy"), words("CCSD(T)/AVDZ")
    (['mtt', 'r2scan', 'energy'], ['tot', 'energy'], ['ccsdt', 'avdz'])
    """
    name = re.sub(r"(?i)ccsd\(t\)", "ccsdt", name)
    name = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", name)
    return re.findall(r"[a-z0-9]+", name.lower())


def levels_in(text: str) -> frozenset[str]:
    """Levels of theory that a text names, e.g. a fidelity.

    >>> sorted(levels_in("PBE+U")), sorted(levels_in("mine"))
    (['pbe'], [])
    """
    return LEVELS & set(words(text))


def contradicts(stated: str, fidelity: str) -> bool:
    """Whether a file states another level of theory than the one asked for; words that are none contradict nothing.

    >>> contradicts("r2SCAN", "PBE"), contradicts("PBE", "PBE+U"), contradicts("mine", "PBE")
    (True, False, False)
    """
    said, asked = levels_in(stated), levels_in(fidelity)
    return bool(said and asked and not said & asked)


def of_another_level(name: Name, fidelity: str) -> bool:
    """Whether a name says another level of theory than the one asked for."""
    asked = levels_in(fidelity)
    return bool(name.levels and asked) and not name.levels & asked
