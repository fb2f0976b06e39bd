import json

import pytest

from transferkit.errors import RunFolderError
from transferkit.report.comparison_page import comparison_page, first_runs
from transferkit.report.page import write
from transferkit.report.quantities import MISSING

TEST = "unseen compositions"


def variant(energy, forces=None, **more):
    """A variant by its final errors, eV/atom and eV/Å."""
    final = {"energy": {"mean": energy, "interval": [0.5 * energy, 2 * energy]}, "forces": forces and {"mean": forces}}
    return {"tests": {TEST: {"step0": {"energy": {"mean": 0.001}}, "final": final}}} | more


@pytest.fixture
def page(tmp_path):
    def make(**content):
        (tmp_path / "comparison.json").write_text(json.dumps(content))
        return comparison_page(tmp_path)

    return make


def cells(page, label):
    (row,) = (row for row in page["tables"][TEST] if row["label"] == label)
    return row["cells"]


def test_lowest_final_error_of_each_property_is_marked(page):
    made = page(variants={"a": variant(0.05, 0.2, label="A"), "b": variant(0.03, 0.4), "c": {"tests": {}}})
    assert [cell["best"] for cell in cells(made, "A")] == [False, False, False, True, False, False]
    assert [cell["best"] for cell in cells(made, "b")] == [False, True, False, False, False, False]
    assert [cell["text"] for cell in cells(made, "b")][:4] == ["1.00", "30.0 [15.0, 60.0]", MISSING, "400"]


def test_variant_without_a_measurement_has_dashes_and_is_never_best(page):
    blank = {"tests": {TEST: {"step0": {"energy": None}, "final": None}}}
    assert cells(page(variants={"a": blank, "b": variant(0.1)}), "a") == [{"text": MISSING, "best": False}] * 6


@pytest.mark.parametrize(
    ("folds", "there", "absent"),
    [([0], "which frames are held back", "fold"), ([0, 1], "sets the fold, ", "split"), ([], "sets the split", "fold")],
)
def test_what_a_seed_sets_follows_the_folds(page, folds, there, absent):
    tests = {"known materials": {}, TEST: {}}
    said = page(folds=folds, variants={"a": {"tests": tests}})["intervals"].partition("Between")[2]
    assert there in said
    assert absent not in said


def test_a_seed_sets_initial_weights_only_from_scratch(page, tmp_path):
    for kind in ("full", "from-scratch"):
        (tmp_path / "result.json").write_text(json.dumps({"strategy": {"kind": kind}}))
        said = page(variants={"a": {"runs": ["."]}}, folds=[0])["intervals"]
        assert ("initial weights" in said) == (kind == "from-scratch")
        assert "known materials" not in said


@pytest.mark.parametrize(("fewest", "indicative"), [(5, False), (1, True)])
def test_indicative_is_what_the_comparisons_say_whatever_the_number_of_seeds(page, fewest, indicative):
    row = {"method": "a", "mean_difference": 0.1, "n_seeds": 5, "seeds_per_composition": fewest, "claim": fewest == 5}
    made = page(
        seeds=[0, 1, 2, 3, 4],
        variants={"a": variant(0.1), "b": variant(0.2)},
        baseline="b",
        paired={TEST: {"energy": [row]}},
    )
    assert bool(made["indicative"]) is indicative


def test_paired_rows_are_in_shown_units_by_label_and_warnings_stand_once(page):
    def row(method, warning):
        return {
            "method": method,
            "mean_difference": -0.02,
            "interval": [-0.03, -0.01],
            "p_wilcoxon": 0.0001,
            "p_holm": 0.04,
            "n_compositions": 30,
            "n_seeds": 5,
            "seeds_per_composition": 4,
            "claim": False,
            "warnings": [warning, "few seeds"],
        }

    made = page(
        variants={"a": variant(0.05, label="A"), "b": variant(0.07, label="B")},
        baseline="b",
        paired={TEST: {"energy": [row("a", "x")], "forces": [row("gone", "y")]}},
    )
    assert made["baseline"] == "B"
    assert made["paired"][TEST] == [
        ["energy (meV/atom)", "A", "−20.0 [−30.0, −10.0]", "better", "< 0.001", "0.040", "30", "5", "4"],
        ["force (meV/Å)", "gone", "−20.0 [−30.0, −10.0]", "better", "< 0.001", "0.040", "30", "5", "4"],
    ]
    assert made["warnings"][TEST] == ["x", "few seeds", "y"]
    assert [picture.file for picture in made["pictures"][TEST]] == [
        "figures/errors-unseen-compositions.png",
        "figures/paired-unseen-compositions.png",
    ]


