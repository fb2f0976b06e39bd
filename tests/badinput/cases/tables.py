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
        path = write_parquet(tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")[:4] if data is None else data, folder / "mine.parquet")
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
    Case("JSON cut short", text(FILE, json.dumps([made.matpes()])[:-40]), READ, ()),
    Case("a line of JSON lines cut", text("m.jsonl", LINES + "\n" + LINES[:80]), to_parquet("m.jsonl@PBE"), ()),
    Case("broken gzip", raw("m.json.gz", gzip.compress(LINES.encode())[:-20]), to_parquet("m.json.gz@PBE"), ()),
    Case("JSON of something else", text(FILE, '{"a": 1}'), READ, ()),
    Case("an empty list", text(FILE, "[]"), READ, ()),
    Case("a JSON number", text(FILE, "42"), READ, ()),
    Case("a record without energy", matpes(made.matpes(), made.matpes(1, energy=None)), READ, ()),
    Case("a record that lacks the entry energy", matpes(made.matpes(), without(made.matpes(1), "energy")), READ, ()),
    Case("a record without structure", matpes(made.matpes(), without(made.matpes(1), "structure")), READ, ()),
    Case("energy as text", matpes(made.matpes(energy="low")), READ, ()),
    Case("forces as text", matpes(made.matpes(forces="none")), READ, ()),
    Case("forces of another length", matpes(made.matpes(forces=[[0, 0, 0]])), READ, ()),
    Case("ragged forces", matpes(made.matpes(forces=[[0, 0, 0], [0, 0]])), READ, ()),
    Case("stress of five numbers", matpes(made.matpes(stress=[1, 2, 3, 4, 5])), READ, ()),
    Case("another functional", matpes(made.matpes(functional="r2SCAN")), READ, ()),
    Case("a disordered site", matpes(made.matpes(structure=site(species=[{"element": "Mg", "occu": 0.5}, {"element": "Ca", "occu": 0.5}]))), READ, ()),
    Case("a site of no element", matpes(made.matpes(structure=site(species=[{"element": "Vac", "occu": 1}]))), READ, ()),
    Case("a site without species", matpes(made.matpes(structure={**made.structure(), "sites": [{"abc": [0, 0, 0]}]})), READ, ()),
    Case("a structure without lattice", matpes(made.matpes(structure=without(made.structure(), "lattice"))), READ, ()),
    Case("ids repeat", matpes(made.matpes(), made.matpes()), READ, ()),
    Case("an energy of NaN", text(FILE, json.dumps([made.matpes(energy=float("nan"))])), READ, ()),
    Case("MP2020 asked of MatPES", matpes(made.matpes()), [*READ, "--label-convention", "mp2020"], ()),
    Case("cohesive energies asked of MPtrj", mptrj(made.mptrj()), [*READ, "--label-convention", "cohesive"], ()),
    Case("MPtrj without structure", mptrj(lacking("structure")), READ, ()),
    Case("MPtrj without its energy", mptrj({"mp-1": {**made.mptrj()["mp-1265"], "x": without(made.mptrj()["mp-1265"]["mp-1265-0-0"], "uncorrected_total_energy")}}), READ, ()),
    Case("MPtrj with forces of another length", mptrj(frame(force=[[0.0, 0.0, 0.0]])), READ, ()),
    Case("MPtrj with text for stress", mptrj(frame(stress="none")), READ, ()),
    Case("MPtrj with a text for its energy", mptrj(frame(uncorrected_total_energy="low")), READ, ()),
    Case("a diatomic curve of another functional", text(FILE, json.dumps(made.diatomics())), to_parquet(f"{FILE}@HSE06"), ()),
    Case("Parquet of somebody else", foreign, PARQUET, ()),
    Case("Parquet cut short", parquet(lambda content: content[:-200]), PARQUET, ()),
    Case("Parquet that is text", raw("mine.parquet", b"energy,formula\n"), PARQUET, ()),
    Case("an empty Parquet file", raw("mine.parquet", b""), PARQUET, ()),
    Case("Parquet of another level", parquet(), to_parquet("mine.parquet@r2SCAN"), ()),
    Case("Parquet of another convention", parquet(), [*PARQUET, "--label-convention", "mp2020"], ()),
    Case("keys for Parquet", parquet(), [*PARQUET, "--key", "energy=e"], ()),
    Case("rows removed from Parquet", altered(lambda table: table.slice(1)), PARQUET, ()),
    Case("a column removed from Parquet", altered(lambda table: table.drop_columns(["cell"])), PARQUET, ()),
    Case("Parquet of a later format", altered(of_format), PARQUET, ()),
    Case("no such Parquet file", nothing, PARQUET, ()),
]
