from transferkit.report.data_tables import finding_text, key_rows, quarantine, warnings_in


def test_findings_are_read_as_text_and_as_fields():
    fields = {"severity": "warning", "what": "units", "where": list("abcdefg"), "evidence": "x", "mend": "y"}
    assert finding_text(fields) == "warning: units (a, b, c, d, e and 2 more). Evidence: x. Mend: y."
    assert finding_text("note: as it was stored") == "note: as it was stored"
    assert finding_text({"what": "bare"}) == "note: bare."
    assert warnings_in([fields, "warning: text", "note: text"]) == 2


def test_what_was_taken_out_is_listed_most_frequent_first():
    stored = {"taken": 1203, "reasons": {"b": 3, "a": 1200}, "file": "quarantine.jsonl"}
    assert quarantine({"quarantine": stored}) == {
        "taken": 1203,
        "n": "1,203 structures",
        "rows": [["a", "1,200"], ["b", "3"]],
        "file": "quarantine.jsonl",
    }


def test_runs_that_stored_nothing_about_it_are_told_from_those_that_took_nothing_out():
    assert quarantine({}) is None
    assert quarantine({"quarantine": None}) is None
    assert quarantine({"quarantine": {"taken": 0, "reasons": {}}}) == {
        "taken": 0,
        "n": "0 structures",
        "rows": [],
        "file": "",
    }


def test_a_label_that_came_from_two_entries_has_two_rows():
    keys = {"entries": {"energy": {"REF_energy": 40, "energy": 2}, "forces": {"REF_forces": 42}}, "aside": {}}
    assert key_rows({"keys": keys}) == [
        ["energy", "REF_energy", "40"],
        ["energy", "energy", "2"],
        ["forces", "REF_forces", "42"],
    ]
    assert key_rows({"read_as": keys}) == key_rows({"keys": keys})
    assert key_rows({}) == key_rows({"keys": None}) == key_rows({"keys": {}}) == []
