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
