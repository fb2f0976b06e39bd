"""Every strategy: frozen stays bitwise, trainable moves, groups cover what trains exactly once, and it survives a file."""

import numpy as np
import pytest
import torch

import transferkit as tk
from transferkit.adapters.chgnet import ChgnetAdapter
from transferkit.adapters.potential import ReferencedPotential
from transferkit.adapters.toy import Toy
from transferkit.errors import RecipeError, UnknownBlock, UnknownHead
from transferkit.finetuning.strategy import Strategy, apply
from transferkit.training import checkpoint
from transferkit.training.checkpoint import pick
from transferkit.training.fit import fit

BACKBONE = ("embedding", "interaction.0", "interaction.1")
HEADS = ("magmom.default", "readout.default")
CASES = {
    "full": (Strategy("full"), (*BACKBONE, *HEADS)),
    "from scratch": (Strategy("from-scratch"), (*BACKBONE, *HEADS)),
    "heads": (Strategy("heads"), HEADS),
    "last block and readout": (Strategy("frozen", train=("interaction.1", "readout")), ("interaction.1", HEADS[1])),
    "range": (Strategy("frozen", train=("interaction.1:",)), ("interaction.1", *HEADS)),
    "embedding only": (Strategy("frozen", train=("embedding",)), ("embedding",)),
    "gradual": (Strategy("gradual", every=1, unit="steps"), (*BACKBONE, *HEADS)),
    "discriminative": (Strategy("full", rates={"interaction": 0.5, "embedding": 0.1}), (*BACKBONE, *HEADS)),
}
STEPS = 6


@pytest.fixture(scope="module")
def data():
    part = tk.bundled("gpaw-pbe-r2scan")[:16]
    return part.with_labels(magmoms=np.abs(np.random.default_rng(0).normal(size=len(part.numbers))))


def load(*, trainable_reference=False):
    potential = Toy.load("demo")
    return potential.with_reference(potential.reference(), trainable=trainable_reference)


def bits(potential):
    return {name: [p.detach().clone() for p in params] for name, params in potential.blocks().items()}


@pytest.mark.parametrize("trainable_reference", [False, True], ids=["E0 fixed", "E0 trainable"])
@pytest.mark.parametrize("case", CASES)
class TestEveryStrategy:
    def test_groups_cover_what_trains_exactly_once_and_counts_are_exact(self, case, trainable_reference):
        strategy, names = CASES[case]
        potential = load(trainable_reference=trainable_reference)
        plan = apply(potential, strategy)
        expected = {*names, *(["reference"] if trainable_reference else [])}
        grouped = [id(p) for p in plan.parameters]
        wanted = [id(p) for name in expected for p in potential.blocks()[name]]
        assert len(grouped) == len(set(grouped))
        assert set(grouped) == set(wanted)
        assert {n for n, count in plan.trainable.items() if count} == expected
        # E0 counts the elements that the reference has, not the places of its table.
        size = {name: sum(p.numel() for p in block) for name, block in potential.blocks().items()}
        if trainable_reference:
            size["reference"] = len(potential.reference().elements)
        assert plan.n_trainable == sum(size[name] for name in expected)
        assert plan.n_total == sum(size.values())

    def test_only_groups_require_gradients(self, case, trainable_reference):
        strategy, _ = CASES[case]
        potential = load(trainable_reference=trainable_reference)
        plan = apply(potential, strategy)
        plan.open(epoch=100, step=10**6)
        grouped = {id(p) for p in plan.parameters}
        assert {id(p) for p in potential.parameters() if p.requires_grad} == grouped

    def test_step_0_is_unchanged_frozen_stays_bitwise_and_the_rest_moves(
        self, case, trainable_reference, data, tmp_path
    ):
        strategy, names = CASES[case]
        potential = load(trainable_reference=trainable_reference)
        before = bits(potential)
        graphs = [potential.graph(s) for s in data]
        batch = potential.adapter.collate(graphs, [0] * len(graphs))
        energy = potential(batch, need=frozenset({"energy"})).energy.detach()
        plan = apply(potential, strategy)
        assert torch.equal(potential(batch, need=frozenset({"energy"})).energy.detach(), energy)
        assert plan.n_trainable

        fit(potential, data, data, strategy=strategy, steps=STEPS, structures=8, folder=tmp_path, quiet=True)
        last = load(trainable_reference=trainable_reference)  # the result may be the weights from before training
        last.load_state_dict(pick(checkpoint.load(tmp_path / "checkpoint")[1], "model"))
        after = bits(last)
        moved = {*names, *(["reference"] if trainable_reference else [])}
        for name, tensors in before.items():
            same = [torch.equal(a, b) for a, b in zip(tensors, after[name], strict=True)]
            # a bias may have no gradient (the send layer of an atom without neighbours), so a block moves as a whole
            assert all(same) if name not in moved else not all(same), name
        # and whoever called keeps what they had
        assert all(torch.equal(a, b) for n in before for a, b in zip(before[n], bits(potential)[n], strict=True))

    def test_what_was_trained_survives_a_file(self, case, trainable_reference, data, tmp_path):
        strategy, _ = CASES[case]
        result = fit(
            load(trainable_reference=trainable_reference),
            data,
            data,
            strategy=strategy,
            steps=2,
            structures=8,
            quiet=True,
        )
        result.potential.save(tmp_path)
        again = bits(ReferencedPotential.open(tmp_path))
        for name, tensors in bits(result.potential).items():
            assert all(torch.equal(a, b) for a, b in zip(tensors, again[name], strict=True)), name


def test_gradual_opens_from_output_to_input():
    plan = apply(load(trainable_reference=True), Strategy("gradual", every=3))
    assert plan.stages == ((*HEADS, "reference"), ("interaction.1",), ("interaction.0",), ("embedding",))


