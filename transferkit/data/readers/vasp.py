"""VASP runs: vasprun.xml and OUTCAR, also .gz and .bz2; every ionic step."""

import bz2
import gzip
import lzma
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Literal

import numpy as np

from transferkit.data.key_map import KeyMap
from transferkit.data.quarantine import TakenOut
from transferkit.data.readers.assemble import Frame, assemble
from transferkit.data.readers.outcar import Step, read_outcar
from transferkit.data.readers.vasprun import read_vasprun
from transferkit.data.structures import Structures
from transferkit.errors import DataError
from transferkit.typing import Property

BadSteps = Literal["refuse", "leave out"]
ENTRIES = {
    "energy": "energy(sigma->0)",
    "forces": "forces",
    "stress": "stress [-kbar]",
    "magmoms": "magnetization of ions",
}
OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
PARSERS: dict[str, Callable[[TextIOWrapper, str], Iterator[Step]]] = {"vasprun": read_vasprun, "OUTCAR": read_outcar}


def is_vasp(path: Path) -> bool:
    """Whether the name is that of a VASP output: it begins with "vasprun" or "OUTCAR"."""
    return path.name.startswith(tuple(PARSERS))


def read_vasp(
    path: str | Path,
    *,
    fidelity: str,
    label_convention: str = "raw",
    bad_steps: BadSteps = "refuse",
    taken: list[TakenOut] | None = None,
) -> Structures:
    """Every ionic step of one VASP run, or of all runs below a folder.

    The energy is energy(sigma->0), the one that the Materials Project and CHGNet were trained on; the force-consistent
    TOTEN is the column ``free_energy``. The stress changes from kbar, pressure positive, to eV/Å³, ASE sign. Magmoms
    are |μB| of each ion in each step. In a run folder, geometry, energy, forces and stress come from vasprun.xml
    (8 decimals), magmoms from the OUTCAR beside it.

    Args:
        path: vasprun.xml or OUTCAR (also .gz, .bz2, .xz), a run folder, or a folder of run folders
        fidelity: level of theory of the labels
        label_convention: what the energies are; nothing but "raw" is possible
        bad_steps: what to do with a step whose electronic loop did not converge or that the file breaks off in:
            "refuse" the file, or "leave out" the step; the column ``ionic_step`` then shows the gap
        taken: where steps and frames that cannot be used are noted, which are then left out; None: as ``bad_steps`` says

    Returns:
        Structures with ids ``<folder>:<ionic step>``, one material per reduced formula. The columns ``run_type`` ("GGA",
        "GGA+U", "R2SCAN", ...) and ``hubbards`` ("V:3.25") say what the run says of its functional and of +U.

    Raises:
        DataError: file missing, empty or damaged; a step is not converged or incomplete (names file and step);
            vasprun.xml and OUTCAR of one folder disagree; another convention than raw was asked for; a run was made with another functional than ``fidelity``.
    """
    path = Path(path)
    if label_convention != "raw":
        raise DataError(
            f"{path}: VASP writes raw energies, and {label_convention} was asked for. Ask for raw, then convert "
            f"(data.convert in a recipe, transferkit convert --to-convention {label_convention})."
        )
    if path.is_file():
        runs = {path.resolve().parent.name: [path]}
    elif path.is_dir():
        runs = _runs(path)
    else:
        raise DataError(f"{path}: no such file or folder")
    frames = [f for name, files in runs.items() for f in _frames(name, files, bad_steps, fidelity, taken)]
    if not frames:
        raise DataError(f"{path}: no usable ionic step is left")
    data = assemble(frames, fidelity=fidelity, label_convention=label_convention, source=str(path), taken=taken)
    return replace(data, read_as=KeyMap.of([{str(label): ENTRIES[label] for label in f.labels} for f in frames]))


def _runs(folder: Path) -> dict[str, list[Path]]:
    files = sorted(f for f in folder.rglob("*") if f.is_file() and is_vasp(f))
    if not files:
        raise DataError(
            f"{folder}: no vasprun.xml or OUTCAR in this folder or below it. Give the folder of the runs, or one file."
        )
    runs: dict[str, list[Path]] = {}
    for file in files:
        inner = file.parent.relative_to(folder)
        name = folder.resolve().name if inner == Path() else inner.as_posix()
        runs.setdefault(name, []).append(file)
    return runs