@pytest.mark.parametrize(("low", "said"), [(0.01, "worse"), (-0.01, "not told apart")])
def test_table_figure_and_sentence_agree_where_the_interval_holds_zero(page, tmp_path, low, said):
    row = {"method": "a", "mean_difference": 0.02, "interval": [low, 0.05], "p_holm": 0.001, "claim": True}
    made = page(
        variants={"a": variant(0.05, label="A"), "b": variant(0.03)}, baseline="b", paired={TEST: {"energy": [row]}}
    )
    assert made["paired"][TEST][0][3] == said
    assert any("A is worse in energy" in text for text in made["verdicts"]) == (said == "worse")
    assert any("not told apart from the baseline: in energy “A”" in t for t in made["verdicts"]) == (said != "worse")
    assert made["rule"] in write(tmp_path).read_text()


def test_kept_steps_stand_in_the_order_of_seeds_and_missing_ones_are_a_dash(page, tmp_path):
    made = page(steps=150, variants={"a": variant(0.1, kept_steps=[28, 0, 1500]), "b": variant(0.1)})
    assert [v["kept"] for v in made["variants"]] == ["28, 0, 1,500", MISSING]
    many = {"a": variant(0.1, kept_steps=[14, *[98] * 8, 150])}
    assert page(variants=many)["variants"][0]["kept"] == "median 98, from 14 to 150"
    page(steps=150, variants={"a": variant(0.1, kept_steps=[28, 0, 1500]), "b": variant(0.1)})
    text = write(tmp_path).read_text()
    assert "2 variants, 150 steps each, weights with the lowest validation loss kept" in text
    assert "weights kept from step" in text
    assert '<td class="steps">28, 0, 1,500</td>' in text


@pytest.mark.parametrize(("low", "harmed"), [(0.01, True), (-0.01, False)])
def test_harm_is_said_on_the_page_and_at_its_head_where_it_is_more_than_chance(page, tmp_path, low, harmed):
    one = variant(0.05, label="A")
    one["tests"][TEST]["change"] = {"energy": {"mean": 0.049, "interval": [low, 0.09]}}
    made = page(variants={"a": one})
    assert "energy error: “A” (1.00 to 50.0, change 49.0 [" in made["harm"][0]
    assert ("training did harm" in made["harm"][0]) == harmed
    text = write(tmp_path).read_text()
    assert ("Training did harm to some variants" in text) == harmed
    assert "“A” (1.00 to 50.0, change 49.0 [" in text
    assert made["harm_rule"] in text


def test_pages_of_runs_have_addresses_that_a_browser_takes_for_files(page, tmp_path):
    for run in ("a b/seed-0", "x:y/seed-0"):
        (tmp_path / run).mkdir(parents=True)
        (tmp_path / run / "index.html").touch()
    (made,) = page(variants={"a": {"runs": ["a b/seed-0", "x:y/seed-0", "gone/seed-1"]}})["variants"]
    assert made["pages"] == [
        {"name": "seed-0", "href": "a%20b/seed-0/index.html"},
        {"name": "seed-0", "href": "x%3Ay/seed-0/index.html"},
    ]


