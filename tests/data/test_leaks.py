"""Leaks: nothing of the target's validation or tests is trained on, at any level of theory."""

from dataclasses import replace

import numpy as np
import pytest

import transferkit as tk
from transferkit.data.leaks import places

R2SCAN, PBE = (tk.bundled("gpaw-pbe-r2scan", fidelity=f) for f in ("r2SCAN", "PBE"))


@pytest.mark.parametrize("by", ["composition", "material", "prototype", "random"])
@pytest.mark.parametrize("seed", [0, 1])
def test_paired_sets_are_divided_as_the_target_is(by, seed):
    parts = tk.split(R2SCAN, by=by, seed=seed)
    found = places(PBE, parts, by=by, seed=0)
    assert sorted(PBE.id[found.free]) == sorted(parts.train.id)
    assert sorted(PBE.id[found.valid]) == sorted(parts.valid.id)
    assert sorted(PBE.id[found.tests]) == sorted(i for part in parts.tests.values() for i in part.id)
    assert not found.drawn


def test_other_structures_of_a_tested_composition_are_not_trained_on():
    parts = tk.split(R2SCAN, by="composition", seed=0)
    strange = replace(PBE, id=np.array([f"other:{k}" for k in range(len(PBE))]), positions=PBE.positions + 0.125)
    found = places(strange, parts, by="composition", seed=0)
    tested = set(parts.test.composition)
    assert set(strange.composition[found.tests]) == tested
    assert not tested & set(strange.composition[found.free])
    assert not set(parts.valid.composition) & set(strange.composition[found.free])


def test_frames_of_known_materials_are_found_by_their_geometry():
    parts = tk.split(R2SCAN, by="composition", seed=0)
    renamed = replace(PBE, id=np.array([f"other:{k}" for k in range(len(PBE))]))
    known = set(parts.tests["known materials"].id)
    found = places(renamed, parts, by="composition", seed=0)
    assert known <= {str(R2SCAN.id[k]) for k in found.tests}


def test_a_set_that_shares_nothing_holds_back_a_tenth_of_its_groups():
    parts = tk.split(R2SCAN[:200], by="composition", seed=0)
    others = PBE[np.flatnonzero(~np.isin(PBE.composition.astype(str), R2SCAN[:200].composition.astype(str)))]
    found, again = (places(others, parts, by="composition", seed=s) for s in (3, 4))
    names = set(others.composition)
    held = set(others.composition[found.tests])
    assert found.drawn
    assert len(held) == round(0.1 * len(names))
    assert not held & set(others.composition[found.free])
    assert len(found.free) + len(found.tests) == len(others)
    assert held != set(others.composition[again.tests])
    chosen = found.with_valid(others, by="composition", seed=3)
    assert len(chosen.valid)
    assert not set(others.composition[chosen.valid]) & {*others.composition[chosen.free], *held}


def test_one_group_cannot_be_held_back():
    parts = tk.split(R2SCAN[:200], by="composition", seed=0)
    last = PBE[PBE.composition == PBE.composition[-1]]
    found = places(last, parts, by="composition", seed=0)
    assert found.drawn
    assert len(found.tests) == 0
    assert len(found.free) == len(last)
