"""Diatomics: the curves are those of the potential, and a hole is what lies within reach below the bonded minimum."""

import os
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.data import atomic_numbers, covalent_radii

import transferkit as tk
from transferkit.adapters.toy import Toy
from transferkit.errors import MissingReference, UnknownHead
from transferkit.evaluation import diatomics
from transferkit.evaluation.diatomics import BONDED, MARGIN, POINTS, TOLERANCE, Curve, diatomic_curves, pair


def morse(r, *, depth=4.0, bond=1.3, width=2.0):
    return depth * (1 - np.exp(-width * (r - bond))) ** 2 - depth


@pytest.fixture
def distance():
    return np.geomspace(0.66, 6.0, 200)


class TestHole:
    def test_a_curve_that_only_rises_has_none(self, distance):
        curve = Curve("O", distance, morse(distance))
        assert curve.distance[curve.bonded()] == pytest.approx(1.3, rel=0.01)
        assert curve.hole(curve.bonded()) == 0.0

    def test_a_well_behind_the_wall_is_as_deep_as_the_fall(self, distance):
        energy = morse(distance) - 6.0 * np.exp(-(((distance - 0.85) / 0.03) ** 2))
        curve = Curve("O", distance, energy)
        point = curve.bonded()
        inward = energy[point::-1]
        assert curve.hole(point) == pytest.approx(np.max(np.maximum.accumulate(inward) - inward))
        assert 3.0 < curve.hole(point) < 6.0

    def test_what_lies_behind_a_high_wall_is_not_counted(self, distance):
        energy = np.where(distance < 0.75, -50.0, 9.0 * morse(distance, width=3.0))
        assert energy[distance > 0.75].max() > 40.0
        curve = Curve("O", distance, energy)
        assert curve.bonded() == np.argmin(np.where(distance > BONDED * 1.32, energy, np.inf))
        point = int(np.argmin(np.where(distance > 1.0, energy, np.inf)))
        assert curve.hole(point) == 0.0

    def test_no_bond_is_looked_for_below_the_shortest_of_any_element_or_below_what_is_given(self, distance):
        curve = Curve("O", distance, distance.copy())  # falls all the way in
        assert curve.distance[curve.bonded()] >= BONDED * curve.radii
        assert curve.distance[curve.bonded() - 1] < BONDED * curve.radii
        assert curve.hole(curve.bonded()) == pytest.approx(curve.distance[curve.bonded()] - distance[0])
        assert curve.distance[curve.bonded(1.0)] >= 1.0


class TestCurves:
    def test_energies_are_those_of_the_calculator(self):
        potential = tk.load("chgnet")
        curves = diatomic_curves(potential, [8, 55, 8])
        assert list(curves) == ["O", "Cs"]
        for symbol, curve in curves.items():
            radii = 2 * covalent_radii[atomic_numbers[symbol]]
            assert len(curve.distance) == POINTS
            assert curve.distance[[0, -1]] == pytest.approx([0.5 * radii, potential.adapter.cutoff - MARGIN])
            for k in (0, 20, POINTS - 1):
                atoms = Atoms([symbol] * 2, [[0, 0, 0], [curve.distance[k], 0, 0]], cell=np.eye(3) * 16, pbc=True)
                atoms.calc = potential.calculator()
                assert curve.energy[k] == pytest.approx(atoms.get_potential_energy(), abs=2e-4)

    def test_of_a_head(self):
        potential = Toy.load("demo")
        potential.add_head("other", copy_of="default")
        with pytest.raises(UnknownHead, match="say which one is meant"):
            diatomic_curves(potential, [8])
        potential.adapter.readouts[1][2].bias.data += 1.0
        one, two = (diatomic_curves(potential, [8], head)["O"] for head in ("default", "other"))
        assert np.allclose(two.energy - one.energy, 2.0, atol=1e-5)
        assert np.allclose(two.above(3), one.above(3), atol=1e-5)

    def test_no_elements_and_unknown_ones(self):
        assert diatomic_curves(Toy.load("demo"), []) == {}
        with pytest.raises(MissingReference, match="holds Bk"):
            diatomic_curves(Toy.load("demo"), [97])

    def test_one_graph_serves_all_distances(self):
        potential = Toy.load("demo")
        curve = diatomic_curves(potential, [8], points=5)["O"]
        for r, energy in zip(curve.distance, curve.energy, strict=True):
            graph = potential.graph(pair(8, float(r)))
            assert potential(potential.collate([graph]), need=frozenset({"energy"})).energy.item() == pytest.approx(
                energy
            )

    def test_batches_of_some_elements_give_what_one_of_all_does(self, monkeypatch):
        potential = Toy.load("demo")
        whole = diatomic_curves(potential, [1, 8, 11], points=5)
        monkeypatch.setattr(diatomics, "TOGETHER", 7)
        for symbol, curve in diatomic_curves(potential, [1, 8, 11], points=5).items():
            assert np.allclose(curve.energy, whole[symbol].energy, atol=1e-5)


