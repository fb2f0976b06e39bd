from urllib.error import URLError

import numpy as np
import pytest

import transferkit as tk
from transferkit.adapters.licence import is_non_commercial
from transferkit.adapters.mace import MaceAdapter, foundations
from transferkit.adapters.mace.foundations import FOUNDATIONS, cache_path, cached, fetch, kind_of, licence_of, url
from transferkit.errors import CheckpointError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "mace"


def test_every_name_is_one_of_upstreams():
    assert all(url(name).startswith("https://") for name in FOUNDATIONS)
    with pytest.raises(CheckpointError, match="does not know the model 'tiny'"):
        url("tiny")


def test_files_lie_where_mace_keeps_them(cache):
    assert cache_path("small") == cache / "20231210mace128L0_energy_epoch249model"


def test_a_cached_file_is_used_without_a_network(cache, crystals):
    made = MaceAdapter.scratch("tiny", seed=1)
    made.export(cache_path("small"))
    assert cached() == ("small",) == MaceAdapter.checkpoints()
    model = MaceAdapter.load("small", trust=True)
    assert model.reference().source == "MACE small"
    assert model.adapter.licence.startswith("MIT")
    need = frozenset({"energy"})
    one, two = (m(m.collate([m.graph(crystals[0])]), need=need).energy.item() for m in (made, model))
    assert one == two


def test_without_a_network_the_message_says_what_to_run(cache, monkeypatch):
    with foundations.quiet():
        from mace.calculators import foundations_models

    def offline(*_):
        raise URLError("no network")

    monkeypatch.setattr(foundations_models, "_urlretrieve_with_timeout", offline)
    with pytest.raises(
        CheckpointError, match=r"cannot be downloaded here.*curl -L --create-dirs -o .*MACEmatpesr2scan"
    ):
        fetch("mace-matpes-r2scan-0")


def test_licences_that_forbid_commercial_use_are_known_by_name():
    restricted = {name for name, known in FOUNDATIONS.items() if is_non_commercial(known.licence)}
    assert restricted == {"small-omat-0", "medium-omat-0", "mace-matpes-pbe-0", "mace-matpes-r2scan-0"}


def test_tables_are_told_apart_by_values_and_not_by_guesses():
    z = np.array([1, 8])
    assert kind_of(z, np.array([-3.667, -7.285])) == "regression"
    assert kind_of(z, np.array([-1.117, -1.548])) == "isolated-atom"
    assert kind_of(z, np.array([-13.6, -2041.8])) == "unknown"
    assert kind_of(np.array([32]), np.array([-0.03])) == "unknown"


def test_a_published_file_under_another_path_keeps_its_licence():
    name = url("mace-matpes-r2scan-0").rsplit("/", 1)[-1]
    assert is_non_commercial(licence_of(name))
    assert not is_non_commercial(licence_of("mine.model"))


def test_without_a_name_no_cached_model_is_taken_by_chance(cache):
    MaceAdapter.scratch("tiny", seed=1).export(cache_path("small"))
    with pytest.raises(CheckpointError, match=r"mace brings no checkpoint of its own; name one"):
        tk.load("mace", trust=True)
