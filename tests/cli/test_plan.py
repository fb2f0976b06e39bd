"""The verb ``plan``: the cheapest mix of a CSV file."""

import json

import pytest

PRICES = ("--price-high", "20", "--price-low", "1")


@pytest.fixture
def mixes(tmp_path):
    rows = ["n_high,n_low,error,chain"]
    for chain, factor in enumerate((1.0, 1.05, 0.97)):
        for high in (10, 30, 100):
            for low in (0, 100, 1000):
                off = 1 + 0.02 * ((7 * high + 3 * low + 11 * chain) % 5 - 2)
                rows.append(f"{high},{low},{factor * off * (high + 0.2 * low) ** -0.5},{chain}")
    path = tmp_path / "mixes.csv"
    path.write_text("\n".join(rows))
    return path


def test_plan_prints_law_and_mix(run, mixes):
    text = run("plan", mixes, *PRICES, "--target", "0.1", "--unit", "eV/atom").stdout
    for part in ("(9 mixes, 3 chains)", "For 100 meV/atom: ", "Cost: 95 % interval", "Expensive labels alone: "):
        assert part in text


def test_several_questions_as_json(run, mixes):
    found = json.loads(run("plan", mixes, *PRICES, "--target", "0.1", "--budget", "900", "--json").stdout)
    assert [mix["target"] for mix in found["mixes"]] == [0.1, None]
    assert found["mixes"][1]["bought"]["cost"] <= 900
    assert found["law"]["form"]


def test_mistakes_name_the_file(run, mixes):
    for arguments, said in (
        ((mixes, "--target", "-1"), "mixes.csv:targetis-1"),
        ((mixes,), "nothingwasasked"),
        ((mixes.with_name("none.csv"), "--target", "1"), "n_high,n_low,error"),
    ):
        assert said in "".join(run("plan", *arguments, *PRICES, code=2).output.split())
