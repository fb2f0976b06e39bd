"""The verb ``fit``: laws of a CSV file."""

import pytest

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
    assert found["gain"]["paired"]
    assert found["gain"]["crossing"]["below"] == "transfer"
    [floored] = read("fit", curves, "--offset", "yes", "--level", "0.9")
    assert floored["laws"]["scratch"]["form"] == "a N^-b + c"
    assert floored["laws"]["scratch"]["level"] == 0.9


def test_other_names_of_curves(read, curves):
    curves.write_text(curves.read_text().replace("transfer", "residual"))
    assert read("fit", curves)[0]["gain"] is None
    assert read("fit", curves, "--transfer", "residual")[0]["gain"] is not None
