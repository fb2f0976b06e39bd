import pytest

from transferkit.reference.elemental import ElementalReference
from transferkit.reference.kind import kind_finding
from transferkit.reference.policies import POLICIES


def table(kind):
    return ElementalReference.from_mapping({"O": -2.0}, kind=kind)


@pytest.mark.parametrize("policy", POLICIES)
def test_only_policies_for_one_kind_are_warned_about_and_residual_is_named(policy):
    finding = kind_finding(table("unknown"), policy)
    if policy in {"refit", "isolated-atoms"}:
        assert finding.severity == "warning"
        assert "residual" in finding.mend
    else:
        assert finding is None


@pytest.mark.parametrize("kind", ["regression", "isolated-atom"])
def test_a_known_kind_is_no_finding(kind):
    assert not any(kind_finding(table(kind), policy) for policy in POLICIES)