def test_set_up_is_that_of_the_first_run_that_is_there(tmp_path):
    for seed in (1, 2):
        (tmp_path / f"a/seed-{seed}").mkdir(parents=True)
        (tmp_path / f"a/seed-{seed}/result.json").write_text(json.dumps({"seed": seed}))
    runs = {"a": {"runs": [f"a/seed-{seed}" for seed in range(3)]}, "b": {"runs": ["b/seed-0"]}, "c": {}}
    found, notes = first_runs(tmp_path, runs)
    assert found == {"a": {"seed": 1}}
    assert [note.split(" is in this folder")[0] for note in notes] == ["No result.json of b, c"]
    (note,) = first_runs(tmp_path, {"b": {}})[1]
    assert note.startswith("No result.json of any variant")


@pytest.mark.parametrize(("text", "message"), [("[]", "holds list, not an object"), ("{", "is not valid JSON")])
def test_a_damaged_comparison_is_refused(tmp_path, text, message):
    (tmp_path / "comparison.json").write_text(text)
    with pytest.raises(RunFolderError, match=rf"comparison\.json {message}"):
        comparison_page(tmp_path)


def test_policies_are_those_of_a_pretrained_run_and_refit_is_explained(page, tmp_path):
    def run(name, kind, mean):
        rows = [
            {"policy": "refit", "mean": mean, "median": mean, "rmse": mean, "n_compositions": 9, "n_undetermined": 0}
        ]
        (tmp_path / name).mkdir()
        told = {"seed": 4, "strategy": {"kind": kind}, "reference": {"table": {"rows": rows}}}
        (tmp_path / name / "result.json").write_text(json.dumps(told))
        return variant(0.1, label=name.upper(), runs=[name])

    made = page(variants={"s": run("s", "from-scratch", 9.0), "p": run("p", "full", 0.61)}, baseline="s")
    assert [row["cells"][0] for row in made["policies"]] == ["610"]
    assert made["policies_of"] == "P, seed 4"
    text = write(tmp_path).read_text()
    assert "counts twice" in text
    assert "610" in text


def test_without_a_pretrained_run_there_is_no_table_of_policies(page, tmp_path):
    assert page(variants={"a": variant(0.1)})["policies"] == []
    assert "counts twice" not in write(tmp_path).read_text()


def test_what_was_taken_out_is_one_line_or_one_for_each_way(tmp_path):
    for name, n in (("a", 3), ("b", 3), ("c", 0)):
        (tmp_path / name).mkdir()
        stored = {"taken": n, "reasons": {"no energy": n} if n else {}, "file": "quarantine.jsonl" if n else None}
        (tmp_path / name / "result.json").write_text(json.dumps({"data": {"quarantine": stored}}))
    variants = {name: variant(0.1, runs=[name], label=name.upper()) for name in "ab"}
    (tmp_path / "comparison.json").write_text(json.dumps({"variants": variants}))
    said = "3 structures (3 with no energy); quarantine.jsonl in the folder of each run names them"
    assert comparison_page(tmp_path)["taken_out"] == [said]
    assert f"Taken out before anything else: {said}." in write(tmp_path).read_text()
    (tmp_path / "comparison.json").write_text(json.dumps({"variants": variants | {"c": variant(0.1, runs=["c"])}}))
    assert comparison_page(tmp_path)["taken_out"] == [f"{said}, for A, B"]
    (tmp_path / "comparison.json").write_text(json.dumps({"variants": {"c": variant(0.1, runs=["c"])}}))
    assert comparison_page(tmp_path)["taken_out"] == []


@pytest.mark.parametrize(("smoke", "end"), [(True, " --smoke"), (False, "")])
def test_an_interrupted_smoke_run_goes_on_as_one(page, tmp_path, smoke, end):
    (tmp_path / "identity.json").write_text(json.dumps({"identity": "0", "name": "x", "smoke": smoke}))
    assert page(missing=["a/seed-1"])["command"].endswith(f"--output {tmp_path.name}{end}")


def test_training_time_of_each_variant_is_told(page):
    found = page(variants={"timed": variant(0.1, wall_s=93.0), "older": variant(0.1)})["variants"]
    assert [v["time"] for v in found] == ["1 min 33 s", MISSING]
