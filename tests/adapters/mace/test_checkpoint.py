import pickle

import numpy as np
import pytest
import torch

from transferkit.adapters.mace import MaceAdapter
from transferkit.adapters.mace.checkpoint import of_upstream, read
from transferkit.errors import CheckpointError

from .conftest import Oracle, arguments, upstream_model


@pytest.fixture
def file(tmp_path):
    return MaceAdapter.scratch("tiny", seed=1).export(tmp_path / "mine.model")


class Bomb:
    def __reduce__(self):
        return (open, ("exploded", "w"))


def test_a_pickle_is_not_opened_without_the_users_word(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "evil.model").open("wb") as out:
        pickle.dump(Bomb(), out)
    with pytest.raises(CheckpointError, match=r"is a pickle.*runs any code.*trust=True"):
        MaceAdapter.load("evil.model")
    assert not (tmp_path / "exploded").exists()


def test_names_need_it_too_and_their_licence_is_said_first():
    with pytest.raises(CheckpointError, match=r"trust=True.*non-commercial"):
        MaceAdapter.load("medium-omat-0")


def test_unknown_names_are_told_the_known_ones():
    with pytest.raises(CheckpointError, match="Did you mean 'medium'"):
        read("mediun", trust=True)


def test_what_is_no_model_is_refused(tmp_path):
    torch.save({"model": {}}, tmp_path / "weights.pt")
    with pytest.raises(CheckpointError, match=r"holds a dict.*give the \.model file"):
        read(tmp_path / "weights.pt", trust=True)
    (tmp_path / "text.model").write_text("not a pickle")
    with pytest.raises(CheckpointError, match=r"text\.model cannot be opened"):
        read(tmp_path / "text.model", trust=True)


def test_e0_is_lifted_out_for_each_head(two_heads):
    content = of_upstream(two_heads, "test.model")
    table = two_heads.atomic_energies_fn.atomic_energies.numpy()
    for row, reference in zip(table, content.references, strict=True):
        assert reference.energies.tolist() == row.tolist()
        assert reference.kind == "unknown"
        assert reference.label_convention is None
    assert content.references[1].source == "MACE test.model, head r2SCAN"


def test_one_row_of_e0_without_heads(crystals):
    model = upstream_model(arguments(), seed=3)
    expected = Oracle(model)(crystals)["energy"]
    model.atomic_energies_fn.atomic_energies = model.atomic_energies_fn.atomic_energies[0]
    content = of_upstream(model, "old.model")
    assert Oracle(model)(crystals)["energy"].tolist() == expected.tolist()
    assert content.references[0].energies.shape == (4,)


def test_elements_are_sorted_with_their_energies():
    model = upstream_model(arguments(elements=[17, 3, 26, 11]), seed=3)
    reference = of_upstream(model, "test").references[0]
    energies = dict(zip([17, 3, 26, 11], model.atomic_energies_fn.atomic_energies[0].tolist(), strict=True))
    assert reference.elements.tolist() == [3, 11, 17, 26]
    assert reference.energies == pytest.approx(np.array([energies[z] for z in (3, 11, 17, 26)]))


def test_tables_that_do_not_fit_the_heads_are_refused(two_heads):
    model = upstream_model(arguments(), ("a", "b"), seed=3)
    model.atomic_energies_fn.atomic_energies = torch.zeros(3, 4)
    with pytest.raises(CheckpointError, match="2 heads and E0 of 3"):
        of_upstream(model, "test")


def test_a_model_that_is_put_together_otherwise_is_refused():
    model = upstream_model(arguments(), seed=3)
    del model.products[0].symmetric_contractions.contractions
    with pytest.raises(CheckpointError, match=r"mine\.model: this MACE is put together otherwise.*contractions"):
        of_upstream(model, "mine.model")


def test_published_models_bring_level_and_convention(two_heads):
    reference = of_upstream(two_heads, "mace-matpes-r2scan-0").references[0]
    assert (reference.fidelity, reference.label_convention) == ("r2SCAN", "raw")
    assert "non-commercial" in of_upstream(two_heads, "mace-matpes-r2scan-0").licence


def test_loaded_parameters_can_be_trained(file):
    # Those of upstream's calculator cannot.
    assert all(p.requires_grad for p in MaceAdapter.load(file, trust=True).parameters())


def test_the_radial_frequencies_of_a_model_fine_tuned_by_mace_are_parameters(tmp_path):
    model = upstream_model(arguments(trainable_bessel=False), seed=3)
    basis = model.radial_embedding.bessel_fn
    values = basis.bessel_weights.clone() * 1.01
    del basis.bessel_weights
    basis.bessel_weights = torch.nn.Parameter(values)
    adapter = MaceAdapter.of_content(of_upstream(model, "test"))
    assert any(p.shape == values.shape and torch.equal(p, values) for p in adapter.blocks()["embedding"])
    adapter.export(tmp_path / "again.model", dict.fromkeys(adapter.elements, 0.0), "default")
    again = MaceAdapter.load(tmp_path / "again.model", trust=True, dtype=torch.float64)
    assert len(again.blocks()["embedding"]) == 2
