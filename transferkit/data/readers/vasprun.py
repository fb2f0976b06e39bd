"""vasprun.xml -> ionic steps. Streams; a calculation is forgotten once it is read."""

from collections.abc import Iterator
from dataclasses import replace
from io import TextIOWrapper
from xml.etree.ElementTree import Element, ParseError, iterparse

import numpy as np
from ase.data import atomic_numbers

from transferkit.data.readers.outcar import REMEDY, Step
from transferkit.data.readers.vasp_settings import TAGS, Settings
from transferkit.errors import DataError
from transferkit.units import KBAR


def read_vasprun(stream: TextIOWrapper, where: str) -> Iterator[Step]:
    """Ionic steps of a vasprun.xml, complete or not; the file holds no magnetic moments.

    The energy is energy(sigma->0). VASP writes a wrong ``e_0_energy`` at the end of an ionic step, so the difference
    to the free energy is taken from the last electronic step; PSTRESS·V, which VASP adds to the energy of an ionic
    step here and not in OUTCAR, is taken off. An electronic loop counts as converged when it took fewer than NELM steps.

    Args:
        stream: open text file
        where: file name, for messages

    Yields:
        Steps in order. Where the file breaks off, the last one is incomplete.

    Raises:
        DataError: the file is no vasprun.xml, its atoms are missing, or it holds no ionic step.
    """
    numbers, settings = np.zeros(0, dtype=np.int64), Settings()
    nelm, pstress, n = 60, 0.0, 0
    inside = False
    try:
        # expat refuses entity bombs by itself since 2.4.1
        for event, element in iterparse(stream, events=("start", "end")):  # noqa: S314
            if event == "start":
                inside = inside or element.tag == "calculation"
            elif element.tag == "atominfo":
                numbers, settings.species = _numbers(element, where), _species(element)
            elif element.tag == "parameters":
                nelm, pstress = int(_entry(element, "NELM", 60)), _entry(element, "PSTRESS", 0.0)
                settings.tags = _tags(element)
            elif element.tag == "calculation":
                n, inside = n + 1, False
                yield replace(_step(element, n, numbers, nelm, pstress), settings=settings)
                element.clear()
    except ParseError as error:
        if n == 0 and not inside:
            raise DataError(
                f"{where}: not a readable vasprun.xml ({error}). Take the file anew from the run."
            ) from error
        yield Step(n + 1, numbers)
        return
    except (ValueError, AttributeError, TypeError) as error:
        raise DataError(f"{where}: ionic step {n} cannot be read: {error}. {REMEDY}") from error
    if n == 0:
        raise DataError(f"{where}: no ionic step found. The run ended before its first electronic step; run it again.")


def _numbers(atominfo: Element, where: str) -> np.ndarray:
    entries = atominfo.findall("array[@name='atoms']/set/rc")
    symbols = [(entry[0].text or "").strip() for entry in entries]
    unknown = [s for s in symbols if s not in atomic_numbers]
    if not symbols or unknown:
        raise DataError(
            f"{where}: atominfo names {repr(unknown[0]) if unknown else 'no atoms'}, and no element is called so. The file is damaged; take it anew from the run."
        )
    return np.array([atomic_numbers[s] for s in symbols], dtype=np.int64)


def _species(atominfo: Element) -> list[str]:
    rows = atominfo.findall("array[@name='atomtypes']/set/rc")
    return [(row[1].text or "").strip() for row in rows if len(row) > 1]


def _tags(parameters: Element) -> dict[str, str]:
    found = {e.get("name"): " ".join((e.text or "").split()) for e in parameters.iter() if e.get("name") in TAGS}
    return {str(name): text for name, text in found.items() if text}


def _entry(parameters: Element, name: str, default: float) -> float:
    found = next((e for e in parameters.iter("i") if e.get("name") == name), None)
    return default if found is None or found.text is None else float(found.text)


def _step(calculation: Element, number: int, numbers: np.ndarray, nelm: int, pstress: float) -> Step:
    step = Step(number, numbers)
    step.cell = _table(calculation, "structure/crystal/varray[@name='basis']")
    fractional = _table(calculation, "structure/varray[@name='positions']")
    if step.cell is not None and fractional is not None:
        step.positions = fractional @ step.cell
    step.forces = _table(calculation, "varray[@name='forces']")
    kbar = _table(calculation, "varray[@name='stress']")
    step.stress = None if kbar is None else -kbar * KBAR
    loops = calculation.findall("scstep")
    step.converged = 0 < len(loops) < nelm
    free = _value(calculation, "energy/i[@name='e_fr_energy']")
    if free is not None and loops and step.cell is not None:
        volume = abs(float(np.linalg.det(step.cell)))
        step.free_energy = free - pstress * KBAR * volume
        zero, last = (_value(loops[-1], f"energy/i[@name='{k}']") for k in ("e_0_energy", "e_fr_energy"))
        step.energy = None if zero is None or last is None else step.free_energy + zero - last
    return step


def _table(element: Element, path: str) -> np.ndarray | None:
    found = element.find(path)
    return None if found is None else np.array([[float(v) for v in (row.text or "").split()] for row in found])


def _value(element: Element, path: str) -> float | None:
    found = element.find(path)
    return None if found is None or found.text is None else float(found.text)
