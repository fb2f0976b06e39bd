"""Bad inputs by the hundred: each gives one message that names the thing, the value and what mends it, and exit code 2.

The tables stand in ``cases/``. An input that is read all the same (exit code 0) must be called suspicious.
"""

import importlib
import os
import re
import sys
from collections import defaultdict
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from typer.testing import CliRunner

from transferkit.cli import app
from transferkit.errors import TransferkitError

TABLES = Path(__file__).with_name("cases")
AREAS = sorted(path.stem for path in TABLES.glob("*.py") if path.stem not in {"__init__", "case"})
FEWEST = 80
PYTHON = (
    "Traceback",
    "<class '",
    "<function",
    " object at 0x",
    'File "',
    "mistake in transferkit",
    "np.float64(",
)
"""What nobody should read who does not program."""


def tables():
    """The package ``cases``; tests are imported by their path, and so is it."""
    where = [str(TABLES)]
    spec = spec_from_file_location("badinput_cases", TABLES / "__init__.py", submodule_search_locations=where)
    sys.modules["badinput_cases"] = module_from_spec(spec)
    return {area: importlib.import_module(f"badinput_cases.{area}").CASES for area in AREAS}


CASES = {f"{area}: {case.name}": case for area, cases in tables().items() for case in cases}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The message and the exit code of a case, by its name; each is carried out once."""

    @cache
    def tell(name):
        folder = tmp_path_factory.mktemp("case")
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            patch.setenv("TERMINAL_WIDTH", "300")
            patch.delenv("WANDB_API_KEY", raising=False)
            CASES[name].make(folder)
            text, code = carry_out(CASES[name].call, folder)
        return text.replace(str(folder), "FOLDER"), code

    return tell


def carry_out(call, folder):
    if not isinstance(call, list):
        try:
            return str(call(folder)), 0
        except TransferkitError as error:
            return f"{type(error).__name__}: {error}", error.exit_code
    ended = CliRunner().invoke(app, call)
    if ended.exit_code == 0:
        return ended.output, 0
    # a run says first what it has read; the last thing it says is what is wrong
    return re.split(r"^(?=[A-Z]\w+: )", ended.stderr, flags=re.MULTILINE)[-1], ended.exit_code


@pytest.mark.parametrize("name", CASES)
def test_the_message_names_the_thing_the_value_and_what_mends_it(told, name):
    text, code = told(name)
    assert code == CASES[name].code, text
    assert [part for part in CASES[name].parts if part not in text] == [], text
    assert CASES[name].parts


@pytest.mark.parametrize("name", CASES)
def test_no_message_is_python(told, name):
    text, _ = told(name)
    assert [words for words in PYTHON if words in text] == [], text
    assert "\x1b" not in text


def test_there_are_many_and_no_two_say_the_same(told):
    by_text = defaultdict(list)
    for name in CASES:
        by_text[told(name)[0]].append(name)
    assert [names for names in by_text.values() if len(names) > 1] == []
    assert len(by_text) >= FEWEST
    assert len({area for area in AREAS if any(name.startswith(f"{area}:") for name in CASES)}) == len(AREAS)


def test_every_case_of_a_table_is_carried_out():
    assert sum(len(cases) for cases in tables().values()) == len(CASES)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root reads every file")
def test_as_root_the_case_of_permissions_is_left_out():
    assert "extxyz: no permission" not in CASES


def test_a_left_handed_cell_is_sound():
    import numpy as np
    from ase.build import bulk

    import transferkit as tk

    right = bulk("MgO", "rocksalt", a=4.3, cubic=True)
    right.rattle(0.1, seed=0)
    left = right.copy()
    left.set_cell(right.cell.array[[1, 0, 2]], scale_atoms=False)
    assert np.linalg.det(left.cell.array) < 0
    right.calc, left.calc = (tk.load("toy").calculator() for _ in range(2))
    assert left.get_potential_energy() == pytest.approx(right.get_potential_energy(), abs=1e-5)
    np.testing.assert_allclose(left.get_forces(), right.get_forces(), atol=1e-5)
