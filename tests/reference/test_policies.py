from dataclasses import replace

import numpy as np
import pytest

from transferkit.errors import MissingReference, ReferenceFitError
from transferkit.reference.elemental import ElementalReference
from transferkit.reference.fit import fit_reference
from transferkit.reference.policies import POLICIES, checked_problem, refusal

SOURCE = ElementalReference.from_mapping({"H": -3.0, "Li": -1.0, "O": -4.0, "Mg": -1.0, "Si": -5.0, "Ti": -7.0})
SCRATCH = replace(SOURCE, energies=np.zeros(6))


def problem(system, **changed):
    complete = {
        "source": SOURCE,
        "counts": system.counts,
        "energies": system.network + system.counts @ system.e0,
        "elements": system.elements,
        "network": system.network,
        "source_energies": system.network,
        "isolated": {"Li": -0.3, "O": -1.5, "Mg": 0.0, "Si": -0.8, "Ti": -2.0},
        "method": "least-squares",
        "ridge": 1e-3,
    }
    return checked_problem(**complete | changed)


def one_composition(system, **changed):
    return problem(system, counts=np.outer([1, 2] * 30, [0, 1, 1, 0, 0]), **changed)


class TestProblem:
    def test_elements_that_do_not_occur_are_dropped_even_where_the_source_lacks_them(self, system):
        counts = np.insert(system.counts, 2, 0.0, axis=1)
        made = problem(system, counts=counts, elements=np.insert(system.elements, 2, 92))
        assert made.elements.tolist() == system.elements.tolist()
        assert np.array_equal(made.counts, system.counts)

    def test_an_element_that_occurs_must_be_in_the_source(self, system):
        with pytest.raises(MissingReference, match="no energy for Ta, U"):
            problem(system, elements=[3, 8, 12, 73, 92])

    def test_integers_and_lists_become_float64(self, system):
        made = problem(system, counts=system.counts.astype(int), elements=system.elements.tolist())
        assert made.counts.dtype == made.energies.dtype == np.float64

    @pytest.mark.parametrize(
        ("name", "said"),
        [("energies", "energies"), ("network", "network energies"), ("source_energies", "source_energies")],
    )
    def test_nan_and_length_name_the_array(self, system, name, said):
        bad = system.network.copy()
        bad[4] = np.nan
        with pytest.raises(ReferenceFitError, match=f"^{said}: structure 4 is nan"):
            problem(system, **{name: bad})
        with pytest.raises(ReferenceFitError, match=rf"^{said} have shape \(59,\) for 60 structures"):
            problem(system, **{name: system.network[1:]})

    def test_source_total_sums_the_source_over_each_structure(self, system):
        made = problem(system)
        assert made.source_total[7] == pytest.approx(system.counts[7] @ [-1.0, -4.0, -1.0, -5.0, -7.0])

    def test_fit_uses_the_method_and_the_ridge_asked_for(self, system):
        found = problem(system, method="ridge", ridge=10.0).fit(system.network)
        expected = fit_reference(system.counts, system.network, system.elements, method="ridge", ridge=10.0)
        assert np.array_equal(found.energies, expected.energies)
        assert not np.allclose(found.energies, problem(system).fit(system.network).energies)


class TestRefusal:
    def test_every_policy_applies_where_all_is_given(self, system):
        made = problem(system, source=SCRATCH)
        assert {policy: refusal(policy, made) for policy in POLICIES} == dict.fromkeys(POLICIES, "")

    @pytest.mark.parametrize(
        ("policy", "lacking"),
        [("residual", "network"), ("difference", "source_energies"), ("isolated-atoms", "isolated")],
    )
    def test_only_the_policy_without_its_input_is_refused(self, system, policy, lacking):
        made = problem(system, source=SCRATCH, **{lacking: None})
        refused = {p: why for p in POLICIES if (why := refusal(p, made))}
        assert set(refused) == {policy}
        assert f"({lacking}=)" in refused[policy]

    def test_isolated_atoms_that_lack_an_element_of_the_data(self, system):
        made = problem(system, source=SCRATCH, isolated={"Li": -0.3, "O": -1.5})
        assert "lacks Mg, Si, Ti; add" in refusal("isolated-atoms", made)

    def test_isolated_atoms_under_a_network_that_learned_on_a_regression(self, system):
        assert refusal("isolated-atoms", problem(system)).endswith("use 'residual'")
        assert refusal("isolated-atoms", problem(system, source=replace(SOURCE, kind="isolated-atom"))) == ""

    def test_refit_onto_isolated_atoms(self, system):
        atoms = ElementalReference(SOURCE.elements, SOURCE.energies, kind="isolated-atom")
        made = problem(system, source=atoms)
        assert "cohesive" in refusal("refit", made)
        assert refusal("residual", made) == refusal("difference", made) == ""

    def test_refit_on_one_composition_names_the_elements(self, system):
        made = one_composition(system)
        assert "the energies of O, Mg;" in refusal("refit", made)
        assert refusal("residual", made) == refusal("keep", made) == ""

    def test_refit_on_one_composition_is_allowed_with_a_ridge_and_for_one_element(self, system):
        assert refusal("refit", one_composition(system, method="ridge")) == ""
        assert refusal("refit", problem(system, counts=np.outer([1, 2] * 30, [0, 0, 0, 1, 0]))) == ""
