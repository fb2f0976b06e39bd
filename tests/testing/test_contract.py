"""The contract catches adapters that break it."""

from contextlib import suppress
from dataclasses import replace

import pytest
import torch

from transferkit.adapters.toy import Toy
from transferkit.errors import TransferkitError
from transferkit.testing import AdapterContract


class WrongSign(Toy):
    def forward(self, batch, **options):
        out = super().forward(batch, **options)
        return out if out.forces is None else replace(out, forces=-out.forces)


class WrongUnit(Toy):
    def forward(self, batch, **options):
        out = super().forward(batch, **options)
        return out if out.stress is None else replace(out, stress=out.stress * 160.2)


class PerAtom(Toy):
    def forward(self, batch, **options):
        out = super().forward(batch, **options)
        return replace(out, energy=out.energy / batch.n_atoms)


class ForgetsABlock(Toy):
    def blocks(self):
        return {k: v for k, v in super().blocks().items() if not k.startswith("magmom")}


class SharesHeads(Toy):
    def add_head(self, name, copy_of, shape="readout"):
        super().add_head(name, copy_of, shape)
        self.readouts[-1] = self.readouts[0]


class TakesAHeadTwice(Toy):
    def add_head(self, name, copy_of, shape="readout"):
        if name not in self.heads:
            super().add_head(name, copy_of, shape)


class ForgetsWhatHeadsShare(Toy):
    def sharing(self):
        return {}


class SharesTheLastLayerToo(Toy):
    def add_head(self, name, copy_of, shape="readout"):
        super().add_head(name, copy_of, shape)
        if shape == "last-linear":
            self.readouts[-1] = self.readouts[0]


class ForgetsTheVector(Toy):
    def _layers(self, batch, vectors):
        return super()._layers(replace(batch, head=batch.head * 0), vectors)


class ExportsWithoutTheVector(Toy):
    def export(self, path, e0, head):
        without = Toy.from_state(*self.state())
        for place in without.fidelities:
            place.vector = None
        without.export(path, e0, head)


class TakesAnyShape(Toy):
    head_shapes = frozenset({"readout"})

    @classmethod
    def check_head_shape(cls, shape):
        pass


class KeepsTheOldName(Toy):
    def rename_head(self, old, new):
        self.head_index(old)
        self.check_head_name(new)


class TakesTheLastHead(Toy):
    def forward(self, batch, **options):
        return super().forward(replace(batch, head=batch.head * 0 + len(self.heads) - 1), **options)


class TakesOneHeadForAll(Toy):
    def forward(self, batch, **options):
        return super().forward(replace(batch, head=batch.head * 0 + batch.head[0]), **options)


class LeavesGradientsBehind(Toy):
    def collate(self, graphs, heads):
        batch = super().collate(graphs, heads)
        batch.positions.requires_grad_()
        return batch


class WritesToTheBatch(Toy):
    def forward(self, batch, **options):
        batch.positions.add_(0.1)
        return super().forward(batch, **options)


class CutsSharply(Toy):
    def _layers(self, batch, vectors):
        self.cutoff, kept = 9.0, self.cutoff
        try:
            return super()._layers(batch, vectors)
        finally:
            self.cutoff = kept


@pytest.mark.parametrize(
    ("adapter", "test"),
    [
        (WrongSign, "test_forces_are_the_gradient_of_the_energy"),
        (WrongUnit, "test_stress_is_the_strain_derivative_of_the_energy"),
        (PerAtom, "test_a_doubled_cell_has_twice_the_energy"),
        (ForgetsABlock, "test_blocks_hold_every_parameter_once"),
        (SharesHeads, "test_a_new_head_leaves_the_old_one_alone_also_after_training"),
        (ForgetsWhatHeadsShare, "test_two_heads_survive_saving"),
        (SharesTheLastLayerToo, "test_heads_of_every_shape_have_their_own_blocks"),
        (SharesTheLastLayerToo, "test_a_new_head_leaves_the_old_one_alone_also_after_training"),
        (ForgetsTheVector, "test_a_new_head_leaves_the_old_one_alone_also_after_training"),
        (ExportsWithoutTheVector, "test_each_head_is_exported_and_opens_in_the_native_package"),
        (TakesAnyShape, "test_heads_of_every_shape_have_their_own_blocks"),
        (KeepsTheOldName, "test_a_renamed_head_is_the_same_head"),
        (TakesTheLastHead, "test_a_new_head_leaves_the_old_one_alone_also_after_training"),
        (TakesOneHeadForAll, "test_structures_of_a_batch_go_each_through_its_own_head"),
        (LeavesGradientsBehind, "test_graphs_are_plain_and_inputs_stay_as_they_are"),
        (WritesToTheBatch, "test_graphs_are_plain_and_inputs_stay_as_they_are"),
        (TakesAHeadTwice, "test_heads_are_named_and_unknown_ones_are_errors"),
        (CutsSharply, "test_the_skin_changes_nothing"),
    ],
)
def test_a_broken_adapter_fails(adapter, test):
    class Broken(AdapterContract):
        difference_tolerance = 1e-7

        def potential(self, dtype: torch.dtype):
            return adapter.load("demo", dtype=dtype)

    class Sound(Broken):
        def potential(self, dtype: torch.dtype):
            return Toy.load("demo", dtype=dtype)

    with suppress(pytest.skip.Exception):  # the toy has no native package
        getattr(Sound(), test)()
    with pytest.raises((AssertionError, pytest.fail.Exception, TransferkitError)):
        getattr(Broken(), test)()
