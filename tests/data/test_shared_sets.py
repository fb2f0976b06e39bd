"""Every shared set reads right with no option given, or is refused with the option that mends it; then that works."""

from functools import cache

import numpy as np
import pytest

import transferkit as tk
from transferkit.data.convention import convert_convention
from transferkit.data.readers import from_ase, from_pymatgen, read
from transferkit.errors import DataError
from transferkit.evaluation.predict import predict
from transferkit.units import GPA

pytestmark = pytest.mark.shared

LI3PS4, WATER = "li3ps4_pbesol_r2scan/train.xyz", "water_dimer_mp2_ccsdt/pe_c-mp2_ad_nf_n12_cp_1-800.xyz"
ETHANOL, MPTRJ = "rmd17_ethanol_1k/rmd17_ethanol_1000.xyz", "mptrj_1k/mptrj-random-1k.xyz"
FAR_DIMERS = "water_dimer_mp2_ccsdt/water_dimers_amoeba_bulk300K_1000_4.5_lt_Roo_lt_6.0_MP2_AVTZ.xyz"
ATOMS_OF_DELTA = "weights/mace_delta_r2scan_to_ccsdt_water/periodic_r2scan_atomic_refs.extxyz"
ELEMENTS = "matpes_element_refs/{}-Element-Refs.json.gz"
DIATOMICS = "diatomics_pbe_r2scan/diatomics-dft.json.gz"


@cache
def whole(path, fidelity):
    """Read once for all tests: the OUTCARs take a while."""
    return read(path, fidelity=fidelity)


# file, level of theory, frames, labels, range of eV/atom, largest force in eV/Å (None: no forces)
READS = [
    pytest.param(
        "tmo_r2scan", "r2SCAN", 66, "energy forces stress magmoms", (-18.2, -5.9), 2.0, marks=pytest.mark.slow
    ),
    ("tmo_r2scan/Ti_oxides", "r2SCAN", 3, "energy forces stress magmoms", (-18.2, -5.9), 2.0),
    (ELEMENTS.format("MatPES-PBE"), "PBE", 89, "energy forces stress magmoms", (-14.0, 0.0), 1.1),
    (ELEMENTS.format("MatPES-r2SCAN"), "r2SCAN", 89, "energy forces stress magmoms", (-86.4, -0.3), 3.0),
    (ELEMENTS.format("MP-PBE"), "PBE", 789, "energy", (-14.3, 0.0), None),
    (MPTRJ, "PBE", 1000, "energy forces stress", (-12.5, -0.8), 84.0),
    (LI3PS4, "PBEsol", 80, "energy forces", (-4.5, -3.8), 10.0),
    ("li3ps4_pbesol_r2scan/MAD-test.xyz", "PBEsol", 50, "energy forces", (-10.9, 6.5), 60.0),
    (DIATOMICS, "PBE", 4555, "energy forces", (-41.0, 180.0), 2e4),
    (DIATOMICS, "r2SCAN", 4558, "energy forces", (-76.0, 172.0), 2e4),
    (WATER, "MP2", 800, "energy", (-0.04, 0.05), None),
    (FAR_DIMERS, "MP2", 1000, "energy forces", (-692.4, -692.2), 10.0),
    ("weights/mace_gst_small/validate.xyz", "PBE", 200, "energy forces stress", (-4.2, -3.7), 20.0),
    (ATOMS_OF_DELTA, "r2SCAN", 2, "energy", (-2044.1, -13.6), None),
    ("gpaw_pbe_r2scan/PBE.extxyz", "PBE", 367, "energy forces stress", (-9.7, -1.5), 10.0),
    ("gpaw_pbe_r2scan/r2SCAN.extxyz", "r2SCAN", 367, "energy forces stress", (-40.0, -1.0), 10.0),
    # the unit is a suspicion of the checks, not of the reader: it must be named there
    (ETHANOL, "PBE", 1000, "energy forces", (-10788.0, -10784.0), 500.0),
]


@pytest.mark.parametrize(("path", "fidelity", "n", "labels", "energies", "force"), READS, ids=lambda v: str(v)[-40:])
def test_reads_right_with_no_option(shared, path, fidelity, n, labels, energies, force):  # noqa: PLR0917
    data = whole(shared / "data" / path, fidelity)
    assert len(data) == n
    assert {p for p in data.mask if data.has(p).all()} >= set(labels.split())
    per_atom = data.energy / data.n_atoms
    assert energies[0] <= per_atom.min()
    assert per_atom.max() <= energies[1]
    assert data.read_as.entries["energy"]
    if force is not None:
        assert 0 < np.abs(data.forces).max() <= force


# file, level of theory, what the refusal says, the options that it names, the middle energy that they give in eV/atom
REFUSED = [
    (LI3PS4, "r2SCAN", "--key energy=mtt::r2scan_energy --key forces=", {"keys": {"energy": "mtt::r2scan_energy", "forces": ""}}, -6.9),
    (WATER, "CCSD(T)", "--key energy=Eccsdt2", {"keys": {"energy": "Eccsdt2"}}, 0.0),
    (WATER, "AVDZ", "Emp2=0.0728011, Eccsdt2=0.0653417, EdeltaCCSDT2=-0.00745937", {"keys": {"energy": "EdeltaCCSDT2"}}, 0.0),
    ("tmo_r2scan/O2_mol", "PBE", "Ask for r2SCAN", {"fidelity": "r2SCAN"}, -6.0),
    (ELEMENTS.format("MatPES-PBE"), "r2SCAN", "Ask for PBE", {"fidelity": "PBE"}, -4.4),
    (DIATOMICS, "SCAN", "Did you mean 'r2SCAN'", {"fidelity": "r2SCAN"}, -18.4),
    ("gpaw_pbe_r2scan/PBE.extxyz", "r2SCAN", "Ask for PBE", {"fidelity": "PBE"}, -3.5),
]  # fmt: skip


