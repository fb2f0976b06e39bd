from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk
from hypothesis import given, settings
from hypothesis import strategies as st

from transferkit.data.mixture_checks import clusters_of_metals, mixture_findings, two_clusters
from transferkit.data.readers import from_ase

METALS = ("Mn", "Fe", "Co", "Ni", "Mg")


def oxides(shift=0.0, n=6, seed=0):
    """Rock salt monoxides and alloys of two of the metals; half of the frames shifted per metal with a U, like +U energies."""
    random, frames = np.random.default_rng(seed), []
    for m in METALS:
        for k in range(n):
            atoms = bulk(f"{m}O", "rocksalt", a=4.2 + 0.02 * k) * (1, 1, 1 + k % 3)
            if k % 3:
                atoms.numbers[0] = 12  # a part of the metal is Mg: other compositions
            u = (atoms.numbers == atoms.numbers[2 % len(atoms)]).sum() if m != "Mg" else 0
            with_u = k % 2 == 0
            energy = -7.0 * len(atoms) + 0.02 * random.normal() * len(atoms) + shift * with_u * u * (m != "Mg")
            atoms.info.update(energy=energy, id=f"{m}{k}", run_type="GGA+U" if with_u and m != "Mg" else "GGA")
            frames.append(atoms)
    return from_ase(frames, fidelity="PBE")


def bare(data):
    return replace(data, columns={})


def with_column(data, name, values):
    return replace(data, columns={name: np.array(values, dtype=object)})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("run_type", ["GGA", "GGA+U"]),
        ("hubbards", ["", "V:3.25"]),
        ("is_hubbard", ["False", "True"]),
        ("functional", ["PBE", "r2SCAN"]),
    ],
)
def test_frames_that_say_so(r2scan, name, values):
    (found,) = mixture_findings(with_column(r2scan, name, [values[s % 2] for s in range(len(r2scan))]))
    assert found.severity == "warning"
    assert name in found.what
    assert "certain: the frames say so" in found.evidence
    corrected = replace(
        with_column(r2scan, name, [values[s % 2] for s in range(len(r2scan))]), label_convention="mp2020"
    )
    assert mixture_findings(corrected)[0].severity == "note"
    assert mixture_findings(with_column(r2scan, name, [values[0]] * len(r2scan))) == []


def test_the_scheme_of_the_materials_project_is_a_note():
    data = oxides()
    metals = np.array([bool({23, 24, 25, 26, 27, 28} & set(s.numbers.tolist())) for s in data])
    (found,) = mixture_findings(with_column(data, "run_type", np.where(metals, "GGA+U", "GGA").tolist()))
    assert found.severity == "note"
    assert "where the Materials Project sets it" in found.evidence
    assert mixture_findings(data)[0].severity == "warning"  # half of the oxides only


def test_ids_that_look_like_it(r2scan):
    names = np.array([f"{i}{'_gga_u' if s % 5 == 0 else ''}" for s, i in enumerate(r2scan.id)], dtype=object)
    (found,) = mixture_findings(replace(r2scan, id=names))
    assert "the ids look like without U or with U" in found.what
    assert "fairly sure" in found.evidence
    assert mixture_findings(r2scan) == []
    uranium = np.array([f"U-U:{s}" if s % 5 == 0 else f"Fe-Fe:{s}" for s in range(len(r2scan))], dtype=object)
    assert mixture_findings(replace(r2scan, id=uranium)) == []


def test_energies_in_two_heaps():
    assert mixture_findings(bare(oxides(n=12))) == []
    (found,) = mixture_findings(bare(oxides(shift=2.0, n=12)))
    assert found.what.startswith("energies with and without U look mixed for ")
    assert "lie in two heaps" in found.evidence
    assert "sure" in found.evidence or "possible" in found.evidence


def test_oxidation_states_are_no_mixture():
    # two compositions of one metal, each in its heap
    frames = []
    for k in range(16):
        atoms = bulk("FeO", "rocksalt", a=4.3) * (1, 1, 2)
        if k % 2:
            atoms.numbers[0] = 8
        atoms.info.update(id=str(k))
        frames.append(atoms)
    data = from_ase(frames, fidelity="PBE")
    left = np.where(np.arange(16) % 2, 1.0, 0.0)
    assert clusters_of_metals(data, left) == {}


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 10_000), flat=st.booleans(), n=st.integers(12, 300))
def test_one_heap_is_never_two(seed, flat, n):
    random = np.random.default_rng(seed)
    assert two_clusters(random.uniform(size=n) if flat else random.normal(size=n)) is None


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), gap=st.floats(9.0, 50.0))
def test_two_heaps_are_found_with_their_distance(seed, gap):
    random = np.random.default_rng(seed)
    upper = random.random(100) < 0.4
    found = two_clusters(random.normal(size=100) + gap * upper)
    assert found.upper.tolist() == upper.tolist()
    assert found.gap == pytest.approx(gap, abs=1.0)
