import json

from transferkit.data.key_map import KeyMap

MAP = KeyMap.of(
    [{"energy": "REF_energy", "forces": "forces"}, {"energy": "energy"}], aside=[["mtt::r2scan_energy"], []]
)


def test_counts_per_label_and_entry():
    assert MAP.entries == {"energy": {"REF_energy": 1, "energy": 1}, "forces": {"forces": 1}}
    assert str(MAP).startswith("energy from REF_energy (1 frame) and energy (1 frame); forces from forces (1 frame)")
    assert "left aside: mtt::r2scan_energy" in str(MAP)
    assert MAP
    assert not KeyMap()


def test_json_and_joining():
    assert KeyMap.from_json(json.loads(json.dumps(MAP.to_json()))) == MAP
    twice = KeyMap.joined([MAP, MAP])
    assert twice.entries["energy"] == {"REF_energy": 2, "energy": 2}
    assert twice.aside == {"mtt::r2scan_energy": 2}


def test_a_label_of_two_names_is_a_finding():
    (finding,) = MAP.findings()
    assert finding.severity == "warning"
    assert "the energy came from 2 entries of different names" in finding.what
    assert "REF_energy in 1 frame" in finding.evidence
    assert not KeyMap.of([{"energy": "energy"}]).findings()
