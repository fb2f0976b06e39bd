"""What a VASP run says of its functional and of +U."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from transferkit.data.readers.names import levels_in
from transferkit.errors import DataError

META = {"R2SCA": "r2scan", "R2SCAN": "r2scan", "SCAN": "scan", "RSCAN": "rscan", "RTPSS": "tpss", "TPSS": "tpss"}
GRADIENT = {"PE": "pbe", "PS": "pbesol", "RP": "rpbe", "RE": "revpbe", "91": "pw91", "CA": "lda"}
HSE = 0.2
"""1/Å, the screening of HSE06"""
TAGS = ("METAGGA", "GGA", "LEXCH", "LHFCALC", "HFSCREEN", "LDAU", "LDAUU")


@dataclass
class Settings:
    """Tags of a run, gathered while its head is read.

    Attributes:
        tags: name -> value as printed; METAGGA, GGA, LEXCH, LHFCALC, HFSCREEN, LDAU, LDAUU
        species: symbol of each kind of atom, in the order of LDAUU
    """

    tags: dict[str, str] = field(default_factory=dict)
    species: list[str] = field(default_factory=list)

    @property
    def functional(self) -> str:
        """Word of the level of theory, e.g. "r2scan"; "" where the tags do not say it.

        >>> Settings({"METAGGA": "R2SCA", "GGA": "--"}).functional
        'r2scan'
        """
        if self.tags.get("LHFCALC", "F").strip(".").upper().startswith("T"):
            return "hse06" if abs(_number(self.tags.get("HFSCREEN", "0")) - HSE) < 0.011 else "pbe0"
        meta = self.tags.get("METAGGA", "--").upper()
        if meta not in {"--", "NONE", "", "F", "T"}:
            return META.get(meta, "")
        gradient = self.tags.get("GGA", "--").upper()
        return GRADIENT.get(self.tags.get("LEXCH", "").upper() if gradient == "--" else gradient, "")

    @property
    def hubbards(self) -> dict[str, float]:
        """U in eV of each species that has one.

        >>> Settings({"LDAU": "T", "LDAUU": "3.25 0.0"}, ["V", "O"]).hubbards
        {'V': 3.25}
        """
        if not self.tags.get("LDAU", "F").strip(".").upper().startswith("T"):
            return {}
        values = [_number(text) for text in self.tags.get("LDAUU", "").split()]
        return {symbol: u for symbol, u in zip(self.species, values, strict=False) if u}

    def columns(self) -> Mapping[str, str]:
        """``run_type`` and ``hubbards`` for :func:`~transferkit.data.mp2020.corrections`; empty where nothing is known."""
        if not self.functional:
            return {}
        base = {"pbe": "GGA", "r2scan": "R2SCAN", "scan": "SCAN"}.get(self.functional, self.functional.upper())
        hubbards = " ".join(f"{symbol}:{u:g}" for symbol, u in self.hubbards.items())
        return {"run_type": base + ("+U" if hubbards else ""), "hubbards": hubbards}

    def check(self, fidelity: str, where: str) -> None:
        """Refuse labels that were asked for at another level of theory than the run was made at.

        Raises:
            DataError: names both.
        """
        made, asked = self.functional, levels_in(fidelity)
        alike = {made, "hse"} if made == "hse06" else {made}
        if made and asked and not alike & asked:
            said = ", ".join(f"{k} = {self.tags[k]}" for k in ("METAGGA", "GGA", "LHFCALC") if k in self.tags)
            raise DataError(
                f"{where}: the run was made with {made} ({said}), and its labels were asked for as {fidelity}. "
                f"Ask for {'r2SCAN' if made == 'r2scan' else made.upper()}, or give the run that is meant."
            )


def tags_of(line: str, names: Iterable[str] = TAGS) -> dict[str, str]:
    """Tags that a line of an OUTCAR's head sets.

    >>> tags_of("   GGA     =    --    GGA type"), tags_of("   U (eV)           for each species LDAUU =   3.3  0.0")
    ({'GGA': '--'}, {'LDAUU': '3.3 0.0'})
    """
    before, equals, after = line.partition("=")
    if not equals or not before.split() or not after.split():
        return {}
    name = before.split()[-1]
    if name == "LDAUTYPE":
        return {"LDAU": "T"}
    if name not in names:
        return {}
    return {name: " ".join(after.split()) if name == "LDAUU" else after.split()[0]}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
