import json

import numpy as np
from ase.build import bulk

from transferkit.data.describe import describe
from transferkit.data.readers import from_ase


def test_numbers_of_the_bundled_set(r2scan):
    found = describe(r2scan)
    assert (found.structures, found.atoms, found.compositions, found.materials) == (367, 981, 182, 198)
    assert found.labels == {"energy": 367, "forces": 367, "stress": 367, "magmoms": 0}
    assert found.elements["Nb"] == {"structures": 1, "compositions": 1, "atoms": 1}
    per_atom = r2scan.energy / r2scan.n_atoms
    assert found.ranges["energy"] == {
        "min": per_atom.min(),
        "median": np.median(per_atom),
        "max": per_atom.max(),
        "unit": "eV/atom",
    }
    assert "magmom" not in found.ranges
    assert found.rank == 45


def test_json_and_text(r2scan):
    found = describe(r2scan)
    assert json.loads(json.dumps(found.to_json()))["structures"] == 367
    assert "Nb (1), Ta (2)" in str(found)
    assert "every element's energy can be fitted" in str(found)


def test_undetermined_elements_are_named():
    frames = [
        bulk("MgO", "rocksalt", a=4.2),
        bulk("NaCl", "rocksalt", a=5.6),
        bulk("NaF", "rocksalt", a=4.6),
        bulk("Na"),
    ]
    found = describe(from_ase(frames, fidelity="PBE"))
    assert found.undetermined == ("O", "Mg")
    assert found.rank == 4
    assert "rank 4 of 5; not determined: O, Mg" in str(found)


def test_duplicates_and_findings_are_in(r2scan):
    found = describe(r2scan[[0, 0, 1]])
    assert found.duplicates == 1
    assert found.findings[0].what == "1 exact duplicate"
    assert "1 exact duplicate" in str(found)


def test_nothing_can_be_described(r2scan):
    assert describe(r2scan[:0]).structures == 0


def test_what_figures_need_is_there_on_request(r2scan):
    found = describe(r2scan)
    assert "referenced_energy" not in found.to_json()
    full = json.loads(json.dumps(found.to_json(per_structure=True), allow_nan=False))
    assert len(full["referenced_energy"]) == len(full["max_force"]) == len(full["pressure"]) == len(full["id"]) == 367
    assert full["elements"]["O"]["atoms"] == (r2scan.numbers == 8).sum()
    assert np.isclose(full["residual_rms"], found.residual_rms)
    assert set(full["elemental_energies"]) == set(full["elements"])
    assert full["quarantine"] == {"taken": 0, "reasons": {}, "frames": []}
    assert full["limits"] is None


def test_what_was_taken_out_is_shown(r2scan):
    from transferkit.data.quarantine import Limits, sift

    limits = Limits(largest_force=5.0)
    found = describe(r2scan, quarantine=sift(r2scan, limits).taken, limits=limits)
    stored = found.to_json()["quarantine"]
    assert (stored["taken"], stored["reasons"]) == (2, {"largest force above 5 eV/Å": 2})
    assert stored["frames"][0].keys() == {"id", "where", "reason", "value"}
    assert found.to_json()["limits"]["largest_force"] == 5.0
    assert "quarantine  2 (2 with largest force above 5 eV/Å)" in str(found)
    assert found.findings[0].what == "largest force above 5 eV/Å"
