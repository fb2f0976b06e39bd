"""What tests of every folder may ask for."""

import pytest

from transferkit.report import pictures, run_page

STAND_IN = b"\x89PNG stands for a picture"


def no_pictures(run):
    """A run page without pictures, as where files are missing."""
    return {
        "policies": None,
        "e0": None,
        "learning": None,
        "diatomics": None,
        "parity": {},
        "elements": {name: [] for name in run.result["tests"]},
    }


@pytest.fixture(scope="module")
def unrendered():
    """Pages of runs have no pictures, which take half of a short run; tests/report, tests/cli and the docs draw them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_page, "run_pictures", no_pictures)
        patch.setattr(pictures, "png", lambda _: STAND_IN)
        yield


@pytest.fixture
def study_table():
    """Makes a tidy table as a study collects it: two curves a N^-b with scatter between chains and points."""
    import numpy as np
    import pandas as pd

    def make(
        *,
        sizes=(12, 21, 38, 67, 120),
        chains=5,
        transfer=(0.15, 0.25),
        scratch=(2.0, 0.55),
        noise=0.03,
        quantities=("energy",),
    ):
        rng = np.random.default_rng(0)
        rows = []
        for quantity in quantities:
            for curve, (a, b) in (("transfer", transfer), ("scratch", scratch)):
                for chain in range(chains):
                    own = np.exp(rng.normal(scale=noise))
                    for size in sizes:
                        error = a * size**-b * own * np.exp(rng.normal(scale=noise))
                        base = {
                            "curve": curve,
                            "size": size,
                            "chain": chain,
                            "seed": chain,
                            "test": "unseen compositions",
                        }
                        base |= {
                            "unit": "eV/atom",
                            "n_compositions": 32,
                            "point": f"{curve}-{size}-{chain}",
                            "contrast": curve,
                        }
                        for when, factor in (("step0", 2.0), ("final", 1.0)):
                            rows.append(base | {"quantity": quantity, "when": when, "error": factor * float(error)})
        return pd.DataFrame(rows)

    return make


@pytest.fixture(scope="session")
def several_levels():
    """Makes a recipe of the toy potential on the bundled r2SCAN labels, whose PBE labels may stand beside them."""
    from transferkit.recipe import Recipe

    pbe = {"source": "bundled:gpaw-pbe-r2scan@PBE", "fidelity": "PBE"}

    def make(*, beside=None, pretrain=None, **groups):
        """Options of a set beside the data, or of pre-training, are added to where PBE labels are."""
        plain = {
            "name": "levels",
            "data": {"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN", "subset": 30, "split": {"fold": 0}},
            "adapter": {"name": "toy"},
            "training": {"steps": 2, "batch": {"structures": 8}},
            "tracking": {"wandb": None},
        }
        more = {} if beside is None else {"beside": [pbe | beside]}
        more |= {} if pretrain is None else {"pretrain": pbe | pretrain}
        return Recipe.model_validate(plain | more | groups)

    return make
