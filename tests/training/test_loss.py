"""The loss is a sum and a count per label; missing labels never enter; published weights mean GPa."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from transferkit.adapters.base import Prediction
from transferkit.adapters.toy import Toy
from transferkit.errors import RecipeError
from transferkit.training.labels import Labels, collate_labels
from transferkit.training.loss import Loss, Objective
from transferkit.training.tally import Tally
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
    loss = objective.total(sums, Tally())
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
    sums = {"energy": torch.tensor([[4.0]]), "forces": torch.tensor([[6.0]])}
    seen = Tally(np.array([[9.0, 9.0, 0, 0, 0, 0], [2.0, 12.0, 0, 0, 0, 0], [0.0] * 6]))
    assert objective.total(sums, seen).item() == pytest.approx(3 * 2 + 0.5)


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


def test_nothing_but_atoms_and_structures_has_an_energy():
    with pytest.raises(RecipeError, match=r"loss.energy_of: nothing is called 'structures'. Did you mean 'structure'"):
        Loss(energy_of="structures")


def test_the_energy_of_a_structure_is_not_divided_but_its_logged_error_is(potential, everything):
    graphs = [potential.graph(everything.structure(s)) for s in (0, 1, 5)]
    batch, labels = potential.adapter.collate(graphs, [0] * 3), collate_labels(everything, np.array([0, 1, 5]))
    error = (potential(batch, need=frozenset({"energy"})).energy - labels.energy).abs().detach()
    log = Objective(potential, Loss("mae", energy_of="structure"), frozenset({"energy"}))(batch, labels)[1]
    assert log[0, 0].item() == pytest.approx(error.sum().item(), rel=1e-12)
    assert log[2, 0].item() == pytest.approx((error / labels.n_atoms).sum().item(), rel=1e-12)


def mixed(potential, data, index, source, mask):
    """A batch of several sets, each through its own head, with the labels that ``mask`` has."""
    graphs = [potential.graph(data.structure(s), head="default") for s in index]
    labels = collate_labels(replace(data, mask={**data.mask, **mask}), np.array(index))
    return potential.adapter.collate(graphs, source), replace(labels, source=torch.tensor(source))


def gradients(loss, potential):
    found = torch.autograd.grad(loss, list(potential.parameters()), allow_unused=True, retain_graph=True)
    parameters = potential.parameters()
    return torch.cat(
        [(torch.zeros_like(p) if g is None else g).flatten() for g, p in zip(found, parameters, strict=True)]
    )


@pytest.fixture(scope="module")
def two_heads():
    potential = Toy.load("demo", dtype=torch.float64)
    potential.add_head("other", "default")
    with torch.no_grad():
        for parameter in potential.adapter.readouts[1].parameters():
            parameter.add_(0.1)
    return potential


SETS = {"default": 1.0, "other": 0.3}
WEIGHTS = {"energy": 3.0, "forces": 1.0, "stress": 0.1, "magmoms": 1.0}
FIVE = st.lists(st.booleans(), min_size=5, max_size=5)


@settings(max_examples=25, deadline=None)
@given(
    present=st.fixed_dictionaries(dict.fromkeys(PROPERTIES, FIVE)),
    source=st.lists(st.integers(0, 1), min_size=5, max_size=5),
    kind=st.sampled_from(["huber", "mse", "mae"]),
)
def test_any_labels_over_structures_and_heads_give_the_sum_over_structures(
    two_heads, everything, present, source, kind
):
    data, index = everything[:5], list(range(5))
    mask = {p: np.array(found) for p, found in present.items()}
    objective = Objective(two_heads, Loss(kind, weights=WEIGHTS), EVERYTHING, SETS)
    sums, log = objective(*mixed(two_heads, data, index, source, mask))
    seen = Tally(log.numpy())
    loss = objective.total(sums, seen)
    assert loss.isfinite()
    assert loss.item() == pytest.approx(seen.total(objective.weights, SETS), rel=1e-12)

    # the same, structure by structure, with counts by hand
    size = {"energy": [1] * 5, "forces": 3 * data.n_atoms, "stress": [9] * 5, "magmoms": data.n_atoms}
    expected, value = torch.zeros_like(gradients(loss, two_heads)), 0.0
    for s in index:
        batch, labels = mixed(two_heads, data, [s], [source[s]], mask)
        prediction = two_heads(batch, need=EVERYTHING, create_graph=True)
        for name, (total, _) in Loss(kind, weights=WEIGHTS)(prediction, labels, labels.n_atoms).items():
            count = sum(size[name][k] for k in index if present[name][k] and source[k] == source[s])
            share = [*SETS.values()][source[s]] * WEIGHTS[name] / max(count, 1)
            expected += gradients(share * total, two_heads)
            value += share * total.item()
    assert loss.item() == pytest.approx(value, rel=1e-9, abs=1e-12)
    assert torch.allclose(gradients(loss, two_heads), expected, rtol=1e-8, atol=1e-10)


@settings(max_examples=15, deadline=None)
@given(
    present=st.fixed_dictionaries(dict.fromkeys(PROPERTIES, FIVE)),
    source=st.lists(st.integers(0, 1), min_size=5, max_size=5),
)
def test_any_labels_give_a_finite_root(two_heads, everything, present, source):
    mask = {p: np.array(found) for p, found in present.items()}
    objective = Objective(two_heads, Loss("rmse+mae", energy_of="structure"), EVERYTHING, SETS)
    sums, log = objective(*mixed(two_heads, everything[:5], list(range(5)), source, mask))
    assert gradients(objective.total(sums, Tally(log.numpy())), two_heads).isfinite().all()
    assert np.isfinite(Tally(log.numpy()).total(objective.weights, SETS))


class TestRoot:
    """RMSE + MAE over the batch, per set and label."""

    LOSS = Loss("rmse+mae", weights=WEIGHTS, energy_of="structure")
    SOURCE = (0, 0, 1, 0, 1)

    def seen(self, potential, everything, index=range(5)):
        objective = Objective(potential, self.LOSS, EVERYTHING, SETS)
        source = [self.SOURCE[s] for s in index]
        sums, log = objective(*mixed(potential, everything, list(index), source, {}))
        return objective, sums, Tally(log.numpy())

    def formula(self, potential, everything):
        total = 0.0
        for head, share in enumerate(SETS.values()):
            index = [s for s in range(5) if self.SOURCE[s] == head]
            batch, labels = mixed(potential, everything, index, [head] * len(index), {})
            out = potential(batch, need=EVERYTHING)
            for name, weight in WEIGHTS.items():
                error = (getattr(out, name) - getattr(labels, name)).double() / (GPA if name == "stress" else 1.0)
                total += share * weight * (error.square().mean().sqrt() + error.abs().mean()).item()
        return total

    def test_is_the_formula_over_the_batch(self, two_heads, everything):
        objective, _, seen = self.seen(two_heads, everything)
        assert seen.sums.shape == (4, 12)
        assert seen.total(objective.weights, SETS) == pytest.approx(self.formula(two_heads, everything), rel=1e-10)

    def test_gradients_are_those_of_finite_differences(self, two_heads, everything):
        objective, sums, seen = self.seen(two_heads, everything)
        found = gradients(objective.total(sums, seen), two_heads)
        parameters = list(two_heads.parameters())
        direction = [
            torch.randn(p.shape, generator=torch.Generator().manual_seed(0), dtype=p.dtype) for p in parameters
        ]

        def moved(step):
            with torch.no_grad():
                for p, d in zip(parameters, direction, strict=True):
                    p.add_(step * d)
            value = self.formula(two_heads, everything)
            with torch.no_grad():
                for p, d in zip(parameters, direction, strict=True):
                    p.sub_(step * d)
            return value

        slope = (moved(1e-6) - moved(-1e-6)) / 2e-6
        assert torch.cat([d.flatten() for d in direction]) @ found == pytest.approx(slope, rel=1e-5)

    def test_ranks_add_up(self, two_heads, everything):
        objective, sums, whole = self.seen(two_heads, everything)
        parts = [self.seen(two_heads, everything, range(rank, 5, 2)) for rank in (0, 1)]
        together = Tally(sum(part[2].sums for part in parts))
        assert np.allclose(together.sums, whole.sums, rtol=1e-12)
        shared = sum(gradients(objective.total(part[1], together), two_heads) for part in parts)
        assert torch.allclose(shared, gradients(objective.total(sums, whole), two_heads), rtol=1e-9, atol=1e-12)

    def test_a_residual_of_zero_has_a_finite_gradient(self, two_heads, everything):
        batch, labels = mixed(two_heads, everything, [0, 1], [0, 0], {})
        out = two_heads(batch, need=EVERYTHING, create_graph=True)
        exact = {p: getattr(out, p).detach().double() for p in PROPERTIES}
        objective = Objective(two_heads, self.LOSS, EVERYTHING)
        sums, log = objective(batch, replace(labels, **exact))
        assert Tally(log.numpy()).loss(objective.weights) == 0.0
        assert not gradients(objective.total(sums, Tally(log.numpy())), two_heads).any()

    def test_a_tiny_residual_pulls_no_harder_than_a_large_one(self, two_heads, everything):
        batch, labels = mixed(two_heads, everything, [0], [0], {})
        energy = two_heads(batch, need=frozenset({"energy"})).energy.detach()
        objective = Objective(two_heads, replace(self.LOSS, weights={"energy": 1.0}), frozenset({"energy"}))
        found = []
        for error in (1e-12, 1.0):
            sums, log = objective(batch, replace(labels, energy=energy - error))
            found.append(gradients(objective.total(sums, Tally(log.numpy())), two_heads))
        assert found[0].any()
        assert torch.allclose(*found, rtol=1e-9)
