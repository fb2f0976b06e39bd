"""Delta learning: labels that add up again, and pairs that must be there."""

from dataclasses import replace

import numpy as np
import pytest

import transferkit as tk
from transferkit.data.delta import minus
from transferkit.data.quarantine import TakenOut
from transferkit.errors import DataError

PBE, R2SCAN = (tk.bundled("gpaw-pbe-r2scan", fidelity=f)[:12] for f in ("PBE", "r2SCAN"))


def test_low_and_difference_add_up_to_high():
    found = minus(R2SCAN, PBE[::-1])
    for label in ("energy", "forces", "stress"):
        assert found.has(label).all()
        assert np.allclose(getattr(found, label) + getattr(PBE, label), getattr(R2SCAN, label), atol=1e-12)
    assert found.id.tolist() == R2SCAN.id.tolist()
    assert (found.fidelity, found.label_convention) == ("r2SCAN minus PBE", "raw")


def test_a_label_is_there_where_both_have_it_and_moments_never():
    high = replace(
        R2SCAN, mask={**R2SCAN.mask, "magmoms": np.ones(12, dtype=bool)}, magmoms=np.ones(len(R2SCAN.numbers))
    )
    found = minus(high, PBE.without("forces"))
    assert not found.has("forces").any()
    assert not found.has("magmoms").any()
    assert found.has("energy").all()


@pytest.mark.parametrize(
    ("high", "low", "words"),
    [
        (R2SCAN, PBE[:8], "lacks 4 of the 12 structures of the data"),
        (R2SCAN, R2SCAN, "nothing is left to learn"),
        (R2SCAN, replace(PBE, label_convention="mp2020"), "PBE energies are mp2020"),
        (R2SCAN.without("energy"), PBE.without("forces", "stress"), "no structure has the same label"),
        (R2SCAN, replace(PBE, positions=PBE.positions + 0.5), "positions differ by up to 0.5 Å"),
    ],
)
def test_what_cannot_be_subtracted(high, low, words):
    with pytest.raises(DataError, match=words):
        minus(high, low)


def test_a_broken_frame_explains_a_missing_partner():
    broken = TakenOut(str(R2SCAN.id[11]), "frame 11", "energy is NaN or infinite", "nan")
    with pytest.raises(DataError, match="holds 1 that cannot be used: frame 11"):
        minus(R2SCAN, PBE[:11], taken=[broken])
