"""Overview: one row per registered adapter, also for those that cannot be used."""

from importlib.metadata import EntryPoint, version

from transferkit.adapters import overview as module
from transferkit.adapters import registry
from transferkit.adapters.overview import overview


def test_what_is_installed():
    found = {row["name"]: row for row in overview()}
    assert set(found) == set(registry.names())
    assert found["chgnet"]["version"] == version("chgnet")
    assert {"0.3.0", "0.2.0", "r2scan"} <= {c["name"] for c in found["chgnet"]["checkpoints"]}
    assert all(c["licence"] and c["heads"] and c["elements"] for c in found["chgnet"]["checkpoints"])
    assert found["toy"]["problem"] is None


def test_what_is_not_installed_says_how_to_get_it(monkeypatch):
    absent = EntryPoint("mace", "no_such_package:Mace", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda **_: [absent])
    monkeypatch.setattr(module, "names", lambda: ("mace",))
    monkeypatch.setattr(module, "_version", lambda _: "")
    [row] = overview()
    assert row["installed"] is False
    assert "pip install 'transferkit[mace]'" in row["problem"]
