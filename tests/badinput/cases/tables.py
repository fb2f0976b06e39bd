"""JSON of MatPES and MPtrj, and Parquet."""

import gzip
import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import transferkit as tk
from transferkit.data.store import write_parquet

from .case import Case, nothing, raw, text, to_parquet

_spec = spec_from_file_location("json_files", Path(__file__).parents[2] / "data" / "readers" / "json_files.py")
made = module_from_spec(_spec)
_spec.loader.exec_module(made)

FILE = "matpes.json"
READ = to_parquet(f"{FILE}@PBE")
PARQUET = to_parquet("mine.parquet")


def without(record, key):
    return {k: v for k, v in record.items() if k != key}


def matpes(*records):
    return text(FILE, json.dumps(records))


def mptrj(content):
    return text(FILE, json.dumps(content))


def frame(**changes):
    return made.mptrj(**changes)


def lacking(key):
    return {"mp-1": {"mp-1-0": without(made.mptrj()["mp-1265"]["mp-1265-0-0"], key)}}


def site(**changes):
    structure = made.structure()
    structure["sites"][0] |= changes
    return structure


def parquet(change=lambda content: content, data=None):
    def make(folder):
        path = write_parquet(
            tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")[:4] if data is None else data, folder / "mine.parquet"
        )
        path.write_bytes(change(path.read_bytes()))

    return make


def altered(change):
    """A Parquet file of ours whose table was changed by somebody else."""

    def make(folder):
        import pyarrow.parquet as pq

        parquet()(folder)
        pq.write_table(change(pq.read_table(folder / "mine.parquet")), folder / "mine.parquet")

    return make


def foreign(folder):
    import pandas as pd

    pd.DataFrame({"energy": [1.0], "formula": ["MgO"]}).to_parquet(folder / "mine.parquet")


def of_format(table):
    about = json.loads(table.schema.metadata[b"transferkit"]) | {"format": "99"}
    return table.replace_schema_metadata({b"transferkit": json.dumps(about).encode()})


LINES = "\n".join(json.dumps(made.matpes(k)) for k in range(2))

