"""result.json holds what was counted, not what was asked for."""

import json

from transferkit.pipeline import run
from transferkit.recipe import Recipe


def test_counts_of_trainable_parameters_are_those_of_the_blocks(tmp_path, unrendered):
    recipe = Recipe.model_validate(
        {
            "name": "frozen",
            "data": {"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN", "split": {"fold": 1}},
            "adapter": {"name": "toy"},
            "strategy": {"kind": "frozen", "train": ["readout"]},
            "reference": {"policy": "refit"},
            "training": {"steps": 1},
            "tracking": {"wandb": None},
        }
    )
    folder = run(recipe, output=tmp_path / "run", smoke=True)
    result = json.loads((folder / "result.json").read_text())
    blocks = result["strategy"]["blocks"]
    assert sum(b["parameters"] for b in blocks.values()) == result["strategy"]["total"]
    assert sum(b["trainable"] for b in blocks.values()) == result["strategy"]["trainable"]
    assert {name for name, b in blocks.items() if b["trainable"]} == {n for n in blocks if n.startswith("readout")}
    assert result["reference"]["policy"] == "refit"
    assert "magmoms" in result["training"]["note"]
    assert result["tests"]["unseen compositions"]["final"]["energy"]["n"] == result["data"]["counts"][
        "unseen compositions"
    ] - len(result["tests"]["unseen compositions"]["undetermined"]["ids"])
