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


def bare_frame(info, **changes):
    """A frame without forces."""
    rows = "Mg 0 0 0\nO 2.1 2.1 2.1\n"
    return frame(info, atoms=rows, properties="Properties=species:S:1:pos:R:3", **changes)


def bare(info, **changes):
    """A file of one such frame."""
    return mine(bare_frame(info, **changes))


def unreadable(folder: Path) -> None:
    (folder / FILE).write_text(frame())
    (folder / FILE).chmod(0)


def folder_named_like_a_file(folder: Path) -> None:
    (folder / FILE).mkdir()


def read(**options):
    return lambda folder: tk.read(folder / FILE, **{"fidelity": "PBE"} | options)


CASES = [
    Case(
        "cut in the middle of a frame",
        mine(frame() + frame()[:-40]),
        READ,
        (
            "mine.extxyz: frame 1 cannot",
            "0 atoms, expected 2",
            "Check its number of atoms",
            "1 frames before it are fine",
        ),
    ),
    Case(
        "more atoms announced than there are",
        mine(frame(n=3)),
        READ,
        ("frame 0 cannot", "2 atoms, expected 3", "Check its number of atoms"),
    ),
    Case(
        "fewer atoms announced than there are",
        mine(frame(n=1) + frame()),
        READ,
        ("frame 0 cannot", "O 2.1 2.1 2.1", "Check its number of atoms"),
    ),
    Case(
        "a count that is no number",
        mine(frame().replace("2\n", "two\n", 1)),
        READ,
        ("mine.extxyz: frame 0", "'two", "Check its number of atoms"),
    ),
    Case(
        "NaN in positions",
        mine(frame(atoms="Mg nan 0 0 0.1 0 0\nO 2 2 2 0 0 0\n")),
        READ,
        ("frame 0 (mine:0)", "positions is NaN or infinite", "1 of 6", "Mend or remove the frame", "--quarantine"),
    ),
    Case(
        "NaN in forces",
        mine(frame() + frame(atoms="Mg 0 0 0 nan 0 0\nO 2 2 2 0 0 0\n")),
        READ,
        ("frame 1 (mine:1)", "forces is NaN or infinite", "first is nan", "--key forces="),
    ),
    Case(
        "infinite energy",
        mine(frame("energy=inf")),
        READ,
        ("energy is NaN or infinite: inf", "Mend or remove the frame"),
    ),
    Case(
        "NaN energies that are the only labels",
        mine("".join(bare_frame(f"energy={e}") for e in (-12.0, "nan", -12.1, "nan"))),
        READ,
        ("2 of 4 frames", "Mend or remove them. To have", "--quarantine --limit most=0.5`"),
    ),
    Case("NaN energy", mine(frame("energy=nan")), READ, ("energy is NaN or infinite: nan", "Mend or remove the frame")),
    Case(
        "NaN in the cell",
        mine(frame(cell=CUBE.replace("4.2", "nan", 1))),
        READ,
        ("cell is NaN or infinite: 1 of 9", "Mend or remove the frame"),
    ),
    Case(
        "an element that does not exist",
        mine(frame(atoms=ATOMS.replace("Mg", "Qq"))),
        READ,
        ("frame 0", "names an element 'Qq'", "Correct it in the file"),
    ),
    Case(
        "text where a coordinate should be",
        mine(frame(atoms=ATOMS.replace("2.1", "here", 1))),
        READ,
        ("frame 0", "'here'", "its columns"),
    ),
    Case(
        "text where an energy should be",
        bare('REF_energy="low"'),
        READ,
        ("frame 0: REF_energy is not a number: 'low'",),
    ),
    Case(
        "a decimal comma",
        bare('REF_energy="-12,5"'),
        READ,
        ("energy of the wrong shape: (2,)", "2 atoms need ()", "Mend or remove"),
    ),
    Case(
        "asterisks of Fortran",
        mine(frame(atoms=ATOMS.replace("0.1", "*****", 1))),
        READ,
        ("frame 0", "'*****'", "its columns"),
    ),
    Case(
        "a column short",
        mine(frame(atoms=ATOMS.replace(" 0.1 0 0", " 0.1 0"))),
        READ,
        ("frame 0", "length 6 to structure with 7 fields", "its columns"),
    ),
    Case(
        "zero cell, labelled periodic",
        mine(frame(cell='Lattice="0 0 0 0 0 0 0 0 0"')),
        READ,
        ("frame 0 (mine:0)", "periodic, but its cell has no volume: it is zero along abc", "Mend or remove"),
    ),
    Case(
        "coplanar cell",
        mine(frame(cell='Lattice="4 0 0 0 4 0 4 4 0"')),
        READ,
        ("periodic, but its cell has no volume: it is flat along abc", "Mend or remove"),
    ),
    Case("a cell of eight numbers", mine(frame(cell='Lattice="4 0 0 0 4 0 0 0"')), READ, ("Lattice", "9-long")),
    Case(
        "the same id twice",
        mine(frame("energy=-12 id=a") + frame("energy=-12 id=a")),
        READ,
        ("1 ids occur more than once", "'a'", "--key id="),
    ),
    Case(
        "two energies that differ",
        bare("REF_energy=-12 dft_energy=-13"),
        READ,
        ("REF_energy=-12, dft_energy=-13", "--key energy=REF_energy"),
    ),
    Case(
        "an energy of another functional only",
        bare("r2scan_energy=-12"),
        READ,
        ("'r2scan_energy' is named after r2scan", "at PBE", "--key energy=r2scan_energy"),
    ),
    Case(
        "forces of another energy than the one taken",
        mine(frame("energy=-12 r2scan_energy=-20")),
        [*READ, "--key", "energy=r2scan_energy"],
        ("the energy is 'r2scan_energy'", "'forces' seems to stand with 'energy'", "--key forces="),
    ),
    Case(
        "energy per atom only",
        bare("energy_per_atom=-6"),
        READ,
        ("'energy_per_atom' is per atom", "--unit energy=eV/atom"),
    ),
    Case(
        "formation energy only",
        bare("formation_energy=-6"),
        READ,
        ("'formation_energy' is formation", "label_convention 'formation'"),
    ),
    Case(
        "free energy only",
        bare("free_energy=-12"),
        READ,
        ("free_energy, the force-consistent one", "--key energy=free_energy"),
    ),
    Case(
        "a gradient and no forces",
        mine(frame(properties=LABELS.replace("forces", "gradient"))),
        READ,
        ("'gradient', the derivative of an energy", "--unit forces=-Ha/Bohr"),
    ),
    Case("no energy at all", bare("comment=none"), READ, ("none of the 1 frames has an energy", "--key energy=")),
    Case(
        "a frame of another level",
        bare("REF_energy=-12 functional=r2SCAN"),
        READ,
        ("frame 0 says functional=r2SCAN", "asked for as PBE", "Ask for r2SCAN"),
    ),
    Case("a stress of seven numbers", bare('energy=-12 stress="1 2 3 4 5 6 7"'), READ, ("stress", "9-long")),
    Case(
        "a virial without a cell",
        bare('REF_energy=-12 virial="1 0 0 0 1 0 0 0 1"', cell=""),
        READ,
        ("virial needs a cell", "Give the cell"),
    ),
    Case(
        "magmoms of another length",
        bare('REF_energy=-12 magmoms="1 2 3"'),
        READ,
        ("magmoms of the wrong shape: (3,)", "need (2,)"),
    ),
    Case("frames in two units", bare("energy=-12 energy_unit=furlong"), READ, ("energy_unit: 'furlong'", "kcal/mol")),
    Case(
        "a unit in the file and another one stated",
        bare("energy=-12 energy_unit=Ha"),
        [*READ, "--unit", "energy=kcal/mol"],
        ("energy in Ha", "units says kcal/mol", "Leave one of them out"),
    ),
    Case("no atoms", mine(f"0\n{LABELS} energy=0.0\n"), READ, ("frame 0", "no atoms", "Mend or remove")),
    Case("empty file", mine(""), READ, ("mine.extxyz: the file is empty", "Take it anew")),
    Case("blank lines only", mine("\n\n\n"), READ, ("the file holds no frames", "Check that")),
    Case("binary rubbish", raw(FILE, bytes(range(256)) * 4), READ, ("is not text", "0x80", "suffix")),
    Case(
        "a known suffix on other content",
        text("mine.traj", frame()),
        to_parquet("mine.traj@PBE"),
        ("mine.traj: frame 0", "ULM", "name of the file's format"),
    ),
    Case(
        "an unknown suffix",
        text("mine.docx", frame()),
        to_parquet("mine.docx@PBE"),
        ("mine.docx", "not known to ASE", ".extxyz"),
    ),
    Case(
        "no suffix",
        text("mine", "some text\n"),
        to_parquet("mine@PBE"),
        ("mine: the format", "not known to ASE", ".extxyz"),
    ),
    Case(
        "a folder called like a file",
        folder_named_like_a_file,
        READ,
        ("mine.extxyz: no vasprun.xml or OUTCAR", "Give the folder"),
    ),
    Case("no permission", unreadable, READ, ("no permission to read", "chmod u+r")),
    Case(
        "no such file",
        both(mine(frame())),
        to_parquet("mein.extxyz@PBE"),
        ("mein.extxyz: no such file", "Did you mean 'mine.extxyz'?", "The working folder is"),
    ),
    Case(
        "level of theory not said",
        mine(frame()),
        to_parquet(FILE),
        ("level of theory of 'mine.extxyz' is not said", "e.g. mine.extxyz@PBE"),
    ),
    Case("nothing before @", nothing, to_parquet("@PBE"), ("'@PBE' names no file", "FILE@PBE")),
    Case(
        "a name with @ in it, no level",
        text("run@work.extxyz", frame()),
        to_parquet("run@work.extxyz"),
        ("'run@work.extxyz' is not said", "run@work.extxyz@PBE"),
    ),
    Case(
        "a name in other letters, cut",
        text("Größe 数据.extxyz", frame()[:-30]),
        to_parquet("Größe 数据.extxyz@PBE"),
        ("Größe 数据.extxyz: frame 0", "1 atoms, expected 2"),
    ),
    Case(
        "a key for no label",
        mine(frame()),
        [*READ, "--key", "enrgy=energy"],
        ("'enrgy', which is no label", "Did you mean 'energy'?"),
    ),
    Case(
        "a key that no frame has",
        mine(frame()),
        [*READ, "--key", "energy=REF_energy"],
        ("no frame has an entry 'REF_energy'", "Did you mean 'energy'?"),
    ),
    Case(
        "a bundled set that does not exist",
        nothing,
        to_parquet("bundled:gpaw-pbe-r2scn"),
        ("'gpaw-pbe-r2scn'", "Did you mean 'gpaw-pbe-r2scan'?"),
    ),
    Case(
        "a level that the bundled set lacks",
        nothing,
        to_parquet("bundled:gpaw-pbe-r2scan@HSE06"),
        ("no labels of fidelity 'HSE06'", "Known: PBE, r2SCAN"),
    ),
    Case(
        "atoms on one place",
        mine(frame(atoms=ATOMS.replace("2.1 2.1 2.1", "0 0 0"))),
        ["describe", f"{FILE}@PBE"],
        ("warning: atoms collide in 1 structure(s) (mine:0)", "0.00"),
        code=0,
    ),
]

if os.geteuid() == 0:
    # root reads every file, whatever its permissions say
    CASES = [case for case in CASES if case.name != "no permission"]
