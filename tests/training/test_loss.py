"""The loss is a sum and a count per label; missing labels never enter; published weights mean GPa."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from transferkit.adapters.base import Prediction
from transferkit.errors import RecipeError
from transferkit.training.labels import Labels, collate_labels
from transferkit.training.loss import Loss, Objective
from transferkit.typing import PROPERTIES
from transferkit.units import GPA

SIZES = torch.tensor([2, 3])
EVERYTHING = frozenset(PROPERTIES)


def labels_of(*, present=EVERYTHING, seed=0):
    r = torch.Generator().manual_seed(seed)
    values = {
        "energy": torch.randn(2, generator=r, dtype=torch.float64),
        "forces": torch.randn(5, 3, generator=r, dtype=torch.float64),
        "stress": torch.randn(2, 3, 3, generator=r, dtype=torch.float64) * GPA,
        "magmoms": torch.rand(5, generator=r, dtype=torch.float64),
    }
    mask = {p: torch.full(v.shape, p in present) for p, v in values.items()}
    return Labels(**values, mask=mask, n_atoms=SIZES)


def prediction_of(seed=1):
    labels = labels_of(seed=seed)
    return Prediction(*(getattr(labels, p).float().requires_grad_() for p in PROPERTIES))


@pytest.mark.parametrize(
    ("kind", "torch_loss"),
    [
        ("huber", nn.HuberLoss(delta=0.1, reduction="sum")),
        ("mse", nn.MSELoss(reduction="sum")),
        ("mae", nn.L1Loss(reduction="sum")),
    ],
)
def test_agrees_with_torch_per_atom_and_in_gpa(kind, torch_loss):
    labels, prediction = labels_of(), prediction_of()
    sums = Loss(kind)(prediction, labels, SIZES)
    scale = {"energy": SIZES.double(), "forces": 1.0, "stress": GPA, "magmoms": 1.0}
    for name, (value, count) in sums.items():
        expected = torch_loss(getattr(prediction, name).double() / scale[name], getattr(labels, name) / scale[name])
        assert value.item() == pytest.approx(expected.item(), rel=1e-12)
        assert count == getattr(labels, name).numel()


def test_sums_and_counts_add_up_over_parts_of_a_batch(potential, everything):
    objective = Objective(potential, Loss(), EVERYTHING)

    def log(index):
        graphs = [potential.graph(everything.structure(s)) for s in index]
        return objective(
            potential.adapter.collate(graphs, [0] * len(index)), collate_labels(everything, np.array(index))
        )[1]

    assert torch.allclose(log([0, 1, 2, 3, 4]), log([0, 3]) + log([1, 2]) + log([4]), rtol=1e-12)


@pytest.mark.parametrize("missing", PROPERTIES)
def test_a_batch_without_a_label_is_finite_and_gives_it_no_gradient(missing):
    labels, prediction = labels_of(present=EVERYTHING - {missing}), prediction_of()
    value, count = Loss()(prediction, labels, SIZES)[missing]
    value.backward()
    assert value.item() == 0.0
    assert count == 0
    assert torch.equal(getattr(prediction, missing).grad, torch.zeros_like(getattr(prediction, missing)))


def test_a_batch_without_any_label_has_loss_zero_and_zero_gradients(potential, everything):
    objective = Objective(potential, Loss(), EVERYTHING)
    graphs = [potential.graph(everything.structure(0))]
    sums, log = objective(potential.adapter.collate(graphs, [0]), collate_labels(everything, np.array([0])).hidden())
    loss = objective.total(sums, dict.fromkeys(PROPERTIES, 0.0))
    loss.backward()
    assert loss.item() == 0.0
    assert not log.any()
    assert all(not p.grad.any() for p in potential.parameters() if p.grad is not None)


def test_what_is_undefined_where_there_is_no_label_reaches_no_gradient():
    labels = labels_of()
    labels.mask["stress"][0] = False
    raw = torch.ones(2, 3, 3, requires_grad=True)
    predicted = raw / torch.tensor([0.0, 1.0])[:, None, None]  # a structure without a volume
    value, count = Loss()(replace(prediction_of(), stress=predicted * 0.0 + predicted), labels, SIZES)["stress"]
    value.backward()
    assert value.isfinite()
    assert count == 9
    assert raw.grad[1].isfinite().all()


def test_a_value_behind_a_mask_does_not_matter():
    labels, prediction = labels_of(), prediction_of()
    labels.mask["forces"][1:3] = False
    before = Loss()(prediction, labels, SIZES)["forces"]
    labels.forces[1:3] = np.nan
    after = Loss()(prediction, labels, SIZES)["forces"]
    assert torch.equal(after[0], before[0])
    assert after[1] == before[1] == 9


def test_labels_without_a_weight_are_left_out():
    sums = Loss(weights={"energy": 1.0, "forces": 0.0})(prediction_of(), labels_of(), SIZES)
    assert set(sums) == {"energy"}


def test_total_divides_by_the_counts_of_all_ranks(potential):
    objective = Objective(potential, Loss(weights={"energy": 3.0, "forces": 1.0}), EVERYTHING)
    sums = {"energy": torch.tensor(4.0), "forces": torch.tensor(6.0)}
    assert objective.total(sums, {"energy": 2.0, "forces": 12.0}).item() == pytest.approx(3 * 2 + 0.5)


def test_logged_errors_are_in_our_units(potential, everything):
    objective = Objective(potential, Loss("mae"), EVERYTHING)
    graphs = [potential.graph(everything.structure(s)) for s in (0, 1)]
    batch, labels = potential.adapter.collate(graphs, [0, 0]), collate_labels(everything, np.array([0, 1]))
    out = potential(batch, need=EVERYTHING)
    _, log = objective(batch, labels)
    expected = [
        ((out.energy - labels.energy).abs() / labels.n_atoms).sum(),
        (out.forces - labels.forces).abs().sum(),
        (out.stress - labels.stress).abs().sum(),
        (out.magmoms - labels.magmoms).abs().sum(),
    ]
    assert log[2, :4].tolist() == pytest.approx([float(e) for e in expected])
    assert log[0, :4].tolist() == pytest.approx([float(e) for e in (*expected[:2], expected[2] / GPA, expected[3])])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "hubber"}, "Did you mean 'huber'"),
        ({"delta": 0.0}, "delta must be positive"),
        ({"weights": {"energy": -1.0}}, "zero or positive; got -1.0"),
        ({"weights": {"energy": float("nan")}}, "zero or positive; got nan"),
    ],
)
def test_nonsense_is_refused(options, message):
    with pytest.raises(RecipeError, match=message):
        Loss(**options)


def test_an_unknown_label_is_refused():
    loss = object.__new__(Loss)  # the checked types of the test session would refuse it before us
    vars(loss).update(kind="mse", delta=0.1, weights={"energies": 1.0})
    with pytest.raises(RecipeError, match="Did you mean 'energy'"):
        loss.__post_init__()
