import numpy as np
import pytest
import torch

import transferkit as tk
from transferkit.analysis import representation
from transferkit.analysis.representation import atom_features, compare_features
from transferkit.data.split import groups
from transferkit.errors import DataError, UnknownHead


@pytest.fixture(scope="module")
def data():
    return tk.bundled("gpaw-pbe-r2scan")[:60]


@pytest.fixture(scope="module")
def toy():
    return tk.load("toy")


def test_features_are_in_the_order_of_the_data_whatever_the_batches(toy, data, monkeypatch):
    whole = atom_features(toy, data)
    monkeypatch.setattr(representation, "BATCH", 7)
    assert all(np.allclose(x, whole[layer], atol=1e-6) for layer, x in atom_features(toy, data).items())
    assert {len(x) for x in whole.values()} == {len(data.numbers)}
    alone = atom_features(toy, data[50:51])
    first, last = data.offsets[50:52]
    assert all(np.allclose(x, whole[layer][first:last], atol=1e-6) for layer, x in alone.items())


def test_a_potential_is_like_itself_and_not_like_another(toy, data):
    same = compare_features(toy, toy, data)
    assert same["layer"].tolist() == ["embedding", "interaction.0", "interaction.1"]
    assert same["cka"].to_numpy() == pytest.approx(1.0)
    assert same["compositions"].iloc[0] == len(np.unique(groups(data, "composition")))
    other = compare_features(toy, tk.scratch("toy", seed=5), data)
    assert (other["cka"] < 0.99).all()
    assert (other["cka_within"].iloc[1:] < 0.99).all()
    assert (other["low"] < other["cka"]).all()


def test_an_embedding_holds_nothing_but_the_element(toy, data):
    table = compare_features(toy, toy, data)
    assert np.isnan(table["cka_within"].iloc[0])
    assert table["cka_within"].iloc[1:].to_numpy() == pytest.approx(1.0)


def test_rotated_features_are_the_same_features(toy, data, monkeypatch):
    plain = atom_features(toy, data)
    rng = np.random.default_rng(0)
    turned = {layer: 2.0 * x @ np.linalg.qr(rng.normal(size=(x.shape[1],) * 2))[0] for layer, x in plain.items()}
    found = iter([plain, turned])
    monkeypatch.setattr(representation, "atom_features", lambda *_, **__: next(found))
    table = compare_features(toy, toy, data)
    assert table["cka"].to_numpy() == pytest.approx(1.0)
    assert table["cka_within"].iloc[1:].to_numpy() == pytest.approx(1.0)


def test_other_layers_and_unknown_heads_are_refused(toy, data, monkeypatch):
    with pytest.raises(UnknownHead):
        compare_features(toy, toy, data, head_after="nobody")
    found = iter([{"embedding": np.eye(4)}, {"product.0": np.eye(4)}])
    monkeypatch.setattr(representation, "atom_features", lambda *_, **__: next(found))
    with pytest.raises(DataError, match=r"embedding and product\.0"):
        compare_features(toy, toy, data)


def test_nothing_is_left_behind(toy, data):
    assert all(p.grad is None for p in toy.parameters())
    atom_features(toy, data)
    assert torch.is_grad_enabled()
    assert all(p.grad is None for p in toy.parameters())
