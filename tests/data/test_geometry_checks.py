from dataclasses import replace

import numpy as np
from ase import Atoms
from ase.build import bulk, molecule

from transferkit.data.geometry_checks import geometry_findings
from transferkit.data.readers import from_ase


def data(*atoms):
    for k, a in enumerate(atoms):
        a.info.setdefault("id", str(k))
    return from_ase(atoms, fidelity="PBE")


def test_usual_structures_are_fine():
    assert (
        geometry_findings(data(molecule("H2"), molecule("CH3CH2OH"), bulk("Cs"), bulk("MgO", "rocksalt", a=4.2))) == []
    )


def test_colliding_atoms_are_named_with_their_distance():
    # found through the periodic image only: 3.9 Å apart inside, 0.1 Å across the border
    close = Atoms("O2", positions=[[0, 0, 0], [3.9, 0, 0]], cell=4 * np.eye(3), pbc=True)
    (found,) = geometry_findings(data(bulk("Cu"), close))
    assert (found.severity, found.where) == ("warning", ("1",))
    assert "0.100 Å" in found.evidence
    assert "the limit is 0.5" in found.evidence


def test_isolated_atoms_are_noted():
    found = geometry_findings(data(Atoms("Ar"), Atoms("ArAr", positions=[[0, 0, 0], [5.0, 0, 0]])))
    assert [(f.what, f.where) for f in found] == [("isolated atoms in 1 structure(s)", ("0",))]


def test_net_force(r2scan):
    forces = r2scan.forces[: r2scan.offsets[3]].copy()
    forces[0] += [0.0, 0.4, 0.0]
    (found,) = geometry_findings(r2scan[:3].with_labels(forces=forces))
    assert found.what == "net force in 1 structure(s)"
    assert found.where == (r2scan.id[0],)
    assert "up to 0.4 eV/Å" in found.evidence


def test_a_large_set_is_sampled_and_says_so(monkeypatch, r2scan):
    squeezed = replace(r2scan[:20], positions=r2scan[:20].positions * 0.2, cell=r2scan[:20].cell * 0.2)
    assert "examined" not in geometry_findings(squeezed)[0].evidence
    monkeypatch.setattr("transferkit.data.geometry_checks.MOST_ATOMS", len(squeezed.numbers) // 2)
    found = next(f for f in geometry_findings(squeezed) if "collide" in f.what)
    assert "of 20 structures)" in found.evidence
    assert 5 <= len(found.where) < 20
