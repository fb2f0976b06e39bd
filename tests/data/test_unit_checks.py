import numpy as np
import pytest

from transferkit.data.unit_checks import unit_findings
from transferkit.units import GPA, HARTREE, KBAR, KCAL_PER_MOL

BOHR = 0.529177210903


@pytest.mark.parametrize("fidelity", ["pbe", "r2scan"])
@pytest.mark.parametrize(
    ("label", "factor", "what", "mend"),
    [
        ("energy", 1 / HARTREE, "the energies look like Hartree", "multiply the energies by 27.2114"),
        ("energy", 1 / KCAL_PER_MOL, "the energies look like kcal/mol", "multiply the energies by 0.0433641"),
        ("forces", 1 / KCAL_PER_MOL, "the forces look like kcal/mol/Å", "multiply the forces by 0.0433641"),
        ("forces", BOHR / HARTREE, "the forces look like Hartree/Bohr", "multiply the forces by 51.4221"),
        ("forces", -1.0, "the forces have the sign of a gradient", "multiply the forces by -1"),
        ("stress", 1 / GPA, "the stress looks like GPa", "multiply the stress by 0.00624151"),
        ("stress", 1 / KBAR, "the stress looks like kbar", "multiply the stress by 0.000624151"),
        ("stress", -1.0, "the stress has the sign of VASP, pressure positive", "multiply the stress by -1"),
        (
            "stress",
            -1 / KBAR,
            "the stress looks like kbar and has the sign of VASP, pressure positive",
            "multiply the stress by -0.000624151",
        ),
    ],
)
def test_each_slip_is_named_with_what_mends_it(request, fidelity, label, factor, what, mend):  # noqa: PLR0917
    data = request.getfixturevalue(fidelity)
    (found,) = unit_findings(data.with_labels(**{label: getattr(data, label) * factor}))
    assert found.what == what
    assert found.mend.startswith(f"{mend}, or read the file with units=")
    assert "pairs" in found.evidence


def without_pairs(data):
    """One frame per material, so that only magnitudes speak."""
    return data[np.unique(data.material_id.astype(str), return_index=True)[1]]


def test_magnitude_of_energies(r2scan):
    few = without_pairs(r2scan)
    assert unit_findings(few) == []
    (small,) = unit_findings(few.with_labels(energy=few.energy / HARTREE))
    assert small.what == "the energies are small for eV and look like Hartree"
    middle = np.median(np.abs(few.energy / few.n_atoms))
    assert f"as Hartree that is {middle:.3g} eV/atom" in small.evidence
    (large,) = unit_findings(few.with_labels(energy=few.energy / KCAL_PER_MOL))
    assert large.what == "the energies are large for eV and look like kcal/mol"
    assert "spread after a constant per element" in large.evidence
    assert f"as kcal/mol that is {middle:.3g} eV/atom" in large.evidence


def test_magnitude_of_stress_in_kbar(r2scan):
    few = without_pairs(r2scan)
    (found,) = unit_findings(few.with_labels(stress=-few.stress / KBAR))
    assert found.what == "the stress is large for eV/Å³ and looks like kbar or GPa"
    middle = np.median(np.abs(few.stress).max(axis=(1, 2)))
    assert f"as kbar {middle:.2g} eV/Å³" in found.evidence
    assert "-0.000624151" in found.mend


def test_magnitude_of_forces(r2scan):
    moving = r2scan[r2scan.columns["kind"] == "rat"]
    few = without_pairs(moving)
    few = few.with_labels(forces=few.forces * 6 / KCAL_PER_MOL)
    assert [f.what for f in unit_findings(few)] == ["the forces are large for eV/Å and look like kcal/mol/Å"]


def test_small_energies_that_go_with_the_stress_are_fine(r2scan):
    relative = r2scan.with_labels(energy=r2scan.energy - r2scan.n_atoms * np.median(r2scan.energy / r2scan.n_atoms))
    # one constant per atom changes neither forces nor stress; the check must not cry Hartree
    materials = r2scan.material_id.astype(str)
    lowest = np.array(
        [
            r2scan.energy[(materials == m) & (r2scan.n_atoms == n)].min()
            for m, n in zip(materials, r2scan.n_atoms, strict=True)
        ]
    )
    assert unit_findings(relative.with_labels(energy=r2scan.energy - lowest)) == []


def test_labels_that_are_absent_are_not_judged(r2scan):
    assert unit_findings(r2scan.without("energy", "forces", "stress", "magmoms")) == []
