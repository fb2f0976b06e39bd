"""The verb ``fit``: laws of a CSV file."""

import json

import numpy as np
import pandas as pd
import pytest

from transferkit.scaling.collect import Collected
from transferkit.scaling.study_report import report_study

N = (20, 60, 200, 600)


@pytest.fixture
def curves(tmp_path):
    rows = ["size,error,curve,chain"]
    for chain, factor in enumerate((1.0, 1.05, 0.97)):
        rows += [
            f"{n},{factor * 0.3 * n**-0.3 * (1 + 0.02 * (chain - 1) * k)},transfer,{chain}" for k, n in enumerate(N)
        ]
        rows += [
            f"{n},{factor * 1.5 * n**-0.6 * (1 - 0.03 * (chain - 1) * k)},scratch,{chain}" for k, n in enumerate(N)
        ]
    path = tmp_path / "curve.csv"
    path.write_text("\n".join(rows))
    return path


def test_fit_prints_laws_crossing_factor_and_forecast(run, curves):
    text = run("fit", curves, "--target", "0.02", "--at", "1500", "--unit", "eV/atom").stdout
    for part in (
        "Exponent b = ",
        "The laws meet at size 2",
        "times the data of transfer",
        "20 meV/atom needs size",
        "2.5 times beyond",
    ):
        assert part in text


def test_fit_as_json(read, curves):
    [found] = read("fit", curves, "--offset", "no")
    assert found["laws"]["transfer"]["exponent"] == pytest.approx(0.3, abs=0.02)
    [gain] = found["gains"]
    assert (gain["transfer"], gain["scratch"], gain["paired"]) == ("transfer", "scratch", True)
    assert gain["crossing"]["below"] == "transfer"
    [floored] = read("fit", curves, "--offset", "yes", "--level", "0.9")
    assert floored["laws"]["scratch"]["form"] == "a N^-b + c"
    assert floored["laws"]["scratch"]["level"] == 0.9


def test_other_names_of_curves(read, curves):
    curves.write_text(curves.read_text().replace("transfer", "residual"))
    assert read("fit", curves)[0]["gains"] == []
    assert len(read("fit", curves, "--transfer", "residual")[0]["gains"]) == 1


def test_mistakes_name_the_file(run, curves):
    text = curves.read_text()
    for wrong in (text.replace("error", "eror"), "size,error\n10,0.1\n20,0.05\n", text.replace("20,", "x,", 1)):
        curves.write_text(wrong)
        assert "curve.csv" in "".join(run("fit", curves, code=2).output.split())


@pytest.fixture
def study(tmp_path, study_table):
    """The folder of a study with its tables and its page; curves have other names than the verb's own, and one chain waits."""
    bent = study_table(sizes=(12, 24, 48, 96, 192), transfer=(0.6, 0.9), noise=0.02)
    bent["error"] += np.where(bent["curve"] == "transfer", 0.02, 0.0)
    points = bent.replace({"curve": {"transfer": "residual", "scratch": "random"}})
    points = points[(points["chain"] < 4) | (points["size"] < 100) | (points["curve"] == "random")]
    rng = np.random.default_rng(1)
    share = {c: np.exp(rng.normal(size=2)) for c in "ABCDEFGHIJKL"}
    rows = []
    for row in points.to_dict("records"):
        errors = {c: base * row["size"] ** (0.05 * gain) for c, (base, gain) in share.items()}
        scale = row["error"] / np.mean(list(errors.values()))
        rows += [{**row, "composition": c, "error": scale * e} for c, e in errors.items()]
    told = {
        "name": "s",
        "abscissa": "compositions",
        "planned": 50,
        "finished": 49,
        "missing": [],
        "points": [],
        "axes": {},
    }
    (tmp_path / "study.json").write_text(json.dumps(told))
    report_study(tmp_path, Collected(points, pd.DataFrame(rows), []))
    return tmp_path


def test_a_study_is_fitted_as_its_page_says(run, read, study):
    [page] = json.loads((study / "study.json").read_text())["analysis"]["sections"]
    [found] = read("fit", study, "--at", "384")
    assert list(found["laws"]) == [c["curve"] for c in page["curves"]] == ["residual", "random"]
    for curve in page["curves"]:
        law, fit = found["laws"][curve["curve"]], curve["fit"]
        assert "of the law over all compositions like these 12" in fit["method"]
        assert (law["method"], law["choice"], law["form"]) == (fit["method"], fit["why"], fit["form"])
        assert [law["exponent"], law["prefactor"], law["r2"]] == [fit["exponent"], fit["prefactor"], fit["r2"]]
        assert [law["interval"]["low"], law["interval"]["high"]] == fit["exponent_interval"]
        assert law["floor"]["at_most"] == fit["offset_bound"]
        at = found["errors_at"][curve["curve"]][0]
        assert at["error"] == curve["forecast"][0]["error"]
        assert [at["prediction"]["low"], at["prediction"]["high"]] == curve["forecast"][0]["interval"]
    assert page["curves"][0]["fit"]["forms"]
    assert page["curves"][0]["waiting"] == ["4"]
    [gain], [contrast] = found["gains"], page["contrasts"]
    assert (gain["transfer"], gain["scratch"]) == (contrast["transfer"], contrast["scratch"]) == ("residual", "random")
    assert gain["paired"] == contrast["paired"]
    assert gain["crossing"]["size"] == contrast["crossing"]["size"]
    assert gain["crossing"]["interval"]["pieces"] == contrast["crossing"]["pieces"]
    assert gain["data_factor"]["factor"] == contrast["factors"][-1]["factor"]
    ends = gain["data_factor"]["interval"]
    assert [ends["low"], ends["high"]] == contrast["factors"][-1]["interval"]
    text = run("fit", study).stdout
    assert "of the law over all compositions like these 12" in " ".join(text.split())
    assert "Both forms, as choosing one moves b" in text


def test_where_compositions_differ_both_are_of_the_law_on_this_test_part(run, study):
    cells = pd.read_parquet(study / "compositions.parquet")
    cells["composition"] += cells["chain"].astype(str)
    report_study(study, Collected(pd.read_parquet(study / "points.parquet"), cells, []))
    [page] = json.loads((study / "study.json").read_text())["analysis"]["sections"]
    assert all("of the law on this test part" in c["fit"]["method"] for c in page["curves"])
    assert "of the law on this test part" in " ".join(run("fit", study).stdout.split())
