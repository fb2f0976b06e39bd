"""Templates to a page: values escaped, and never half a page on the disk."""

import re
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from transferkit.typing import Json


def render(template: str, content: Json, page: Path) -> Path:
    """Fill a template and write the page beside its place, then move it there.

    Args:
        template: name in ``templates/``
        content: what the template needs; a name that is missing is an error
        page: file to write; its folder is made

    Returns:
        the page
    """
    text = environment().get_template(template).render(content)
    page.parent.mkdir(parents=True, exist_ok=True)
    draft = page.with_name(f".{page.name}.draft")
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
