import re

import numpy as np
import pytest

import transferkit as tk
from transferkit.data.describe import describe
from transferkit.report.data_page import chemistry_counts, data_page, write_data_page
from transferkit.report.figures.periodic_table import POSITIONS


@pytest.fixture(scope="module")
def found():
    return describe(tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN")[:80]).to_json(per_structure=True)


def plain(path):
    text = re.sub(r"<style>.*?</style>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text))


def test_the_page_says_what_is_there_and_what_next(found, tmp_path):
    text = plain(write_data_page(found, tmp_path / "new" / "data.html", title="my set"))
    for words in (
        "my set",
        "What is here. 80 structures",
        "What to do next.",
        "transferkit reference DATA --model chgnet",
        "forces 80 100 %",
        "Energies, forces, stress, volumes",
    ):
        assert words in text, words
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["data.html"]


def test_what_was_taken_out_which_keys_and_findings_are_shown(found, tmp_path):
    frame = {"id": "bad-1", "where": "set.xyz: frame 3", "reason": "largest force above 100 eV/Å", "value": 412.25}
    more = {
        "quarantine": {"taken": 1, "reasons": {frame["reason"]: 1}, "frames": [frame]},
        "limits": {"largest_force": 100.0, "closest_distance": None, "energy_deviations": 15.0, "most": 0.1},
        "keys": {"entries": {"energy": {"REF_energy": 80}}, "aside": {"dft_energy": 9}},
        "findings": [{"severity": "warning", "what": "units look odd", "where": [], "evidence": "e", "mend": "m"}],
    }
    text = plain(write_data_page(found | more, tmp_path / "data.html", title="t"))
    for words in (
        "1 structure beyond the limits or not fit for use",
        "bad-1 set.xyz: frame 3 largest force above 100 eV/Å 412.2",
        "Limits: largest force 100 eV/Å, energy deviations 15 robust σ, most 0.1 of the frames.",
        "energy REF_energy 80",
        "not used dft_energy 9",
        "warning: units look odd. Evidence: e. Mend: m.",
        "Settle the 1 warning below",
    ):
        assert words in text, words


def test_structures_that_stand_out_are_named_with_the_quantity(found):
    odd = found | {"volume_per_atom": [*found["volume_per_atom"][:-1], 900.0]}
    first = data_page(odd, "t")["outliers"][0]
    assert first[:4] == [found["id"][-1], found["formula"][-1], "volume (Å³/atom)", "900"]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"structures": 0, "elements": {}, "labels": {}, "ranges": {}},
        {"elements": {"O": {"structures": 1, "compositions": 1, "atoms": 1}}, "undetermined": ["O"], "structures": 1},
        {"elements": {s: {"structures": 5, "compositions": 4, "atoms": 9} for s in list(POSITIONS)[:89]}},
        {"id": ["a"], "formula": ["Si"], "max_force": [None], "volume_per_atom": [None], "referenced_energy": [0.0]},
        {"elements": None, "labels": None, "findings": None, "quarantine": None, "limits": None, "keys": None},
    ],
    ids=["empty", "no structures", "one element", "89 elements", "one structure", "nulls"],
)
def test_descriptions_of_every_size_have_a_page(change, tmp_path):
    assert "What is here." in plain(write_data_page(change, tmp_path / "data.html", title="t"))


def test_labels_that_are_absent_leave_the_page_standing(tmp_path):
    bare = tk.bundled("gpaw-pbe-r2scan")[:12].without("energy", "forces", "stress", "magmoms")
    text = plain(write_data_page(describe(bare).to_json(per_structure=True), tmp_path / "data.html", title="t"))
    assert "There are no energies" in text
    assert "nan" not in text.lower().replace("nano", "")


def test_undetermined_elemental_energies_are_in_brackets():
    rows = data_page(
        {"elements": {"O": {}, "Mg": {}}, "elemental_energies": {"O": -8.0, "Mg": -1.5}, "undetermined": ["O"]}, "t"
    )["elements"]
    assert [row[-1] for row in rows] == ["(−8)", "−1.5"]


def test_chemistry_counts_compositions_and_structures():
    assert chemistry_counts(["MgO"] * 3 + ["CaO", "AlSc"]) == [["oxide", "2", "4"], ["intermetallic", "1", "1"]]
    assert chemistry_counts([]) == []


def test_long_lists_are_cut(found):
    frames = [{"id": str(k), "where": "", "reason": "r", "value": 1.0} for k in range(500)]
    page = data_page(found | {"quarantine": {"taken": 500, "reasons": {"r": 500}, "frames": frames}}, "t")
    assert len(page["frames"]) == 50
    assert page["quarantine"]["taken"] == 500
    rng = np.random.default_rng(0)
    heavy = data_page(found | {"max_force": (rng.standard_cauchy(80) ** 2).tolist()}, "t")
    assert len(heavy["outliers"]) <= 20
