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
    Case("OUTCAR cut in the table of forces", outcar(made.outcar(cut="after forces")), FOLDER, ()),
    Case("OUTCAR cut in its header", outcar(HEAD), FOLDER, ()),
    Case("OUTCAR without VRHFIN", outcar(OUTCAR.replace("VRHFIN", "VRHF")), FOLDER, ()),
    Case("OUTCAR of an unknown species", outcar(OUTCAR.replace("=Mn:", "=Xq:")), FOLDER, ()),
    Case("OUTCAR with asterisks", outcar(OUTCAR.replace("0.100000", "********", 1)), FOLDER, ()),
    Case("OUTCAR with a text for its energy", outcar(OUTCAR.replace("energy   TOTEN  =    ", "energy   TOTEN  =  xx", 1)), FOLDER, ()),
    Case("electronic loop not converged", outcar(made.outcar(converged=False)), FOLDER, ()),
    Case("the same, in Python", outcar(made.outcar(converged=False)), read, ()),
    Case("OUTCAR of r2SCAN asked for as PBE", outcar(with_tags("   METAGGA= R2SCAN")), FOLDER, ()),
    Case("OUTCAR of HSE asked for as PBE", outcar(with_tags("   LHFCALC =      T\n   HFSCREEN=   0.2000\n   AEXX    =   0.2500")), FOLDER, ()),
    Case("OUTCAR of LDA asked for as PBE", outcar(with_tags("   GGA     =    --\n   LEXCH   =    CA")), FOLDER, ()),
    Case("OUTCAR of PBE asked for as r2SCAN", outcar(with_tags("   METAGGA=      F\n   GGA     =    PE")), to_parquet("runs@r2SCAN"), ()),
    Case("OUTCAR of PBEsol asked for as PBE", outcar(with_tags("   GGA     =    PS")), FOLDER, ()),
    Case("OUTCAR that holds no VASP output", outcar("hello\n"), FOLDER, ()),
    Case("empty OUTCAR", outcar(""), FOLDER, ()),
    Case("OUTCAR.gz that is no gzip", both(outcar(""), lambda f: (f / "runs/a/OUTCAR").unlink(), raw("runs/a/OUTCAR.gz", b"plain")), FOLDER, ()),
    Case("OUTCAR.gz cut short", both(outcar(""), lambda f: (f / "runs/a/OUTCAR").unlink(), raw("runs/a/OUTCAR.gz", gzip.compress(OUTCAR.encode())[:-300])), FOLDER, ()),
    Case("vasprun.xml cut in a calculation", xml(made.vasprun(cut=True)), FOLDER, ()),
    Case("vasprun.xml cut in a tag", xml(XML[:900]), FOLDER, ()),
    Case("vasprun.xml without calculations", xml(XML.partition("<calculation>")[0] + "</modeling>"), FOLDER, ()),
    Case("vasprun.xml at NELM", xml(made.vasprun(loops=60)), FOLDER, ()),
    Case("vasprun.xml with asterisks", xml(XML.replace("0.10000000", "**********", 1)), FOLDER, ()),
    Case("vasprun.xml of an unknown species", xml(XML.replace("<c>Mn </c>", "<c>Xq </c>")), FOLDER, ()),
    Case("vasprun.xml and OUTCAR of two runs", both(xml(XML), outcar(made.outcar(steps=3))), FOLDER, ()),
    Case("two OUTCARs in one folder", both(outcar(OUTCAR), text("runs/a/OUTCAR.old", OUTCAR)), FOLDER, ()),
    Case("a folder without runs", text("runs/notes.txt", "x"), FOLDER, ()),
    Case("an empty folder", lambda f: (f / "runs").mkdir(), FOLDER, ()),
    Case("keys for VASP", outcar(OUTCAR), [*FOLDER, "--key", "energy=TOTEN"], ()),
    Case("units for VASP", outcar(OUTCAR), [*FOLDER, "--unit", "energy=Ha"], ()),
    Case("MP2020 energies asked of VASP", outcar(OUTCAR), [*FOLDER, "--label-convention", "mp2020"], ()),
]
