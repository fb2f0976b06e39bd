"""Treatment: what was equal at all points is said, and what was not."""

from transferkit.studies.treatment import parts_of, treatment
from transferkit.vary import points


def test_treatment_is_said(study_recipe):
    said = " ".join(treatment(points(study_recipe())))
    for words in (
        "fixed steps, 20 steps",
        "cosine",
        "same shape",
        "every 5 steps",
        "fold 0",
        "random order, with all frames",
    ):
        assert words in said
    training = {"epochs": 9, "patience": 2, "evaluate_every": 1, "evaluate_unit": "epochs"}
    said = " ".join(treatment(points(study_recipe(training=training))))
    assert "early stopping" in said
    assert "sees its first part" in said
    assert "which is at other steps" in " ".join(treatment(points(study_recipe(optimiser={"schedule": "plateau"}))))


def test_points_of_the_same_parts_are_known(study_recipe):
    every = points(study_recipe())
    assert len({parts_of(p.recipe) for p in every}) == 1
    assert parts_of(study_recipe(data={"source": "b", "fidelity": "PBE"})) != parts_of(every[0].recipe)


def test_what_varies_is_not_called_equal(study_recipe):
    vary = {
        "data.subset.compositions": [10, 20],
        "data.split.fold": [0, 1],
        "optimiser.schedule": ["cosine", "plateau"],
    }
    said = " ".join(treatment(points(study_recipe(vary=vary))))
    assert "All points have the same validation" not in said
    assert "Data or their division vary" in said
    assert "Some points: the cosine schedule" in said
    assert "Some points: the learning rate falls" in said