def test_rates_are_per_block_and_later_entries_win():
    plan = apply(load(), Strategy("full", rates={":interaction": 0.1, "interaction.1": 0.5}))
    assert {g.name: g.lr_factor for g in plan.groups} == {
        "embedding": 0.1,
        "interaction.0": 0.1,
        "interaction.1": 0.5,
        "magmom.default": 1.0,
        "readout.default": 1.0,
    }


def test_e0_alone_can_be_trained():
    plan = apply(load(trainable_reference=True), Strategy("frozen"))
    assert [g.name for g in plan.groups] == ["reference"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "frozn"}, "Did you mean 'frozen'"),
        ({"kind": "full", "train": ("readout",)}, "belong to kind 'frozen'"),
        ({"kind": "heads", "preset": "chgnet-upstream-freeze"}, "belong to kind 'frozen'"),
        ({"kind": "frozen", "train": ("readout",), "preset": "x"}, "either train or preset"),
        ({"kind": "gradual", "every": 0}, "at least 1; got 0"),
        ({"rates": {"embedding": 0.0}}, "must be positive; got 0.0"),
        ({"rates": {"embedding": float("nan")}}, "must be positive; got nan"),
    ],
)
def test_contradictions_are_refused(options, message):
    with pytest.raises(RecipeError, match=message):
        Strategy(**options)


def test_nothing_to_train_is_an_error():
    with pytest.raises(RecipeError, match="nothing would be trained"):
        apply(load(), Strategy("frozen"))


def test_a_rate_for_frozen_blocks_is_an_error():
    with pytest.raises(RecipeError, match="keeps frozen"):
        apply(load(), Strategy("heads", rates={"embedding": 0.1}))


def test_unknown_names_and_presets_are_errors():
    with pytest.raises(UnknownBlock, match=r"no block is called 'interaction\.7'"):
        apply(load(), Strategy("frozen", train=("interaction.7",)))
    with pytest.raises(UnknownBlock, match="toy has no preset called 'chgnet-upstream-freeze'"):
        apply(load(), Strategy("frozen", preset="chgnet-upstream-freeze"))


def test_an_adapter_that_forgets_a_parameter_is_found_out(monkeypatch):
    potential = load()
    blocks = dict(potential.adapter.blocks())
    blocks.pop("embedding")
    monkeypatch.setattr(type(potential.adapter), "blocks", lambda _: blocks)
    with pytest.raises(UnknownBlock, match="every parameter exactly once"):
        apply(potential, Strategy("full"))


def test_the_upstream_recipe_of_chgnet_trains_54082_parameters():
    plan = apply(ChgnetAdapter.load("0.3.0"), Strategy("frozen", preset="chgnet-upstream-freeze"))
    assert plan.n_trainable == 54_082
    assert "54,082 of 412,431 parameters are trainable" in plan.summary()


def test_the_upstream_recipe_moves_those_and_leaves_the_rest_bitwise(data, tmp_path):
    potential = ChgnetAdapter.load("0.3.0")
    before = bits(potential)
    strategy = Strategy("frozen", preset="chgnet-upstream-freeze")
    result = fit(potential, data[:4], data[4:6], strategy=strategy, steps=2, structures=2, folder=tmp_path, quiet=True)
    potential.load_state_dict(pick(checkpoint.load(tmp_path / "checkpoint")[1], "model"))
    after = bits(potential)
    moved = {n for n in before if not all(torch.equal(a, b) for a, b in zip(before[n], after[n], strict=True))}
    assert moved == {n for n, count in result.plan.trainable.items() if count}


def test_a_trainable_reference_counts_the_elements_that_it_has():
    from transferkit.adapters.chgnet import ChgnetAdapter

    potential = ChgnetAdapter.load("0.3.0")
    plan = apply(potential.with_reference(potential.reference(), trainable=True), Strategy())
    assert plan.trainable["reference"] == 94
    assert plan.n_total == 412_525  # what upstream counts


class TestSeveralHeads:
    @pytest.fixture
    def two(self):
        potential = load(trainable_reference=True)
        potential.add_head("r2SCAN", "default")
        return potential

    @pytest.mark.parametrize(
        "strategy",
        [Strategy("full"), Strategy("heads"), Strategy("gradual"), Strategy("frozen", train=("readout", "magmom"))],
    )
    def test_readouts_of_other_heads_stay_closed_and_are_not_counted(self, two, strategy):
        plan = apply(two, strategy, heads=["r2SCAN"])
        assert plan.trainable["readout.default"] == plan.trainable["magmom.default"] == 0
        assert plan.trainable["readout.r2SCAN"] == plan.total["readout.r2SCAN"] > 0
        assert not any(p.requires_grad for p in two.blocks()["readout.default"])
        assert "readout.default" not in {name for stage in plan.stages for name in stage}

    def test_one_row_of_a_trainable_reference_counts(self, two):
        plan = apply(two, Strategy("heads"), heads=["r2SCAN"])
        assert (plan.trainable["reference"], plan.total["reference"]) == (94, 188)

    def test_all_heads_train_where_none_is_named(self, two):
        plan = apply(two, Strategy("heads"))
        assert plan.trainable["readout.default"] == plan.trainable["readout.r2SCAN"] > 0
        assert plan.trainable["reference"] == 188

    def test_a_readout_that_no_structure_reaches_cannot_be_asked_for(self, two):
        with pytest.raises(RecipeError, match=r"names 'readout.default', but the data train r2SCAN"):
            apply(two, Strategy("frozen", train=("readout.default", "readout.r2SCAN")), heads=["r2SCAN"])
        with pytest.raises(UnknownHead, match="Did you mean 'r2SCAN'"):
            apply(two, Strategy("heads"), heads=["r2scan"])
