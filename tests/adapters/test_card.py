"""Cards: the least is a licence; the contract compares them with the checkpoints."""

import pytest

from transferkit.adapters.card import Card


def test_what_only_the_file_says_is_none():
    card = Card("MIT")
    assert (card.heads, card.elements, card.fidelity, card.kind, card.label_convention) == (
        ("default",), None, None, None, None,
    )  # fmt: skip


def test_a_card_has_a_licence():
    with pytest.raises(TypeError):
        Card()
