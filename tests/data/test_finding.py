import json

from transferkit.data.finding import Finding


def finding(*where):
    return Finding("note", "x", where, "because", "do")


def test_at_most_five_structures_are_named():
    assert str(finding(*"abcde")) == "note: x (a, b, c, d, e). Evidence: because. Mend: do."
    assert str(finding(*"abcdefg")) == "note: x (a, b, c, d, e and 2 more). Evidence: because. Mend: do."


def test_a_finding_about_the_whole_set_names_none():
    assert str(finding()) == "note: x. Evidence: because. Mend: do."


def test_every_structure_is_in_the_json():
    content = json.loads(json.dumps(finding(*"abcdefg").to_json()))
    assert content == {"severity": "note", "what": "x", "where": list("abcdefg"), "evidence": "because", "mend": "do"}
