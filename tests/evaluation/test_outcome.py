"""What an evaluation prints: what is there, and nothing else."""

from transferkit.evaluation.outcome import Evaluation


def entry(mae, interval):
    return {"mae": mae, "rmse": 2 * (mae or 0), "interval": interval, "unit": "eV/atom"}


def metrics(**labels):
    return {name: labels.get(name, entry(None, None)) for name in ("energy", "forces", "stress", "magmoms")}


def test_labels_that_are_absent_are_not_printed():
    text = str(Evaluation(metrics(energy=entry(0.05, [0.04, 0.06])), 7))
    assert "energy   MAE 0.0500 [0.0400, 0.0600]" in text
    assert "forces" not in text


def test_cautions_and_undetermined_structures_are_said_and_stored():
    found = Evaluation(metrics(energy=entry(0.05, None)), 7, tuple("abcdefg"), "labels are PBE")
    assert "! labels are PBE" in str(found)
    assert "7 of them hold an element whose E0 was not determined: a, b, c, d, e, ..." in str(found)
    assert "no interval: one composition" in str(found)
    assert found.to_json()["undetermined"] == list("abcdefg")


def test_the_energies_with_a_determined_reference_have_a_line_of_their_own():
    both = metrics(energy=entry(1.5, [0.5, 2.5]), forces=entry(0.2, None))
    found = Evaluation(
        both, 7, ("a", "b"), determined=metrics(energy=entry(0.03, [0.02, 0.04]), forces=entry(0.1, None))
    )
    lines = str(found).splitlines()
    assert lines[2].startswith("energy   MAE 1.5000")
    assert lines[3] == "of which 5 with determined E0:"
    assert lines[4].startswith("energy   MAE 0.0300 [0.0200, 0.0400]")
    assert len([line for line in lines if line.startswith("forces")]) == 1
    assert found.to_json()["determined"]["energy"]["mae"] == 0.03
