"""The commands of docs/how-to/your-own-data.md, as they stand there, on made-up data: an extxyz file and a folder of VASP runs."""

import re
import shlex
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from ase.io import read, write
from typer.testing import CliRunner

import transferkit as tk
from transferkit.cli import app
from transferkit.data.readers import to_ase
from transferkit.units import KBAR

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "how-to" / "your-own-data.md").read_text(encoding="utf-8")
ELEMENTS = {"Li", "Na", "K", "Mg", "Ca", "Sr", "O", "S", "Se", "F", "Cl", "Zn"}
SHORT = ("epochs: 50", "steps: 2")


def blocks(language):
    """Fenced blocks of the page, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


def commands():
    """What stands behind a dollar sign."""
    return [
        line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")
    ]


def frames():
    """Cells of two atoms, compounds and elements, with r2SCAN labels."""
    data = to_ase(tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN"))
    return [atoms for atoms in data if len(atoms) == 2 and set(atoms.symbols) <= ELEMENTS]


def vasp_runs(folder):
    """One folder with an OUTCAR for each frame."""
    spec = spec_from_file_location("vasp_files", ROOT / "tests" / "data" / "readers" / "vasp_files.py")
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    for k, atoms in enumerate(frames()):
        results = atoms.calc.results
        made.CELL = atoms.cell.array / 1.01  # the generator stretches its cells by 1 % a step
        made.FRACTIONAL = atoms.get_scaled_positions(wrap=False)
        made.energies = lambda _, e=results["energy"]: (e, e)
        made.forces = lambda _, f=results["forces"]: f
        xx, yy, zz, yz, xz, xy = -results["stress"] / KBAR
        made.KBAR = (xx, yy, zz, xy, yz, xz)
        a, b = atoms.get_chemical_symbols()
        text = made.outcar(steps=1, moments=False).replace("Mn", "Qq").replace("=O:", f"={b}:").replace("Qq", a)
        text = text.replace("   ions per type", "   METAGGA= R2SCAN\n   ions per type", 1)
        path = folder / "calculations" / f"{k:02d}-{a}{b}" / "OUTCAR"
        path.parent.mkdir(parents=True)
        path.write_text(text)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with the recipes of the page, made short."""
    monkeypatch.chdir(tmp_path)
    for text in blocks("yaml"):
        name = re.search(r"^# (\S+\.yaml)", text)
        assert name, "a recipe of the page begins with its file's name"
        assert SHORT[0] in text
        (tmp_path / name[1]).write_text(text.replace(*SHORT))
    return tmp_path


def carry_out(command):
    verb, *rest = shlex.split(command, comments=True)
    assert verb == "transferkit"
    ended = CliRunner().invoke(app, rest)
    assert ended.exit_code == 0, f"{command}\n{ended.output}"
    return ended.output


def shown(command):
    """What the page prints below a command, without what differs between machines."""
    below = next(
        text for block in blocks("console") if f"$ {command}\n" in block for text in [block.split(f"$ {command}\n")[1]]
    )
    lines = below.split("$ ")[0].splitlines()
    return [line for line in lines if line != "..." and "wall time" not in line]


def test_five_commands_lead_from_a_clone_to_a_calculator():
    first = commands()[:5]
    assert first[0].startswith("git clone ")
    assert "pip install -c constraints.txt" in first[0]
    assert [c.split()[:2] for c in first[1:]] == [
        ["transferkit", verb] for verb in ("describe", "check", "run", "export")
    ]


def test_extxyz(place):
    write(place / "mine.extxyz", frames())
    told = [carry_out(command) for command in commands()[1:5]]
    for command, said in zip(commands()[1:3], told, strict=False):
        assert shown(command)
        assert [line for line in shown(command) if line not in said] == []
    assert "Next    transferkit run mine.yaml" in told[1]
    assert (place / "runs" / "mine" / "index.html").is_file()
    assert (place / "runs" / "mine" / "result.json").is_file()
    namespace = {}
    exec(blocks("python")[0], namespace)  # noqa: S102
    assert np.isfinite(namespace["energy"])
    assert namespace["energy"] == pytest.approx(read("mine.extxyz").get_potential_energy(), abs=1.0)


def test_a_folder_of_vasp_runs(place):
    vasp_runs(place)
    told = [carry_out(command) for command in commands()[5:]]
    assert commands()[5] == "transferkit describe calculations@r2SCAN"
    assert shown(commands()[5])[0] in told[0]
    assert (place / "runs" / "calculations" / "model" / "model.safetensors").is_file()
    data = tk.read("calculations", fidelity="r2SCAN")
    assert data.energy == pytest.approx([a.get_potential_energy() for a in frames()], abs=1e-6)
    stress = np.array([a.get_stress(voigt=False) for a in frames()])
    assert data.stress == pytest.approx(stress, abs=1e-6)
