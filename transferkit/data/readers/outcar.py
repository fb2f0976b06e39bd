"""OUTCAR -> ionic steps. Streams line by line; every number is taken from the step that it was printed in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import TextIOWrapper

import numpy as np
from ase.data import atomic_numbers

from transferkit.data.readers.vasp_settings import Settings, tags_of
from transferkit.errors import DataError
from transferkit.units import KBAR

# printed order xx yy zz xy yz zx
PRINTED = np.array([[0, 3, 5], [3, 1, 4], [5, 4, 2]])
REMEDY = "Asterisks stand where a number was too large to print: the step is broken. Run it again, or remove the file."
DIGIT_MINUS = re.compile(r"(\d)-(?=[\d.])")


@dataclass
class Step:
    """One ionic step; what was not printed is None.

    Attributes:
        number: 1, 2, ... as VASP counts
        numbers: atomic numbers, shape (atoms,)
        cell: Å, rows, shape (3, 3)
        positions: Å, shape (atoms, 3)
        energy: energy(sigma->0), eV
        free_energy: force-consistent energy TOTEN, eV
        forces: eV/Å, shape (atoms, 3)
        stress: eV/Å³, ASE sign, shape (3, 3)
        magmoms: projected moment of each ion, |μB|, shape (atoms,)
        converged: the electronic loop reached EDIFF
        settings: functional and +U of the run
    """

    number: int
    numbers: np.ndarray
    cell: np.ndarray | None = None
    positions: np.ndarray | None = None
    energy: float | None = None
    free_energy: float | None = None
    forces: np.ndarray | None = None
    stress: np.ndarray | None = None
    magmoms: np.ndarray | None = None
    converged: bool = False
    settings: Settings = field(default_factory=Settings)

    @property
    def lacking(self) -> list[str]:
        """What a complete step has and this one has not."""
        wanted = {"cell": self.cell, "positions": self.positions, "energy": self.energy, "forces": self.forces}
        return [name for name, value in wanted.items() if value is None]


@dataclass
class _Reader:
    lines: Iterator[str]
    where: str
    symbols: list[str] = field(default_factory=list)
    ions: list[int] = field(default_factory=list)
    step: Step | None = None
    settings: Settings = field(default_factory=Settings)

    def numbers(self) -> np.ndarray:
        if not self.ions or len(self.symbols) != len(self.ions):
            raise DataError(
                f"{self.where}: the header names {len(self.symbols)} species (VRHFIN) for {len(self.ions)} ion counts. "
                f"The head of the file is damaged; take the file anew from the run."
            )
        if unknown := [s for s in self.symbols if s not in atomic_numbers]:
            raise DataError(
                f"{self.where}: the header names an element {unknown[0]!r} (VRHFIN), which does not exist. The head of the file is "
                f"damaged; take the file anew from the run."
            )
        return np.repeat([atomic_numbers[s] for s in self.symbols], self.ions)

    def rows(self, skip: int, n: int) -> np.ndarray:
        for _ in range(skip):
            next(self.lines)
        return np.array([_floats(next(self.lines)) for _ in range(n)])

    def feed(self, line: str) -> Step | None:
        """Take one line; give back a step when the next one begins."""
        done = None
        if "Iteration" in line and (found := re.search(r"Iteration\s*(\d+)\(", line)):
            number = int(found[1])
            if self.step is None or number != self.step.number:
                done, self.step = self.step, Step(number, self.numbers(), settings=self.settings)
        elif self.step is None:
            self._header(line)
        else:
            self._body(line, self.step)
        return done

    def _header(self, line: str) -> None:
        if "VRHFIN" in line:
            self.symbols.append(line.split("=")[1].partition(":")[0].strip())
        elif "ions per type" in line:
            self.ions = [int(v) for v in line.split("=")[1].split()]
            self.settings.species = self.symbols
        elif "=" in line:
            for tag, value in tags_of(line).items():  # the first of a tag is what the input or the POTCAR says
                self.settings.tags.setdefault(tag, value)

    def _body(self, line: str, step: Step) -> None:
        n = len(step.numbers)
        if "EDIFF is reached" in line:
            step.converged = True
        elif "in kB  " in line:
            kbar = np.array(_floats(line.split("kB")[1]))
            step.stress = -kbar[PRINTED] * KBAR
        elif "direct lattice vectors" in line:
            step.cell = self.rows(0, 3)[:, :3]
        elif line.startswith(" POSITION ") and "TOTAL-FORCE" in line:
            table = self.rows(1, n)
            step.positions, step.forces = table[:, :3], table[:, 3:6]
        elif "free  energy   TOTEN" in line:
            step.free_energy = _floats(line.split("=")[1].replace("eV", ""))[0]
        elif "energy  without entropy" in line and step.free_energy is not None:
            step.energy = _floats(line.rsplit("=", 1)[1])[0]
        elif line.strip() in {"magnetization (x)", "magnetization (y)", "magnetization (z)"}:
            self._moments(line.strip()[-2], step, n)

    def _moments(self, axis: str, step: Step, n: int) -> None:
        """VASP repeats the table after the last step: it belongs to that step, which has it already."""
        table = self.rows(3, n)[:, -1]
        if axis == "x":
            self.xyz = [table]
        else:
            self.xyz.append(table)
        step.magmoms = np.linalg.norm(np.stack(self.xyz), axis=0)

    xyz: list[np.ndarray] = field(default_factory=list)


def read_outcar(stream: TextIOWrapper, where: str) -> Iterator[Step]:
    """Ionic steps of an OUTCAR, complete or not; :mod:`~transferkit.data.readers.vasp` judges them.

    The stress changes from VASP's kbar, pressure positive, to eV/Å³, tension positive. Positions have the 5 decimals
    of the file (vasprun.xml has 8). Non-collinear moments become their length.

    Args:
        stream: open text file
        where: file name, for messages

    Yields:
        Steps in order.

    Raises:
        DataError: the header is damaged, a table holds something else than numbers, or there is no ionic step.
    """
    reader = _Reader(iter(stream), where)
    try:
        for line in reader.lines:
            if done := reader.feed(line):
                yield done
    except StopIteration:
        # the file ends inside a table: the step stays incomplete and is judged as such
        pass
    except (ValueError, IndexError, KeyError) as error:
        raise DataError(
            f"{where}: ionic step {reader.step.number if reader.step else 0} cannot be read: {error}. {REMEDY}"
        ) from error
    if reader.step is None:
        raise DataError(f"{where}: no ionic step found. The run ended before its first electronic step; run it again.")
    yield reader.step


def _floats(line: str) -> list[float]:
    """Numbers of a line; Fortran prints "-1.0-2.0" where columns are full."""
    return [float(v) for v in DIGIT_MINUS.sub(r"\1 -", line).split()]
