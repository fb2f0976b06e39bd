"""Forgetting: nothing where nothing changed, what was put in where it did, and each head with the E0 that is right for it."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from ase.data import atomic_numbers, covalent_radii

import transferkit as tk
from transferkit.adapters.toy import Toy
from transferkit.evaluation.diatomics import Curve
from transferkit.evaluation.forgetting import CURVES, HeldOut, forgetting, repulsion
from transferkit.evaluation.judge import determined
from transferkit.evaluation.metrics import measure
from transferkit.evaluation.predict import predict
from transferkit.evaluation.pseudo import pseudo_labels
from transferkit.evaluation.symmetry import free_components


@pytest.fixture(scope="module")
def before():
    return Toy.load("demo", dtype=torch.float64)


@pytest.fixture(scope="module")
def data():
    return tk.bundled("gpaw-pbe-r2scan")[:30]


@pytest.fixture(scope="module")
def known(before, data):
    """Labels that the potential knew by heart."""
    return pseudo_labels(before, data)


@pytest.fixture(scope="module")
def after(before):
    model = deepcopy(before)
    with torch.no_grad():
        model.adapter.readouts[0][2].bias += 0.02  # 20 meV per atom, and no force
    return model


class TestHeldOut:
    def test_a_shift_is_found_with_its_interval(self, before, after, known):
        found = forgetting(before, after, elements=[8], held_out={"old": HeldOut(known, "default")})["held_out"]["old"]
        assert found["energy"]["before"] == pytest.approx(0.0, abs=1e-9)
        assert found["energy"]["change"] == pytest.approx(0.02, abs=1e-6)
        assert found["energy"]["interval"] == pytest.approx([0.02, 0.02], abs=1e-6)
        assert found["energy"]["unit"] == "eV/atom"
        assert found["forces"]["change"] == pytest.approx(0.0, abs=1e-9)
        assert found["n"] == 30
        assert found["n_compositions"] == len(set(known.composition))

    def test_numbers_are_those_of_the_metrics_by_composition(self, before, after, data):
        found = forgetting(before, after, elements=[8], held_out={"old": HeldOut(data, "default")})["held_out"]["old"]
        free = np.concatenate([free_components(s) for s in data])
        table = measure(predict(after, data), data, free=free)["by_composition"]
        for name, key in (("energy", "energy"), ("forces", "free_forces"), ("stress", "stress")):
            values = [row[key] for row in table.values() if row[key] is not None]
            assert found[name]["after"] == pytest.approx(np.mean(values))
            assert found[name]["n_compositions"] == len(values)
        low, high = found["energy"]["interval"]
        assert low <= found["energy"]["change"] <= high

    def test_one_head_is_judged_with_the_e0_that_it_came_with(self, before, after, known):
        reference = before.reference()
        moved = after.with_reference(reference.from_mapping({s: e - 3.0 for s, e in reference.to_mapping().items()}))
        far, near = (
            forgetting(before, moved, elements=[8], held_out={"old": HeldOut(known, "default", reference=e0)})
            for e0 in (None, reference)
        )
        assert near["held_out"]["old"]["energy"]["after"] == pytest.approx(0.02, abs=1e-6)
        assert far["held_out"]["old"]["energy"]["after"] == pytest.approx(2.98, abs=1e-6)

    def test_each_head_has_its_own(self, before, known):
        first, last = deepcopy(before), deepcopy(before)
        for model in (first, last):
            model.add_head("new", copy_of="default")
        with torch.no_grad():
            last.adapter.readouts[1][2].bias += 0.05
        held = {"old": HeldOut(known, "default"), "new": HeldOut(known, "new")}
        found = forgetting(first, last, elements=[8], head="new", held_out=held)["held_out"]
        assert found["old"]["energy"]["change"] == pytest.approx(0.0, abs=1e-9)
        assert found["new"]["energy"]["change"] == pytest.approx(0.05, abs=1e-6)

    def test_energies_whose_e0_is_not_determined_are_counted_apart_and_nothing_else(self, before, after, known):
        half = known[:10]
        one = HeldOut(known, "default", graphs=[before.graph(s) for s in known], fitted_on=half)
        found = forgetting(before, after, elements=[8], held_out={"old": one})["held_out"]["old"]
        whole = forgetting(before, after, elements=[8], held_out={"old": HeldOut(known, "default")})["held_out"]["old"]
        assert 0 < found["undetermined"] == (~determined(half, known)).sum() < len(known)
        assert found["n"] == len(known)
        assert found["energy"]["n_compositions"] == len(set(known.composition[determined(half, known)]))
        assert (found["forces"], found["stress"]) == (whole["forces"], whole["stress"])
        none = HeldOut(known[20:22], "default", fitted_on=known[:1])
        found = forgetting(before, after, elements=[8], held_out={"old": none})["held_out"]["old"]
        assert (found["n"], found["undetermined"], found["energy"]["change"]) == (2, 2, None)
        assert found["stress"]["n_compositions"] > 0

    def test_a_label_that_is_not_there_is_null(self, before, after, known):
        one = HeldOut(known.without("stress"), "default")
        found = forgetting(before, after, elements=[8], held_out={"old": one})["held_out"]["old"]
        assert found["stress"]["change"] is None
        assert found["forces"]["change"] is not None

    def test_nothing_held_out_and_nothing_before(self, after):
        found = forgetting(None, after, elements=[8, 1])
        assert found["held_out"] == {}
        assert found["diatomics"]["holes"]["before"] is None
        assert found["diatomics"]["wall"] is None


def curve(symbol, hole=0.0, shift=0.0):
    """A Morse curve whose bond is the sum of the covalent radii, with a hole in its wall."""
    x = np.geomspace(0.5, 4.0, 100)
    energy = 4.0 * (1 - np.exp(-2.6 * (x - 1.0))) ** 2 - 4.0 + shift
    radii = 2.0 * covalent_radii[atomic_numbers[symbol]]
    return Curve(symbol, x * radii, energy - hole * np.exp(-(((x - 0.7) / 0.03) ** 2)))


class TestRepulsion:
    def test_holes_that_opened_and_closed(self):
        before = {s: curve(s, hole) for s, hole in {"H": 0.0, "O": 5.0, "N": 5.0}.items()}
        after = {s: curve(s, hole) for s, hole in {"H": 9.0, "O": 6.0, "N": 0.0}.items()}
        found = repulsion(before, after)
        assert found["holes"] == {"before": 2, "after": 2}
        assert (found["opened"], found["closed"]) == (["H"], ["N"])
        assert found["worst"]["after"]["element"] == "H"
        assert list(found["curves"]) == ["H", "O", "N"]

    def test_a_hole_deeper_than_the_bond_is_not_taken_for_one(self):
        found = repulsion({"O": curve("O")}, {"O": curve("O", hole=30.0)})
        assert found["opened"] == ["O"]
        assert found["elements"]["O"]["after"] > 20.0

    def test_a_constant_changes_nothing(self):
        row = repulsion({"O": curve("O")}, {"O": curve("O", shift=7.0)})["elements"]["O"]
        assert (row["before"], row["after"]) == (0.0, 0.0)
        assert (row["wall"], row["well"]) == pytest.approx((0.0, 0.0))

    def test_few_curves_are_kept(self):
        many = {s: curve(s) for s in ("H", "C", "N", "O", "F", "P", "S", "Cl", "K")}
        found = repulsion(many, many)
        assert len(found["curves"]) == CURVES
        assert found["worst"] == {"before": None, "after": None}
