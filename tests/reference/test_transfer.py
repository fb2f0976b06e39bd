from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import transferkit as tk
from transferkit.errors import MissingReference, ReferenceFitError
from transferkit.reference.elemental import ElementalReference
from transferkit.reference.fit import fit_reference
from transferkit.reference.leave_out import refitted_residuals
from transferkit.reference.transfer import POLICIES, score_policies, transfer

SOURCE = ElementalReference.from_mapping({"H": -3.0, "Li": -1.0, "O": -4.0, "Mg": -1.0, "Si": -5.0, "Ti": -7.0})
SCRATCH = replace(SOURCE, energies=np.zeros(6))
ISOLATED = {"Li": -0.3, "O": -1.5, "Mg": 0.0, "Si": -0.8, "Ti": -2.0}


def _inputs(system, **changed):
    labels = system.network + system.counts @ system.e0 + 0.05 * system.noise * system.size
    given_ = {
        "source": SOURCE,
        "counts": system.counts,
        "energies": labels,
        "elements": system.elements,
        "network": system.network,
        "source_energies": system.network + system.counts @ SOURCE.at(system.elements),
        "isolated": ISOLATED,
    }
    return given_ | changed


def test_residual_finds_what_the_network_lacks(system):
    exact = system.network + system.counts @ system.e0
    new = transfer("residual", **_inputs(system, energies=exact))
    np.testing.assert_allclose(new.at(system.elements), system.e0, atol=1e-9)
    assert new.elements.tolist() == SOURCE.elements.tolist()


def test_absent_element_keeps_the_source_and_is_named(system):
    for policy in ("residual", "refit", "difference"):
        new = transfer(policy, **_inputs(system))
        assert new["H"] == SOURCE["H"], policy
        assert new.undetermined == (1,), policy


def test_refit_is_the_label_only_fit(system):
    inputs = _inputs(system)
    new = transfer("refit", **inputs)
    alone = fit_reference(system.counts, inputs["energies"], system.elements)
    np.testing.assert_allclose(new.at(system.elements), alone.energies, atol=1e-12)


def test_refit_counts_the_mean_of_the_network_twice(system):
    exact = system.network + system.counts @ system.e0
    inputs = _inputs(system, energies=exact)
    off = {
        p: exact - system.network - system.counts @ transfer(p, **inputs).at(system.elements)
        for p in ("residual", "refit")
    }
    twice = system.counts @ fit_reference(system.counts, system.network, system.elements).energies
    np.testing.assert_allclose(off["residual"], 0.0, atol=1e-9)
    np.testing.assert_allclose(off["refit"], -twice, atol=1e-9)


def test_difference_is_equation_3(system):
    inputs = _inputs(system)
    fits = [fit_reference(system.counts, inputs[k], system.elements).energies for k in ("energies", "source_energies")]
    new = transfer("difference", **inputs)
    np.testing.assert_allclose(new.at(system.elements), SOURCE.at(system.elements) + fits[0] - fits[1], atol=1e-10)


def test_residual_with_perfect_predictions_of_the_source_is_the_difference(system):
    inputs = _inputs(system)
    one, other = (transfer(p, **inputs).energies for p in ("residual", "difference"))
    np.testing.assert_allclose(one, other, atol=1e-9)


def test_keep_changes_nothing(system):
    assert transfer("keep", **_inputs(system)) is SOURCE


def test_isolated_atoms_are_taken_as_given(system):
    for source in (SCRATCH, replace(SOURCE, kind="isolated-atom")):
        new = transfer("isolated-atoms", **_inputs(system, source=source))
        assert new.kind == "isolated-atom"
        assert new.to_mapping() == ISOLATED
        with pytest.raises(MissingReference, match="no reference energy for H"):
            new["H"]


def test_isolated_atoms_that_the_network_does_not_know_stay_out(system):
    new = transfer("isolated-atoms", **_inputs(system, source=SCRATCH, isolated=ISOLATED | {"U": -3.0}))
    assert new.to_mapping() == ISOLATED


def test_isolated_atoms_do_not_go_under_a_network_that_learned_on_a_regression(system):
    with pytest.raises(ReferenceFitError, match=r"'isolated-atoms' does not apply.*use 'residual'"):
        transfer("isolated-atoms", **_inputs(system))
    row = score_policies(**_inputs(system), compositions=system.compositions)["isolated-atoms"]
    assert not row.applicable
    assert "use 'residual'" in row.why_not


