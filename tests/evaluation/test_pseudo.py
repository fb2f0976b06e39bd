import numpy as np
import pytest

import transferkit as tk
from transferkit.adapters.toy import Toy
from transferkit.errors import UnknownHead
from transferkit.evaluation.predict import predict
from transferkit.evaluation.pseudo import pseudo_labels
from transferkit.typing import PROPERTIES


@pytest.fixture(scope="module")
def data():
    return tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN")[:5]


def test_labels_are_the_predictions_of_the_head_and_carry_its_name(data):
    potential = Toy.load("demo")
    potential.add_head("other", copy_of="default")
    labelled = pseudo_labels(potential, data, "other")
    expected = predict(potential, data, head="other")
    assert labelled.fidelity == "other"  # the level of theory of the demo weights is not known
    assert labelled.id.tolist() == data.id.tolist()
    for name in PROPERTIES:
        assert labelled.has(name).all()
        assert np.array_equal(getattr(labelled, name), getattr(expected, name))


def test_which_head_must_be_clear(data):
    potential = Toy.load("demo")
    potential.add_head("other", copy_of="default")
    with pytest.raises(UnknownHead, match="the data are r2SCAN"):
        pseudo_labels(potential, data)
