import pytest

from transferkit.report.sentences import (
    about_policies,
    asked,
    harm_done,
    headline,
    kept,
    outcome,
    overlap,
    shown,
    step_zero,
)


def stage(mae, interval=None):
    return {"energy": {"mae": mae, "interval": interval}, "forces": None}


def run(before, after, **training):
    return {
        "data": {"counts": {"t": 9}, "compositions": {"t": 4}},
        "training": {"steps": 150, "best_step": 90, "stopped": "finished"} | training,
        "tests": {"t": {"step0": before, "final": after}},
    }


def test_outcome_has_the_numbers_the_direction_and_the_size_of_the_test():
    [text] = outcome(run(stage(0.0537, [0.05, 0.06]), stage(0.0213, [0.02, 0.03])))
    assert text == (
        "On t (9 structures, 4 compositions), before training and after training "
        "(weights of step 90 of 150, lowest validation loss): "
        "the energy error fell from 53.7 [50.0, 60.0] meV/atom to 21.3 [20.0, 30.0] meV/atom."
    )


def test_a_rise_is_called_a_rise_and_overlap_is_said():
    [text] = outcome(run(stage(0.04, [0.03, 0.05]), stage(0.046, [0.04, 0.05])))
    assert "rose from 40.0" in text
    assert "(the intervals overlap)" in text


def test_weights_from_before_training_are_said_to_be_so():
    [text] = outcome(run(stage(0.04), stage(0.04), best_step=0))
    assert text == (
        "On t (9 structures, 4 compositions), no evaluation in 150 steps beat the start on the validation part, "
        "so the weights are those from before training: the energy error stayed at 40.0 meV/atom."
    )


def test_kept_weights_that_are_not_stored_are_not_made_up():
    assert "not stored" in kept({"training": {"steps": 150}})
    assert "step 150 of 150, the last, as asked for" in kept(
        {"training": {"steps": 150, "best_step": 150, "keep": "last"}}
    )


def test_force_error_is_that_over_free_components_and_has_no_interval_of_another():
    def forces(free):
        return {"forces": {"mae": 0.01, "free_mae": free, "interval": [0.009, 0.011]}}

    [text] = outcome(run(forces(0.117), forces(0.103)))
    assert text.endswith("the force error over components that symmetry leaves free fell from 117 meV/Å to 103 meV/Å.")


def test_nothing_measured_is_said_and_not_zero():
    [text] = outcome(run(stage(None), stage(None)))
    assert "nothing could be measured" in text
    assert "0.00" not in text


def test_missing_step0_is_said():
    [text] = outcome(run(None, stage(0.05)))
    assert "not measured before training" in text


def test_sizes_are_without_the_structures_counted_apart():
    result = run(stage(0.1), stage(0.05) | {"by_composition": {"A": {}, "B": {}, "C": {}}})
    result["tests"]["t"]["undetermined"] = {"ids": ["a", "b"]}
    assert outcome(result)[0].startswith("On t (7 structures, 3 compositions; 2 more counted apart), before")


@pytest.mark.parametrize(
    ("kind", "words"), [("from-scratch", "network with random weights"), ("frozen", "pretrained network")]
)
def test_step_zero_is_said_by_how_the_network_started(kind, words):
    assert words in step_zero({"strategy": {"kind": kind}})


def test_headline_and_intervals():
    assert headline(None, "energy") == (None, None)
    assert shown(stage(0.05), "energy") == "50.0 meV/atom"
    assert shown(stage(None), "energy") == "–"
    assert overlap([0.0, 1.0], [1.0, 2.0]) is True
    assert overlap([0.0, 1.0], [None, 2.0]) is None


def test_what_was_asked_names_potential_target_size_and_method():
    text = asked(
        run(None, None)
        | {
            "adapter": {"name": "chgnet", "checkpoint": "0.3.0"},
            "fidelity": "r2SCAN",
            "data": {"counts": {"train": 220}, "compositions": {"train": 121}, "source": "mine.xyz"},
            "reference": {"policy": "residual"},
            "strategy": {"kind": "frozen"},
        }
    )
    assert text == (
        "chgnet 0.3.0 was to be taken to r2SCAN with 220 structures of 121 compositions from mine.xyz, "
        "its elemental energies E0 set by `residual`, the network trained by the strategy `frozen`."
    )
    assert asked({}).startswith("A potential was to be taken to another level of theory")


def test_the_policy_is_set_beside_the_best_and_beside_nothing_done():
    rows = [{"policy": p, "mean": m} for p, m in (("residual", 0.058), ("refit", 0.612), ("keep", 21.4), ("x", None))]
    result = {"reference": {"policy": "refit", "table": {"best": "residual", "rows": rows}}}
    assert about_policies(result) == (
        "Before any training, `refit` predicts compositions left out of its fit to 612 meV/atom; `residual` does best with "
        "58.0. With E0 left as it was (`keep`) it would be 21,400."
    )
    assert about_policies({"reference": {"policy": "x", "table": {"best": "residual", "rows": rows}}}) == ""
    assert about_policies({}) == ""


def test_harm_names_test_and_property_and_needs_a_rise_that_is_shown():
    worse = run(stage(0.04, [0.03, 0.05]), stage(0.09, [0.08, 0.1]))
    assert harm_done(worse) == ["Training did harm: on t the energy error rose."]
    for unclear in (run(stage(0.04), stage(0.046)), run(stage(0.04, [0.03, 0.05]), stage(0.045, [0.04, 0.05]))):
        assert harm_done(unclear) == [
            "Perhaps by chance, as intervals overlap or are not known: on t the energy error rose."
        ]
    assert harm_done(run(stage(0.04), stage(0.0400001))) == []
    assert harm_done(run(stage(0.05), stage(0.04))) == []
    assert harm_done(run(None, stage(0.04))) == []
