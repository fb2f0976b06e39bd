import pytest

from transferkit.data.level_name import KNOWN, level_findings


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("r2SCAM", "r2SCAN"),
        ("r2scna", "r2SCAN"),
        ("r2SCANN", "r2SCAN"),
        ("SCAM", "SCAN"),
        ("PBEsl", "PBEsol"),
        ("PBEslo", "PBEsol"),
        ("PEB", "PBE"),
        ("HSW06", "HSE06"),
        ("CCDS(T)", "CCSD(T)"),
        ("B3LPY", "B3LYP"),
    ],
)
def test_a_slip_is_warned_of(name, meant):
    (found,) = level_findings(name)
    assert found.severity == "warning"
    assert found.what == f"the level of theory is called {name!r}; did you mean {meant!r}?"


@pytest.mark.parametrize("name", KNOWN)
def test_known_names_are_no_slips_of_each_other(name):
    assert level_findings(name) == []
    assert level_findings(name.lower()) == []


OTHERS = (
    "EMT unknown test PBE-D3 PBE-D3(BJ) PBE+D4 PBEsol+U r2SCAN-D4 r2SCAN+rVV10 SCAN+rVV10 wB97M-V wB97X-D3BJ B3LYP/6-31G* "
    "CCSD(T)/CBS HSE12 TDA LJ GFN2-xTB OMat24 PBE_54 N12 M11 BMK X3LYP CAM-B3LYP CASSCF AM1 PM6 PBE+U-MP2020"
)


@pytest.mark.parametrize("name", OTHERS.split())
def test_other_names_are_left_alone(name):
    assert level_findings(name) == []
