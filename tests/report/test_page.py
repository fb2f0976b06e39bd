import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from transferkit.errors import RunFolderError
from transferkit.report.data_page import write_data_page
from transferkit.report.figures.periodic_table import POSITIONS
from transferkit.report.page import write

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


class Structure(HTMLParser):
    """What a reader without eyes goes by: headings, names of tables, header cells, places that links lead to."""

    def __init__(self):
        super().__init__()
        self.headings, self.tables, self.ids, self.links, self.pictures, self.bare = [], [], [], [], [], 0

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.ids += [named["id"]] if "id" in named else []
        if tag in {"h1", "h2", "h3", "h4"}:
            self.headings.append(int(tag[1]))
        elif tag == "table":
            self.tables.append([])
        elif tag == "caption":
            self.tables[-1].append("caption")
        elif tag == "th":
            self.bare += "scope" not in named
            self.tables[-1].append("th")
        elif tag == "a":
            self.links.append(named["href"])
        elif tag == "img":
            self.pictures.append(named)


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


def test_nothing_is_loaded_from_the_network(folder, tmp_path):
    pages = [write(folder), write_data_page({"elements": {"O": {"compositions": 1}}}, tmp_path / "d.html", title="t")]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"(src|href|action|srcset|poster)\s*=\s*[\"']?\s*(https?:|//)", text)
        assert "http://" not in text
        assert "https://" not in text
        assert "default-src 'none'" in text


def test_the_page_can_be_read_without_eyes(folder, tmp_path):
    pages = [write(folder), write_data_page({"elements": {"O": {"compositions": 1}}}, tmp_path / "d.html", title="t")]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        found = Structure()
        found.feed(text)
        assert '<html lang="en">' in text
        assert found.headings[0] == 1
        assert found.headings.count(1) == 1
        assert all(b - a <= 1 for a, b in pairwise(found.headings))
        assert found.tables
        assert all(table.count("caption") == 1 and "th" in table for table in found.tables)
        assert found.bare == 0
        assert len(found.ids) == len(set(found.ids))
        assert {link[1:] for link in found.links if link.startswith("#")} <= set(found.ids)
        assert all(picture["alt"] and picture["width"] and picture["height"] for picture in found.pictures)
        # What scrolls sideways can be reached with the keyboard and has a name.
        assert text.count('class="scroll"') == text.count('class="scroll" tabindex="0" role="group" aria-label=')


def luminance(colour):
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_text_contrasts_with_what_is_behind_it_on_screen_in_the_dark_and_on_paper(run_folder):
    text = write(run_folder(predictions=False)).read_text(encoding="utf-8")
    modes = [dict(re.findall(r"--(\w+): (#\w+)", rule)) for rule in re.findall(r":root \{([^}]*)\}", text)]
    assert len(modes) == 3
    for colours in modes:
        full = {k: v if len(v) == 7 else "#" + "".join(2 * c for c in v[1:]) for k, v in colours.items()}
        for ink in ("ink", "soft", "mark", "warn"):
            for behind in ("paper", "panel", "warnback"):
                low, high = sorted((luminance(full[ink]), luminance(full[behind])))
                assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, behind, full)


def test_paper_is_white_and_a4_and_nothing_is_cut(run_folder):
    text = write(run_folder(predictions=False)).read_text(encoding="utf-8")
    (rules,) = re.findall(r"@media print \{(.*?)\n\}", text, flags=re.DOTALL)
    assert "size: A4" in text
    assert "--paper: #fff" in rules
    assert "break-inside: avoid" in rules
    assert "overflow: visible" in rules


@pytest.mark.parametrize("elements", [0, 1, 89])
def test_any_number_of_elements_fits(run_folder, elements):
    def change(result):
        symbols = list(POSITIONS)[:elements]
        result["reference"] |= {"shift": dict.fromkeys(symbols, -1.5), "undetermined": symbols[:2]}
        for test in result["tests"].values():
            for when in ("step0", "final"):
                test[when]["by_element"] = {s: {"energy_mae": 0.1, "n_structures": 1} for s in symbols}

    text = plain(write(run_folder(change, predictions=False)).read_text(encoding="utf-8"))
    assert ("as a table" in text) == (elements > 0)
    assert ("no figure of it" in text) == (elements == 0)


def test_what_was_taken_out_and_which_keys_were_read_is_shown_where_it_was_stored(run_folder):
    def stored(result):
        result["data"] |= {
            "findings": ["warning: units look odd. Evidence: e. Mend: m."],
            "quarantine": {"taken": 3, "reasons": {"no energy": 3}, "file": "quarantine.jsonl"},
            "keys": {"entries": {"energy": {"REF_energy": 240}}, "aside": {}},
        }

    text = plain(write(run_folder(stored, "a", predictions=False)).read_text(encoding="utf-8"))
    assert "warning: units look odd" in text
    assert "3 structures were taken out before anything else; quarantine.jsonl gives frame" in text
    assert "no energy 3" in text
    assert "energy REF_energy 240" in text
    old = plain(write(run_folder(name="b", predictions=False)).read_text(encoding="utf-8"))
    assert "Whether structures were taken out was not stored." in old


def test_a_run_without_forces_and_stress_has_a_page(run_folder):
    def bare(result):
        for test in result["tests"].values():
            for when in ("step0", "final"):
                for name in ("forces", "stress", "magmoms"):
                    test[when][name] = {"mae": None, "rmse": None, "interval": None, "n": 0}

    text = plain(write(run_folder(bare, predictions=False)).read_text(encoding="utf-8"))
    assert "energy 53.7 → 46.3 meV/atom Mean absolute errors on unseen compositions" in text


def test_every_picture_has_words_and_a_file(folder, drawn_pictures):
    text = write(folder).read_text(encoding="utf-8")
    alts = re.findall(r'<img [^>]*alt="([^"]*)"', text)
    assert len(alts) == len(list((folder / "figures").glob("*.png")))
    assert all(len(alt) > 30 for alt in alts)


def test_writing_twice_gives_the_same_bytes(folder, drawn_pictures):
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
        "O 20 – 53.7 46.3 60.0 40.0 Mg 12 – 21.5 18.5 – –",
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
        assert "900 [720" not in plain(table)


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
    with pytest.raises(RunFolderError, match=r"none of|result.json and comparison.json"):
        write(tmp_path)


def test_no_half_page_is_left_when_writing_fails(tmp_path):
    (tmp_path / "result.json").write_text(json.dumps([]))
    with pytest.raises(RunFolderError):
        write(tmp_path)
    assert not (tmp_path / "index.html").exists()


@pytest.mark.parametrize("kind", ["full", "from-scratch"])
def test_step_zero_of_a_run_from_scratch_is_not_called_pretrained(run_folder, kind):
    folder = run_folder(lambda result: result["strategy"].update(kind=kind), predictions=False)
    text = plain(write(folder).read_text(encoding="utf-8"))
    assert ("Step 0 is the pretrained network" in text) == (kind == "full")
    assert ("Step 0 is the network with random weights" in text) == (kind == "from-scratch")
