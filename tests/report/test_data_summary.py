import pytest

from transferkit.report.data_summary import data_outcome, data_steps


def found(**more):
    return {
        "structures": 100,
        "atoms": 400,
        "compositions": 60,
        "elements": {"Mg": {"compositions": 40}, "O": {"compositions": 50}},
        "labels": {"energy": 100, "forces": 100, "stress": 0, "magmoms": 0},
        "undetermined": [],
        "fidelity": "r2SCAN",
        "label_convention": "raw",
        "residual_rms": 0.331,
    } | more


def test_what_is_here_has_size_level_and_coverage():
    assert data_outcome(found()) == [
        "100 structures with 400 atoms: 60 compositions of 2 elements, r2SCAN, raw energies.",
        "The data determine the elemental energy E0 of every element.",
        "A constant per element leaves 331 meV/atom (root mean square) of the energies.",
    ]


def test_undetermined_elements_are_named():
    assert data_outcome(found(undetermined=["O"]))[1] == "The data determine E0 of all elements but O."
    assert "none of the 2 elements" in data_outcome(found(undetermined=["Mg", "O"]))[1]


def test_without_energies_there_is_no_word_on_what_is_left():
    assert len(data_outcome(found(residual_rms=None))) == 2


def test_a_good_set_needs_nothing():
    assert data_steps(found()) == ["Nothing stands in the way of training."]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"findings": [{"severity": "warning", "what": "x"}] * 2}, "Settle the 2 warnings below"),
        ({"quarantine": {"taken": 3}}, "Look at the 3 structures that a run takes out"),
        ({"labels": {"energy": 0}}, "`--key energy=NAME`"),
        ({"labels": {"energy": 50, "forces": 100}}, "50 % of the structures have energies"),
        ({"labels": {"energy": 100, "forces": 0}}, "There are no forces"),
        ({"undetermined": ["O"]}, "Add compositions with O in other proportions"),
        ({"elements": {"Nb": {"compositions": 1}}}, "Few compositions hold Nb"),
        ({"compositions": 1}, "With 1 composition a test on unseen ones is small or impossible: split by `material`"),
        ({"duplicates": 4}, "keep one each: 4 structures too many"),
    ],
)
def test_advice_follows_what_was_found(change, words):
    assert any(words in text for text in data_steps(found(**change)))
    assert not any(words in text for text in data_steps(found()))


def test_an_empty_description_is_no_error():
    assert data_outcome({})
    assert data_steps({})
