import pytest

from transferkit.report.comparison_advice import comparison_command, comparison_steps, taken_variant

LABELS = {"a": "A, plain", "b": "B", "c": "C"}


def told(**more):
    """A is the baseline; B is lower by number only; C is worse beyond doubt."""

    def variant(mean, kept=(50, 60)):
        return {
            "tests": {"t": {"final": {"energy": {"mean": mean}}}},
            "kept_steps": list(kept),
            "runs": [f"r{mean}/seed-0"],
        }

    rows = [
        {"method": "b", "p_holm": 0.4, "interval": [-0.02, 0.01], "claim": True},
        {"method": "c", "p_holm": 0.001, "interval": [0.1, 0.2], "claim": True},
    ]
    return {
        "variants": {"a": variant(0.05), "b": variant(0.04), "c": variant(0.3)},
        "baseline": "a",
        "steps": 150,
        "paired": {"t": {"energy": rows}},
    } | more


def steps(content, *, indicative=False):
    return comparison_steps(content, ["t"], LABELS, indicative=indicative)


def test_the_baseline_is_taken_where_a_lower_number_is_not_told_apart():
    assert steps(told()) == [
        "Take “A, plain” (50.0 meV/atom on t): “B” is lower by number (40.0), but not told apart from it.",
        "Leave “C”: worse in energy.",
    ]


def test_a_variant_that_is_better_beyond_doubt_is_taken():
    content = told()
    content["paired"]["t"]["energy"][0] |= {"p_holm": 0.001, "interval": [-0.02, -0.01]}
    assert taken_variant(content, ["t"]) == "b"
    assert steps(content)[0] == "Take “B” (40.0 meV/atom on t)."


def test_without_a_baseline_the_lowest_is_taken_and_without_numbers_none():
    assert taken_variant(told(baseline=None), ["t"]) == "b"
    assert taken_variant(told(), ["elsewhere"]) is None
    assert taken_variant({}, []) is None


def test_few_seeds_soften_what_is_said_and_ask_for_more():
    content = told()
    for row in content["paired"]["t"]["energy"]:
        row["claim"] = False
    said = steps(content, indicative=True)
    assert "Leave “C”: worse in energy, as far as so few seeds can tell." in said
    assert any("Raise `seeds`" in text for text in said)
    assert comparison_command(content, ["t"], "f")[0] == 'transferkit run f/recipe.yaml "seeds=[0,1,2,3,4]" --output f'
    folds = comparison_command(content | {"folds": [0, 1]}, ["t"], "f")[0]
    assert '"seeds=[0,1,2,3,4,5,6,7,8,9]"' in folds


@pytest.mark.parametrize(
    ("kept", "words"), [((0, 0, 50), "no step beat the start"), ((150, 150, 0), "had not converged")]
)
def test_what_is_true_of_most_runs_is_said_of_the_variant(kept, words):
    content = told()
    content["variants"]["a"]["kept_steps"] = list(kept)
    said = [text for text in steps(content) if words in text]
    assert len(said) == 1
    assert said[0].startswith("For “A, plain” ")


def test_missing_runs_come_first():
    content = told(missing=["a/seed-3"])
    assert steps(content)[0].startswith("1 runs are missing")
    assert comparison_command(content, ["t"], "f") == (
        "transferkit run f/recipe.yaml --output f",
        "the runs that are missing",
    )


def test_the_command_exports_the_variant_to_take_and_nothing_where_there_is_none():
    assert comparison_command(told(), ["t"], "f")[0] == "transferkit export f/r0.05/seed-0 OUT"
    assert comparison_command({}, [], "f") == ("", "")


def test_a_smoke_comparison_goes_on_as_one():
    content = told() | {"missing": ["r0.05/seed-1"]}
    assert comparison_command(content, ["t"], "f", " --smoke")[0] == "transferkit run f/recipe.yaml --output f --smoke"
