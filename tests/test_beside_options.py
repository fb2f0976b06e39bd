"""Options of further levels of theory: arms of comparisons and studies may set them, and lists replace lists."""

from transferkit.beside_options import Beside
from transferkit.recipe import Recipe
from transferkit.vary import points

PLAIN = {"data": {"source": "a", "fidelity": "r2SCAN"}, "adapter": {"name": "toy"}, "training": {"steps": 2}}
PBE = {"source": "b", "fidelity": "PBE"}


def test_a_set_beside_is_learnt_like_the_data():
    one = Beside(**PBE)
    assert (one.ratio, one.weight, one.pseudo, one.reference, one.choose, one.labels) == (
        1,
        1,
        False,
        "residual",
        None,
        None,
    )


def test_variants_set_and_clear_them():
    arms = {
        "as-it-is": {},
        "alone": {"beside": [], "anchor": None},
        "half": {"beside": [{**PBE, "ratio": 0.5}]},
        "before": {"beside": [], "pretrain": {**PBE, "epochs": 1}},
    }
    found = Recipe.model_validate(
        {"name": "x", **PLAIN, "beside": [PBE, PBE], "anchor": {}, "compare": arms}
    ).variants()
    assert [len(found[name].beside) for name in arms] == [2, 0, 1, 0]
    assert found["half"].beside[0].ratio == 0.5
    assert found["alone"].anchor is None
    assert found["before"].pretrain.epochs == 1


def test_studies_vary_them():
    vary = {"arm": {"alone": {}, "both": {"beside": [PBE]}, "few": {"data.labels": ["energy"]}}, "seed": [0, 1]}
    found = points(Recipe.model_validate({"name": "x", **PLAIN, "vary": vary}))
    assert [len(p.recipe.beside) for p in found] == [0, 1, 0, 0, 1, 0]
    assert found[2].recipe.data.labels == ("energy",)
