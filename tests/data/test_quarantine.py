import json
from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st

from transferkit.data.quarantine import FILE, Limits, TakenOut, counted, sift, write_quarantine
from transferkit.data.readers import from_ase
from transferkit.data_options import Quarantine
from transferkit.errors import DataError
from transferkit.units import KCAL_PER_MOL

BROKEN = TakenOut("nan", "set.xyz: frame 3 (nan)", "energy is NaN or infinite", "nan")


def spoilt(data, forces=(), energies=(), close=()):
    f, e, r = data.forces.copy(), data.energy.copy(), data.positions.copy()
    for s in forces:
        f[data.offsets[s]] = [0.0, 300.0, 400.0]
    for s in energies:
        e[s] += 50.0 * data.n_atoms[s]
    for s in close:
        r[data.offsets[s] + 1] = r[data.offsets[s]] + [0.0, 0.0, 0.3]
    return replace(data.with_labels(forces=f, energy=e), positions=r)


def test_defaults_of_the_recipe_are_those_of_the_limits():
    assert Limits(**Quarantine().model_dump()) == Limits()


def test_sound_sets_lose_nothing(pbe, r2scan):
    assert sift(pbe).taken == sift(r2scan).taken == ()
    assert sift(r2scan).kept is r2scan


def test_each_frame_is_taken_out_once_with_its_reason_and_value(r2scan):
    found = sift(spoilt(r2scan, forces=[3, 7], energies=[7, 20], close=[40]))
    assert [t.id for t in found.taken] == [str(r2scan.id[s]) for s in (3, 7, 20, 40)]
    force, both, energy, close = found.taken
    assert (force.reason, force.value) == ("largest force above 100 eV/Å", pytest.approx(500.0))
    assert both.reason == force.reason
    assert energy.reason.startswith("energy more than 5 eV/atom from the others")
    assert energy.value == pytest.approx(50.0, abs=1.5)
    assert close.reason == "atoms closer than 0.5 of their covalent radii (distance in Å)"
    assert close.value == pytest.approx(0.3)
    assert found.kept.id.tolist() == [i for s, i in enumerate(r2scan.id) if s not in {3, 7, 20, 40}]
    assert "4 of 367 frames are broken or implausible (2 with largest force above 100 eV/Å; " in str(found)


def common(data, least=8):
    """Rows whose elements occur in many compositions, so that one wrong energy cannot hide in a constant."""
    held = data.counts() > 0
    often = np.array([len(set(data.composition[held[:, k]])) >= least for k in range(held.shape[1])])
    return np.flatnonzero((~held | often).all(axis=1))


@settings(deadline=None, max_examples=20)
@given(draw=st.data(), kind=st.sampled_from(["forces", "energies"]))
def test_exactly_the_spoilt_frames_go(r2scan, draw, kind):
    rows = draw.draw(st.sets(st.sampled_from(common(r2scan).tolist()), max_size=5))
    found = sift(spoilt(r2scan, **{kind: rows}))
    assert {t.id for t in found.taken} == {str(r2scan.id[s]) for s in rows}
    assert len(found.kept) == len(r2scan) - len(rows)


def test_a_limit_can_be_turned_off(r2scan):
    data = spoilt(r2scan, forces=[3], energies=[20], close=[40])
    off = Limits(largest_force=None, closest_distance=None, energy_residual=None)
    assert sift(data, off).taken == ()
    assert [t.id for t in sift(data, replace(off, largest_force=100.0)).taken] == [str(data.id[3])]


def test_frames_that_reading_took_out_count_and_come_first(r2scan):
    found = sift(spoilt(r2scan, forces=[3]), broken=[BROKEN])
    assert [t.id for t in found.taken] == ["nan", str(r2scan.id[3])]
    assert "2 of 368 frames" in str(found)
    with pytest.raises(DataError, match="1 of 3 frames is broken or implausible"):
        sift(r2scan[:2], broken=[BROKEN])


def test_too_many_are_refused_with_the_unit_that_explains_them(r2scan):
    wrong = r2scan.with_labels(forces=r2scan.forces * 100, energy=r2scan.energy / KCAL_PER_MOL)
    with pytest.raises(DataError) as refused:
        sift(wrong, Limits(largest_force=10.0))
    assert "more than 10% of them" in str(refused.value)
    assert "The energies look like kcal/mol" in str(refused.value) or "are large for eV" in str(refused.value)
    assert len(sift(wrong, Limits(largest_force=10.0, most=1.0)).taken) > 37


def test_isolated_atoms_may_lie_far_above_solids(r2scan):
    from transferkit.data.structures import concatenate

    atoms = from_ase([Atoms("W", info={"id": "W"}), Atoms("C", info={"id": "C"})], fidelity=r2scan.fidelity)
    assert sift(concatenate([r2scan, atoms.with_labels(energy=np.array([30.0, 30.0]))])).taken == ()


def test_the_spread_of_the_set_widens_the_limit(r2scan):
    random = np.random.default_rng(0)
    wide = r2scan.with_labels(energy=r2scan.energy + random.normal(0, 2.0, len(r2scan)) * r2scan.n_atoms)
    assert sift(wide).taken == ()


def test_the_file_has_one_object_per_frame(tmp_path):
    path = write_quarantine(
        [BROKEN, TakenOut("a", "structure 1 of 5", "largest force above 100 eV/Å", 412.5)], tmp_path / FILE
    )
    first, second = map(json.loads, path.read_text().splitlines())
    assert first == {
        "id": "nan",
        "where": "set.xyz: frame 3 (nan)",
        "reason": "energy is NaN or infinite",
        "value": "nan",
    }
    assert second["value"] == 412.5
    assert not write_quarantine([], path).exists()


def test_counts_are_sorted():
    taken = [TakenOut("a", "", "x", 1.0), TakenOut("b", "", "y", 1.0), TakenOut("c", "", "y", 1.0)]
    assert list(counted(taken).items()) == [("y", 2), ("x", 1)]


def test_a_wide_limit_on_distances_sees_as_far_as_it_goes(r2scan):
    cells = [Atoms("Cs2", [[0, 0, 0], [0, 0, d]], cell=[20.0] * 3, pbc=True) for d in (4.0, 5.5)]
    for atoms in cells:
        atoms.info["energy"] = -1.0
    data = from_ase(cells, fidelity="PBE")
    found = sift(data, Limits(closest_distance=0.9, most=1.0))  # of 4.88 Å
    assert [t.value for t in found.taken] == [pytest.approx(4.0)]
