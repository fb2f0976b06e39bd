"""Overview: one row per registered adapter, also for those that cannot be used."""

from importlib.metadata import EntryPoint, version
from typing import ClassVar

from transferkit.adapters import overview as module
from transferkit.adapters import registry
from transferkit.adapters.card import Card
from transferkit.adapters.chgnet import ChgnetAdapter
from transferkit.adapters.overview import overview
from transferkit.adapters.toy import Toy


def test_what_is_installed():
    found = {row["name"]: row for row in overview()}
    assert set(found) == set(registry.names())
    assert found["chgnet"]["version"] == version("chgnet")
    assert {"0.3.0", "0.2.0", "r2scan"} <= {c["name"] for c in found["chgnet"]["checkpoints"]}
    assert all(c["licence"] and c["heads"] and c["elements"] for c in found["chgnet"]["checkpoints"])
    assert found["toy"]["problem"] is None


def test_what_a_row_says_before_anything_is_opened(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a checkpoint was opened")

    for adapter in (Toy, ChgnetAdapter):
        monkeypatch.setattr(adapter, "load", refuse)
    found = {row["name"]: {c["name"]: c for c in row["checkpoints"]} for row in overview()}
    assert found["chgnet"]["r2scan"] == {
        "name": "r2scan", "here": True, "elements": 88, "heads": ["default"], "fidelity": "r2SCAN", "kind": "regression",
        "label_convention": "raw", "licence": "modified BSD (chgnet package, with its weights)", "non_commercial": False,
        "problem": None,
    }  # fmt: skip
    assert found["chgnet"]["0.3.0"]["label_convention"] == "mp2020"


class WithoutCards(Toy):
    cards: ClassVar = {"far": Card("ASL (non-commercial)", heads=("PBE", "r2SCAN"))}

    @classmethod
    def checkpoints(cls):
        return ("demo", "broken")


def test_checkpoints_without_a_card_are_opened_and_others_are_not(monkeypatch):
    monkeypatch.setattr(module, "names", lambda: ("mine",))
    monkeypatch.setattr(module, "adapter_class", lambda _: WithoutCards)
    rows = {c["name"]: c for c in overview()[0]["checkpoints"]}
    assert list(rows) == ["demo", "broken", "far"]
    assert (rows["demo"]["elements"], rows["demo"]["here"], rows["demo"]["problem"]) == (94, True, None)
    assert "no checkpoint called 'broken'" in rows["broken"]["problem"]
    assert (rows["far"]["elements"], rows["far"]["here"], rows["far"]["non_commercial"]) == (None, False, True)
    assert rows["far"]["heads"] == ["PBE", "r2SCAN"]


def test_what_is_not_installed_says_how_to_get_it(monkeypatch):
    absent = EntryPoint("mace", "no_such_package:Mace", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda **_: [absent])
    monkeypatch.setattr(module, "names", lambda: ("mace",))
    monkeypatch.setattr(module, "_version", lambda _: "")
    [row] = overview()
    assert row["installed"] is False
    assert "pip install 'transferkit[mace]'" in row["problem"]
