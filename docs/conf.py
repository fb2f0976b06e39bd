"""Sphinx configuration: `sphinx-build -n -W docs docs/_build/html`."""

import re
from importlib.metadata import version as installed

from sphinx.application import Sphinx

project = "transferkit"
author = "The transferkit developers"
copyright = "2026, the transferkit developers"
version = release = installed("transferkit")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates", "jupyter_execute"]

nb_execution_mode = "auto"  # tutorials are notebooks in text and run when the documentation is built
nb_execution_raise_on_error = True
nb_execution_timeout = 600

autosummary_generate = True
autosummary_ignore_module_all = True
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_use_ivar = True

# Names of other packages, and those of aliases have no page here to link to.
nitpick_ignore_regex = [
    ("py:.*", r"(?!transferkit\.).*"),
    ("py:.*", r"transferkit\.[A-Za-z_]+"),  # public names; their pages are those of the files that hold them
    ("py:.*", r"transferkit\..*\.T"),  # type variables
    ("py:class", r"transferkit\.data_options\.known_labels"),  # a function that pydantic names in a type
]

html_theme = "furo"
html_title = "transferkit"


def plain_bars(_app: Sphinx, _what: str, _name: str, _object: object, _options: object, lines: list[str]) -> None:
    """Docstrings are written to be read in the source: tables as in Markdown, |x| for an absolute value."""
    out, table = [], []
    for line in [*lines, ""]:
        if line.startswith("|"):
            table.append([cell.strip() for cell in line.strip().strip("|").split("|")])
            continue
        if table:
            out += [".. list-table::", "   :header-rows: 1", ""]
            for row in (r for r in table if not set("".join(r)) <= set("-:")):
                out += [f"   {' ' if i else '*'} - {cell}" for i, cell in enumerate(row)]
            out += [""]
            table = []
        out.append(line if line.lstrip().startswith(">>>") else re.sub(r"(?<![`\\])\|(?!`)", r"\\|", line))
    lines[:] = out[:-1] if not lines or lines[-1] else out


def setup(app: Sphinx) -> None:
    """Register the step above."""
    app.connect("autodoc-process-docstring", plain_bars)
