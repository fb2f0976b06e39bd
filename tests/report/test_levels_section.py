"""The page's words on levels of theory: sets, heads, what was kept out, and errors of each."""

import json

import pytest

from transferkit.report.comparison_page import comparison_page
from transferkit.report.levels_section import SETS, levels_section, set_names, sets_of_variants
from transferkit.report.page import write
from transferkit.report.run_page import run_page

ODD = "PBE<i>$U$</i>"
DATA = {"set": "data", "fidelity": "r2SCAN", "ratio": 1.0, "weight": 1.0, "pseudo": False, "structures": 220}
DATA |= {"labels": {"energy": 220}, "head": "r2SCAN", "policy": "residual", "held_out": None}
PBE = {"set": "beside.0", "fidelity": ODD, "ratio": 0.5, "weight": 0.3, "pseudo": True, "structures": 100}
PBE |= {"chosen_from": 1500, "labels": {"energy": 100, "forces": 40}, "head": "default", "policy": "keep"}
PBE |= {"left_out": {"validation": 60, "held_out": 87, "drawn": True}}
PBE |= {
    "held_out": {
        "structures": 87,
        "step0": {"energy": 0.03, "forces": 0.05, "stress": None},
        "final": {"energy": 0.06, "forces": 0.04, "stress": None},
    }
}
STAGE = {"fidelity": "PBE", "structures": {"train": 1200, "valid": 60, "held_out": 87}, "labels": {"energy": 1200}}
STAGE |= {"head": "default", "policy": "refit", "steps": 420, "epochs": 3, "best_step": 280, "wall_s": 93.0}
LINE = {
    "step": 150,
    "train": {
        "energy_mae": 0.02,
        "heads": {
            "r2SCAN": {"loss": 0.5, "energy_mae": 0.02, "forces_mae": None},
            "default": {"loss": 0.25, "energy_mae": 0.03, "forces_mae": 0.1},
        },
    },
    "valid": {"energy_mae": 0.03},
}


def errors(energy):
    return {"loss": 10 * energy, "energy_mae": energy, "forces_mae": None}


STEPS = [
    {"step": 0, "train": {"loss": None}, "valid": errors(0.4)},
    {"step": 280, "train": errors(0.1), "valid": errors(0.2)},
    {"step": 420, "train": errors(0.05), "valid": errors(0.3)},
]


@pytest.fixture
def folder(run_folder):
    """A run on the data, with a set beside them, after pre-training."""
    made = run_folder(lambda result: result.update(heads=[DATA, PBE], pretrain=STAGE), predictions=False)
    (made / "metrics.jsonl").write_text(json.dumps(LINE))
    (made / "pretrain").mkdir()
    (made / "pretrain" / "metrics.jsonl").write_text("\n".join(json.dumps(line) for line in STEPS))
    return made


def test_every_set_has_its_row(folder):
    section = run_page(folder)["levels"]
    assert section["head"] == [*SETS, "E0"]
    assert section["sets"] == [
        ["pretrain", "PBE", "default", "1,200", "energy", "–", "–", "refit"],
        ["data", "r2SCAN", "r2SCAN", "220", "energy", "1", "1", "residual"],
        [
            "beside.0",
            ODD,
            "default",
            "100 of 1,500",
            "energy, forces (40), predicted by the potential at the start",
            "0.5",
            "0.3",
            "keep",
        ],
    ]


def test_sentences_tell_of_pre_training_and_of_what_was_kept_out(folder):
    first, second = run_page(folder)["levels"]["sentences"]
    assert "learnt PBE (`pretrain`): 420 steps, 3 epochs over 1,200 structures, 1 min 33 s" in first
    assert "weights of step 280 were kept, chosen on 60 structures" in first
    assert first.endswith("87 structures of groups that the data test on were kept out.")
    assert second == (
        "Kept out of `beside.0`: 87 structures (drawn, since none shares a group with the tests) and 60 whose groups the data "
        "validate on."
    )


