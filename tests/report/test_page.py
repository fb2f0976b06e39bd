import json
import re
from html.parser import HTMLParser

import pytest

from transferkit.errors import RunFolderError
from transferkit.report.page import code, environment, value, write

EVIL = "<script>alert('x')</script> & \"quoted\" $a$"


class Loads(HTMLParser):
    """Everything that a browser would fetch or execute, and the tags that were left open."""

    VOID = frozenset({"meta", "img", "br", "link", "hr"})

    def __init__(self):
        super().__init__()
        self.loaded, self.scripts, self.open, self.handlers = [], 0, [], []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        self.scripts += tag in {"script", "iframe", "object", "embed"}
        for name, text in attrs:
            if name in {"src", "srcset", "poster", "data"} or (tag == "link" and name == "href"):
                self.loaded.append(text)
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parse(text):
    page = Loads()
    page.feed(text)
    assert page.open == []
    return page


def plain(text):
    """The page without tags, embedded pictures and runs of white space."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)))


@pytest.fixture(params=["run_folder", "comparison_folder"])
def folder(request):
    return request.getfixturevalue(request.param)()


def test_page_needs_no_other_file_and_no_script(folder):
    text = write(folder).read_text(encoding="utf-8")
    page = parse(text)
    assert page.scripts == 0
    assert page.handlers == []
    assert page.loaded
    assert all(source.startswith("data:image/png;base64,") for source in page.loaded)
    assert "@import" not in text
    assert "url(" not in text


def test_every_picture_has_words_and_a_file(folder):
    text = write(folder).read_text(encoding="utf-8")
    alts = re.findall(r'<img [^>]*alt="([^"]*)"', text)
    assert len(alts) == len(list((folder / "figures").glob("*.png")))
    assert all(len(alt) > 30 for alt in alts)


def test_writing_twice_gives_the_same_bytes(folder):
    first = write(folder).read_bytes()
    assert write(folder).read_bytes() == first


def test_run_page_has_the_numbers_of_the_run(run_folder):
    text = plain(write(run_folder()).read_text(encoding="utf-8"))
    for words in (
        "Does the tool work?",
        "energy error fell from 53.7 [43.0, 67.1] meV/atom to 46.3 [37.0, 57.9] meV/atom (the intervals overlap)",
        "forces, components that symmetry leaves free (meV/Å) 84.0 56.0 310 88",
        "stress, mean over components (GPa) 0.801 [0.721, 0.881] 0.481 [0.433, 0.529] 3.20 180",
        "energy, mean over compositions (meV/atom) 59.1 50.9 8",
        "residual (chosen) 58.1 42.3 69.7 115 6",
        "counts twice",
        "no labels of the source",
        "2 structures (3 % of this test)",
        "LaN-1, LaN-2",
        "embedding 4,444 frozen readout 1,234 trainable",
        "O 20 53.7 46.3 60.0 40.0 Mg 12 21.5 18.5 – –",
        "deadbeef",
        "name: a run",
        "metrics.jsonl 1",
    ):
        assert words in text, words
    assert text.index("unseen compositions") < text.index("known materials (25")


def test_undetermined_structures_are_in_no_table_of_errors(run_folder):
    text = write(run_folder()).read_text(encoding="utf-8")
    assert "900 [720, 1,125] meV/atom" in plain(text)
    for table in re.findall(r"<table>.*?</table>", text, flags=re.DOTALL):
        assert "900" not in plain(table)


def test_warning_of_the_policy_table_is_shown_only_when_there_is_one(run_folder):
    def warn(result):
        result["reference"]["warning"] = "refit is 10 times worse"

    assert "refit is 10 times worse" in write(run_folder(warn, "a", predictions=False)).read_text(encoding="utf-8")
    assert "Warning." not in write(run_folder(name="b", predictions=False)).read_text(encoding="utf-8")


def test_null_is_a_dash_and_not_zero(run_folder):
    def blank(result):
        for stage in ("step0", "final"):
            result["tests"]["unseen compositions"][stage]["stress"] = None
            result["tests"]["unseen compositions"][stage]["forces"] = {"mae": None, "rmse": None, "n": 0}

    text = plain(write(run_folder(blank, predictions=False)).read_text(encoding="utf-8"))
    assert "stress, mean over components (GPa) – – – –" in text
    assert "forces, mean over all components (meV/Å) – – – 0" in text


def test_magnetic_moments_are_shown_where_there_are_any(run_folder):
    def magnetic(result):
        result["tests"]["known materials"]["final"]["magmoms"] = {"mae": 0.0231, "interval": None, "n": 7}

    assert "magnetic moments, mean (μB) – 0.0231 – 7" in plain(
        write(run_folder(magnetic, "a", predictions=False)).read_text(encoding="utf-8")
    )
    assert "magnetic moments, mean" not in write(run_folder(name="b", predictions=False)).read_text(encoding="utf-8")


def test_wide_tables_may_fill_a_window_of_1280_pixels(comparison_folder):
    text = write(comparison_folder()).read_text(encoding="utf-8")
    (width,) = re.findall(r"^main \{ max-width: ([0-9.]+)rem", text, flags=re.MULTILINE)
    assert 1100 <= 16 * float(width) <= 1200


def test_missing_pieces_are_said(run_folder):
    folder = run_folder()
    for path in [*folder.glob("*.jsonl"), *folder.glob("re*.json"), *(folder / "predictions").iterdir()]:
        if path.name != "result.json":
            path.unlink()
    text = plain(write(folder).read_text(encoding="utf-8"))
    assert "No learning curves" in text
    assert "No parity figures" in text
    assert "reference.json is not in this folder" in text


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        (
            "result.json",
            [
                "No test was evaluated.",
                "This run stored no table of reference policies.",
                "The recipe states none.",
            ],
        ),
        ("comparison.json", ["No run has finished."]),
    ],
)
def test_the_smallest_folder_has_a_page(tmp_path, name, sentences):
    (tmp_path / name).write_text("{}")
    text = write(tmp_path).read_text(encoding="utf-8")
    parse(text)
    for sentence in sentences:
        assert sentence in text


def test_names_from_users_are_escaped_on_a_run_page(run_folder):
    def attack(result):
        result["name"] = result["question"] = result["variant"] = EVIL
        result["reference"]["warning"] = result["training"]["note"] = result["adapter"]["licence"] = EVIL
        result["reference"]["table"]["rows"][0]["policy"] = result["reference"]["policy"] = EVIL
        result["strategy"]["blocks"][EVIL] = {"parameters": 1, "trainable": True}
        result["tests"]["known materials"]["undetermined"]["ids"] = [EVIL]
        result["tests"][EVIL] = result["tests"]["known materials"]
        result["tests"][EVIL]["final"]["by_element"][EVIL] = {}
        result["versions"][EVIL] = EVIL

    folder = run_folder(attack, predictions=False)
    (folder / "recipe.yaml").write_text(EVIL)
    text = write(folder).read_text(encoding="utf-8")
    assert parse(text).scripts == 0
    assert "&lt;script&gt;" in text


def test_names_from_users_are_escaped_on_a_comparison_page(comparison_folder):
    def attack(content):
        content["name"] = content["question"] = EVIL
        content["variants"]["refit"] |= {"label": EVIL, "note": EVIL, "runs": ["javascript:alert(1)", EVIL]}
        content["missing"] = [EVIL]
        content["variants"][EVIL] = content["variants"].pop("readout")
        for rows in content["paired"]["known materials"].values():
            rows[0] |= {"method": EVIL, "warnings": [EVIL]}

    folder = comparison_folder(attack)
    (folder / "javascript:alert(1)").mkdir()
    (folder / "javascript:alert(1)" / "index.html").write_text("")
    text = write(folder).read_text(encoding="utf-8")
    assert parse(text).scripts == 0
    assert 'href="javascript:' not in text
    assert "&lt;script&gt;" in text


def test_comparison_page_has_the_numbers_and_the_caveats(comparison_folder):
    text = plain(write(comparison_folder()).read_text(encoding="utf-8"))
    for words in (
        "Which reference is best?",
        "On unseen compositions the final energy error is lowest for residual, readout only: 43.1 [36.6, 51.7] meV/atom",
        "The interval of the next (residual) overlaps. Before training the baseline (residual) was at 44.2 [37.6, 53.0]",
        "8 of 10 paired comparisons tell a variant apart from the baseline (residual)",
        "refit is worse in energy and force",
        "Indicative only: a claim about an ordering needs 5 seeds for every composition; on unseen compositions the fewest are 3, on known materials the fewest are 3.",
        "they resample compositions and seeds",
        "not converged at these steps",
        "412,528",
        "energy (meV/atom) refit 258 [180, 335] worse &lt; 0.001 0.002 30 3 3",
        "3 seeds: indicative only",
        "10.1038/s41524-025-01796-y",
        "4. transfer, r2SCAN reference (refit) 17 38 0.167 0.023 304 70.0 0.577 213 70.0 0.577",
        "1 < 4 < 2 < 3 here, 4 < 2 = 3 < 1 in the paper; the order is not the same".replace("<", "&lt;"),
        "fitted on 121 compositions (240 structures) here, on 190,560 frames there",
    ):
        assert words in text, words


def test_ordering_changes_with_the_numbers(comparison_folder):
    def swap(content):
        for test in content["variants"]["refit"]["tests"].values():
            test["final"]["energy"] = {"mean": 0.001, "interval": [0.0009, 0.0011]}

    text = plain(write(comparison_folder(swap)).read_text(encoding="utf-8"))
    assert "On unseen compositions the final energy error is lowest for refit: 1.00 [0.90, 1.10] meV/atom" in text


def test_five_seeds_are_enough_and_missing_runs_are_named(comparison_folder):
    def change(content):
        for by_property in content["paired"].values():
            for row in (row for rows in by_property.values() for row in rows):
                row |= {"n_seeds": 5, "seeds_per_composition": 5, "claim": True}
        content["missing"] = ["refit/seed-4"]

    text = plain(write(comparison_folder(change)).read_text(encoding="utf-8"))
    assert "Indicative only:" not in text
    assert "Missing runs: refit/seed-4" in text


def test_pages_of_runs_are_linked_where_they_are(comparison_folder):
    text = write(comparison_folder()).read_text(encoding="utf-8")
    assert 'href="residual/seed-0/index.html"' in text
    assert 'href="residual/seed-1/index.html"' not in text


@pytest.mark.parametrize("names", [(), ("result.json", "comparison.json")])
def test_folder_that_is_neither_or_both_is_an_error(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text("{}")
    with pytest.raises(RunFolderError, match=r"both|neither"):
        write(tmp_path)


def test_no_half_page_is_left_when_writing_fails(tmp_path):
    (tmp_path / "result.json").write_text(json.dumps([]))
    with pytest.raises(RunFolderError):
        write(tmp_path)
    assert not (tmp_path / "index.html").exists()


def test_filters_escape():
    assert code("`<b>` <i>") == "<code>&lt;b&gt;</code> &lt;i&gt;"
    assert value("1 [<b>]") == '1 <span class="interval">[&lt;b&gt;]</span>'
    assert value("<b>") == "&lt;b&gt;"
    assert environment().autoescape is True


@pytest.mark.parametrize("kind", ["full", "from-scratch"])
def test_step_zero_of_a_run_from_scratch_is_not_called_pretrained(run_folder, kind):
    folder = run_folder(lambda result: result["strategy"].update(kind=kind), predictions=False)
    text = plain(write(folder).read_text(encoding="utf-8"))
    assert ("Step 0 is the pretrained network" in text) == (kind == "full")
    assert ("Step 0 is the network with random weights" in text) == (kind == "from-scratch")