@given(arrays(np.float64, 5, elements=st.floats(-50, 50, allow_subnormal=False)))
@settings(max_examples=25)
def test_shift_of_labels_shifts_the_residual_table_exactly(delta):
    rng = np.random.default_rng(2)
    counts = rng.integers(0, 4, (40, 5)).astype(float) + np.eye(5)[np.arange(40) % 5]
    inputs = {"source": SOURCE, "counts": counts, "elements": [3, 8, 12, 14, 22], "network": rng.normal(size=40)}
    labels = rng.normal(size=40)
    before, after = (transfer("residual", energies=e, **inputs) for e in (labels, labels + counts @ delta))
    np.testing.assert_allclose((after.energies - before.energies)[1:], delta, atol=1e-9)
    assert after.energies[0] == before.energies[0]


def test_undetermined_elements_share_the_smallest_shift():
    new = transfer(
        "residual",
        source=SOURCE,
        counts=np.array([[1.0, 1.0]]),
        energies=np.array([-7.0]),
        network=np.array([-1.0]),
        elements=[12, 8],
    )
    assert new["Mg"] == pytest.approx(SOURCE["Mg"] - 0.5)
    assert new["O"] == pytest.approx(SOURCE["O"] - 0.5)
    assert set(new.undetermined) >= {8, 12}


class TestRefusals:
    def test_refit_onto_isolated_atoms_names_residual(self, system):
        atoms = ElementalReference(SOURCE.elements, SOURCE.energies, kind="isolated-atom")
        with pytest.raises(ReferenceFitError, match="use 'residual'"):
            transfer("refit", **_inputs(system, source=atoms))
        row = score_policies(**_inputs(system, source=atoms), compositions=system.compositions)["refit"]
        assert not row.applicable
        assert "cohesive" in row.why_not

    def test_residual_keeps_the_kind_of_its_source(self, system):
        atoms = ElementalReference(SOURCE.elements, SOURCE.energies, kind="isolated-atom")
        assert transfer("residual", **_inputs(system, source=atoms)).kind == "isolated-atom"

    def test_refit_on_one_composition(self):
        inputs = {"source": SOURCE, "counts": np.array([[1.0, 1], [2, 2]]), "elements": [12, 8]}
        labels = np.array([-7.0, -14.1])
        with pytest.raises(ReferenceFitError, match=r"one composition.* of Mg, O; use 'residual'"):
            transfer("refit", energies=labels, **inputs)
        assert transfer("refit", energies=labels, method="ridge", **inputs).undetermined == (1, 3, 8, 12, 14, 22)
        assert transfer("residual", energies=labels, network=np.zeros(2), **inputs)["Mg"] < SOURCE["Mg"]

    def test_refit_on_one_pure_element_is_fine(self):
        new = transfer("refit", source=SOURCE, counts=np.array([[2.0]]), energies=np.array([-10.0]), elements=[14])
        assert new["Si"] == pytest.approx(-5.0)

    def test_unknown_policy_names_the_nearest(self, system):
        with pytest.raises(ReferenceFitError, match="Did you mean 'residual'"):
            transfer("residuals", **_inputs(system))


