"""MP2020 corrections of PBE and PBE+U energies: anions, and metals of oxides and fluorides that were computed with +U."""

import ast
import warnings
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from ase.data import chemical_symbols

from transferkit.data.structures import Structures, reduced_formula
from transferkit.errors import DataError, nearest

FIDELITIES = frozenset({"pbe", "pbe+u", "gga", "gga+u", "gga_gga+u", "pbe(+u)", "pbe/pbe+u"})
"""Levels of theory that the corrections were fitted for, in small letters."""
HUBBARD = ("materials-project", "none")
"""What can be said of +U: as the Materials Project sets it, or nowhere."""
METALS = frozenset({"Co", "Cr", "Fe", "Mn", "Mo", "Ni", "V", "W"})
"""Elements with +U in the oxides and fluorides of the Materials Project."""
PLAIN, WITH_U = frozenset({"gga", "pbe"}), frozenset({"gga+u", "pbe+u"})


def is_pbe(fidelity: str) -> bool:
    """Whether MP2020 is defined at this level of theory.

    >>> is_pbe("PBE+U"), is_pbe("r2SCAN")
    (True, False)
    """
    return fidelity.lower().replace(" ", "") in FIDELITIES


def corrections(data: Structures, *, hubbard: str | None = None) -> np.ndarray:
    """What MP2020 adds to each energy, eV, shape (structures,): negative mostly, -0.687 for each O of an oxide.

    Wang et al., Sci. Rep. 11, 15496 (2021), as pymatgen's ``MaterialsProject2020Compatibility`` without its check of POTCARs.
    A structure's correction follows from its composition, from what its oxygen and sulfur are (oxide, peroxide,
    superoxide; sulfide) and from +U. All frames of one material and composition get the same: what most of them are.

    Whether +U was used stands in a column ``hubbards`` ("Fe:5.3"; "" for none, where there is no ``run_type``), ``run_type``
    ("GGA", "GGA+U") or ``is_hubbard``, or is stated by ``hubbard``; it matters where a metal of V, Cr, Mn, Fe, Co, Ni, Mo, W meets O or F.

    Args:
        data: structures at PBE or PBE+U
        hubbard: "materials-project" (+U as the Materials Project sets it) or "none"

    Raises:
        DataError: another fidelity; +U cannot be known; U is not what the corrections were fitted to.

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")
    >>> oxide = data[data.composition == "MgO"][:1]
    >>> corrections(oxide).round(3).tolist()
    [-0.687]
    """
    if not is_pbe(data.fidelity):
        raise DataError(
            f"MP2020 corrections were fitted to PBE and PBE+U energies, and these are {data.fidelity}. Leave them raw: there are "
            f"no MP2020 corrections at {data.fidelity}."
        )
    if hubbard is not None and hubbard not in HUBBARD:
        raise DataError(f"hubbard is {hubbard!r}. {nearest(hubbard, HUBBARD)}")
    groups: dict[tuple[str, str, tuple[tuple[str, float], ...]], list[int]] = defaultdict(list)
    for s in range(len(data)):
        formula = reduced_formula(data.structure(s).numbers)
        groups[str(data.material_id[s]), formula, tuple(sorted(_hubbards(data, s, hubbard).items()))].append(s)
    out = np.zeros(len(data))
    for (_, formula, values), members in groups.items():
        counts = Counter(chemical_symbols[z] for z in data.structure(members[0]).numbers)
        kinds = tuple(_kind(data, members, symbol) if symbol in counts else "" for symbol in ("O", "S"))
        per_atom = _per_atom(_composition(counts), kinds, values)
        if per_atom is None:
            raise DataError(_other_u(f"{data.id[members[0]]!r} ({formula})", dict(values), counts))
        out[members] = per_atom * data.n_atoms[members]
    return out


