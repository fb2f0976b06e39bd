import pytest

from transferkit.reference.elemental import ElementalReference
from transferkit.report.folder import Predictions, RunFolder
from transferkit.report.run_pictures import run_pictures


@pytest.fixture
def drawn(tmp_path):
    """Pictures of a run of which only the given parts are known."""

    def draw(*, history=(), predictions=None, e0=None, **result):
        run = RunFolder(tmp_path, {"tests": {}} | result, list(history), e0, predictions or {}, {}, "")
        return run_pictures(run)

    return draw


def policy(name, mean):
    return {"policy": name, "mean": mean, "median": mean}


def test_nothing_known_draws_nothing(drawn, tmp_path):
    assert drawn() == {"policies": None, "e0": None, "learning": None, "diatomics": None, "parity": {}, "elements": {}}
    assert list(tmp_path.iterdir()) == []


def test_words_for_the_policies_give_every_error(drawn, tmp_path):
    rows = [policy("residual", 0.0581), policy("refit", 0.612), policy("difference", None)]
    picture = drawn(reference={"policy": "residual", "table": {"rows": rows}})["policies"]
    assert "in meV/atom: residual 58.1, refit 612, difference –." in picture.alt
    assert picture.file == "figures/policies.png"
    assert (tmp_path / picture.file).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("rows", [[], [policy("residual", None)]])
def test_policies_without_any_score_are_not_drawn(drawn, rows):
    assert drawn(reference={"policy": "residual", "table": {"rows": rows}})["policies"] is None


@pytest.mark.parametrize(
    ("shift", "undetermined", "words"),
    [
        ({"O": -0.74, "Mg": -2.1, "La": -90.0}, ["La"], "from -2.10 eV/atom (Mg) to -0.74 (O)."),
        ({"O": -0.74, "Mg": None}, [], "from -0.74 eV/atom (O) to -0.74 (O)."),
        ({"La": -3.0}, ["La"], "from -3.00 eV/atom (La) to -3.00 (La)."),
    ],
    ids=["undetermined ones aside", "null left out", "nothing else there"],
)
def test_words_for_the_shift_give_its_range(drawn, shift, undetermined, words):
    assert drawn(reference={"shift": shift, "undetermined": undetermined})["e0"].alt.endswith(words)


def test_a_shift_of_nulls_is_not_drawn(drawn):
    assert drawn(reference={"shift": {"O": None}})["e0"] is None


@pytest.mark.parametrize(("valid", "words"), [({"energy_mae": 0.0463}, "46.3"), (None, "–")])
def test_words_for_the_learning_curve_give_its_end(drawn, valid, words):
    history = [{"step": 0, "train": None, "valid": {"energy_mae": 0.9}}, {"step": 9, "train": None, "valid": valid}]
    assert drawn(history=history)["learning"].alt.endswith(f"ends at {words} meV/atom.")


def test_one_parity_figure_per_test_that_has_predictions(drawn, make_structures):
    labels = make_structures(n=2)
    tests = {name: {"final": {"energy": {"mae": mae}}} for name, mae in (("unseen compositions", 0.0463), ("other", 1))}
    e0 = ElementalReference.from_mapping({"Mg": -4.0, "O": -8.0})
    found = drawn(tests=tests, predictions={"unseen compositions": Predictions(labels, None, labels)}, e0=e0)["parity"]
    assert list(found) == ["unseen compositions"]
    assert found["unseen compositions"].file == "figures/parity-unseen-compositions.png"
    assert "on unseen compositions as densities" in found["unseen compositions"].alt
    assert "final errors: energy 46.3 meV/atom, force –, stress –." in found["unseen compositions"].alt


def test_errors_by_element_are_mapped_where_there_are_two_elements(drawn):
    rows = {"O": {"energy_mae": 0.05, "forces_mae": None}, "Mg": {"energy_mae": 0.02, "forces_mae": 0.1}}
    found = drawn(tests={"t": {"final": {"by_element": rows}}})["elements"]["t"]
    assert [picture.file for picture in found] == ["figures/elements-t-energy.png"]
    assert "largest in meV/atom: O 50.0, Mg 20.0." in found[0].alt
    assert drawn(tests={"t": {"final": {"by_element": {"O": rows["O"]}}}})["elements"] == {"t": []}


def test_words_for_the_learning_curve_tell_of_consistency_losses(drawn):
    def history(**losses):
        return [{"step": k, "train": {"energy_mae": 0.1} | losses, "valid": {"energy_mae": 0.1}} for k in (1, 2)]

    found = drawn(history=history(pitc_mae=0.002, pisc_mae=0.0005))["learning"]
    assert found.alt.endswith(
        "at 100 meV/atom; mean consistency residuals in training end at PITC 2.00 meV/atom and PISC 0.500 meV/atom."
    )
    assert "displaced positions disagree" in found.caption
    assert "disagree" not in drawn(history=history())["learning"].caption
