"""Chosen labels: the others are absent, and a label that is not there is a mistake."""

import pytest

import transferkit as tk
from transferkit.data.chosen_labels import only_labels
from transferkit.errors import DataError

DATA = tk.bundled("gpaw-pbe-r2scan")[:5]


def test_the_others_are_absent():
    found = only_labels(DATA, ["forces"], option="data.labels")
    assert found.has("forces").all()
    assert not found.has("energy").any()
    assert not found.has("stress").any()


def test_all_where_none_are_named():
    assert only_labels(DATA, None, option="data.labels") is DATA


@pytest.mark.parametrize(
    ("labels", "words"),
    [(["force"], "Did you mean 'forces'"), (["magmoms"], "they have energy, forces, stress")],
)
def test_a_label_that_is_not_there(labels, words):
    with pytest.raises(DataError, match=words) as caught:
        only_labels(DATA, labels, option="beside.0.labels")
    assert str(caught.value).startswith("beside.0.labels")
