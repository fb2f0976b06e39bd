"""What a reader of a run is told about labels and heads."""

from transferkit.adapters.graphs import build_graphs
from transferkit.finetuning.plan import Plan
from transferkit.training.mixture import Beside, Mixture
from transferkit.training.notes import notes_on, sets_note, shared_note


def test_notes_name_the_labels():
    assert notes_on([], []) == ()
    assert "no magmoms" in notes_on(["magmoms"], [])[0]
    assert "validation data have no stress" in notes_on([], ["stress"])[0]


def test_which_labels_reach_which_head(potential, train):
    target = train.without("forces", "stress", "magmoms")
    graphs = build_graphs(potential, train)
    mixture = Mixture(target, graphs, "a", (Beside(train[:5], graphs[:5], "b", ratio=0.5, weight=2.0),), 0)
    (note,) = sets_note(mixture, frozenset({"energy", "forces"}))
    assert note == (
        "trained together: a (24 r2SCAN structures) learns energy 24; "
        "b (5 r2SCAN structures, 0.5 per structure of the target, weight 2) learns energy 5, forces 5"
    )


def test_heads_that_are_trained_are_not_among_those_that_change_by_the_way():
    plan = Plan("full", (), {"embedding": 9, "readout.a": 3, "readout.b": 3, "readout.c": 0}, {}, ())
    assert shared_note(plan, ["a", "b"], ["a", "b"]) == ()
    (note,) = shared_note(plan, ["a", "b", "c"], ["a", "b"])
    assert note.endswith("embedding with a, b: c")