CASES = [
    Case(
        "JSON cut short",
        text(FILE, json.dumps([made.matpes()])[:-40]),
        READ,
        ("matpes.json: not readable as JSON", "char 637", "Take the file anew"),
    ),
    Case(
        "a line of JSON lines cut",
        text("m.jsonl", LINES + "\n" + LINES[:80]),
        to_parquet("m.jsonl@PBE"),
        ("m.jsonl: not readable as JSON", "Take the file anew"),
    ),
    Case(
        "broken gzip",
        raw("m.json.gz", gzip.compress(LINES.encode())[:-20]),
        to_parquet("m.json.gz@PBE"),
        ("m.json.gz: not readable", "end-of-stream", "Take the file anew"),
    ),
    Case("JSON of something else", text(FILE, '{"a": 1}'), READ, ("no known layout of JSON", "MatPES", "from_ase")),
    Case("an empty list", text(FILE, "[]"), READ, ("holds no frames", "an empty list")),
    Case(
        "a record without energy",
        matpes(made.matpes(), made.matpes(1, energy=None)),
        READ,
        ("record 1 has no energy", "Remove it"),
    ),
    Case(
        "a record without structure",
        matpes(made.matpes(), without(made.matpes(1), "structure")),
        READ,
        ("record 1 has no structure", "Remove it"),
    ),
    Case(
        "energy as text",
        matpes(made.matpes(energy="low")),
        READ,
        ("record 0: energy is not a table of numbers: 'low'", "Mend or remove"),
    ),
    Case(
        "forces as text",
        matpes(made.matpes(forces="none")),
        READ,
        ("record 0: forces is not a table of numbers: 'none'",),
    ),
    Case(
        "forces of another length",
        matpes(made.matpes(forces=[[0, 0, 0]])),
        READ,
        ("record 0 (matpes-0): forces of the wrong shape: (1, 3)", "need (2, 3)"),
    ),
    Case(
        "ragged forces",
        matpes(made.matpes(forces=[[0, 0, 0], [0, 0]])),
        READ,
        ("forces is not a table of numbers", "[0, 0]]"),
    ),
    Case(
        "stress of five numbers",
        matpes(made.matpes(stress=[1, 2, 3, 4, 5])),
        READ,
        ("stress of the wrong shape: (5,)",),
    ),
    Case(
        "another functional",
        matpes(made.matpes(functional="r2SCAN")),
        READ,
        ("record 0 is r2SCAN, and PBE was asked for", "Ask for r2SCAN"),
    ),
    Case(
        "a disordered site",
        matpes(made.matpes(structure=site(species=[{"element": "Mg", "occu": 0.5}, {"element": "Ca", "occu": 0.5}]))),
        READ,
        ("the site 'Mg' is disordered", "Order the structure"),
    ),
    Case(
        "a site of no element",
        matpes(made.matpes(structure=site(species=[{"element": "Vac", "occu": 1}]))),
        READ,
        ("'Vac' is no element",),
    ),
    Case(
        "a site without species",
        matpes(made.matpes(structure={**made.structure(), "sites": [{"abc": [0, 0, 0]}]})),
        READ,
        ("record 0", "'species'"),
    ),
    Case(
        "a structure without lattice",
        matpes(made.matpes(structure=without(made.structure(), "lattice"))),
        READ,
        ("record 0", "'lattice'"),
    ),
    Case(
        "ids repeat", matpes(made.matpes(), made.matpes()), READ, ("the first is 'matpes-0'", "give each frame its own")
    ),
    Case(
        "an energy of NaN",
        text(FILE, json.dumps([made.matpes(energy=float("nan"))])),
        READ,
        ("record 0 (matpes-0): energy is NaN", "Mend or remove"),
    ),
    Case(
        "MP2020 asked of MatPES",
        matpes(made.matpes()),
        [*READ, "--label-convention", "mp2020"],
        ("holds raw energies, and mp2020 was asked for", "then convert"),
    ),
    Case(
        "cohesive energies asked of MPtrj",
        mptrj(made.mptrj()),
        [*READ, "--label-convention", "cohesive"],
        ("has raw and mp2020 energies, and cohesive", "Ask for what is there"),
    ),
    Case(
        "MPtrj without structure",
        mptrj({"mp-1": {**made.mptrj()["mp-1265"], "x": without(made.mptrj()["mp-1265"]["mp-1265-0-0"], "structure")}}),
        READ,
        ("mp-1, frame x has no structure", "Remove it"),
    ),
    Case(
        "MPtrj without its energy",
        mptrj(
            {
                "mp-1": {
                    **made.mptrj()["mp-1265"],
                    "x": without(made.mptrj()["mp-1265"]["mp-1265-0-0"], "uncorrected_total_energy"),
                }
            }
        ),
        READ,
        ("mp-1, frame x has mp2020 energies, and raw was asked for",),
    ),
    Case(
        "MPtrj with forces of another length",
        mptrj(frame(force=[[0.0, 0.0, 0.0]])),
        READ,
        ("mp-1265-0-0: forces of the wrong shape: (1, 3)",),
    ),
    Case(
        "MPtrj with text for stress",
        mptrj(frame(stress="none")),
        READ,
        ("mp-1265-0-0: stress is not a table of numbers: 'none'",),
    ),
    Case(
        "MPtrj with a text for its energy",
        mptrj(frame(uncorrected_total_energy="low")),
        READ,
        ("uncorrected_total_energy is not a table of numbers: 'low'",),
    ),
    Case(
        "a diatomic curve of another functional",
        text(FILE, json.dumps(made.diatomics())),
        to_parquet(f"{FILE}@HSE06"),
        ("no curves of 'HSE06'", "Known: PBE, r2SCAN"),
    ),
    Case("Parquet of somebody else", foreign, PARQUET, ("not written by transferkit", "from_ase")),
    Case(
        "Parquet cut short",
        parquet(lambda content: content[:-200]),
        PARQUET,
        ("not a readable Parquet file", "Copy the file again"),
    ),
    Case("an empty Parquet file", raw("mine.parquet", b""), PARQUET, ("file size is 0 bytes", "Copy the file again")),
    Case(
        "Parquet of another level",
        parquet(),
        to_parquet("mine.parquet@r2SCAN"),
        ("'mine.parquet' holds PBE labels, and r2SCAN was asked for", "Write PBE"),
    ),
    Case(
        "Parquet of another convention",
        parquet(),
        [*PARQUET, "--label-convention", "mp2020"],
        ("holds raw energies, and label_convention 'mp2020'", "--to-convention mp2020"),
    ),
    Case(
        "keys for Parquet",
        parquet(),
        [*PARQUET, "--key", "energy=e"],
        ("'mine.parquet' has one name", "Leave keys out"),
    ),
    Case(
        "rows removed from Parquet",
        altered(lambda table: table.slice(1)),
        PARQUET,
        ("does not match its stored hash", "write it anew"),
    ),
    Case(
        "a column removed from Parquet",
        altered(lambda table: table.drop_columns(["cell"])),
        PARQUET,
        ("the column 'cell' is missing", "write it anew"),
    ),
    Case(
        "Parquet of a later format",
        altered(of_format),
        PARQUET,
        ("format '99'", "this version reads '1'", "convert the data again"),
    ),
    Case("no such Parquet file", nothing, PARQUET, ("mine.parquet: no such file",)),
]
