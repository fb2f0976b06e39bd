import json
from dataclasses import replace

import numpy as np
import pytest

import transferkit as tk
from transferkit.errors import DataError
from transferkit.reference.fit import fit_reference
from transferkit.reference.gap import functional_gap


@pytest.fixture(scope="module")
def pair():
    return tuple(tk.bundled("gpaw-pbe-r2scan", fidelity=f) for f in ("PBE", "r2SCAN"))


def test_referencing_reveals_the_correlation(pair):
    gap = functional_gap(*pair)
    assert gap.fidelities == ("PBE", "r2SCAN")
    assert gap.n_pairs == 367
    assert 0.05 < gap.pearson_raw < 0.2
    assert gap.pearson_referenced > 0.985
    assert gap.force_rms_difference == pytest.approx(0.019, abs=0.001)


def test_shift_is_the_difference_of_two_fits(pair):
    gap = functional_gap(*pair)
    fits = [fit_reference(d.counts(), d.energy, d.elements).to_mapping() for d in pair]
    assert gap.shift == pytest.approx({s: fits[1][s] - fits[0][s] for s in fits[0]})


def test_pairs_are_found_by_id_in_any_order(pair):
    pbe, r2scan = pair
    order = np.random.default_rng(0).permutation(367)[:300]
    gap = functional_gap(pbe, r2scan[order])
    assert gap.n_pairs == 300
    assert gap.n_unpaired == (67, 0)
    assert gap.pearson_referenced > 0.98


def test_planted_element_is_the_important_one(pair):
    pbe, _ = pair
    oxygen = pbe.counts()[:, list(pbe.elements).index(8)]
    # Quadratic in the share of oxygen, so that no elemental reference can absorb it.
    bent = pbe.energy + 5.0 * pbe.n_atoms * (oxygen / pbe.n_atoms - 0.3) ** 2
    gap = functional_gap(pbe, pbe.with_labels(energy=bent))
    assert max(gap.importance, key=gap.importance.get) == "O"
    assert sum(gap.importance.values()) == pytest.approx(1)
    assert sum(gap.importance_per_atom.values()) == pytest.approx(1)


def test_same_labels_have_no_gap(pair):
    gap = functional_gap(pair[0], pair[0])
    assert gap.pearson_raw == pytest.approx(1)
    assert max(map(abs, gap.shift.values())) == 0
    assert gap.force_rms_difference == 0


def test_text_names_both_levels_and_every_element(pair):
    text = str(functional_gap(*pair))
    assert "PBE and r2SCAN on 367 structures" in text
    assert "raw" in text
    assert all(f"\n  {s:<7}" in text for s in functional_gap(*pair).shift)


def test_json_is_standard(pair):
    gap = functional_gap(*pair)
    again = json.loads(json.dumps(gap.to_json(), allow_nan=False))
    assert again["pearson_raw"] == gap.pearson_raw
    assert again["shift_eV_per_atom"] == gap.shift


def test_other_geometry_is_refused_with_its_id(pair):
    pbe, r2scan = pair
    moved = r2scan.positions.copy()
    moved[r2scan.offsets[5]] += 0.01
    with pytest.raises(DataError, match=f"{pbe.id[5]!r} has another geometry in PBE than in r2SCAN"):
        functional_gap(pbe, replace(r2scan, positions=moved))


def test_other_conventions_are_refused_by_name(pair):
    pbe, r2scan = pair
    with pytest.raises(DataError, match=r"PBE has 'mp2020' energies and r2SCAN has 'raw'.*one label_convention"):
        functional_gap(replace(pbe, label_convention="mp2020"), r2scan)


def test_no_shared_id_and_too_few_pairs_are_refused(pair):
    pbe, r2scan = pair
    renamed = replace(r2scan, id=np.array([f"x{k}" for k in range(367)], dtype=object))
    with pytest.raises(DataError, match="no id of PBE"):
        functional_gap(pbe, renamed)
    with pytest.raises(DataError, match="no id of PBE"):
        functional_gap(pbe[:0], r2scan)
    with pytest.raises(DataError, match="2 pairs"):
        functional_gap(pbe[:2], r2scan)


def test_pairs_without_forces(pair):
    pbe, r2scan = pair
    gap = functional_gap(pbe.without("forces"), r2scan)
    assert gap.force_rms_difference is None
    assert "force" not in str(gap)
