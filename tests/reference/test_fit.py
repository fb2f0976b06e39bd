import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from transferkit.errors import ReferenceFitError
from transferkit.reference.fit import METHODS, fit_reference

E0 = arrays(np.float64, 4, elements=st.floats(-100, 100, allow_subnormal=False))
ELEMENTS = [1, 8, 14, 92]
COUNTS = np.random.default_rng(0).integers(0, 5, (30, 4)).astype(float) + np.eye(4)[np.arange(30) % 4]


@given(E0)
def test_recovers_generating_energies(e0):
    fitted = fit_reference(COUNTS, COUNTS @ e0, ELEMENTS)
    np.testing.assert_allclose(fitted.energies, e0, atol=1e-9)
    assert fitted.undetermined == ()


@given(E0, E0)
@settings(max_examples=25)
def test_adding_a_shift_to_labels_shifts_the_table(e0, shift):
    labels = COUNTS @ e0 + np.random.default_rng(1).normal(size=30)
    before, after = (fit_reference(COUNTS, e, ELEMENTS) for e in (labels, labels + COUNTS @ shift))
    np.testing.assert_allclose(after.energies - before.energies, shift, atol=1e-9)


def test_equation_2_of_the_paper(system):
    labels = system.counts @ system.e0 + system.noise
    A = system.counts / system.size[:, None]
    expected = np.linalg.inv(A.T @ A) @ A.T @ (labels / system.size)
    np.testing.assert_allclose(fit_reference(system.counts, labels, system.elements).energies, expected, atol=1e-9)


def test_totals_weigh_large_cells_more(system):
    labels = system.counts @ system.e0 + system.noise
    whole = fit_reference(system.counts, labels, system.elements, per_atom=False)
    expected = np.linalg.lstsq(system.counts, labels)[0]
    np.testing.assert_allclose(whole.energies, expected, atol=1e-9)


def test_columns_may_come_in_any_order(system):
    order = [3, 0, 4, 1, 2]
    labels = system.counts @ system.e0
    fitted = fit_reference(system.counts[:, order], labels, system.elements[order])
    assert fitted.elements.tolist() == system.elements.tolist()
    np.testing.assert_allclose(fitted.energies, system.e0, atol=1e-9)


def test_rank_deficient_fit_has_the_smallest_norm_and_names_what_is_open():
    fitted = fit_reference(np.array([[1.0, 1, 0], [0, 0, 2]]), np.array([-8.0, -10.0]), [12, 8, 14])
    assert fitted.to_mapping() == pytest.approx({"O": -4.0, "Mg": -4.0, "Si": -5.0})
    assert fitted.undetermined == (8, 12)


def test_absent_element_gets_zero_and_is_named():
    fitted = fit_reference(np.array([[2.0, 0.0]]), np.array([-3.0]), [3, 8])
    assert fitted["O"] == 0
    assert fitted.undetermined == (8,)


def test_one_structure_has_no_covariance():
    fitted = fit_reference(np.array([[2.0]]), np.array([-3.0]), [3])
    assert fitted.to_mapping() == pytest.approx({"Li": -1.5})
    assert fitted.covariance is None


@pytest.mark.parametrize("method", METHODS)
def test_covariance_is_the_scatter_over_repeated_labels(system, method):
    rng = np.random.default_rng(3)
    fits = [
        fit_reference(
            system.counts,
            system.counts @ system.e0 + 0.1 * system.size * rng.normal(size=len(system.size)),
            system.elements,
            method=method,
        )
        for _ in range(150)
    ]
    scatter = np.cov(np.array([f.energies for f in fits]).T)
    stated = np.mean([f.covariance for f in fits], axis=0)
    np.testing.assert_allclose(np.sqrt(np.diag(stated)), np.sqrt(np.diag(scatter)), rtol=0.25)
    np.testing.assert_allclose(stated, scatter, atol=0.35 * np.diag(scatter).max())


def test_ridge_solves_the_penalised_equations(system):
    labels = system.counts @ system.e0 + system.noise
    A, y = system.counts / system.size[:, None], labels / system.size
    expected = np.linalg.solve(A.T @ A + 0.5 * np.eye(5), A.T @ y)
    fitted = fit_reference(system.counts, labels, system.elements, method="ridge", ridge=0.5)
    np.testing.assert_allclose(fitted.energies, expected, atol=1e-9)


def test_huber_shrugs_off_outliers_that_break_least_squares(system):
    labels = system.counts @ system.e0 + 0.01 * system.noise * system.size
    labels[[0, 20, 40]] += 1000.0
    error = {
        m: np.abs(fit_reference(system.counts, labels, system.elements, method=m).energies - system.e0).max()
        for m in ("least-squares", "huber")
    }
    assert error["huber"] < 0.1
    assert error["least-squares"] > 10


def test_huber_on_exact_and_on_rank_deficient_data(system):
    exact = fit_reference(system.counts, system.counts @ system.e0, system.elements, method="huber")
    np.testing.assert_allclose(exact.energies, system.e0, atol=1e-8)
    doubled = np.repeat(system.counts, [2, 1, 1, 1, 1], axis=1)  # an element that always comes with its twin
    noisy = system.counts @ system.e0 + 0.1 * system.noise
    fitted = fit_reference(doubled, noisy, np.append(2, system.elements), method="huber")
    assert fitted.undetermined == (2, 3)
    assert fitted["He"] == pytest.approx(fitted["Li"])


@pytest.mark.parametrize(
    ("counts", "energies", "message"),
    [
        (np.ones((3, 2)), np.ones(2), r"shape \(2,\) for 3 structures"),
        (np.ones((2, 2)), np.array([1.0, np.nan]), "structure 1 is nan"),
        (np.ones((2, 2)), np.array([-np.inf, 1.0]), "structure 0 is -inf"),
        (np.ones((0, 2)), np.ones(0), "no structures"),
    ],
)
def test_impossible_labels_are_refused(counts, energies, message):
    with pytest.raises(ReferenceFitError, match=message):
        fit_reference(counts, energies, [3, 8])


def test_unknown_method_names_the_nearest():
    with pytest.raises(ReferenceFitError, match="Did you mean 'huber'"):
        fit_reference(np.ones((1, 1)), np.ones(1), [3], method="hubr")