class TestScores:
    def test_every_policy_has_a_row_in_order(self, system):
        table = score_policies(**_inputs(system, source=SCRATCH), compositions=system.compositions)
        assert [row.policy for row in table.rows] == list(POLICIES)
        assert all(row.applicable for row in table.rows)
        assert {row.n_compositions for row in table.rows} == {len(np.unique(system.compositions))}

    @pytest.mark.parametrize("policy", ["residual", "refit", "difference"])
    @pytest.mark.parametrize("method", ["least-squares", "huber"])
    def test_score_is_that_of_transferring_without_the_composition(self, system, policy, method):
        inputs = _inputs(system, method=method)
        table = score_policies(**inputs, compositions=system.compositions)
        errors = []
        for name in np.unique(system.compositions):
            out = system.compositions == name
            part = {
                k: v[~out] if k in {"counts", "energies", "network", "source_energies"} else v
                for k, v in inputs.items()
            }
            e0 = transfer(policy, **part).at(system.elements)
            miss = inputs["energies"] - system.network - system.counts @ e0
            errors.append(np.abs(miss / system.size)[out].mean())
        assert table[policy].mean == pytest.approx(np.mean(errors), abs=1e-7)
        assert table[policy].median == pytest.approx(np.median(errors), abs=1e-7)

    def test_policies_without_a_fit(self, system):
        inputs = _inputs(system, source=SCRATCH)
        table = score_policies(**inputs, compositions=system.compositions)
        for policy in ("keep", "isolated-atoms"):
            e0 = transfer(policy, **inputs).at(system.elements)
            miss = np.abs((inputs["energies"] - system.network - system.counts @ e0) / system.size)
            expected = np.mean([miss[system.compositions == c].mean() for c in np.unique(system.compositions)])
            assert table[policy].mean == pytest.approx(expected), policy

    def test_undetermined_compositions_are_counted_and_left_aside_for_all(self, system):
        counts = np.hstack([system.counts, np.zeros((60, 1))])
        counts = np.vstack([counts, [[0, 1.0, 0, 0, 0, 1.0]]])
        extra = {k: np.append(_inputs(system)[k], 1e6) for k in ("energies", "network", "source_energies")}
        inputs = _inputs(system, source=SCRATCH, counts=counts, elements=np.append(system.elements, 1), **extra)
        inputs["isolated"] = ISOLATED | {"H": -1.0}
        table = score_policies(**inputs, compositions=np.append(system.compositions, "HO"))
        plain = score_policies(**_inputs(system, source=SCRATCH), compositions=system.compositions)
        for row in table.rows:
            assert row.n_undetermined == 1, row.policy
            assert row.mean == pytest.approx(plain[row.policy].mean), row.policy

    def test_one_composition_scores_only_what_needs_no_fit(self):
        table = score_policies(
            source=SOURCE,
            counts=np.array([[1.0, 1.0]]),
            energies=np.array([-7.0]),
            network=np.array([-1.0]),
            elements=[12, 8],
            compositions=["MgO"],
        )
        assert table["keep"].mean == pytest.approx(0.5)
        assert np.isnan(table["residual"].mean)
        assert table["residual"].n_undetermined == 1
        assert "could not be scored" in table.warning("residual")

    def test_errors_of_refitting_by_hand(self, system):
        inputs = _inputs(system)
        groups = np.unique(system.compositions, return_inverse=True)[1]
        base = (inputs["energies"] - system.network) / system.size
        left, _ = refitted_residuals(system.counts, base[:, None], groups)
        expected = np.mean([np.abs(left[groups == g]).mean() for g in np.unique(groups)])
        found = score_policies(**inputs, compositions=system.compositions)["residual"].mean
        assert found == pytest.approx(expected, abs=1e-9)


@pytest.fixture
def chgnet():
    """What score_policies asks for: CHGNet 0.3.0, by its own code, on the undistorted bundled cells at both levels."""
    from chgnet.model import CHGNet
    from pymatgen.core import Structure

    pbe, r2scan = (tk.bundled("gpaw-pbe-r2scan", fidelity=f) for f in ("PBE", "r2SCAN"))
    ideal = np.char.endswith(pbe.id.astype(str), "ideal")
    pbe, r2scan = pbe[ideal], r2scan[ideal]
    model = CHGNet.load(use_device="cpu", verbose=False)
    cells = [Structure(s.cell, s.numbers, s.positions, coords_are_cartesian=True) for s in r2scan]
    # The network's part is read by zeroing the table, which upstream adds inside its forward pass.
    table = model.composition_model.fc.weight.detach().numpy().astype(float).ravel()
    model.composition_model.fc.weight.data.zero_()
    predicted = model.predict_structure(cells, task="e", batch_size=32)
    return {
        "source": ElementalReference(np.arange(1, 95), table, source="CHGNet 0.3.0"),
        "counts": r2scan.counts(),
        "energies": r2scan.energy,
        "elements": r2scan.elements,
        "network": np.array([p["e"] for p in predicted], dtype=float) * r2scan.n_atoms,
        "source_energies": pbe.energy,
        "compositions": r2scan.composition,
    }


@pytest.mark.filterwarnings("ignore:Converting a tensor:UserWarning")  # from inside upstream's predict_structure
def test_residual_wins_by_far_on_real_labels(chgnet):
    table = score_policies(**chgnet)
    residual = table["residual"]
    assert residual.n_compositions > 150
    assert residual.mean < 0.08
    assert residual.median < 0.05
    assert 0.3 < table["refit"].mean < 1.0
    assert residual.mean < table["difference"].mean < table["refit"].mean < table["keep"].mean
    assert table.warning("residual") is None
    assert "'residual'" in table.warning("refit")
