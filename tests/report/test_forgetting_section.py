import json

import pytest

from transferkit.report.comparison_page import comparison_page
from transferkit.report.forgetting_section import (
    HELP,
    NOTHING_KEPT,
    RANDOM,
    diatomics_picture,
    forgetting_rows,
    forgetting_section,
)
from transferkit.report.page import write
from transferkit.report.run_page import run_page
from transferkit.units import GPA

CURVE = {"distance": [0.7, 0.9, 1.2, 2.0], "before": [9.0, 3.0, 0.0, 4.0], "after": [-5.0, 3.0, 0.0, 4.0]}


def entry(before, after, interval):
    change = after - before
    changes = {f"C{k}": change * (0.8 + 0.05 * k) for k in range(9)}
    return {
        "before": before,
        "after": after,
        "change": change,
        "interval": interval,
        "n_compositions": 9,
        "by_composition": changes,
    }


def stored(*, random=False):
    before = None if random else 0.0
    rows = {
        "O": {"bond": 1.2, "before": before, "after": 8.0} | ({} if random else {"wall": 4.0, "well": 0.1}),
        "H": {"bond": 0.75, "before": before, "after": 0.05} | ({} if random else {"wall": 0.2, "well": 0.1}),
    }
    return {
        "held_out": {}
        if random
        else {
            "PBE labels held out of beside.0": {
                "head": "default",
                "fidelity": "PBE",
                "undetermined": 2,
                "n": 20,
                "n_compositions": 9,
                "energy": entry(0.03, 0.08, [0.04, 0.06]),
                "forces": entry(0.05, 0.04, [-0.02, 0.01]),
                "stress": {"before": None, "after": None, "change": None, "interval": None, "n_compositions": 0},
            }
        },
        "diatomics": {
            "tolerance": 0.1,
            "elements": rows,
            "holes": {"before": None if random else 0, "after": 1},
            "opened": [] if random else ["O"],
            "closed": [],
            "worst": {"before": None, "after": {"element": "O", "depth": 8.0}},
            "wall": None if random else 2.1,
            "well": None if random else 0.1,
            "curves": {"O": CURVE | ({"before": None} if random else {})},
        },
    }


def test_a_rise_is_said_with_its_numbers_and_a_fall_with_its_doubt():
    section = forgetting_section({"forgetting": stored()})
    assert section["sentences"][0] == (
        "On PBE labels held out of beside.0 (20 structures, 9 compositions; energies of 2 left out, whose E0 is not determined): the energy error rose "
        "from 30.0 to 80.0 meV/atom; the force error fell from 50.0 to 40.0 meV/Å (perhaps by chance)."
    )
    assert section["held"] == [
        ["PBE labels held out of beside.0", "energy (meV/atom)", "30.0", "80.0", "+50.0 [40.0, 60.0]", "9"],
        ["PBE labels held out of beside.0", "force (meV/Å)", "50.0", "40.0", "−10.0 [−20.0, 10.0]", "9"],
    ]


def test_holes_are_counted_named_and_listed():
    section = forgetting_section({"forgetting": stored()})
    assert (
        "For 1 of 2 elements the energy falls again on the way in: a hole. Before training it did so for 0."
        in (section["sentences"][1])
    )
    assert section["sentences"][2:] == ["Training opened holes for O.", "The deepest, 8.00 eV, is that of O.", HELP]
    assert section["holes"] == [["O", "1.20", "none", "8.00", "4.00"]]


def test_where_nothing_was_kept_aside_the_page_says_how_to():
    content = stored() | {"held_out": {}}
    assert forgetting_section({"forgetting": content})["sentences"][0] == NOTHING_KEPT
    assert forgetting_section({"forgetting": stored(random=True)})["sentences"][0] == RANDOM


def test_random_weights_have_holes_but_no_change():
    section = forgetting_section({"forgetting": stored(random=True)})
    assert section["sentences"][1].endswith("on the way in: a hole.")
    assert section["holes"] == [["O", "1.20", "–", "8.00", "–"]]


@pytest.mark.parametrize("result", [{}, {"forgetting": None}])
def test_runs_that_stored_nothing_have_no_section(result):
    assert forgetting_section(result) is None
    assert diatomics_picture(result, None) is None


def test_the_page_of_a_run_has_the_section_and_the_figure(run_folder):
    folder = run_folder(lambda result: result.update(forgetting=stored()), predictions=False)
    page = run_page(folder)
    assert page["pictures"]["diatomics"].alt.startswith("Energy of pairs of equal atoms")
    assert (folder / "figures" / "diatomics.png").exists()
    text = write(folder).read_text()
    assert 'href="#forgetting"' in text
    assert "<code>beside</code>" in text
    assert 'id="forgetting"' not in write(run_folder(name="old", predictions=False)).read_text()


def test_the_page_of_a_comparison_has_one_row_per_variant(comparison_folder):
    folder = comparison_folder()
    assert comparison_page(folder)["forgetting"] == []
    for name, content in (("residual", stored()), ("scratch", stored(random=True))):
        path = folder / name / "seed-0" / "result.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"forgetting": content}))
    assert comparison_page(folder)["forgetting"] == [
        ["from scratch", "–", "–", "–", "1", "–"],
        ["residual", "+50.0 [45.8, 53.9]", "−10.0 [−10.8, −9.2]", "0", "1", "2.10"],
    ]
    assert "What the variants forgot" in write(folder).read_text()


def test_rows_are_means_over_runs():
    two = stored()
    energy = two["held_out"]["PBE labels held out of beside.0"]["energy"]["by_composition"]
    energy |= {name: change + 0.1 for name, change in energy.items()}
    two["diatomics"]["holes"]["after"] = 2
    rows = forgetting_rows({"a": [{"forgetting": stored()}, {"forgetting": two}, {}], "b": [{}]}, {"a": "A", "b": "B"})
    assert rows[0][2:] == ["−10.0 [−10.8, −9.2]", "0", "1.5", "2.10"]
    assert rows[0][1].startswith("+100 [")
    low, high = (float(x) for x in rows[0][1].partition("[")[2].strip("]").split(","))
    assert low < 60  # both seeds and compositions are drawn again: the runs differ by 100
    assert high > 140


def test_a_composition_of_two_held_out_sets_is_one_unit():
    two = stored()
    (first,) = two["held_out"].values()
    two["held_out"]["PBE labels of another set"] = json.loads(json.dumps(first))
    one, both = (forgetting_rows({"a": [{"forgetting": f}]}, {"a": "A"}) for f in (stored(), two))
    assert both == one  # the same numbers twice say nothing more


def test_stress_is_shown_in_gpa():
    content = stored()
    content["held_out"]["PBE labels held out of beside.0"]["stress"] = entry(GPA, 2 * GPA, [GPA / 2, 2 * GPA])
    assert forgetting_section({"forgetting": content})["held"][-1][1:5] == [
        "stress (GPa)", "1.00", "2.00", "+1.00 [0.50, 2.00]",
    ]  # fmt: skip
