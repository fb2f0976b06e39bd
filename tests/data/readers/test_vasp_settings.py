import pytest

from transferkit.data.readers import read
from transferkit.data.readers.vasp_settings import Settings, tags_of
from transferkit.errors import DataError


@pytest.mark.parametrize(
    ("tags", "functional"),
    [({"METAGGA": "R2SCA", "GGA": "--", "LEXCH": "PE"}, "r2scan"), ({"GGA": "--", "LEXCH": "PE"}, "pbe"),
     ({"GGA": "PS", "LEXCH": "PE"}, "pbesol"), ({"METAGGA": "F", "GGA": "PE"}, "pbe"), ({}, ""),
     ({"LHFCALC": "T", "HFSCREEN": "0.2", "GGA": "PE"}, "hse06"), ({"METAGGA": "MBJ"}, "")],
)  # fmt: skip
def test_functional(tags, functional):
    assert Settings(tags).functional == functional


def test_u_by_species():
    with_u = Settings({"LDAU": ".TRUE.", "LDAUU": "3.25 0.000", "GGA": "PE"}, ["V", "O"])
    assert with_u.hubbards == {"V": 3.25}
    assert with_u.columns() == {"run_type": "GGA+U", "hubbards": "V:3.25"}
    assert (
        Settings({"LDAU": "F", "LDAUU": "3.25 0.0", "METAGGA": "R2SCAN"}, ["V", "O"]).columns()["run_type"] == "R2SCAN"
    )
    assert not Settings().columns()


def test_lines_of_an_outcar():
    assert tags_of("   METAGGA = R2SCAN") == {"METAGGA": "R2SCAN"}
    assert tags_of(" LDA+U is selected, type is set to LDAUTYPE =  2") == {"LDAU": "T"}
    assert tags_of("   GGA_COMPAT  = T    GGA compatible") == {}
    assert tags_of(" no tag at all") == {}


def test_another_functional_is_refused():
    run = Settings({"METAGGA": "R2SCAN", "GGA": "--"})
    run.check("r2SCAN", "OUTCAR")
    run.check("mine", "OUTCAR")
    Settings({"LHFCALC": "T", "HFSCREEN": "0.2"}).check("HSE", "OUTCAR")
    with pytest.raises(DataError, match=r"OUTCAR: the run was made with r2scan \(METAGGA = R2SCAN.*asked for as PBE"):
        run.check("PBE", "OUTCAR")


def with_head(made, kind):
    if kind == "outcar":
        head = "   LEXCH  = PE\n   GGA     =    --    GGA type\n LDA+U is selected, type is set to LDAUTYPE =  2\n"
        u = "   U (eV)           for each species LDAUU =   3.9  0.0\n"
        return made.outcar().replace("   ions per type", head + u + "   ions per type")
    parameters = '<i type="string" name="GGA">PE</i><i type="logical" name="LDAU"> T  </i><v name="LDAUU"> 3.9 0.0 </v>'
    return made.vasprun().replace("<parameters>", f"<parameters>{parameters}")


@pytest.mark.parametrize("kind", ["outcar", "vasprun"])
def test_both_files_say_it(made, tmp_path, kind):
    path = tmp_path / {"outcar": "OUTCAR", "vasprun": "vasprun.xml"}[kind]
    path.write_text(with_head(made, kind))
    data = read(path, fidelity="PBE+U")
    assert set(data.columns["run_type"]) == {"GGA+U"}
    assert set(data.columns["hubbards"]) == {"Mn:3.9"}
    assert data.read_as.entries["energy"] == {"energy(sigma->0)": 2}
    with pytest.raises(DataError, match="the run was made with pbe"):
        read(path, fidelity="SCAN")
