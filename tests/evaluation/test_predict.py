"""Predictions as a data set."""

from dataclasses import replace

import numpy as np
import pytest

from transferkit.adapters.graphs import build_graphs
from transferkit.adapters.toy import Toy
from transferkit.errors import DataError, GraphError, UnknownHead, UnsupportedProperty
from transferkit.evaluation.predict import network_energy, predict
from transferkit.testing import labelled, small_structures


@pytest.fixture
def data():
    return labelled(list(small_structures().values()))


def test_order_budget_and_given_graphs_change_nothing(data):
    potential = Toy.load("demo")
    whole = predict(potential, data)
    assert all(whole.has(p).all() for p in ("energy", "forces", "stress", "magmoms"))
    one_by_one = predict(potential, data, graphs=build_graphs(potential, data), edges=1)
    turned = predict(potential, data[::-1])[::-1]
    for other in (one_by_one, turned):
        np.testing.assert_allclose(other.energy, whole.energy, atol=1e-5)
        np.testing.assert_allclose(other.forces, whole.forces, atol=1e-5)
        np.testing.assert_allclose(other.stress, whole.stress, atol=1e-6)
        np.testing.assert_allclose(other.magmoms, whole.magmoms, atol=1e-5)
    for s, structure in enumerate(data):
        batch = potential.collate([potential.graph(structure)])
        expected = potential(batch, need=frozenset({"energy", "forces"}))
        assert whole.energy[s] == pytest.approx(expected.energy.item(), abs=1e-5)
        a, b = whole.offsets[s : s + 2]
        np.testing.assert_allclose(whole.forces[a:b], expected.forces, atol=1e-5)


def test_what_was_not_needed_is_absent(data):
    out = predict(Toy.load("demo"), data, need=frozenset({"magmoms"}))
    assert out.has("energy").all()
    assert out.has("magmoms").all()
    assert not out.has("forces").any()
    assert np.isnan(out.forces).all()
    assert not out.has("stress").any()


def test_labels_are_replaced_not_kept(data):
    data = data.with_labels(energy=np.full(len(data), 1e6))
    out = predict(Toy.load("demo"), data, need=frozenset({"energy"}))
    assert (np.abs(out.energy) < 1e3).all()
    assert (data.energy == 1e6).all()


def test_a_molecule_has_no_stress(data):
    first = replace(small_structures()["skewed"], pbc=np.zeros(3, dtype=bool), cell=np.zeros((3, 3)), id="molecule")
    mixed = labelled([first, small_structures()["crystal"]])
    out = predict(Toy.load("demo"), mixed)
    assert out.has("stress").tolist() == [False, True]
    assert out.has("forces").all()


def test_network_energy_is_the_total_without_e0(data):
    potential = Toy.load("demo")
    network = network_energy(potential, data)
    total = predict(potential, data, need=frozenset({"energy"})).energy
    np.testing.assert_allclose(network + potential.reference().total(data), total, atol=1e-9)
    lifted = potential.with_reference(replace(potential.reference(), energies=potential.reference().energies * 50))
    np.testing.assert_allclose(network_energy(lifted, data), network, atol=1e-9)


def test_heads(data):
    potential = Toy.load("demo")
    reference = potential.reference()
    potential.add_head("other", "default", replace(reference, energies=reference.energies + 1.0))
    with pytest.raises(UnknownHead, match=r"default \(level of theory unknown\), other"):
        predict(potential, data)
    a, b = (predict(potential, data, head=h, need=frozenset({"energy"})).energy for h in ("default", "other"))
    np.testing.assert_allclose(b - a, data.n_atoms, atol=1e-9)


def test_mistakes(data):
    potential = Toy.load("demo")
    with pytest.raises(DataError, match="1 graphs for 5 structures"):
        predict(potential, data, graphs=build_graphs(potential, data[:1]))

    class NoStress(Toy):
        capabilities = replace(Toy.capabilities, properties=frozenset({"energy"}))

    with pytest.raises(UnsupportedProperty, match="stress"):
        predict(NoStress.load("demo"), data, need=frozenset({"stress"}))
    close = small_structures()["skewed"]
    bad = labelled([replace(close, positions=close.positions * 0.0)])
    with pytest.raises(GraphError, match="skewed"):
        predict(potential, bad)


def test_parameters_get_no_gradients(data):
    potential = Toy.load("demo")
    predict(potential, data)
    assert all(p.grad is None for p in potential.parameters())


def test_no_structures():
    potential = Toy.load("demo")
    nothing = labelled(list(small_structures().values()))[:0]
    assert len(predict(potential, nothing)) == 0
