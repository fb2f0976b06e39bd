import pytest

from transferkit.report.advice import next_command, next_steps


def stage(mae, interval=None, **more):
    return {"energy": {"mae": mae, "interval": interval}, "forces": None} | more


def run(before, after, **training):
    return {
        "data": {"counts": {"t": 90}, "compositions": {"t": 40}},
        "training": {"steps": 150, "best_step": 90, "stopped": "finished"} | training,
        "tests": {"t": {"step0": before, "final": after}},
    }


@pytest.mark.parametrize(
    ("training", "words"),
    [
        ({"best_step": 150}, "had not converged"),
        ({"best_step": 0}, "No step improved"),
        ({"stopped": "interrupted"}, "go on from the checkpoint"),
    ],
)
def test_advice_follows_how_training_ended(training, words):
    assert any(words in text for text in next_steps(run(stage(0.1), stage(0.05), **training)))
    assert not any(words in text for text in next_steps(run(stage(0.1), stage(0.05))))


def test_advice_names_the_best_policy_after_a_warning():
    result = run(stage(0.8), stage(0.3))
    result["reference"] = {
        "policy": "refit",
        "warning": "refit is far worse",
        "table": {"best": "residual", "rows": [{"policy": p, "mean": 1.0} for p in ("refit", "residual")]},
    }
    assert "`residual`" in next_steps(result)[0]
    result["reference"]["warning"] = None
    assert not any("residual" in text for text in next_steps(result))


def test_advice_on_worse_energies_needs_separate_intervals():
    worse = run(stage(0.04, [0.03, 0.05]), stage(0.09, [0.08, 0.1]))
    unclear = run(stage(0.04, [0.03, 0.05]), stage(0.045, [0.04, 0.05]))
    assert any("made energies on t worse" in text for text in next_steps(worse))
    assert not any("worse" in text for text in next_steps(unclear))


def test_advice_counts_undetermined_structures():
    result = run(stage(0.1), stage(0.05))
    result["tests"]["t"]["undetermined"] = {"ids": ["a", "b"]}
    assert any("2 in t" in text for text in next_steps(result))


def test_undetermined_elements_are_named():
    result = run(stage(0.1), stage(0.05))
    result["reference"] = {"undetermined": ["La", "U"]}
    assert any("do not determine (La, U), in different compositions." in text for text in next_steps(result))


def test_more_data_is_asked_of_elements_that_are_poor_and_rare_in_training():
    rows = {
        "Si": {"energy_mae": 0.2, "n_train": 4},
        "Mg": {"energy_mae": 0.3, "n_train": 40},
        "O": {"energy_mae": 0.05, "n_train": 1},
    }
    said = [text for text in next_steps(run(stage(0.1), stage(0.1, by_element=rows))) if "More data" in text]
    assert said == [
        "More data of the elements that are predicted poorest on t: Si (200 meV/atom, in 4 training compositions)."
    ]
    old = run(stage(0.1), stage(0.1, by_element={"Si": {"energy_mae": 0.2}}))
    assert any("Si (200 meV/atom)." in text for text in next_steps(old))


def test_findings_and_quarantine_come_first():
    result = run(stage(0.1), stage(0.05), best_step=0)
    result["data"] |= {
        "findings": ["warning: units. Evidence: x. Mend: y.", "note: z."],
        "quarantine": {"taken": 3, "reasons": {"no energy": 3}, "file": "quarantine.jsonl"},
    }
    first, second, *_ = next_steps(result)
    assert first == "Look at the data before the numbers: 1 warning below."
    assert "3 structures were taken out: `quarantine.jsonl`" in second


def test_forces_no_better_than_zero_and_small_tests_are_said():
    forces = {"free_mae": 0.5, "free_predict_zero_mae": 0.4}
    result = run(stage(0.1), stage(0.05, forces=forces))
    result["data"]["compositions"]["t"] = 3
    said = " ".join(next_steps(result))
    assert "Forces on t are no better than predicting zero" in said
    assert "The test on t has 3 compositions only" in said


POOR = {
    "policy": "refit",
    "warning": "poor",
    "table": {"best": "residual", "rows": [{"policy": p, "mean": 1.0} for p in ("refit", "residual")]},
}
RECIPE = "training:\n  steps: 20\n  epochs: null\n"


@pytest.mark.parametrize(
    ("change", "command"),
    [
        ({"training": {"stopped": "interrupted"}}, "transferkit run r/recipe.yaml --output r"),
        (
            {"reference": POOR},
            "transferkit run r/recipe.yaml reference.policy=residual --output r-residual",
        ),
        (
            {"training": {"steps": 20, "best_step": 20}},
            "transferkit run r/recipe.yaml training.steps=60 --output r-longer",
        ),
        (
            {"training": {"steps": 20, "best_step": 9}, "seed": 0},
            'transferkit run r/recipe.yaml "seeds=[0,1,2,3,4]" --output r-seeds',
        ),
        (
            {"data": {"findings": ["warning: units."]}, "reference": POOR},
            "transferkit describe DATA --page data.html",
        ),
        ({"data": {"findings": ["note: duplicates."]}}, "transferkit export r OUT"),
        ({}, "transferkit export r OUT"),
        ({"variant": "a", "seed": 0, "training": {"stopped": "interrupted"}}, "transferkit export r OUT"),
    ],
)
def test_the_next_command_is_that_of_the_most_urgent_advice(change, command):
    assert next_command(change, "r", RECIPE)[0] == command


def test_a_recipe_that_is_absent_or_damaged_leaves_a_command_that_works():
    late = {"training": {"steps": 20, "best_step": 20}}
    assert next_command(late, "r", "")[0] == "transferkit export r OUT"
    assert next_command(late, "r", "{:")[0] == "transferkit export r OUT"
    assert "training.epochs=30" in next_command(late, "r", "training: {epochs: 10}")[0]


def test_a_policy_that_could_not_be_scored_is_not_called_worse():
    rows = [{"policy": "residual", "mean": None}, {"policy": "keep", "mean": 3.2}]
    result = run(stage(0.1), stage(0.05))
    result["reference"] = {"policy": "residual", "warning": "not scored", "table": {"best": "keep", "rows": rows}}
    assert not any("keep" in text for text in next_steps(result))
    assert "reference.policy" not in next_command(result, "r", RECIPE)[0]


def test_a_smoke_run_goes_on_as_one():
    result = {"training": {"stopped": "interrupted"}}
    assert next_command(result, "f", "a: 1", " --smoke")[0] == "transferkit run f/recipe.yaml --output f --smoke"
