import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, molecule
from ase.data import covalent_radii
from ase.neighborlist import neighbor_list
from hypothesis import given, settings
from hypothesis import strategies as st

from transferkit.data import distances
from transferkit.data.distances import closest, isolated
from transferkit.data.readers import from_ase


def data(*frames):
    for k, atoms in enumerate(frames):
        atoms.info["id"] = str(k)
    return from_ase(frames, fidelity="PBE")


def by_ase(atoms, reach):
    """Smallest share and its distance, and whether each atom is lonely."""
    i, j, d = neighbor_list("ijd", atoms, reach)
    lonely = ~np.isin(np.arange(len(atoms)), i)
    if not len(d):
        return np.inf, np.inf, lonely
    share = d / (covalent_radii[atoms.numbers[i]] + covalent_radii[atoms.numbers[j]])
    return share.min(), d[share.argmin()], lonely


@st.composite
def boxes(draw):
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 5))
    cell = np.diag(random.uniform(1.5, 7.0, 3)) + random.uniform(-1.0, 1.0, (3, 3))
    pbc = random.random(3) < 0.7
    positions = random.uniform(-8.0, 8.0, (n, 3))
    return Atoms(random.choice([1, 8, 26, 55], n), positions=positions, cell=cell, pbc=pbc)


@settings(deadline=None, max_examples=60)
@given(frames=st.lists(boxes(), min_size=1, max_size=4), reach=st.sampled_from([1.0, 3.0, 6.0]))
def test_the_same_as_a_neighbour_list(frames, reach):
    found = closest(data(*frames), reach)
    wanted = [by_ase(atoms, reach) for atoms in frames]
    assert found.share == pytest.approx([w[0] for w in wanted], rel=1e-9)
    assert found.distance == pytest.approx([w[1] for w in wanted], rel=1e-9)
    assert found.lonely.tolist() == np.concatenate([w[2] for w in wanted]).tolist()


@settings(deadline=None, max_examples=30)
@given(frames=st.lists(boxes(), min_size=1, max_size=4))
def test_isolated_is_lonely_within_the_long_distance(frames):
    assert isolated(data(*frames), 6.0).tolist() == [bool(by_ase(atoms, 6.0)[2].any()) for atoms in frames]


def test_molecules_surfaces_and_crystals(monkeypatch):
    frames = [molecule("CH4"), fcc111("Cu", (1, 1, 3), vacuum=8.0), bulk("Cs"), Atoms("Ar"), molecule("H2")]
    whole = closest(data(*frames))
    monkeypatch.setattr(distances, "PORTION", 3)
    for found in (whole, closest(data(*frames))):
        assert found.share == pytest.approx([by_ase(atoms, 3.0)[0] for atoms in frames])
    assert isolated(data(*frames), 6.0).tolist() == [False, False, False, True, False]


def test_atoms_at_one_place_have_distance_zero():
    assert closest(data(Atoms("Cu2", positions=np.zeros((2, 3))))).distance.tolist() == [0.0]


def test_no_structures(r2scan):
    assert closest(r2scan[:0]).share.shape == (0,)
