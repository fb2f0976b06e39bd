"""Made-up files in the layouts of published sets."""

import gzip
import json
from pathlib import Path


def structure(symbols=("Mg", "O"), a=4.2, moments=None):
    """The dictionary of a pymatgen structure: two atoms in a cube."""
    places = [[0.0, 0.0, 0.0], [a / 2, a / 2, a / 2]]
    sites = [
        {
            "species": [{"element": symbol, "occu": 1}],
            "abc": [x / a for x in place],
            "xyz": place,
            "properties": {} if moments is None else {"magmom": moments[k]},
            "label": symbol,
        }
        for k, (symbol, place) in enumerate(zip(symbols, places, strict=True))
    ]
    matrix = [[a, 0.0, 0.0], [0.0, a, 0.0], [0.0, 0.0, a]]
    return {"@class": "Structure", "lattice": {"matrix": matrix, "pbc": [True, True, True]}, "sites": sites}


def matpes(k=0, functional="PBE", **changes):
    record = {
        "matpes_id": f"matpes-{k}",
        "functional": functional,
        "structure": structure(moments=[0.5, -0.25]),
        "energy": -12.0 - k,
        "forces": [[0.1, 0.0, 0.0], [-0.1, 0.0, 0.0]],
        "stress": [10.0, 20.0, 30.0, 1.0, 2.0, 3.0],
        "bandgap": 4.5,
        "cohesive_energy_per_atom": -5.0,
        "provenance": {"original_mp_id": "mp-1265"},
    }
    return record | changes


def mptrj(**changes):
    frame = {
        "structure": structure(),
        "uncorrected_total_energy": -12.0,
        "corrected_total_energy": -12.687,
        "energy_per_atom": -6.3435,
        "force": [[0.1, 0.0, 0.0], [-0.1, 0.0, 0.0]],
        "stress": [[10.0, 3.0, 2.0], [3.0, 20.0, 1.0], [2.0, 1.0, 30.0]],
        "magmom": [0.5, -0.25],
        "bandgap": 4.5,
    }
    return {"mp-1265": {"mp-1265-0-0": frame | changes}}


def diatomics():
    curve = {
        "distances": [1.0, 1.2],
        "energies": [-5.0, -6.0],
        "forces": [[[-1.0, 0, 0], [1.0, 0, 0]], [[0.5, 0, 0], [-0.5, 0, 0]]],
        "magmoms": [[1.0, -1.0], None],
    }
    return {"PBE": {"O-O": curve}, "r2SCAN": {"O-O": {**curve, "energies": [-15.0, -16.0]}}}


def write(path: Path, content, *, lines=False, packed=False) -> Path:
    text = "\n".join(json.dumps(row) for row in content) if lines else json.dumps(content)
    data = text.encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    return path
