"""Adapters by name; missing and broken packages differ."""

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from transferkit.adapters import registry
from transferkit.adapters.toy import Toy
from transferkit.errors import AdapterBroken, AdapterNotInstalled, UnknownAdapter


def test_names_and_classes():
    assert {"toy", "chgnet"} <= set(registry.names())
    assert registry.adapter_class("toy").__name__ == Toy.__name__


def test_a_misspelt_name_gets_the_nearest():
    with pytest.raises(UnknownAdapter, match="Did you mean 'chgnet'"):
        registry.adapter_class("chgent")


def use(monkeypatch, value):
    monkeypatch.setattr(registry, "entry_points", lambda **_: [EntryPoint("mace", value, registry.GROUP)])


def test_a_missing_package_says_how_to_get_it(monkeypatch):
    use(monkeypatch, "no_such_package:Mace")
    with pytest.raises(AdapterNotInstalled, match=r"no_such_package.*transferkit\[mace\]"):
        registry.adapter_class("mace")


def test_a_broken_package_is_not_called_missing(monkeypatch, tmp_path):
    (tmp_path / "broken_backend.py").write_text("from math import no_such_function\n")
    monkeypatch.syspath_prepend(tmp_path)
    use(monkeypatch, "broken_backend:Mace")
    with pytest.raises(AdapterBroken, match="no_such_function"):
        registry.adapter_class("mace")


def test_a_package_may_break_in_any_way(monkeypatch, tmp_path):
    (tmp_path / "broken_library.py").write_text("raise OSError('libsomething.so: cannot open shared object file')\n")
    monkeypatch.syspath_prepend(tmp_path)
    use(monkeypatch, "broken_library:Mace")
    with pytest.raises(AdapterBroken, match=r"OSError: libsomething\.so"):
        registry.adapter_class("mace")


def test_an_extra_that_does_not_exist_is_not_advised(monkeypatch):
    monkeypatch.setattr(
        registry, "entry_points", lambda **_: [EntryPoint("chgnet", "no_such_package:A", registry.GROUP)]
    )
    with pytest.raises(AdapterNotInstalled, match=r"Run: pip install --force-reinstall transferkit$"):
        registry.adapter_class("chgnet")


def test_a_mistake_of_ours_is_not_called_a_missing_package(monkeypatch):
    use(monkeypatch, "transferkit.adapters.no_such_module:Mace")
    with pytest.raises(ModuleNotFoundError):
        registry.adapter_class("mace")


def test_listing_names_imports_nothing_heavy():
    code = (
        "import sys; from transferkit.adapters.registry import names; names(); "
        "heavy = {'torch', 'chgnet', 'mace', 'ase', 'pandas'} & set(sys.modules); assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
