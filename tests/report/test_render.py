import pytest
from jinja2 import UndefinedError

from transferkit.report.render import code, environment, render, value


def test_filters_escape():
    assert code("`<b>` <i>") == "<code>&lt;b&gt;</code> &lt;i&gt;"
    assert value("1 [<b>]") == '1 <span class="interval">[&lt;b&gt;]</span>'
    assert value("<b>") == "&lt;b&gt;"
    assert environment().autoescape is True


def test_a_name_that_is_missing_is_an_error_and_leaves_no_half_page(tmp_path):
    with pytest.raises(UndefinedError):
        render("run.html.j2", {"title": "x"}, tmp_path / "new" / "page.html")
    assert not (tmp_path / "new").exists()


def test_every_template_holds_its_title_in_a_page_of_its_own(tmp_path):
    page = tmp_path / "new" / "page.html"
    assert render("base.html.j2", {"title": "<x>"}, page) == page
    text = page.read_text(encoding="utf-8")
    assert "<title>&lt;x&gt; – transferkit</title>" in text
    assert '<html lang="en">' in text
    assert [p.name for p in page.parent.iterdir()] == ["page.html"]
