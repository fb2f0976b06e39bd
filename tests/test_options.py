"""Groups of options: documented, closed, immutable, strict about types."""

import pytest
from pydantic import BaseModel, ValidationError

from transferkit import adapter_options, beside_options, data_options, loss_options, options
from transferkit.data_options import Data, Split
from transferkit.loss_options import Loss
from transferkit.options import BatchSize, Frozen, Reference, Training

GROUPS = [
    g
    for module in (options, adapter_options, beside_options, data_options, loss_options)
    for g in vars(module).values()
    if isinstance(g, type) and issubclass(g, BaseModel) and g is not BaseModel
]


@pytest.mark.parametrize("group", GROUPS, ids=lambda g: g.__name__)
def test_every_option_is_documented_where_it_stands(group):
    missing = [name for name, option in group.model_fields.items() if not option.description and name != "kind"]
    assert missing == []


@pytest.mark.parametrize("group", GROUPS, ids=lambda g: g.__name__)
def test_groups_are_closed_immutable_and_strict(group):
    config = group.model_config
    assert (config["extra"], config["frozen"], config["strict"]) == ("forbid", True, True)


def test_defaults_are_those_of_paper_a():
    loss = Loss()
    assert (loss.energy, loss.forces, loss.stress, loss.magmoms, loss.delta) == (3, 1, 0.1, None, 0.1)
    assert Reference().policy == "residual"


def test_options_cannot_be_changed_afterwards():
    with pytest.raises(ValidationError, match="frozen"):
        Loss().energy = 2.0


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (Training, "exactly one of epochs and steps"),
        (lambda: Training(epochs=1, steps=1), "exactly one of epochs and steps"),
        (lambda: Training(steps=0), "greater than 0"),
        (lambda: Split(fractions=(0.8, 0.1, 0.2)), "sum to 1.1"),
        (lambda: Split(by="material", fold=0), "by composition"),
        (lambda: Split(fold=True), "valid integer"),
        (lambda: Split(fold=-1), "greater than or equal to 0"),
        (lambda: Frozen(kind="frozen"), "exactly one of train and preset"),
        (
            lambda: Frozen(kind="frozen", train=["a"], preset="chgnet-upstream-freeze"),
            "exactly one of train and preset",
        ),
        (lambda: Loss(energy=0, forces=0, stress=0, magmoms=0), "nothing to learn"),
        (lambda: Reference(policy="difference"), "needs source_data"),
        (lambda: Reference(policy="isolated-atoms"), "needs isolated_atoms"),
        (lambda: Reference(learning_rate=0.1), "trainable: true"),
        (lambda: BatchSize(edges=1.5), "valid integer"),
        (lambda: Data(source="x", fidelity="PBE", subset="many"), "valid integer"),
    ],
)
def test_what_does_not_fit_together_is_refused(build, words):
    with pytest.raises(ValidationError, match=words):
        build()


def test_lists_of_a_yaml_file_become_tuples():
    assert Frozen(kind="frozen", train=["readout"]).train == ("readout",)
    assert Split(fractions=[0.5, 0.25, 0.25]).fractions == (0.5, 0.25, 0.25)
