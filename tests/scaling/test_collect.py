"""Collect: a tidy table over the same test compositions at every size."""

import json

import pandas as pd
import pytest

from transferkit.errors import RunFolderError
from transferkit.recipe import Recipe
from transferkit.run_folder import write_json
from transferkit.scaling.collect import COLUMNS, Collector, collect, read_study
from transferkit.studies.ledger import Ledger

VARY = {"data.subset.compositions": [10, 20], "seed": [0, 1], "arm": {"transfer": {}, "scratch": {"loss.energy": 5.0}}}


def entry(error, forces=0.5):
    return {"energy": error, "free_forces": forces, "stress": None}


def result(order):
    size, chain = order.recipe.data.subset.compositions, order.recipe.seed
    known = {"A": entry(1.0 / size), "B": entry(3.0 / size)}
    rare = {"R": entry(9.0)}
    seen = {f"K{chain}{k}": entry(0.1 * (k + 1)) for k in range(size // 10)}
    small = size == 10

    def judged(by, apart):
        apart = None if apart is None else {"by_composition": apart}
        return {
            "step0": {"by_composition": by},
            "final": {"by_composition": by},
            "undetermined": {"step0": apart, "final": apart},
        }

    return {
        "data": {"compositions": {"train": size}, "counts": {"train": 3 * size}},
        "tests": {
            "unseen compositions": judged(known if small else known | rare, rare if small else None),
            "known materials": judged(seen, None),
        },
    }


@pytest.fixture
def ledger(tmp_path):
    base = {
        "name": "s",
        "data": {"source": "a", "fidelity": "PBE", "split": {"fold": 0}},
        "adapter": {"name": "toy"},
        "training": {"steps": 20, "evaluate_every": 5, "evaluate_unit": "steps"},
    }
    found = Ledger.of(Recipe.model_validate({**base, "vary": VARY}), tmp_path / "x")
    found.claim()
    return found


def finish(ledger, *numbers):
    orders = ledger.orders()
    for k in numbers or range(len(orders)):
        write_json(orders[k].folder / "result.json", result(orders[k]))


def test_columns_and_rows(ledger):
    finish(ledger)
    found = collect(ledger.folder)
    assert list(found.points) == [*COLUMNS, "data.subset.compositions", "arm"]
    assert set(found.points["curve"]) == {"transfer", "scratch"}
    assert set(found.points["size"]) == {10, 20}
    assert set(found.points["quantity"]) == {"energy", "forces"}
    assert set(found.points["unit"]) == {"eV/atom", "eV/Å"}
    assert not found.points.duplicated(["curve", "size", "chain", "seed", "test", "quantity", "when"]).any()


def test_a_composition_counts_where_every_point_has_it(ledger):
    finish(ledger)
    found = collect(ledger.folder)
    unseen = found.points[found.points["test"] == "unseen compositions"]
    energy = unseen[(unseen["quantity"] == "energy") & (unseen["size"] == 20)]
    assert set(energy["n_compositions"]) == {2}
    assert energy["error"].tolist() == pytest.approx(
        [0.1] * len(energy)
    )  # without R, which small sets do not determine
    assert set(unseen[unseen["quantity"] == "forces"]["n_compositions"]) == {3}
    assert "unseen compositions, energy: 2 of 3 compositions count, those that all 8 points have" in found.notes


def test_known_materials_are_those_of_the_smallest_subset_of_the_chain(ledger):
    finish(ledger)
    found = collect(ledger.folder)
    known = found.compositions[found.compositions["test"] == "known materials"]
    assert {chain: set(some["composition"]) for chain, some in known.groupby("chain")} == {0: {"K00"}, 1: {"K10"}}
    assert any(note.startswith("known materials, chain 1, energy: 1 of 2") for note in found.notes)


def test_partial_and_empty_tables(ledger, tmp_path):
    empty = collect(ledger.folder)
    assert len(empty.points) == len(empty.compositions) == 0
    empty.write(tmp_path)
    finish(ledger, 0, 2)
    some = collect(ledger.folder)
    assert some.points["point"].nunique() == 2
    some.write(tmp_path)
    assert (
        len(pd.read_csv(tmp_path / "points.csv"))
        == len(some.points)
        == len(pd.read_parquet(tmp_path / "points.parquet"))
    )
    assert sorted(p.name for p in tmp_path.glob("*.*")) == ["compositions.parquet", "points.csv", "points.parquet"]


def test_a_point_is_read_once(ledger):
    collector = Collector()
    finish(ledger, 0)
    first = collector.collect(ledger.folder)
    (ledger.orders()[0].folder / "result.json").write_text("damaged")
    assert collector.collect(ledger.folder).points.equals(first.points)


def test_what_is_no_study(tmp_path):
    with pytest.raises(RunFolderError, match=r"holds no study\.json"):
        collect(tmp_path)
    (tmp_path / "study.json").write_text("{")
    with pytest.raises(RunFolderError, match="is damaged"):
        read_study(tmp_path)


def test_a_damaged_result_is_named(ledger):
    finish(ledger, 0)
    path = ledger.orders()[0].folder / "result.json"
    path.write_text(json.dumps({"tests": {}}))
    with pytest.raises(RunFolderError, match=ledger.orders()[0].key):
        collect(ledger.folder)


def changed(ledger, k, **data):
    """A point whose result tells other things of its data."""
    order = ledger.orders()[k]
    told = result(order)
    write_json(order.folder / "result.json", told | {"data": told["data"] | data})


def test_points_that_saw_other_data_do_not_compare(ledger):
    for k in range(3):
        changed(ledger, k, hash="a" * 64)
    assert len(set(collect(ledger.folder).points["parts"])) == 1
    changed(ledger, 3, hash="b" * 64)
    with pytest.raises(
        RunFolderError, match=r"data changed between them.*1 saw bbbbbbbbbbbb and 3 saw aaaaaaaaaaaa"
    ) as error:
        collect(ledger.folder)
    assert str(ledger.orders()[3].folder) in str(error.value)
    (ledger.orders()[3].folder / "result.json").unlink()
    assert collect(ledger.folder).points["point"].nunique() == 3


def test_displaced_copies_are_no_size(ledger):
    told = json.loads((ledger.folder / "study.json").read_text())
    told["points"] = [point | {"abscissa": "structures"} for point in told["points"]]
    write_json(ledger.folder / "study.json", told)
    changed(ledger, 0, counts={"train": 90}, copies=60)
    assert set(collect(ledger.folder).points["size"]) == {30}
