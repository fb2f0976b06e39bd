"""The house rules that a machine can check."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "transferkit"
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if "__pycache__" not in p.parts)
CONTRACT = {PACKAGE / "testing" / f"{part}.py" for part in ("physics", "handling", "several_heads", "tools")}
"""Parts of the adapter contract: the tests of every adapter inherit and run them."""
CONCEPTS = [p for p in MODULES if p.name not in {"__init__.py", "__main__.py"} and p not in CONTRACT]


def name(path):
    return str(path.relative_to(PACKAGE))


def test_modules_are_found():
    assert len(CONCEPTS) > 20


@pytest.mark.parametrize("path", CONCEPTS, ids=name)
def test_every_module_has_its_test(path):
    inside = path.relative_to(PACKAGE)
    assert (ROOT / "tests" / inside.parent / f"test_{inside.name}").is_file()


def test_every_test_has_its_module():
    beyond = {
        "test_imports.py",
        "test_layout.py",
        "test_docs.py",
        "test_first_day.py",
        "test_shared_sets.py",
        "test_equal_upstream.py",
        "badinput",
        "benchmarks",
        "testing",
    }
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        inside = path.relative_to(ROOT / "tests")
        if beyond & {*inside.parts} or inside.name.startswith("test_contract_"):
            continue
        module = PACKAGE / inside.parent / inside.name.removeprefix("test_")
        room = module.with_name("__init__.py").read_text()
        exists = module.is_file() or module.with_suffix("").is_dir() or f"def {module.stem}(" in room
        assert exists, f"{inside} tests nothing that exists"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_file_is_one_concept(path):
    assert len(path.read_text().splitlines()) <= 300
    assert path.stem not in {"utils", "util", "helpers", "common", "misc"}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_assert_in_the_package(path):
    lines = [node.lineno for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Assert)]
    # The contract that other people's tests inherit is made of asserts.
    assert lines == [] or path.is_relative_to(PACKAGE / "testing") or path.name == "testing.py"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_global_state_is_changed_at_import(path):
    forbidden = {"set_default_dtype", "manual_seed", "set_default_device", "mkdir", "use"}
    body = ast.parse(path.read_text()).body
    at_import = [node for node in body if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)]
    calls = [c.func for node in at_import for c in ast.walk(node) if isinstance(c, ast.Call)]
    assert not forbidden & {call.attr for call in calls if isinstance(call, ast.Attribute)}


@pytest.mark.parametrize(
    "path",
    ["LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff", "Makefile", "constraints.txt", ".ci/run", "docs/index.md", "recipes/README.md", "transferkit/py.typed"],
)  # fmt: skip
def test_what_every_project_has(path):
    assert (ROOT / path).is_file()


def test_one_licence():
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
    assert "license: MIT" in (ROOT / "CITATION.cff").read_text()
    assert 'license = "MIT"' in (ROOT / "pyproject.toml").read_text()


def test_one_version():
    import tomllib

    import transferkit

    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert transferkit.__version__ == version
    assert f"version: {version}\n" in (ROOT / "CITATION.cff").read_text()


def test_conversion_factors_stand_in_one_file():
    factors = (
        160.21766,
        1602.1766,
        1.0 / 160.21766,
        1.0 / 1602.1766,
        27.211386,
        0.0433641,
        23.0605,
        0.529177,
        1.889726,
    )
    for path in MODULES:
        numbers = [
            n.value
            for n in ast.walk(ast.parse(path.read_text()))
            if isinstance(n, ast.Constant) and isinstance(n.value, float)
        ]
        found = [n for n in numbers if any(abs(abs(n) / f - 1) < 1e-4 for f in factors)]
        assert found == [] or path.name == "units.py", f"{name(path)} holds {found}"
