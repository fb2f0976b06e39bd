"""The preview for people."""

from copy import deepcopy

import pytest

from transferkit.preview.preview import preview
from transferkit.preview.text import in_words, text_of


@pytest.fixture(scope="module")
def facts(recipe, tmp_path_factory):
    return preview(recipe(), output=tmp_path_factory.mktemp("text") / "run").facts


def test_it_goes_in_the_order_of_a_run(facts):
    text = text_of(facts)
    headings = ["\nSplit\n", "\nTrain\n", "\nWrite\n", "\nTakes\n", "\nIt can start."]
    assert text.startswith("Read\n")
    assert sorted(headings, key=text.index) == headings


@pytest.mark.parametrize(
    "words",
    ["367 structures", "elements that training lacks", "strategy full", "6 steps", "wall time", "memory about", "readout.default", "are free there"],
)  # fmt: skip
def test_it_says(facts, words):
    assert words in text_of(facts)


def test_a_busy_machine_is_told(facts):
    for slow, told in ((3.0, True), (1.05, False)):
        busy = deepcopy(facts)
        busy["cost"]["slow"] = slow
        assert ("undisturbed, it would take" in text_of(busy)) is told


def test_mistakes_come_last(facts):
    wrong = facts | {"cost": None, "mistakes": [{"what": "DataError: no", "where": ["a", "b", "c", "d"]}]}
    assert text_of(wrong).endswith("It cannot start: 1 mistake.\n  DataError: no [a; b; c and 1 more]")


def test_what_would_be_taken_out_is_told(facts):
    data = facts["read"][0] | {"quarantine": {"taken": 2, "reasons": {"x": 2}, "first": ["a.xyz: frame 3: x"]}}
    assert "2 frames would be taken out: a.xyz: frame 3: x" in text_of(facts | {"read": [data]})


def test_sizes():
    assert [in_words(size) for size in (900, 2.5e6, 3e10, 2e12)] == ["1 kB", "2.5 MB", "30 GB", "2.0 TB"]


def test_times_of_a_gradual_strategy_are_upper_bounds(facts):
    assert "an upper bound" not in text_of(facts)
    gradual = deepcopy(facts)
    next(iter(gradual["cost"]["variants"].values()))["gradual"] = True
    assert "an upper bound: steps were measured with every block open" in text_of(gradual)


def test_labels_are_left_out_where_they_are_not_known(facts):
    assert "; labels learnt: " in text_of(facts)
    refused = {**facts, "train": [{**arm, "labels": []} for arm in facts["train"]]}
    assert "learnt" not in text_of(refused)


def test_quarantine_is_written_only_if_frames_are_taken_out(facts):
    assert "identity.json, " in text_of(facts)
    assert "quarantine.jsonl (if frames are taken out)" in text_of(facts)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            {},
            "PITC with weight 1.2, PISC with weight 0.01; kappa 0 (first order), uniform displacements up to 0.05 Å\n",
        ),
        ({"pisc": 0.0, "kappa": 0.5}, "consistency losses: PITC with weight 1.2; kappa 0.5 (second order), uniform"),
        ({"fraction": 0.5, "warmup": 0.2}, "Å; 50 % of each batch; weights rise over 20 % of the steps\n"),
        ({"direction": "random", "length": 0.1}, "random displacements up to 0.1 Å\n"),
    ],
)
def test_consistency_losses_have_a_line(facts, changed, words):
    assert "consistency" not in text_of(facts)
    losses = {"pitc": 1.2, "pisc": 0.01, "kappa": 0.0, "length": 0.05, "direction": "uniform"}
    losses |= {"warmup": 0.0, "fraction": 1.0} | changed
    told = {**facts, "train": [{**arm, "consistency": losses} for arm in facts["train"]]}
    assert words in text_of(told)


def test_a_weight_without_labels_is_marked(facts):
    assert "    absent labels: the training data have no magmoms" in text_of(facts)
    arms = [{**arm, "ignored": ["forces"], "notes": ["absent labels: no forces"]} for arm in facts["train"]]
    assert "    ! absent labels: no forces" in text_of({**facts, "train": arms})
