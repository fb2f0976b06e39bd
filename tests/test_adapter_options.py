"""Which potential and which head: what contradicts itself is refused before anything is loaded."""

import pytest
from pydantic import ValidationError

from transferkit.adapter_options import AdapterOptions, NewHead


def test_a_new_head_is_a_whole_readout_unless_it_is_said():
    assert AdapterOptions(name="toy", new_head={"name": "r2SCAN"}).new_head.shape == "readout"
    with pytest.raises(ValidationError, match="last-linear"):
        NewHead(name="r2SCAN", shape="linear")


@pytest.mark.parametrize("name", ["", " a", "a ", "a:b", "a,b", ":"])
def test_heads_have_names_that_blocks_can_have(name):
    with pytest.raises(ValidationError, match="pattern"):
        NewHead(name=name)
    assert NewHead(name="CCSD(T)/CBS").name == "CCSD(T)/CBS"