def _composition(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    divisor = int(np.gcd.reduce(list(counts.values())))
    return tuple(sorted((symbol, n // divisor) for symbol, n in counts.items()))


def _hubbards(data: Structures, s: int, stated: str | None) -> dict[str, float]:
    """U of each metal in eV, where it is not zero."""
    present = {chemical_symbols[z] for z in np.unique(data.structure(s).numbers)}
    needed = present & METALS if present & {"O", "F"} else set()
    columns = {k: data.columns[k][s] for k in ("hubbards", "run_type", "is_hubbard") if k in data.columns}
    run_type = str(columns.get("run_type", "")).lower()
    # an empty entry beside a run_type is that of a frame that lacks one, as where files of two kinds were joined
    if str(columns.get("hubbards", "")).strip() or ("hubbards" in columns and "run_type" not in columns):
        return _parsed(columns["hubbards"], str(data.id[s]))
    if run_type in PLAIN or run_type in WITH_U:
        with_u: bool | None = run_type in WITH_U
    elif (is_hubbard := str(columns.get("is_hubbard", "nan")).lower()) not in {"nan", ""}:
        with_u = is_hubbard in {"true", "1", "1.0"}
    else:
        with_u = {"materials-project": True, "none": False, None: None}[stated]
    if with_u is None and needed:
        raise DataError(
            f"structure {data.id[s]!r} ({data.structure(s).formula}) holds {', '.join(sorted(needed))} with O or F, so its MP2020 "
            f"correction depends on +U, and nothing says whether +U was used. Say hubbard='materials-project' (+U as the "
            f"Materials Project sets it) or hubbard='none', or give the data a column run_type (GGA or GGA+U) or hubbards."
        )
    return (
        {symbol: value for symbol, value in _settings(_anion(present)).items() if symbol in present} if with_u else {}
    )


def _anion(present: set[str]) -> str:
    """The most electronegative element where it is O or F: +U is for its compounds."""
    return "F" if "F" in present else ("O" if "O" in present else "")


def _parsed(text: Any, name: str) -> dict[str, float]:
    """``"Fe:5.3 O:0"``, ``{'Fe': 5.3}`` or JSON of it; zeros are left out."""
    plain = str(text).strip()
    try:
        if plain.startswith("{"):
            pairs = ast.literal_eval(plain.replace("null", "None")).items()
        else:
            pairs = [part.split(":") for part in plain.replace(",", " ").split()]
        return {str(k).strip(): float(v) for k, v in pairs if v is not None and float(v)}
    except (ValueError, SyntaxError, TypeError) as error:
        raise DataError(f"structure {name!r}: hubbards is {plain!r}; write it as 'Fe:5.3 Mn:3.9'") from error


def _kind(data: Structures, members: list[int], symbol: str) -> str:
    """What the oxygen or sulfur of these frames is: what most of them say; the first in the alphabet where they are even."""
    votes = Counter(_kind_of(data, s, symbol) for s in members)
    return min(votes, key=lambda kind: (-votes[kind], kind))


def _kind_of(data: Structures, s: int, symbol: str) -> str:
    from pymatgen.analysis.structure_analyzer import oxide_type, sulfide_type
    from pymatgen.core.structure import Structure

    one = data.structure(s)
    if len(np.unique(one.numbers)) == 1:  # pure elements are not corrected
        return ""
    cell = one.cell if one.pbc.all() else np.eye(3) * (np.ptp(one.positions, axis=0).max() + 20.0)
    made = Structure(cell, one.numbers.tolist(), one.positions, coords_are_cartesian=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return str((oxide_type(made, 1.05) if symbol == "O" else sulfide_type(made)) or "none")  # type: ignore[no-untyped-call]


@cache
def _scheme() -> Any:
    from pymatgen.entries.compatibility import MaterialsProject2020Compatibility

    return MaterialsProject2020Compatibility(check_potcar=False)


def _settings(anion: str) -> dict[str, float]:
    """U in eV that the corrections expect, by metal."""
    return {str(k): float(v) for k, v in _scheme().u_settings.get(anion, {}).items() if v}


@cache
def _per_atom(
    composition: tuple[tuple[str, int], ...], kinds: tuple[str, ...], hubbards: tuple[tuple[str, float], ...]
) -> float | None:
    """Correction of one composition, eV per atom; None where U is not what the scheme was fitted to."""
    from pymatgen.entries.compatibility import CompatibilityError
    from pymatgen.entries.computed_entries import ComputedEntry

    used = dict(hubbards)
    parameters = {"run_type": "GGA+U" if used else "GGA", "hubbards": used, "software": "any"}
    told = {"oxide_type": kinds[0] or None, "sulfide_type": kinds[1] or None}
    entry = ComputedEntry(dict(composition), 0.0, parameters=parameters, data=told)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = _scheme().get_adjustments(entry)
        except CompatibilityError:
            return None
    return float(sum(a.value for a in found)) / sum(n for _, n in composition)


def _other_u(name: str, used: Mapping[str, float], composition: Mapping[str, int]) -> str:
    expected = {s: u for s, u in _settings(_anion(set(composition))).items() if s in composition}

    def shown(table: Mapping[str, float]) -> str:
        return ", ".join(f"{s} {u:g} eV" for s, u in sorted(table.items())) or "none"

    return (
        f"structure {name} was computed with U: {shown(used)}, and MP2020 was fitted to {shown(expected)}. It has no correction "
        f"for other settings; leave such energies raw."
    )
