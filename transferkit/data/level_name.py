"""The name of a level of theory: free text, in which a slip makes another level of it."""

import re
from difflib import SequenceMatcher

from transferkit.data.finding import Finding

_NAMES = (
    "PBE PBEsol PBE+U PBE0 PBEh RPBE revPBE mPBE LDA LSDA GGA SCAN rSCAN r2SCAN r4SCAN SCAN0 revSCAN r2SCAN+U r2SCAN0 HSE03 "
    "HSE06 HSEsol TPSS revTPSS mBJ PW91 BLYP B3LYP BP86 HCTH M06 M06-2X M06-L B97M wB97 wB97X wB97M BEEF BEEF-vdW vdW-DF "
    "optB88 optB86b optPBE HF MP2 MP3 MP4 CCSD CCSD(T) CASPT2 RPA DFT DFTB GW xTB X3LYP O3LYP"
)
KNOWN = tuple(_NAMES.split())
"""Names that are meant as they stand, and of which others may be a slip."""
NEAR, SHORT = 0.74, 4
"""Similarity from which a name of at least this many characters is taken for a slip: one letter of four."""


def level_findings(fidelity: str) -> list[Finding]:
    """Whether a level of theory is a known one but for a slip.

    Names of other levels are as good as known ones. Not taken for a slip: a name with other digits (HSE03 is not HSE06), one
    with something added after ``+`` or ``-`` (PBE-D3), or in other capitals.

    >>> [found.what for found in level_findings("r2SCAM")]
    ["the level of theory is called 'r2SCAM'; did you mean 'r2SCAN'?"]
    """
    meant = _meant(fidelity)
    if meant is None:
        return []
    what = f"the level of theory is called {fidelity!r}; did you mean {meant!r}?"
    evidence = "it is not a known name and differs from one by a letter"
    mend = f"write {meant}; nothing, if the name is meant so: levels of theory are told apart by their names alone"
    return [Finding("warning", what, (), evidence, mend)]


def _meant(fidelity: str) -> str | None:
    known = {name.lower(): name for name in KNOWN}
    name = fidelity.strip().lower()
    stem = re.split(r"[-+/ @]", name, maxsplit=1)[0]
    if name in known or stem in known:
        return None
    near = [k for k in known if _slip(name, k)]
    return known[max(near, key=lambda k: SequenceMatcher(None, k, name).ratio())] if near else None


def _slip(name: str, known: str) -> bool:
    if re.findall(r"\d", name) != re.findall(r"\d", known) or abs(len(name) - len(known)) > 1:
        return False
    if len(known) < SHORT:  # any letter makes another method of a short one; only an exchange of two is surely a slip
        return name != known and sorted(name) == sorted(known)
    return SequenceMatcher(None, known, name).ratio() > NEAR
