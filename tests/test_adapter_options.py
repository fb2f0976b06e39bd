"""Which potential and which head: what contradicts itself is refused before anything is loaded."""

import pytest
from pydantic import ValidationError

from transferkit.adapter_options import AdapterOptions, NewHead


def test_a_new_head_is_the_one_that_trains():
    with pytest.raises(ValidationError, match="head 'PBE' would be trained, and new_head 'r2SCAN' added for nothing"):
        AdapterOptions(name="toy", head="PBE", new_head={"name": "r2SCAN"})


@pytest.mark.parametrize("name", ["", " a", "a ", "a:b", "a,b", ":"])
def test_heads_have_names_that_blocks_can_have(name):
    with pytest.raises(ValidationError, match="pattern"):
        NewHead(name=name)
    assert NewHead(name="CCSD(T)/CBS").name == "CCSD(T)/CBS"
