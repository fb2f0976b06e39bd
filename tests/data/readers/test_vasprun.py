import numpy as np
import pytest

from transferkit.data.readers.vasprun import read_vasprun
from transferkit.errors import DataError


@pytest.fixture
def steps(made):
    return lambda text: list(read_vasprun(made.stream(text), "vasprun.xml"))


def test_energy_is_that_of_the_last_electronic_step(made, steps):
    # the ionic step of a real file, and of the made one, holds a wrong e_0_energy
    text = made.vasprun(steps=1)
    assert '<i name="e_0_energy">0.0</i>' in text
    (step,) = steps(text)
    assert (step.free_energy, step.energy) == pytest.approx(made.energies(1))
    first, *_ = text.split("</scstep>")
    other = first.replace(f"{made.energies(1)[1]}", "-99.0")
    (same,) = steps(text.replace(first, other, 1))
    assert same.energy == step.energy


def test_pressure_of_the_input_is_taken_off(made, steps):
    (step,) = steps(made.vasprun(steps=1, pstress=100.0))
    assert (step.free_energy, step.energy) == pytest.approx(made.energies(1), abs=1e-8)


def test_positions_are_cartesian_and_the_stress_has_ases_sign(made, steps):
    _, step = steps(made.vasprun())
    assert np.allclose(step.positions, made.FRACTIONAL @ made.CELL * 1.02)
    assert np.allclose(np.diag(step.stress), -np.array(made.KBAR[:3]) / 1602.1766208)
    assert step.numbers.tolist() == [25, 8]
    assert step.magmoms is None


@pytest.mark.parametrize(("loops", "nelm", "converged"), [(3, 4, True), (4, 4, False), (59, 60, True), (0, 60, False)])
def test_a_loop_that_took_nelm_steps_did_not_converge(made, steps, loops, nelm, converged):
    (step,) = steps(made.vasprun(steps=1, loops=loops, nelm=nelm))
    assert step.converged is converged


def test_a_file_without_parameters_has_the_defaults_of_vasp(made, steps):
    text = made.vasprun(steps=1, loops=60)
    start, end = text.index("<parameters>"), text.index("</parameters>")
    (step,) = steps(text[:start] + "<parameters>" + text[end:])
    assert step.converged is False
    assert step.energy == pytest.approx(made.energies(1)[1])


@pytest.mark.parametrize("n", [1, 3])
def test_where_the_file_breaks_off_the_last_step_is_incomplete(made, steps, n):
    found = steps(made.vasprun(steps=n, cut=True))
    assert [step.number for step in found] == [*range(1, n + 1)]
    assert [step.lacking for step in found[:-1]] == [[]] * (n - 1)
    assert found[-1].lacking == ["cell", "positions", "energy", "forces"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<?xml", "no xml", "not a readable vasprun.xml"),
        ("<calculation>", "<", "not a readable vasprun.xml"),
        ("calculation>", "something>", "no ionic step found"),
        (">Mn <", ">Xx <", "atominfo names 'Xx'"),
        ('name="atoms"', 'name="else"', "atominfo names no atoms"),
        ("0.10000000", "********", "ionic step 1 cannot be read"),
    ],
)
def test_damaged_files_are_named(made, steps, old, new, message):
    text = made.vasprun()
    assert old in text
    with pytest.raises(DataError, match=f"vasprun.xml: {message}"):
        steps(text.replace(old, new))
