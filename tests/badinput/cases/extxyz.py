"""extxyz files, and other files that go to ASE."""

import os
from pathlib import Path

import transferkit as tk

from .case import Case, both, nothing, raw, text, to_parquet

CUBE = 'Lattice="4.2 0 0 0 4.2 0 0 0 4.2"'
LABELS = "Properties=species:S:1:pos:R:3:forces:R:3"
ATOMS = "Mg 0 0 0 0.1 0 0\nO 2.1 2.1 2.1 -0.1 0 0\n"
PBC = 'pbc="T T T"'
FILE = "mine.extxyz"
READ = to_parquet(f"{FILE}@PBE")


def frame(info="energy=-12.0", *, atoms=ATOMS, cell=CUBE, properties=LABELS, n=2) -> str:
    return f"{n}\n{cell} {properties} {info} {PBC}\n{atoms}"


def mine(content):
    return text(FILE, content)


def bare(info, **changes):
    """A frame without forces."""
    rows = "Mg 0 0 0\nO 2.1 2.1 2.1\n"
    return mine(frame(info, atoms=rows, properties="Properties=species:S:1:pos:R:3", **changes))


def unreadable(folder: Path) -> None:
    (folder / FILE).write_text(frame())
    (folder / FILE).chmod(0)


def folder_named_like_a_file(folder: Path) -> None:
    (folder / FILE).mkdir()


def read(**options):
    return lambda folder: tk.read(folder / FILE, **{"fidelity": "PBE"} | options)


CASES = [
    Case("cut in the middle of a frame", mine(frame() + frame()[:-40]), READ, ()),
    Case("more atoms announced than there are", mine(frame(n=3)), READ, ()),
    Case("fewer atoms announced than there are", mine(frame(n=1) + frame()), READ, ()),
    Case("a count that is no number", mine(frame().replace("2\n", "two\n", 1)), READ, ()),
    Case("NaN in positions", mine(frame(atoms="Mg nan 0 0 0.1 0 0\nO 2 2 2 0 0 0\n")), READ, ()),
    Case("NaN in forces", mine(frame() + frame(atoms="Mg 0 0 0 nan 0 0\nO 2 2 2 0 0 0\n")), READ, ()),
    Case("infinite energy", mine(frame("energy=inf")), READ, ()),
    Case("NaN energy", mine(frame("energy=nan")), READ, ()),
    Case("NaN in the cell", mine(frame(cell=CUBE.replace("4.2", "nan", 1))), READ, ()),
    Case("an element that does not exist", mine(frame(atoms=ATOMS.replace("Mg", "Qq"))), READ, ()),
    Case("text where a coordinate should be", mine(frame(atoms=ATOMS.replace("2.1", "here", 1))), READ, ()),
    Case("text where an energy should be", bare('REF_energy="low"'), READ, ()),
    Case("a decimal comma", bare('REF_energy="-12,5"'), READ, ()),
    Case("asterisks of Fortran", mine(frame(atoms=ATOMS.replace("0.1", "*****", 1))), READ, ()),
    Case("a column short", mine(frame(atoms=ATOMS.replace(" 0.1 0 0", " 0.1 0"))), READ, ()),
    Case("zero cell, labelled periodic", mine(frame(cell='Lattice="0 0 0 0 0 0 0 0 0"')), READ, ()),
    Case("coplanar cell", mine(frame(cell='Lattice="4 0 0 0 4 0 4 4 0"')), READ, ()),
    Case("left-handed cell", mine(frame(cell='Lattice="0 4.2 0 4.2 0 0 0 0 4.2"')), READ, (), code=0),
    Case("periodic without a cell", mine(frame(cell="")), READ, ()),
    Case("a cell of eight numbers", mine(frame(cell='Lattice="4 0 0 0 4 0 0 0"')), READ, ()),
    Case("the same id twice", mine(frame("energy=-12 id=a") + frame("energy=-12 id=a")), READ, ()),
    Case("two energies that differ", bare("REF_energy=-12 dft_energy=-13"), READ, ()),
    Case("an energy of another functional only", bare("r2scan_energy=-12"), READ, ()),
    Case("forces of another energy than the one taken", mine(frame("energy=-12 r2scan_energy=-20")), [*READ, "--key", "energy=r2scan_energy"], ()),
    Case("energy per atom only", bare("energy_per_atom=-6"), READ, ()),
    Case("formation energy only", bare("formation_energy=-6"), READ, ()),
    Case("free energy only", bare("free_energy=-12"), READ, ()),
    Case("a gradient and no forces", mine(frame(properties=LABELS.replace("forces", "gradient"))), READ, ()),
    Case("no energy at all", bare("comment=none"), READ, ()),
    Case("a frame of another level", bare("REF_energy=-12 functional=r2SCAN"), READ, ()),
    Case("a stress of seven numbers", bare('energy=-12 stress="1 2 3 4 5 6 7"'), READ, ()),
    Case("a virial without a cell", bare('REF_energy=-12 virial="1 0 0 0 1 0 0 0 1"', cell=""), READ, ()),
    Case("magmoms of another length", bare('REF_energy=-12 magmoms="1 2 3"'), READ, ()),
    Case("frames in two units", bare("energy=-12 energy_unit=furlong"), READ, ()),
    Case("a unit in the file and another one stated", bare("energy=-12 energy_unit=Ha"), [*READ, "--unit", "energy=kcal/mol"], ()),
    Case("no atoms", mine(f'0\n{LABELS} energy=0.0\n'), READ, ()),
    Case("empty file", mine(""), READ, ()),
    Case("blank lines only", mine("\n\n\n"), READ, ()),
    Case("binary rubbish", raw(FILE, bytes(range(256)) * 4), READ, ()),
    Case("a known suffix on other content", text("mine.traj", frame()), to_parquet("mine.traj@PBE"), ()),
    Case("an unknown suffix", text("mine.docx", frame()), to_parquet("mine.docx@PBE"), ()),
    Case("no suffix", text("mine", "some text\n"), to_parquet("mine@PBE"), ()),
    Case("a folder called like a file", folder_named_like_a_file, READ, ()),
    Case("no permission", unreadable, READ, ()),
    Case("no such file", both(mine(frame())), to_parquet("mein.extxyz@PBE"), ()),
    Case("level of theory not said", mine(frame()), to_parquet(FILE), ()),
    Case("nothing before @", nothing, to_parquet("@PBE"), ()),
    Case("nothing after @", mine(frame()), to_parquet(f"{FILE}@"), ()),
    Case("a name with @ in it, no level", text("run@work.extxyz", frame()), to_parquet("run@work.extxyz"), ()),
    Case("a name in other letters, cut", text("Größe 数据.extxyz", frame()[:-30]), to_parquet("Größe 数据.extxyz@PBE"), ()),
    Case("a key for no label", mine(frame()), [*READ, "--key", "enrgy=energy"], ()),
    Case("a key that no frame has", mine(frame()), [*READ, "--key", "energy=REF_energy"], ()),
    Case("a bundled set that does not exist", nothing, to_parquet("bundled:gpaw-pbe-r2scn"), ()),
    Case("a level that the bundled set lacks", nothing, to_parquet("bundled:gpaw-pbe-r2scan@HSE06"), ()),
    Case("atoms on one place", mine(frame(atoms=ATOMS.replace("2.1 2.1 2.1", "0 0 0"))), ["describe", f"{FILE}@PBE"], (), code=0),
]

if os.geteuid() == 0:
    # root reads every file, whatever its permissions say
    CASES = [case for case in CASES if case.name != "no permission"]
