import json

from transferkit.report.run_page import files_written, run_page


def test_files_are_listed_without_the_page_itself(tmp_path):
    (tmp_path / "index.html").write_text("x")
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "a.bin").write_bytes(b"0" * 2048)
    (tmp_path / "b.json").write_bytes(b"0" * 512)
    assert files_written(tmp_path) == [["b.json", "1", "0.5"], ["model/", "1", "2.0"]]


def test_a_run_that_stored_no_worst_structures_takes_them_from_its_predictions(run_folder):
    page = run_page(run_folder())
    rows = page["worst"]["unseen compositions"]
    assert 0 < len(rows) <= 20
    assert rows[0][0].startswith("MgO-")
    assert run_page(run_folder(name="bare", predictions=False))["worst"]["unseen compositions"] == []


def test_structures_counted_apart_are_not_among_the_worst(run_folder):
    def apart(result):
        result["tests"]["known materials"]["undetermined"]["ids"] = [f"MgO-{k}" for k in range(11)]

    rows = run_page(run_folder(apart))["worst"]["known materials"]
    assert {row[0] for row in rows} <= {"MgO-11"}


def test_stored_worst_structures_are_shown_with_their_reasons(run_folder):
    def stored(result):
        result["tests"]["known materials"]["worst"] = [
            {"id": "x", "formula": "MgO", "energy": 0.1, "why": ["B is rare"]}
        ]

    assert run_page(run_folder(stored))["worst"]["known materials"][0][-1] == "B is rare"


def test_licence_and_hashes_of_weights_data_and_recipe_are_shown(run_folder):
    folder = run_folder(predictions=False)
    told = {"recipe": "r" * 64, "adapter": {"hash": "w" * 64}}
    (folder / "provenance.json").write_text(json.dumps(told))
    assert run_page(folder)["hashes"] == [
        ["licence of the weights", "MIT"],
        ["weights (sha256)", "w" * 64],
        ["data", "abc"],
        ["recipe", "r" * 64],
    ]


def test_shifts_are_listed_largest_first_and_say_what_is_not_determined(run_folder):
    rows = run_page(run_folder(predictions=False))["shifts"]
    assert rows[0] == ["Bi", "−54.700", "determined"]
    assert ["La", "−3.000", "not determined"] in rows


def test_blocks_that_are_partly_trainable_say_how_much(run_folder):
    def partly(result):
        result["strategy"]["blocks"]["e0"] = {"parameters": 94, "trainable": 18}

    rows = run_page(run_folder(partly, predictions=False))["blocks"]
    assert rows[0] == ["embedding", "4,444", "frozen"]
    assert rows[-1] == ["e0", "94", "18 trainable"]


def test_the_head_and_a_limit_of_the_licence_are_said(run_folder):
    def several(result):
        result["adapter"] |= {"non_commercial": True, "head": "r2SCAN", "heads": {"PBE": "PBE", "r2SCAN": "r2SCAN"}}

    facts = dict(run_page(run_folder(several, predictions=False))["facts"])
    assert facts["potential"] == "toy demo (MIT, not for commercial use), head r2SCAN of PBE, r2SCAN"
    one = dict(run_page(run_folder(name="one", predictions=False))["facts"])
    assert one["potential"] == "toy demo (MIT)"
