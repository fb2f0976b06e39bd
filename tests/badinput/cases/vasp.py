"""VASP runs: cut short, mixed up, of another functional."""

import gzip
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from transferkit.data.readers.vasp import read_vasp

from .case import Case, both, raw, text, to_parquet

_spec = spec_from_file_location("vasp_files", Path(__file__).parents[2] / "data" / "readers" / "vasp_files.py")
made = module_from_spec(_spec)
_spec.loader.exec_module(made)

OUTCAR, XML = made.outcar(), made.vasprun()
FOLDER = to_parquet("runs@PBE")
HEAD = OUTCAR.partition("   ions per type")[0]


def outcar(content):
    return text("runs/a/OUTCAR", content)


def xml(content):
    return text("runs/a/vasprun.xml", content)


def read(folder):
    return read_vasp(folder / "runs", fidelity="PBE")


def with_tags(tags):
    """An OUTCAR whose head states its functional."""
    return OUTCAR.replace("   ions per type", f"{tags}\n   ions per type", 1)


CASES = [
    Case(
        "OUTCAR cut in the table of forces",
        outcar(made.outcar(cut="after forces")),
        FOLDER,
        ("runs/a/OUTCAR: ionic step 2 is incomplete", "lacks energy", "Run it again", "--quarantine"),
    ),
    Case("OUTCAR cut in its header", outcar(HEAD), FOLDER, ("no ionic step found", "run it again")),
    Case(
        "OUTCAR without VRHFIN",
        outcar(OUTCAR.replace("VRHFIN", "VRHF")),
        FOLDER,
        ("0 species (VRHFIN) for 2 ion counts", "take the file anew"),
    ),
    Case(
        "OUTCAR of an unknown species",
        outcar(OUTCAR.replace("=Mn:", "=Xq:")),
        FOLDER,
        ("element 'Xq' (VRHFIN)", "take the file anew"),
    ),
    Case(
        "OUTCAR with asterisks",
        outcar(OUTCAR.replace("0.100000", "********", 1)),
        FOLDER,
        ("ionic step 1 cannot be read", "'********'", "Run it again"),
    ),
    Case(
        "OUTCAR with a text for its energy",
        outcar(OUTCAR.replace("energy   TOTEN  =    ", "energy   TOTEN  =  xx", 1)),
        FOLDER,
        ("ionic step 1 cannot be read", "'xx'"),
    ),
    Case(
        "electronic loop not converged",
        outcar(made.outcar(converged=False)),
        FOLDER,
        ("ionic step 1 is not converged", "EDIFF", "larger NELM", "bad_steps='leave out'"),
    ),
    Case(
        "OUTCAR of r2SCAN asked for as PBE",
        outcar(with_tags("   METAGGA= R2SCAN")),
        FOLDER,
        ("made with r2scan (METAGGA = R2SCAN)", "asked for as PBE", "Ask for r2SCAN"),
    ),
    Case(
        "OUTCAR of HSE asked for as PBE",
        outcar(with_tags("   LHFCALC =      T\n   HFSCREEN=   0.2000\n   AEXX    =   0.2500")),
        FOLDER,
        ("made with hse06", "LHFCALC = T", "Ask for HSE06"),
    ),
    Case(
        "OUTCAR of LDA asked for as PBE",
        outcar(with_tags("   GGA     =    --\n   LEXCH   =    CA")),
        FOLDER,
        ("made with lda", "asked for as PBE"),
    ),
    Case(
        "OUTCAR of PBE asked for as r2SCAN",
        outcar(with_tags("   METAGGA=      F\n   GGA     =    PE")),
        to_parquet("runs@r2SCAN"),
        ("made with pbe", "GGA = PE", "asked for as r2SCAN"),
    ),
    Case(
        "OUTCAR of PBEsol asked for as PBE",
        outcar(with_tags("   GGA     =    PS")),
        FOLDER,
        ("made with pbesol (GGA = PS)", "asked for as PBE"),
    ),
    Case("empty OUTCAR", outcar(""), FOLDER, ("runs/a/OUTCAR: the file is empty", "Run the calculation again")),
    Case(
        "OUTCAR.gz that is no gzip",
        both(outcar(""), lambda f: (f / "runs/a/OUTCAR").unlink(), raw("runs/a/OUTCAR.gz", b"plain")),
        FOLDER,
        ("OUTCAR.gz: cannot be opened or decompressed", "Take the file anew"),
    ),
    Case(
        "OUTCAR.gz cut short",
        both(
            outcar(""),
            lambda f: (f / "runs/a/OUTCAR").unlink(),
            raw("runs/a/OUTCAR.gz", gzip.compress(OUTCAR.encode())[:-300]),
        ),
        FOLDER,
        ("OUTCAR.gz", "ended before the end-of-stream", "Take the file anew"),
    ),
    Case(
        "vasprun.xml cut in a calculation",
        xml(made.vasprun(cut=True)),
        FOLDER,
        ("vasprun.xml: ionic step 2 is incomplete", "the file breaks off"),
    ),
    Case(
        "vasprun.xml cut in a tag",
        xml(XML[:900]),
        FOLDER,
        ("vasprun.xml: ionic step 1 is incomplete", "the file breaks off"),
    ),
    Case(
        "vasprun.xml without calculations",
        xml(XML.partition("<calculation>")[0] + "</modeling>"),
        FOLDER,
        ("vasprun.xml: no ionic step found", "run it again"),
    ),
    Case(
        "vasprun.xml at NELM",
        xml(made.vasprun(loops=60)),
        FOLDER,
        ("vasprun.xml: ionic step 1 is not converged", "larger NELM"),
    ),
    Case(
        "vasprun.xml with asterisks",
        xml(XML.replace("0.10000000", "**********", 1)),
        FOLDER,
        ("vasprun.xml: ionic step 1 cannot be read", "'**********'", "Run it again"),
    ),
    Case(
        "vasprun.xml of an unknown species",
        xml(XML.replace("<c>Mn </c>", "<c>Xq </c>")),
        FOLDER,
        ("atominfo names 'Xq'", "take it anew"),
    ),
    Case(
        "vasprun.xml and OUTCAR of two runs",
        both(xml(XML), outcar(made.outcar(steps=3))),
        FOLDER,
        ("has 2 ionic steps and OUTCAR 3", "Read one of the two"),
    ),
    Case(
        "two OUTCARs in one folder",
        both(outcar(OUTCAR), text("runs/a/OUTCAR.old", OUTCAR)),
        FOLDER,
        ("2 OUTCAR files in one run folder", "Keep one"),
    ),
    Case(
        "a folder without runs",
        text("runs/notes.txt", "x"),
        FOLDER,
        ("runs: no vasprun.xml or OUTCAR", "Give the folder of the runs"),
    ),
    Case(
        "keys for VASP",
        outcar(OUTCAR),
        [*FOLDER, "--key", "energy=TOTEN"],
        ("keys are for the entries of files that ASE reads", "Leave keys out"),
    ),
    Case(
        "units for VASP",
        outcar(OUTCAR),
        [*FOLDER, "--unit", "energy=Ha"],
        ("units are for the entries", "Leave units out"),
    ),
    Case(
        "MP2020 energies asked of VASP",
        outcar(OUTCAR),
        [*FOLDER, "--label-convention", "mp2020"],
        ("VASP writes raw energies, and mp2020 was asked for", "--to-convention mp2020"),
    ),
]
