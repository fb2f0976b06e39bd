import pytest

from transferkit.data.readers.names import contradicts, levels_in, name_of, of_another_level, words


@pytest.mark.parametrize(
    "key",
    [
        "energy",
        "REF_energy",
        "dft_energy",
        "TotEnergy",
        "total_energy",
        "U0",
        "E",
        "mtt::r2scan_energy",
        "energies",
        "Etot",
        "energy_pbe",
        "Emp2",
        "E_CCSD(T)",
        "corrected_total_energy",
        "formation_energy",
    ],
)
def test_names_of_energies(key):
    assert name_of(key).kind == "energy"


@pytest.mark.parametrize(
    ("key", "kind"),
    [("force", "forces"), ("REF_forces", "forces"), ("virial", "virial"), ("REF_virials", "virial"), ("stress", "stress"),
     ("stresses", "stress"), ("magmom", "magmoms"), ("final_magmoms", "magmoms"), ("dft_total_gradient", "gradient")],
)  # fmt: skip
def test_names_of_the_others(key, kind):
    assert name_of(key).kind == kind


@pytest.mark.parametrize(
    "key",
    [
        "free_energy",
        "dft_free_energy",
        "fermi_energy",
        "cutoff_energy",
        "energyx",
        "energy_unit",
        "mono1_energy",
        "initial_magmoms",
        "MACE_forces",
        "zero_point_energy",
        "d3_energy",
        "element",
        "charge",
        "smiles",
        "config_energy_weight",
    ],
)
def test_names_of_other_things(key):
    assert name_of(key) is None


def test_what_a_name_says():
    assert name_of("r2scan_energy").levels == {"r2scan"}
    assert name_of("formation_energy_per_atom").per_atom
    assert name_of("mp2020_corrected_energy").convention == "mp2020"
    assert name_of("uncorrected_total_energy").convention == "raw"
    assert name_of("REF_energy").family == name_of("REF_forces").family != name_of("forces").family


@pytest.mark.parametrize(
    ("key", "fidelity", "other"),
    [("pbe_energy", "r2SCAN", True), ("pbe_energy", "PBE+U", False), ("energy", "PBE", False), ("pbe_energy", "mine", False),
     ("scan_energy", "r2SCAN", True), ("ccsd(t)_energy", "CCSD(T)", False)],
)  # fmt: skip
def test_another_level_of_theory(key, fidelity, other):
    assert of_another_level(name_of(key), fidelity) == other


def test_words_and_levels():
    assert words("DFTEnergy") == ["dftenergy"]
    assert levels_in("r2SCAN+rVV10") == {"r2scan"}


def test_what_a_file_states_may_contradict_what_was_asked_for():
    assert contradicts("r2SCAN", "PBE")
    assert contradicts("PBEsol", "PBE+U")
    assert not contradicts("PBE", "pbe+u")
    assert not contradicts("", "PBE")
    assert not contradicts("PBE", "our own")
