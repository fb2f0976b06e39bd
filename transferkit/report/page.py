"""index.html of a run or a comparison: one file that needs no other, no script and no network."""

import re
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from transferkit.errors import RunFolderError
from transferkit.report.comparison_page import comparison_page
from transferkit.report.run_page import run_page

RUN, COMPARISON = "result.json", "comparison.json"


def write(folder: Path) -> Path:
    """Write ``index.html`` and ``figures/*.png`` for what a folder holds.

    Args:
        folder: of a run (result.json) or of a comparison (comparison.json)

    Returns:
        path of the page

    Raises:
        RunFolderError: the folder holds neither file, both, or a damaged one.

    >>> import json, tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "result.json").write_text(json.dumps({"name": "a first run"}))
    >>> page = write(folder)
    >>> page.name, "a first run" in page.read_text(encoding="utf-8")
    ('index.html', True)
    """
    folder = Path(folder)
    kinds = [name for name in (RUN, COMPARISON) if (folder / name).exists()]
    if len(kinds) != 1:
        found = "both" if kinds else "neither"
        raise RunFolderError(
            f"{folder} holds {found} of {RUN} and {COMPARISON}; a page is about one run or one comparison. "
            "Give the folder that `transferkit run` wrote, as it wrote it."
        )
    if kinds == [RUN]:
        text = environment().get_template("run.html.j2").render(run_page(folder))
    else:
        text = environment().get_template("comparison.html.j2").render(comparison_page(folder))
    page = folder / "index.html"
    # Written beside and moved, so that a reader never meets half a page.
    draft = folder / ".index.html.draft"
    draft.write_text(text, encoding="utf-8")
    draft.replace(page)
    return page


def environment() -> Environment:
    """Templates with every value escaped: names, ids and notes come from users and files.

    >>> environment().from_string("{{ name }}").render(name="<b>")
    '&lt;b&gt;'
    """
    made = Environment(
        loader=PackageLoader("transferkit.report"),
        # Chosen by hand, because jinja2 would not recognise the suffix .html.j2.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["code"] = code
    made.filters["value"] = value
    return made


def code(text: str) -> Markup:
    """Escaped text in which what stands between backticks is set as code.

    >>> code("run `a < b` now")
    Markup('run <code>a &lt; b</code> now')
    """
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704  # escaped just before


def value(text: str) -> Markup:
    """Escaped number whose interval stands on a line of its own, so that tables stay narrow.

    >>> value("44.2 [38.1, 51.7]")
    Markup('44.2 <span class="interval">[38.1, 51.7]</span>')
    """
    number, bracket, interval = str(text).partition(" [")
    if not (bracket and interval.endswith("]")):
        return escape(text)
    return Markup('{} <span class="interval">[{}</span>').format(number, interval)