def test_errors_are_those_of_the_kept_step_before_and_of_the_last_evaluation_now(folder):
    section = run_page(folder)["levels"]
    assert section["measures"] == ["set", "part", "step", "loss", "energy (meV/atom)", "force (meV/Å)"]
    assert section["errors"] == [
        ["pretrain", "validation", "0", "4.00", "400", "–"],
        ["pretrain", "training", "280", "1.00", "100", "–"],
        ["pretrain", "validation", "280", "2.00", "200", "–"],
        ["data", "training", "150", "0.500", "20.0", "–"],
        ["beside.0", "training", "150", "0.250", "30.0", "100"],
    ]


def test_held_out_errors_stand_before_and_after(folder):
    section = run_page(folder)["levels"]
    assert section["changes"][1:4] == ["structures", "energy before (meV/atom)", "energy after (meV/atom)"]
    assert section["held"] == [["beside.0", "87", "30.0", "60.0", "50.0", "40.0"]]  # no stress was measured


def test_the_page_escapes_names_and_links_to_the_section(folder):
    text = write(folder).read_text()
    assert 'href="#levels"' in text
    assert "PBE&lt;i&gt;$U$&lt;/i&gt;" in text
    assert ODD not in text
    assert "the last panel has the loss of every set" in text
    assert (folder / "figures" / "learning-curves.png").exists()


def test_a_run_of_the_data_alone_has_no_section(run_folder):
    for name, heads in (("old", None), ("one", [DATA])):
        folder = run_folder(lambda result, heads=heads: result.update(heads=heads), name=name, predictions=False)
        assert run_page(folder)["levels"] is None
        assert 'id="levels"' not in write(folder).read_text()


def test_lost_metrics_are_told_and_leave_the_rest(folder):
    (folder / "metrics.jsonl").unlink()
    (folder / "pretrain" / "metrics.jsonl").unlink()
    page = run_page(folder)
    assert page["levels"]["errors"] == []
    assert len(page["levels"]["sets"]) == 3
    assert "pretrain/metrics.jsonl is not in this folder: there are no errors of pre-training." in page["notes"]
    assert "Errors on what was learnt from" not in write(folder).read_text()


def test_names_in_the_metrics_stay_where_the_rows_are_not_theirs():
    assert set_names({"heads": [DATA, PBE]}, [LINE]) == {"r2SCAN": "data (r2SCAN)", "default": f"beside.0 ({ODD})"}
    assert set_names({}, [LINE]) == {"r2SCAN": "r2SCAN", "default": "default"}
    assert set_names({"heads": [DATA]}, [{"step": 0, "train": None}]) == {}


def test_variants_are_listed_where_they_learnt_from_different_sets():
    labels = {"a": "A", "b": "B"}
    delta, forces = DATA | {"fidelity": "r2SCAN minus PBE"}, DATA | {"labels": {"energy": 220, "forces": 220}}
    assert sets_of_variants({"a": [{"heads": [DATA]}], "b": [{"heads": [DATA | {"structures": 9}]}]}, labels) == []
    assert sets_of_variants({"a": [{}], "b": []}, labels) == []
    rows = sets_of_variants({"a": [{"heads": [DATA]}], "b": [{"heads": [DATA], "pretrain": STAGE}]}, labels)
    assert [row[:4] for row in rows] == [
        ["A", "data", "r2SCAN", "r2SCAN"],
        ["B", "pretrain", "PBE", "default"],
        ["B", "data", "r2SCAN", "r2SCAN"],
    ]
    for other in (delta, forces):
        assert len(sets_of_variants({"a": [{"heads": [DATA]}], "b": [{"heads": [other]}]}, labels)) == 2


def test_the_page_of_a_comparison_has_the_table_where_it_says_something(comparison_folder):
    folder = comparison_folder()
    assert comparison_page(folder)["levels"] == []
    assert "what each variant learnt from" not in write(folder).read_text()
    path = folder / "residual" / "seed-0" / "result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"heads": [DATA, PBE]}))
    assert [row[1] for row in comparison_page(folder)["levels"] if row[0] == "residual"] == ["data", "beside.0"]
    text = write(folder).read_text()
    assert "what each variant learnt from" in text
    assert ODD not in text


def test_no_rows_no_section(folder):
    from transferkit.report.folder import read_run

    run = read_run(folder)
    run.result["pretrain"] = None
    run.result["heads"] = []
    assert levels_section(run) is None
