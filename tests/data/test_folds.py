from collections import Counter

import numpy as np
import pytest

from transferkit.data.bundled import folds
from transferkit.data.folds import RARE, Folds, fold_split, make_folds
from transferkit.errors import SplitError


@pytest.fixture(scope="module")
def shipped() -> Folds:
    return folds("gpaw-pbe-r2scan")


def test_shipped_folds_come_out_again(r2scan, shipped):
    assert make_folds(r2scan, n=shipped.n, seed=shipped.seed).to_json() == shipped.to_json()


def test_folds_do_not_depend_on_the_order_of_rows(r2scan, shipped):
    shuffled = r2scan[np.random.default_rng(0).permutation(len(r2scan))]
    assert make_folds(shuffled).to_json() == shipped.to_json()


def test_every_composition_is_in_one_fold_or_pinned(r2scan, shipped):
    assert set(shipped.fold) | set(shipped.pinned) == set(r2scan.composition)
    assert not set(shipped.fold) & set(shipped.pinned)


def test_compositions_with_rare_elements_are_pinned(r2scan, shipped):
    counts = r2scan.counts() > 0
    for k, z in enumerate(r2scan.elements):
        mine = set(r2scan.composition[counts[:, k]])
        if len(mine) < RARE:
            assert mine <= set(shipped.pinned), z


def test_folds_are_of_equal_size(r2scan, shipped):
    size = Counter(shipped.fold[c] for c in r2scan.composition if c in shipped.fold)
    assert max(size.values()) - min(size.values()) <= 0.2 * len(r2scan) / shipped.n


@pytest.mark.parametrize("seed", range(4))
def test_training_holds_every_element_in_every_fold(r2scan, seed):
    made = make_folds(r2scan, seed=seed)
    for fold in range(made.n):
        assert fold_split(r2scan, made, fold=fold).info["elements_absent_from_training"] == {}


def test_fold_split_tests_its_fold_and_validates_on_the_next(r2scan, shipped):
    parts = fold_split(r2scan, shipped, fold=5)
    assert {shipped.fold[c] for c in parts.test.composition} == {5}
    assert {shipped.fold[c] for c in parts.valid.composition} == {0}
    assert set(shipped.pinned) <= set(parts.train.composition)
    known = parts.tests["known materials"]
    assert set(known.composition) <= set(parts.train.composition)
    assert not set(known.id) & set(parts.train.id)
    assert sum(map(len, parts.all().values())) == len(r2scan)


def test_known_materials_change_with_the_seed_and_the_rest_does_not(r2scan, shipped):
    a, b = (fold_split(r2scan, shipped, fold=0, seed=s) for s in (0, 1))
    assert list(a.test.id) == list(b.test.id)
    assert list(a.valid.id) == list(b.valid.id)
    assert set(a.tests["known materials"].id) != set(b.tests["known materials"].id)


def test_json_round_trip(shipped):
    assert Folds.from_json(shipped.to_json()) == shipped


def test_an_element_in_neighbouring_folds_only_is_pinned():
    from transferkit.data.folds import _keep_in_training

    fold, pinned = {"a": 0, "b": 1, "c": 3}, {}
    _keep_in_training("Xe", {"a": frozenset({"Xe"}), "b": frozenset({"Xe"}), "c": frozenset({"O"})}, fold, pinned, 4)
    assert pinned == {"a": "Xe would be missing from training in one fold"}
    assert fold == {"b": 1, "c": 3}


@pytest.mark.parametrize(
    ("options", "message"),
    [({"fold": 6}, "no fold 6; these folds go from 0 to 5"), ({"fold": 0, "known": -1}, "known must be")],
)
def test_bad_options_are_refused(r2scan, shipped, options, message):
    with pytest.raises(SplitError, match=message):
        fold_split(r2scan, shipped, **options)


def test_an_unknown_composition_is_named(r2scan, shipped):
    fewer = Folds(shipped.n, 0, {k: v for k, v in shipped.fold.items() if k != "MgO"}, shipped.pinned)
    with pytest.raises(SplitError, match="the first is MgO"):
        fold_split(r2scan, fewer, fold=0)


def test_too_few_folds_or_compositions(r2scan):
    with pytest.raises(SplitError, match="2 folds are too few"):
        make_folds(r2scan, n=2)
    with pytest.raises(SplitError, match="have no rare element; 3 folds need 3"):
        make_folds(r2scan[:2], n=3)