@pytest.mark.parametrize(("path", "fidelity", "says", "mend", "middle"), REFUSED, ids=lambda v: str(v)[-40:])
def test_is_refused_with_the_option_that_mends_it(shared, path, fidelity, says, mend, middle):  # noqa: PLR0917
    with pytest.raises(DataError) as caught:
        read(shared / "data" / path, fidelity=fidelity)
    assert says in str(caught.value)
    data = read(shared / "data" / path, **({"fidelity": fidelity} | mend))
    assert np.median(data.energy / data.n_atoms) == pytest.approx(middle, rel=0.35, abs=0.1)


def test_forces_of_one_level_never_meet_energies_of_another_in_silence(shared):
    path, keys = shared / "data" / LI3PS4, {"energy": "mtt::r2scan_energy"}
    with pytest.raises(DataError, match="'forces' seems to stand with 'energy'"):
        read(path, fidelity="r2SCAN", keys=keys)
    both = read(path, fidelity="r2SCAN", keys={**keys, "forces": "forces"})
    assert both.has("forces").all()
    assert both.read_as.aside == {"energy": 80}


def test_ethanol_in_its_units(shared):
    units = {"energy": "kcal/mol", "forces": "kcal/mol/Å"}
    data = read(shared / "data" / ETHANOL, fidelity="PBE", units=units)
    # ethanol has -154.7 Hartree at this level of theory
    assert np.median(data.energy) == pytest.approx(-154.7 * 27.2114, rel=1e-3)
    assert np.sqrt((data.forces**2).mean()) == pytest.approx(1.1, abs=0.3)
    assert data.read_as.entries["energy"] == {"energy [kcal/mol]": 1000}


def test_matpes_records_through_ase_and_pymatgen(shared):
    import gzip
    import json

    from ase.calculators.singlepoint import SinglePointCalculator
    from pymatgen.core import Structure

    path = shared / "data" / ELEMENTS.format("MatPES-r2SCAN")
    data = read(path, fidelity="r2SCAN")
    records = list(json.loads(gzip.decompress(path.read_bytes())).values())
    cells = [Structure.from_dict(r["structure"]) for r in records]
    objects = from_pymatgen(
        cells,
        energies=[r["energy"] for r in records],
        forces=[r["forces"] for r in records],
        magmoms="magmom",
        fidelity="r2SCAN",
    )
    frames = []
    for cell, record in zip(cells, records, strict=True):
        atoms = cell.to_ase_atoms()
        kbar = -np.array(record["stress"])
        atoms.calc = SinglePointCalculator(
            atoms, energy=record["energy"], forces=record["forces"], stress=kbar * 0.1 / 160.21766208
        )
        frames.append(atoms)
    through_ase = from_ase(frames, fidelity="r2SCAN")
    for other in (objects, through_ase):
        assert np.allclose(other.energy, data.energy)
        assert np.allclose(other.forces, data.forces)
        assert np.allclose(other.positions, data.positions, atol=1e-6)
    assert np.allclose(objects.magmoms, data.magmoms)
    assert np.allclose(through_ase.stress, data.stress, atol=1e-8)


def test_mptrj_is_on_the_scale_of_chgnet_after_conversion(shared):
    data = read(shared / "data" / MPTRJ, fidelity="PBE")
    small = data[data.n_atoms < 40][::8]
    with pytest.raises(DataError, match="hubbard='materials-project'"):
        convert_convention(small, "mp2020")
    corrected = convert_convention(small, "mp2020", hubbard="materials-project")
    model = tk.load("chgnet", checkpoint="0.3.0")
    raw, mended = tk.evaluate(model, small), tk.evaluate(model, corrected)
    assert raw.metrics["energy"]["mae"] > 0.25
    assert mended.metrics["energy"]["mae"] < 0.04
    assert "the labels are raw energies" in raw.findings[0].what
    assert not mended.findings


@pytest.mark.slow
def test_chgnet_r2scan_on_oxides_of_transition_metals(shared):
    data = whole(shared / "data/tmo_r2scan", "r2SCAN")
    predicted = predict(tk.load("chgnet", checkpoint="r2scan"), data)
    # Runs have 1 to 31 steps: energies and moments run by run, so that one long relaxation does not stand for all.
    runs = [np.flatnonzero(data.columns["run"] == run) for run in sorted(set(data.columns["run"]))]
    energy = np.abs(predicted.energy - data.energy) / data.n_atoms
    moments = np.bincount(data.owner, weights=np.abs(predicted.magmoms - data.magmoms)) / data.n_atoms
    assert np.mean([energy[run].mean() for run in runs]) == pytest.approx(0.040, abs=0.010)
    assert np.mean([moments[run].mean() for run in runs]) == pytest.approx(0.038, abs=0.005)
    assert np.abs(predicted.forces - data.forces).mean() == pytest.approx(0.023, abs=0.006)
    assert np.abs(predicted.stress - data.stress).mean() / GPA == pytest.approx(0.25, abs=0.05)
