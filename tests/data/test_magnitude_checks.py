import numpy as np
import pytest
from ase.build import molecule

from transferkit.data.magnitude_checks import energy_size, force_size, stress_size
from transferkit.data.readers import from_ase
from transferkit.units import ENERGIES, GPA, HARTREE, KBAR, KCAL_PER_MOL


def test_sound_labels_are_silent(pbe, r2scan):
    for data in (pbe, r2scan):
        assert energy_size(data) == force_size(data) == stress_size(data) == []


def one_molecule(energy, n=20):
    """Frames of one composition with energies that scatter as in dynamics, all in the unit of ``energy``."""
    random, frames = np.random.default_rng(0), []
    for k in range(n):
        atoms = molecule("CH3CH2OH")
        atoms.rattle(0.03, rng=random)
        atoms.info.update(energy=energy * (1 + 1e-5 * random.normal()), id=str(k))
        frames.append(atoms)
    return from_ase(frames, fidelity="PBE")


@pytest.mark.parametrize(("unit", "name"), [("kcal/mol", "kcal/mol"), ("Ha", "Hartree"), ("kJ/mol", "kJ/mol")])
def test_a_set_of_one_composition_tells_its_unit(unit, name):
    (found,) = energy_size(one_molecule(-154.7 * HARTREE / ENERGIES[unit]))
    assert found.what == f"the energies look like {name}"
    assert found.mend.startswith(f"multiply the energies by {ENERGIES[unit]:.6g}")
    assert f"--unit energy={unit}" in found.mend


def test_totals_of_any_code_in_ev_are_silent():
    for energy in (-154.7 * HARTREE, -31.0 * HARTREE, -46.8):  # all electrons, 20 of them, PAW relative to atoms
        assert energy_size(one_molecule(energy)) == []


def test_interaction_and_formation_energies_are_no_hartree(r2scan):
    random = np.random.default_rng(0)
    formation = -0.4 + 0.3 * random.normal(size=len(r2scan))
    assert energy_size(r2scan.with_labels(energy=formation * r2scan.n_atoms)) == []
    interaction = 0.004 * random.normal(size=len(r2scan))
    assert energy_size(r2scan.with_labels(energy=interaction * r2scan.n_atoms)) == []


def test_a_slip_names_number_and_option(r2scan):
    (small,) = energy_size(r2scan.with_labels(energy=r2scan.energy / HARTREE))
    assert "as Hartree that is" in small.evidence
    assert "--unit energy=Ha" in small.mend
    (large,) = energy_size(r2scan.with_labels(energy=r2scan.energy / KCAL_PER_MOL))
    assert "spread after a constant per element" in large.evidence
    (forces,) = force_size(r2scan.with_labels(forces=np.ones_like(r2scan.forces) * 30))
    assert "--unit forces=kcal/mol/Å" in forces.mend
    (stress,) = stress_size(r2scan.with_labels(stress=r2scan.stress / GPA))
    assert f"{GPA:.6g}" in stress.mend
    assert f"{-KBAR:.6g}" in stress.mend


def test_absent_labels_are_silent(r2scan):
    bare = r2scan.without("energy", "forces", "stress", "magmoms")
    assert energy_size(bare) == force_size(bare) == stress_size(bare) == []