@pytest.fixture(scope="module")
def by_dft():
    """Curves of DFT in the same shape, from half the covalent radii on."""
    path = Path(os.environ.get("TRANSFERKIT_SHARED", ""), "data/diatomics_pbe_r2scan/diatomics-dft.json.gz")
    if not os.environ.get("TRANSFERKIT_SHARED") or not path.exists():
        pytest.skip("TRANSFERKIT_SHARED does not name a folder with diatomics_pbe_r2scan")

    def curves(fidelity):
        data = tk.read(path, fidelity=fidelity, label_convention="raw", taken=[])
        pair = np.array([name.partition("-")[0] for name in data.id])
        distance = data.columns["distance"]
        out = {}
        for symbol in np.unique(pair):
            mine = np.flatnonzero((pair == symbol) & (distance >= covalent_radii[atomic_numbers[symbol]]))
            order = mine[np.argsort(distance[mine])]
            out[str(symbol)] = Curve(str(symbol), distance[order], data.energy[order])
        return out

    return curves


def holes(curves):
    return {s: c.hole(c.bonded()) for s, c in curves.items() if c.hole(c.bonded()) > TOLERANCE}


@pytest.mark.shared
class TestBesideDft:
    """Curves of DFT break only where magnetic states change, in lanthanides; those of a pretrained potential elsewhere too."""

    def test_dft_itself_has_hardly_any_hole(self, by_dft):
        found = {fidelity: holes(by_dft(fidelity)) for fidelity in ("PBE", "r2SCAN")}
        assert set(found["PBE"]) <= {"Pr", "Dy", "Tb", "Tm"}
        assert len(found["r2SCAN"]) <= 8
        assert all(depth < 10.0 for one in found.values() for depth in one.values())

    def test_what_chgnet_has_of_holes_is_not_real(self, by_dft):
        reference, potential = by_dft("PBE"), tk.load("chgnet", checkpoint="0.3.0")
        found = holes(diatomic_curves(potential, sorted(atomic_numbers[s] for s in reference)))
        assert found["Gd"] > 50.0
        assert not {"Gd", "Sm", "He", "H"} - set(found)
        assert not {"Gd", "Sm", "He", "H"} & set(holes(reference))

    def test_fine_tuning_tore_holes_into_the_published_r2scan_weights(self, by_dft):
        reference = by_dft("r2SCAN")
        potential = tk.load("chgnet", checkpoint="r2scan")
        numbers = sorted(atomic_numbers[s] for s in reference if atomic_numbers[s] in potential.adapter.elements)
        first = diatomic_curves(tk.load("chgnet", checkpoint="0.3.0"), numbers)
        last = diatomic_curves(potential, numbers)
        assert first["H"].hole(first["H"].bonded()) < 1.0
        assert last["H"].hole(last["H"].bonded(0.85 * first["H"].distance[first["H"].bonded()])) > 20.0
        assert "H" not in holes(reference)
