"""The field page: aliases refuse other shapes and types at run time, and one name is one size in a call."""

import numpy as np
import pytest
from beartype import beartype
from beartype.roar import BeartypeCallHintParamViolation
from jaxtyping import TypeCheckError, jaxtyped

from transferkit import typing

REFUSED = (TypeCheckError, BeartypeCallHintParamViolation)


@pytest.mark.parametrize(
    ("alias", "good", "bad"),
    [
        (typing.Numbers, np.zeros(3, int), np.zeros(3)),
        (typing.Positions, np.zeros((4, 3)), np.zeros((4, 2))),
        (typing.Cells, np.zeros((2, 3, 3)), np.zeros((3, 3))),
        (typing.Cell, np.zeros((3, 3)), np.zeros((1, 3, 3))),
        (typing.Periodic, np.zeros((2, 3), bool), np.zeros((2, 3), int)),
        (typing.Energy, np.zeros(2), np.zeros((2, 1))),
        (typing.Stress, np.zeros((2, 3, 3)), np.zeros((2, 6))),
        (typing.Mask, np.zeros(2, bool), np.zeros(2)),
        (typing.Counts, np.zeros((2, 5)), np.zeros((2, 5), int)),
    ],
)
def test_aliases_check_shape_and_type(alias, good, bad):
    @jaxtyped(typechecker=beartype)
    def take(x: alias) -> None: ...

    take(good)
    with pytest.raises(REFUSED):
        take(bad)


def test_one_name_is_one_size_within_a_call():
    @jaxtyped(typechecker=beartype)
    def take(positions: typing.Positions, forces: typing.Forces) -> None: ...

    take(np.zeros((4, 3)), np.zeros((4, 3)))
    with pytest.raises(REFUSED):
        take(np.zeros((4, 3)), np.zeros((5, 3)))


def test_properties_are_listed_once():
    assert len(set(typing.PROPERTIES)) == len(typing.PROPERTIES) == 4
    assert all(f"| {name} |" in typing.__doc__ for name in typing.PROPERTIES)
