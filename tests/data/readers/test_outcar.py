import re

import numpy as np
import pytest

from transferkit.data.readers.outcar import Step, read_outcar
from transferkit.errors import DataError


@pytest.fixture
def steps(made):
    return lambda text: list(read_outcar(made.stream(text), "OUTCAR"))


def test_stress_components_are_where_vasp_prints_them(made, steps):
    text = made.outcar(steps=1)
    (step,) = steps(text)
    printed = [float(v) for v in re.search(r"in kB(.*)", text)[1].split()]
    order = [(0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (2, 0)]
    for (i, j), kbar in zip(order, printed, strict=True):
        assert step.stress[i, j] == step.stress[j, i] == pytest.approx(-kbar / 1602.1766208)


def test_numbers_that_run_together_are_told_apart(made, steps):
    text = made.outcar(steps=1)
    joined = text.replace("   10.00000   -20.00000", "   10.00000-20.00000")
    assert joined != text
    assert np.array_equal(steps(joined)[0].stress, steps(text)[0].stress)


def test_noncollinear_moments_become_their_length(made, steps):
    for step in steps(made.outcar(noncollinear=True)):
        assert np.allclose(step.magmoms, 3 * np.abs(made.MOMENTS), atol=2e-3)


def test_the_moments_printed_again_at_the_end_change_nothing(made, steps):
    text = made.outcar(steps=1, noncollinear=True)
    tables = text[text.index(" magnetization (x)") : text.index("  Total ")]
    (once,), (twice,) = steps(text), steps(text + tables)
    assert np.array_equal(once.magmoms, twice.magmoms)


def test_only_the_lines_after_the_electronic_loop_are_taken(made, steps):
    first, second = steps(made.outcar())
    assert (first.number, second.number) == (1, 2)
    assert (first.free_energy, first.energy) == made.energies(1)
    # the lattice of the header, 9 Å, is not that of a step
    assert np.allclose(second.cell, 1.02 * made.CELL)
    (unfinished,) = steps(made.outcar(steps=1, cut="after forces"))
    assert unfinished.free_energy is None


@pytest.mark.parametrize("converged", [True, False])
def test_a_step_is_converged_where_the_file_says_so(made, steps, converged):
    assert [step.converged for step in steps(made.outcar(converged=converged))] == [converged] * 2


@pytest.mark.parametrize(
    ("last", "lacking"),
    [
        ("in kB", ["cell", "positions", "energy", "forces"]),
        (" POSITION", ["positions", "energy", "forces"]),
        ("free  energy   TOTEN", ["energy"]),
        ("energy  without entropy", []),
    ],
)
def test_a_broken_off_step_says_what_it_lacks(made, steps, last, lacking):
    text = made.outcar(steps=1)
    end = text.index("\n", text.index(last)) + 1
    (step,) = steps(text[:end])
    assert step.lacking == lacking


def test_a_step_of_which_nothing_was_printed_lacks_all():
    assert Step(1, np.array([8])).lacking == ["cell", "positions", "energy", "forces"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Iteration", "something", "no ionic step found"),
        ("VRHFIN =O", "something", r".*names 1 species \(VRHFIN\) for 2 ion counts"),
        ("VRHFIN =O", "VRHFIN =Xx", "the header names an element 'Xx'"),
        ("   10.00000", "  *********", r"ionic step 1 cannot be read: .*\*"),
    ],
)
def test_damaged_files_are_named(made, steps, old, new, message):
    with pytest.raises(DataError, match=f"OUTCAR: {message}"):
        steps(made.outcar().replace(old, new))
