import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import transferkit as tk
from transferkit.data.split import groups, split
from transferkit.errors import SplitError

DATA = tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")
UNSEEN = {"composition": "unseen compositions", "material": "unseen materials", "prototype": "unseen prototypes"}


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    by=st.sampled_from(["composition", "material", "prototype", "random"]),
    rows=st.sets(st.integers(0, len(DATA) - 1), min_size=120),
    test=st.floats(0.05, 0.3),
    valid=st.floats(0.0, 0.3),
    known=st.floats(0, 0.5),
)
def test_parts_are_disjoint_by_group_and_complete(seed, by, rows, test, valid, known):  # noqa: PLR0917
    data = DATA[sorted(rows)]
    parts = split(data, by=by, seed=seed, fractions=(1 - test - valid, valid, test), known=known)
    ids = [str(i) for part in parts.all().values() for i in part.id]
    assert sorted(ids) == sorted(data.id)
    held = {name: set(groups(part, by)) for name, part in parts.all().items()}
    assert not held["train"] & held["valid"]
    for name in set(parts.tests) - {"known materials"}:
        assert not held[name] & (held["train"] | held["valid"])
    if "known materials" in parts.tests:
        assert held["known materials"] <= held["train"]
    assert len(parts.train) > 0
    assert len(parts.test) > 0


@pytest.mark.parametrize("by", UNSEEN)
def test_names_of_tests(by):
    parts = split(DATA, by=by)
    assert list(parts.tests) == ["known materials", UNSEEN[by]]
    assert parts.test is parts.tests[UNSEEN[by]]


def test_random_split_has_one_test():
    parts = split(DATA, by="random")
    assert list(parts.tests) == ["random frames"]
    assert parts.test is parts.tests["random frames"]


def test_shares_are_met():
    parts = split(DATA, fractions=(0.7, 0.1, 0.2), known=0.1)
    assert abs(len(parts.test) - 0.2 * len(DATA)) <= 4
    assert abs(len(parts.valid) - 0.1 * len(DATA)) <= 4
    in_training = len(parts.train) + len(parts.tests["known materials"])
    assert len(parts.tests["known materials"]) == round(0.1 * in_training)


def test_order_of_rows_does_not_matter():
    shuffled = DATA[np.random.default_rng(3).permutation(len(DATA))]
    for name, part in split(DATA, seed=5).all().items():
        assert sorted(part.id) == sorted(split(shuffled, seed=5).all()[name].id)


def test_same_split_on_any_machine():
    digest = hashlib.sha256("|".join(sorted(split(DATA, seed=0).test.id)).encode()).hexdigest()[:16]
    assert digest == "90aeadd447befa54"


def test_seeds_differ():
    assert set(split(DATA, seed=0).test.id) != set(split(DATA, seed=1).test.id)


def test_elements_that_training_lacks_are_named():
    symbol, structure = "Nb", "KNbO3-perovskite-wideal"
    parts = next(p for s in range(50) if structure in (p := split(DATA, seed=s)).test.id)
    assert parts.info["elements_absent_from_training"]["unseen compositions"][symbol] == [structure]
    assert any(symbol in w and structure in w for w in parts.warnings)
    assert f"! unseen compositions: {symbol}" in parts.describe()


def test_info_counts_agree_with_parts():
    parts = split(DATA)
    assert parts.info["counts"] == {name: len(part) for name, part in parts.all().items()}
    assert parts.info["compositions"]["train"] == len(set(parts.train.composition))
    assert parts.info["data_hash"] == DATA.hash


def test_known_zero_makes_no_known_test():
    assert list(split(DATA, known=0).tests) == ["unseen compositions"]


def test_a_known_test_that_cannot_be_made_is_reported():
    one_each = DATA[np.unique(DATA.composition.astype(str), return_index=True)[1]]
    parts = split(one_each)
    assert list(parts.tests) == ["unseen compositions"]
    assert any("known materials" in w and "single frame" in w for w in parts.warnings)


def test_valid_may_be_empty_when_asked():
    assert len(split(DATA, fractions=(0.8, 0.0, 0.2)).valid) == 0


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (DATA[:1], {}, "1 structures form 1 group(s) by composition, but 3 parts need 3"),
        (DATA[:2], {"by": "random"}, "form 2 group(s) by random"),
        (DATA, {"fractions": (0.8, 0.1, 0.2)}, "sum to 1"),
        (DATA, {"fractions": (1.2, -0.1, -0.1)}, "sum to 1"),
        (DATA, {"fractions": (0.9, 0.1, 0.0)}, "the share of test is 0"),
        (DATA, {"fractions": (0.0, 0.5, 0.5)}, "the share of train is 0"),
        (DATA, {"known": 1.0}, "known must be a share"),
    ],
)
def test_bad_input_is_refused(data, options, message):
    with pytest.raises(SplitError) as caught:
        split(data, **options)
    assert message in str(caught.value)


def test_a_misspelt_group_names_the_nearest():
    with pytest.raises(SplitError, match="Did you mean 'composition'"):
        groups(DATA, "compositon")


def test_prototype_needs_its_column():
    from dataclasses import replace

    with pytest.raises(SplitError, match="needs the column 'prototype'"):
        split(replace(DATA, columns={}), by="prototype")


def test_a_small_set_still_gives_every_part():
    few = DATA[np.isin(DATA.composition.astype(str), ["MgO", "FLi", "ClNa"])]
    assert {len(set(part.composition)) for name, part in split(few).all().items()} == {1}
