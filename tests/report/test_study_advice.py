import pytest

from transferkit.report.study_advice import study_command, study_steps


def curve(chains=5, refused=""):
    return {"curve": "a", "sizes": [12, 120], "chains": {str(k): {} for k in range(chains)}, "refused": refused}


def section(*curves, crossing=None):
    return {"test": "unseen compositions", "curves": list(curves), "contrasts": [{"crossing": crossing}]}


def test_failures_and_missing_points_come_first():
    told = {"planned": 10, "missing": [{"state": "failed"}, {"state": "waiting"}]}
    steps = study_steps(told, [section(curve())])
    assert steps[0].startswith("Read why 1 point failed")
    assert "2 points of 10 are missing" in steps[1]
    assert study_command(told, "runs/x")[0] == "transferkit study runs/x/recipe.yaml --output runs/x"


@pytest.mark.parametrize(
    ("curves", "crossing", "words"),
    [
        ([curve(chains=1)], None, "1 is few for an interval"),
        ([curve(refused="Too few sizes.")], None, "span a decade"),
        ([curve()], {"interval": [300.0, None]}, "larger sizes say more"),
        ([curve()], {"interval": [300.0, 900.0]}, "Nothing stands out"),
    ],
)
def test_what_stands_out_is_said(curves, crossing, words):
    assert words in " ".join(study_steps({}, [section(*curves, crossing=crossing)]))


def test_seeds_that_wait_or_that_a_test_part_does_not_know_count_as_chains():
    told = {"planned": 5, "missing": [{"state": "waiting"}], "points": [{"chain": k} for k in range(5)]}
    assert "Add chains" not in " ".join(study_steps(told, [section(curve(chains=2))]))
    assert "2 are few" in " ".join(study_steps({}, [section(curve(chains=2)), section(curve(chains=1))]))


@pytest.mark.parametrize(("final", "said"), [(0.099, True), (0.05, False)])
def test_training_that_hardly_helped_is_to_be_looked_at(final, said):
    idle = curve() | {"mean": [0.2, final], "step0": [0.2, 0.1]}
    assert ("Look at the training of a first" in " ".join(study_steps({}, [section(idle)]))) is said


def test_an_unfinished_study_needs_no_more_sizes_yet():
    told = {"planned": 10, "missing": [{"state": "waiting"}]}
    assert "span a decade" not in " ".join(study_steps(told, [section(curve(refused="No chain has all sizes yet."))]))
