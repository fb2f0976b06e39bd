"""On exact surfaces the residuals have the order that kappa promises; gradients are those of finite differences."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from transferkit.adapters.base import Prediction
from transferkit.adapters.chgnet import ChgnetAdapter
from transferkit.adapters.geometry import deform, differentiate, gradients_on, sum_per_structure
from transferkit.adapters.graphs import build_graphs
from transferkit.adapters.toy import Toy
from transferkit.data.displaced import displaced
from transferkit.data.structures import Structure, Structures
from transferkit.errors import RecipeError
from transferkit.training.consistency import Consistency, predict_with_residuals
from transferkit.training.displacement import against
from transferkit.training.excursion import Excursions
from transferkit.training.feed import Feed
from transferkit.training.loss import Loss, Objective
from transferkit.training.state import Progress
from transferkit.training.tally import Tally
from transferkit.typing import PROPERTIES

NEED = frozenset({"energy", "forces", "stress"})
TRICLINIC = np.array([[4.4, 0.0, 0.0], [0.9, 4.1, 0.0], [-0.7, 0.5, 4.6]])


class Surface(nn.Module):
    """An exact energy as a sum over edges; called as a potential is."""

    def forward(self, batch, *, need, positions=None, strain=None, create_graph=False):
        with gradients_on(need):
            geometry = deform(batch, need=need, positions=positions, strain=strain)
            sites = torch.zeros(len(batch.numbers), dtype=torch.float64)
            energy = sum_per_structure(sites.index_add(0, batch.edges[0], self.edge(batch, geometry.vectors)), batch)
            return differentiate(Prediction(energy), geometry, create_graph=create_graph)


class Morse(Surface):
    def edge(self, batch, vectors):  # noqa: ARG002
        return 0.5 * (1 - torch.exp(-1.3 * (vectors.norm(dim=1) - 2.1))) ** 2


class Harmonic(Surface):
    """Springs between sites that are fixed by the batch, with a force on them; quadratic in the positions."""

    spring = torch.tensor([[2.0, 0.3, 0.0], [0.3, 1.1, -0.4], [0.0, -0.4, 1.6]], dtype=torch.float64)
    pull = torch.tensor([0.3, -0.2, 0.5], dtype=torch.float64)

    def edge(self, batch, vectors):
        stretch = vectors - deform(batch, need=frozenset()).vectors
        one_way = (batch.edges[0] < batch.edges[1]).double()
        return 0.5 * torch.einsum("ei,ij,ej->e", stretch, self.spring, stretch) + one_way * (stretch @ self.pull)


def mace():
    pytest.importorskip("mace")
    from transferkit.adapters.mace import MaceAdapter

    return MaceAdapter.scratch("tiny", dtype=torch.float64)


ADAPTERS = [
    partial(Toy.load, "demo", dtype=torch.float64),
    partial(ChgnetAdapter.scratch, "tiny", dtype=torch.float64),
    mace,
]


def cluster(n, seed):
    r = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.arange(2)] * 3), axis=-1).reshape(-1, 3)[:n] * 2.2
    return Structure(
        np.full(n, 6), grid + 0.1 * r.normal(size=(n, 3)), np.zeros((3, 3)), np.zeros(3, dtype=bool), f"cluster-{n}"
    )


def crystal(n, seed):
    r = np.random.default_rng(seed)
    fractional = np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0, 0.5]])[:n] + 0.03 * r.normal(size=(n, 3))
    return Structure(np.full(n, 12), fractional @ TRICLINIC, TRICLINIC, np.ones(3, dtype=bool), f"crystal-{n}")


RAGGED = {
    "cluster": [cluster(5, 0)],
    "triclinic": [crystal(2, 1)],
    "ragged": [cluster(5, 0), crystal(2, 1), cluster(3, 2), crystal(3, 3)],
}


def labelled(structures):
    r = np.random.default_rng(0)
    n, atoms = len(structures), sum(len(s.numbers) for s in structures)
    labels = {
        "energy": r.normal(size=n), "forces": r.normal(size=(atoms, 3)), "stress": np.full((n, 3, 3), np.nan),
        "magmoms": np.full(atoms, np.nan),
    }  # fmt: skip
    return Structures(
        numbers=np.concatenate([s.numbers for s in structures]),
        positions=np.concatenate([s.positions for s in structures]),
        cell=np.stack([s.cell for s in structures]),
        pbc=np.stack([s.pbc for s in structures]),
        offsets=np.cumsum([0, *(len(s.numbers) for s in structures)]),
        id=np.array([s.id for s in structures]),
        material_id=np.array([s.id for s in structures]),
        fidelity="PBE",
        mask={p: np.full(n, p in {"energy", "forces"}) for p in PROPERTIES},
        **labels,
    )


def excursions(structures, settings, model=None, *, skin=None, **options):
    """Four structures at most, one batch."""
    data = structures if isinstance(structures, Structures) else labelled(structures)
    model = model or Toy.load("demo", dtype=torch.float64)
    graphs = build_graphs(model, data, skin=settings.skin if skin is None else skin, head="default")
    return Excursions(Feed(data, graphs, model.adapter, 0, 10**6, None, 0), settings, total=10, **options)


def load(found, index=None):
    index = np.arange(len(found.feed.data)) if index is None else np.array(index)
    return found.load(index, index, hidden=False, progress=Progress(), device=torch.device("cpu"))


@pytest.fixture
def rattled(everything):
    """Crystals off their symmetric sites, where forces are zero whatever the parameters."""
    data = everything[:3]
    return displaced(data, 0.1 * np.random.default_rng(0).normal(size=data.positions.shape), "rattled")


def residuals(surface, structures, settings):
    return predict_with_residuals(surface, *load(excursions(structures, settings)), settings=settings, need=NEED)[1]


@pytest.mark.parametrize("name", RAGGED)
@pytest.mark.parametrize("direction", ["uniform", "random", "adversarial"])
@pytest.mark.parametrize(("kappa", "order"), [(0.0, 2), (0.5, 3)])
def test_residuals_fall_with_the_power_of_the_displacement(name, direction, kappa, order):
    # The skin stays that of the longest step, so that the surface, which has no cutoff, keeps its edges.
    def at(length):
        settings = Consistency(1.0, 1.0, kappa, length, direction)
        found = excursions(RAGGED[name], settings, skin=0.2)
        return predict_with_residuals(Morse(), *load(found), settings=settings, need=NEED)[1]

    coarse, fine = at(1e-2), at(5e-3)
    for which in ("pitc", "pisc"):
        assert len(coarse[which]) == len(RAGGED[name])
        assert torch.log2(coarse[which] / fine[which]).tolist() == pytest.approx([order] * len(coarse[which]), abs=0.15)
        assert fine[which].abs().min() > 1e-13  # not rounding


@pytest.mark.parametrize("name", RAGGED)
def test_a_harmonic_crystal_leaves_nothing_at_second_order_and_its_curvature_at_first(name):
    first, second = (residuals(Harmonic(), RAGGED[name], Consistency(1.0, 1.0, kappa)) for kappa in (0.0, 0.5))
    for which in ("pitc", "pisc"):
        assert second[which].abs().max() < 1e-12
        assert first[which].min() > 1e-4


def test_first_order_leaves_half_the_hessian():
    settings = Consistency(1.0, 1.0, 0.0)
    found = excursions(RAGGED["ragged"], settings)
    batch, labels, moves = load(found)
    _, left = predict_with_residuals(Harmonic(), batch, labels, moves, settings=settings, need=NEED)
    plain = found.feed.collate(np.arange(4))

    def energy(step):
        return Harmonic()(plain, need=frozenset({"energy"}), positions=plain.positions + step).energy

    for which, step in {"pitc": moves.first, "pisc": moves.first - moves.second}.items():
        curvature = (energy(step) + energy(-step)) / 2 - energy(0 * step)
        assert torch.allclose(left[which] * labels.n_atoms, curvature, atol=1e-13)


def test_a_structure_does_not_know_who_shares_its_batch():
    settings = Consistency(1.0, 1.0, 0.5)
    found = excursions(RAGGED["ragged"], settings)
    potential = Toy.load("demo", dtype=torch.float64)

    def of(index):
        return predict_with_residuals(potential, *load(found, index), settings=settings, need=NEED)[1]

    together = of([0, 1, 2, 3])
    for s in range(4):
        for which, values in of([s]).items():
            assert values.item() == pytest.approx(together[which][s].item(), abs=1e-12)


@pytest.mark.parametrize(
    "settings",
    [
        Consistency(1.0, pisc, kappa, 0.05, direction, fraction=0.6)
        for direction in ("uniform", "adversarial")
        for kappa in (0.0, 0.5)
        for pisc in (0.0, 1.0)
    ],
    ids=lambda s: f"{s.direction}-{s.kappa}-{s.copies}",
)
@pytest.mark.parametrize("most", [0, 10**6])
@pytest.mark.parametrize("make", ADAPTERS)
def test_every_way_to_batch_gives_the_formulas_for_every_adapter(settings, make, most, rattled):
    model, kappa = make(), settings.kappa
    found = excursions(rattled, settings, model, most_joined=most)
    batch, labels, moves = load(found)
    assert moves.behind == (most > 0 and settings.copies > 0)
    prediction, left = predict_with_residuals(model, batch, labels, moves, settings=settings, need=NEED)
    plain = found.feed.collate(np.arange(3))
    expected = model(plain, need=NEED)
    for name in NEED:
        assert torch.allclose(getattr(prediction, name).double(), getattr(expected, name).double(), atol=1e-10)

    # The formulas, one structure after the other, with graphs built anew where the atoms have gone.
    assert len(moves.chosen) == 2
    for k, s in enumerate(moves.chosen.tolist()):
        of = moves.owner == k
        first, second = moves.first[of], moves.second[of]
        here = rattled.structure(s)
        if settings.direction == "adversarial":
            gap = expected.forces[plain.owner == s] - labels.forces[plain.owner == s]
            size = gap.norm(dim=1, keepdim=True)
            first = torch.where(size > 1e-4, -np.sqrt(3) * settings.length * gap / size, 0.0)

        def at(step, here=here):
            there = model.graph(replace(here, positions=here.positions + step.numpy()))
            out = model(model.collate([there]), need=NEED)
            return out.energy[0], out.forces

        a, b, c = at(0 * first), at(second), at(first)
        pairs = {"pitc": (a, first)} | ({"pisc": (b, first - second)} if settings.pisc else {})
        assert set(left) == set(pairs)
        for which, (start, step) in pairs.items():
            work = (step * ((1 - kappa) * start[1] + kappa * c[1])).sum()
            assert (left[which][k] * len(here.numbers)).item() == pytest.approx(
                (c[0] - start[0] + work).item(), abs=1e-9
            )


@pytest.mark.parametrize("kind", ["mse", "huber", "rmse+mae"])
@pytest.mark.parametrize("kappa", [0.0, 0.5])
@pytest.mark.parametrize("which", ["pitc", "pisc", "both, beside labels"])
def test_gradients_are_those_of_finite_differences(kappa, which, kind, potential, rattled):
    weights = {"pitc": 1.0, "pisc": 0.0} if which == "pitc" else {"pitc": 0.0, "pisc": 1.0}
    both = which.startswith("both")
    settings = Consistency(**({"pitc": 1.3, "pisc": 0.7, "warmup": 0.5} if both else weights), kappa=kappa, length=0.4)
    labels = {"energy": 1.0, "forces": 0.2, "stress": 0.1} if both else {"energy": 0.0}
    objective = Objective(potential, Loss(kind, 0.05, labels, settings), NEED if both else frozenset())
    found = excursions(rattled, settings, potential)
    batch, truth, moves = load(found)
    parameters = [p for p in potential.parameters() if p.requires_grad]

    sums, log = objective(batch, truth, moves)
    gradient = torch.autograd.grad(objective.total(sums, Tally(log.numpy())), parameters, allow_unused=True)
    for seed in range(2):
        draws = torch.Generator().manual_seed(seed)
        way = [torch.randn(p.shape, generator=draws, dtype=p.dtype) for p in parameters]
        exact = sum((g * w).sum().item() for g, w in zip(gradient, way, strict=True) if g is not None)
        h, sides = 1e-5, []
        for sign in (1, -2, 1):  # forward, back, and home
            with torch.no_grad():
                for p, w in zip(parameters, way, strict=True):
                    p.add_(w, alpha=sign * h)
            sides.append(Tally(objective(batch, truth, moves)[1].numpy()).loss(objective.weights))  # what is logged
        assert exact == pytest.approx((sides[0] - sides[1]) / (2 * h), rel=1e-5, abs=1e-12)
        assert abs(exact) > 1e-10


def test_no_gradient_flows_through_adversarial_positions(potential, rattled):
    settings = Consistency(1.0, 0.0, 0.0, direction="adversarial")
    found = excursions(rattled[:2], settings, potential)
    batch, labels, moves = load(found)

    def gradient(settings, moves):
        objective = Objective(potential, Loss("mse", weights={}, consistency=settings), frozenset())
        potential.zero_grad()
        objective(batch, labels, moves)[0]["pitc"].backward()
        return [p.grad.clone() for p in potential.parameters() if p.grad is not None]

    forces = potential(found.feed.collate(np.arange(2)), need=NEED).forces
    fixed = replace(moves, first=against(forces, labels.forces, settings.length))
    pairs = zip(gradient(settings, moves), gradient(replace(settings, direction="uniform"), fixed), strict=True)
    assert all(torch.allclose(a, b, atol=1e-12) for a, b in pairs)


def test_sums_are_ramped_penalties_and_are_counted_by_structure(potential, everything):
    settings = Consistency(1.0, 0.5, 0.0, warmup=0.5)  # ten steps: five of warm-up
    found = excursions(everything[:4], settings, potential)
    batch, labels, moves = load(found)
    assert moves.ramp == pytest.approx(0.2)
    loss = Loss("mse", weights={"energy": 1.0}, consistency=settings)
    sums, log = Objective(potential, loss, frozenset({"energy"}))(batch, labels, moves)
    _, left = predict_with_residuals(potential, batch, labels, moves, settings=settings, need=frozenset({"energy"}))
    for column, which in ((4, "pitc"), (5, "pisc")):
        assert sums[which].item() == pytest.approx(0.2 * (left[which] ** 2).sum().item())
        assert log[:, column].tolist() == pytest.approx([sums[which].item(), 4, left[which].abs().sum().item()])
    assert set(sums) == {"energy", "pitc", "pisc"}

    # Under a root the ramp is squared, so that the root is ramped as the rest is.
    rooted = Loss("rmse+mae", weights={"energy": 1.0}, consistency=settings)
    sums, _ = Objective(potential, rooted, frozenset({"energy"}))(batch, labels, moves)
    expected = [[0.2 * left["pitc"].abs().sum().item()], [0.2**2 * (left["pitc"] ** 2).sum().item()]]
    assert np.allclose(sums["pitc"].detach().numpy(), expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pitc": -1.0}, "pitc: a weight is zero or positive; got -1.0"),
        ({"pisc": float("inf")}, "pisc: a weight"),
        ({"pitc": 0.0, "pisc": 0.0}, "consistency: null"),
        ({"kappa": 0.3}, r"first order\) or 0.5 \(second order\); got 0.3"),
        ({"length": -0.1}, "length is above 0 and at most 0.5 Å; got -0.1"),
        ({"length": 5.0}, "at most 0.5 Å; got 5"),
        ({"length": float("nan")}, "length is above 0"),
        ({"direction": "advers"}, "Did you mean 'adversarial'"),
        ({"warmup": 1.0}, "below 1; got 1.0"),
        ({"fraction": 0.0}, "above 0 and at most 1; got 0.0"),
    ],
)
def test_nonsense_is_refused(options, message):
    with pytest.raises(RecipeError, match=message):
        Consistency(**{"pitc": 1.0, "pisc": 0.1} | options)