def _frames(
    name: str, files: list[Path], bad_steps: BadSteps, fidelity: str, taken: list[TakenOut] | None
) -> list[Frame]:
    steps = {kind: [_steps(f) for f in files if f.name.startswith(kind)] for kind in PARSERS}
    for kind, found in steps.items():
        if len(found) > 1:
            raise DataError(
                f"{files[0].parent}: {len(found)} {kind} files in one run folder. Keep one, or name the file."
            )
    source = next(f for f in sorted(files, key=lambda f: f.name.startswith("OUTCAR")))
    chosen = (steps["vasprun"] or steps["OUTCAR"])[0]
    if steps["vasprun"] and steps["OUTCAR"]:
        chosen = _with_magmoms(chosen, steps["OUTCAR"][0], source.parent)
    if chosen:
        chosen[0].settings.check(fidelity, str(source))
    if taken is not None:
        taken += [
            TakenOut(f"{name}:{s.number}", f"{source}: ionic step {s.number}", why, "")
            for s in chosen
            if (why := _trouble(s))
        ]
    good = [s for s in chosen if _is_good(s, source, bad_steps if taken is None else "leave out")]
    return [_frame(s, name, source) for s in good]


def _steps(file: Path) -> list[Step]:
    if file.stat().st_size == 0:
        raise DataError(f"{file}: the file is empty. Run the calculation again, or remove the file.")
    parser = next(p for kind, p in PARSERS.items() if file.name.startswith(kind))
    opener = OPENERS.get(file.suffix, open)
    try:
        with opener(file, "rt", errors="replace") as stream:
            return list(parser(stream, str(file)))
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise DataError(
            f"{file}: cannot be opened or decompressed: {error}. Take the file anew from the run."
        ) from error


def _with_magmoms(vasprun: list[Step], outcar: list[Step], folder: Path) -> list[Step]:
    if len(vasprun) != len(outcar):
        raise DataError(
            f"{folder}: vasprun.xml has {len(vasprun)} ionic steps and OUTCAR {len(outcar)}, so they are not from one run. "
            f"Read one of the two files by its name."
        )
    return [
        replace(v, magmoms=o.magmoms, converged=v.converged or o.converged)
        for v, o in zip(vasprun, outcar, strict=True)
    ]


def _trouble(step: Step) -> str:
    """Why a step cannot be used; empty if it can."""
    if step.lacking:
        return f"is incomplete: it lacks {', '.join(step.lacking)}, the file breaks off"
    return "" if step.converged else "is not converged: its electronic loop ended before EDIFF was reached"


def _is_good(step: Step, file: Path, bad_steps: BadSteps) -> bool:
    trouble = _trouble(step)
    if trouble and bad_steps == "refuse":
        raise DataError(
            f"{file}: ionic step {step.number} {trouble}. Run it again (for a slow electronic loop with a larger NELM), "
            f"or leave such steps out: a run does, `transferkit convert ... --quarantine` does, and in Python "
            f"transferkit.data.readers.vasp.read_vasp(path, ..., bad_steps='leave out')."
        )
    return not trouble


def _frame(step: Step, name: str, file: Path) -> Frame:
    labels: dict[Property, np.ndarray | None] = {
        "energy": np.asarray(step.energy, dtype=np.float64),
        "forces": step.forces,
        "stress": step.stress,
        "magmoms": step.magmoms,
    }
    return Frame(
        numbers=step.numbers,
        positions=np.asarray(step.positions, dtype=np.float64),
        cell=np.asarray(step.cell, dtype=np.float64),
        pbc=np.ones(3, dtype=bool),
        labels={k: v for k, v in labels.items() if v is not None},
        id=f"{name}:{step.number}",
        where=f"{file}: ionic step {step.number}",
        columns={"free_energy": step.free_energy, "ionic_step": step.number, "run": name, **step.settings.columns()},
    )
