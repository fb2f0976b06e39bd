import numpy as np
import pytest

from transferkit.data.readers.candidates import Request, chosen_energy, chosen_other, contrary, mend, no_energy
from transferkit.data.readers.stated_units import StatedUnits
from transferkit.errors import DataError


def values(**entries):
    return {k: np.array(v, dtype=float) for k, v in entries.items()}


def test_the_only_one_and_equal_ones_are_taken():
    assert chosen_energy(values(REF_energy=-1.0), {}, Request("PBE"), "f") == "REF_energy"
    assert chosen_energy(values(energy=-1.0, REF_energy=-1.0), {}, Request("PBE"), "f") == "energy"
    assert chosen_energy({}, {}, Request("PBE"), "f") is None


def test_an_entry_of_another_level_is_left_aside():
    both = values(energy=-1.0, r2scan_energy=-2.0)
    assert chosen_energy(both, {}, Request("PBEsol"), "f") == "energy"
    with pytest.raises(DataError, match=r"keys=\{'energy': 'r2scan_energy', 'forces': ''\}"):
        chosen_energy(both, {"forces": values(forces=[[0.0] * 3])}, Request("r2SCAN"), "f")


@pytest.mark.parametrize(
    ("key", "request_", "why"),
    [("pbe_energy", Request("r2SCAN"), "named after pbe"), ("formation_energy", Request("PBE"), "formation by its name"),
     ("energy_per_atom", Request("PBE"), "per atom by its name"), ("formation_energy", Request("PBE", "formation"), ""),
     ("energy_per_atom", Request("PBE", units=StatedUnits.of({"energy": "eV/atom"})), "")],
)  # fmt: skip
def test_what_speaks_against_an_entry(key, request_, why):
    assert contrary(key, request_) == why
    assert bool(no_energy([key], request_, "set")) == bool(why)


def test_the_refusal_of_other_energies_says_how_to_take_one():
    text = no_energy(["formation_energy_per_atom"], Request("PBE"), "set")
    assert "label_convention 'formation' with keys={'energy': 'formation_energy_per_atom'}" in text
    assert "--unit energy=eV/atom" in text


def test_keys_that_contradict_a_name_are_refused():
    with pytest.raises(DataError, match=r"is per atom by its name\. Say its unit"):
        chosen_energy(values(energy_per_atom=-1.0), {}, Request("PBE", keys={"energy": "energy_per_atom"}), "f")
    with pytest.raises(DataError, match="Say label_convention 'formation'"):
        chosen_energy(values(formation_energy=-1.0), {}, Request("PBE", keys={"energy": "formation_energy"}), "f")
    asked = Request("PBE", keys={"forces": "gradient"})
    with pytest.raises(DataError, match="is a gradient by its name"):
        chosen_other("forces", values(gradient=[[0.0] * 3]), {}, None, request=asked, where="f")


def test_forces_of_another_energy_are_refused():
    energies, forces = values(energy=-1.0, hse_energy=-2.0), values(forces=[[0.0] * 3])
    asked = Request("HSE06", keys={"energy": "hse_energy"})
    with pytest.raises(DataError, match=r"'forces' seems to stand with 'energy'.*--key forces=\).*forces=forces"):
        chosen_other("forces", forces, energies, "hse_energy", request=asked, where="f")
    same = values(energy=-2.0, hse_energy=-2.0)
    assert chosen_other("forces", forces, same, "hse_energy", request=asked, where="f") == "forces"
    said = Request("HSE06", keys={**asked.keys, "forces": "forces"})
    assert chosen_other("forces", forces, energies, "hse_energy", request=said, where="f") == "forces"


def test_options_for_the_command_line_are_quoted():
    assert "--key 'energy=E_CCSD(T)'" in mend({"energy": "E_CCSD(T)"})
