"""The reference page says what the command line does."""

from pathlib import Path

import typer

from transferkit.cli import app
from transferkit.cli.page import entries, page
from transferkit.console import CODES

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "command-line.md"


def test_the_page_is_up_to_date():
    remedy = "python -m transferkit.cli.page > docs/reference/command-line.md"
    assert DOCUMENT.read_text(encoding="utf-8") == page(), remedy


def test_every_verb_and_option_is_there():
    text = page()
    for name, verb in typer.main.get_command(app).commands.items():
        assert f"\n## {name}\n" in text
        section = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        for option in (o for p in verb.params for o in p.opts if o.startswith("--") and o != "--help"):
            assert f"`{option}" in section, f"{name} {option}"


def test_every_exit_code_is_there():
    assert all(f"| {code} | {meaning} |" in page() for code, meaning in CODES.items())


def test_spellings():
    from transferkit.cli.reference import reference

    found = {entry.name: entry for entry in entries(reference)}
    assert found["as_json"].spelling == "--json"
    assert found["key"].spelling == "--key NAME=KEY"
    assert found["ridge"].spelling == "--ridge NUMBER"
    assert found["policy"].spelling == "--policy residual|refit|keep"
    assert (found["data"].placeholder, found["data"].shown_default) == ("DATA", "needed")
