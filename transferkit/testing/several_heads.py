"""The contract's heads: each one's predictions are its own, before and after training, in memory and in files."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from transferkit.adapters.potential import ReferencedPotential
from transferkit.errors import UnknownHead
from transferkit.finetuning.strategy import Strategy, apply
from transferkit.testing.tools import ENERGY, Tools, expect, split
from transferkit.training.optimiser import Optimiser, make

NEW = "other"


class SeveralHeads(Tools):
    """What the new head of a level of theory may and may not change."""

    def two_heads(self) -> tuple[ReferencedPotential, str]:
        """A potential with a second head whose E0 is 1 eV lower, and the name of the first."""
        potential = self.default()
        old = self.first(potential)
        reference = potential.reference(old)
        lower = replace(reference, energies=reference.energies - 1.0, source="contract", fidelity=NEW)
        potential.add_head(NEW, copy_of=old, reference=lower)
        return potential, old

    def train(self, potential: ReferencedPotential, *, steps: int = 3) -> None:
        """Train the new head's readout with weight decay, on energies and forces that it does not predict yet."""
        plan = apply(potential, Strategy("heads"), heads=[NEW])
        optimiser = make(Optimiser("adamw", learning_rate=1e-2, weight_decay=0.1), plan.groups)
        batch = self.batch(potential, self.structures(), head=NEW)
        target = potential(batch, need=ENERGY).energy.detach() + 0.5 * batch.n_atoms
        for _ in range(steps):
            optimiser.zero_grad()
            out = potential(batch, need=frozenset({"energy", "forces"}), create_graph=True)
            loss = ((out.energy - target) ** 2).mean()
            if out.forces is not None:
                loss = loss + (out.forces**2).mean()
            loss.backward()
            optimiser.step()

    def test_a_new_head_starts_as_a_copy_and_leaves_the_old_one_alone(self) -> None:
        """The old predictions bitwise; the new ones differ by E0 alone."""
        single, structures = self.default(), self.structures()
        before = self.evaluate(single, structures)
        potential, old = self.two_heads()
        after, new = (self.evaluate(potential, structures, head=h) for h in (old, NEW))
        for name, value in before.items():
            assert_array_equal(value, after[name])
            if name != "energy":
                assert_array_equal(value, new[name])
        self.close(new["energy"], before["energy"] - [len(s) for s in structures], 1e-9)

    def test_a_new_head_leaves_the_old_one_alone_also_after_training(self) -> None:
        """With the shared network frozen: old predictions bitwise, and of all tensors only the new readout moves."""
        potential, old = self.two_heads()
        structures = self.structures()
        before, untrained = (self.evaluate(potential, structures, head=h) for h in (old, NEW))
        kept = {name: tensor.clone() for name, tensor in potential.state_dict().items()}
        own = {id(p) for family in ("readout", "magmom") for p in potential.blocks().get(f"{family}.{NEW}", ())}
        self.train(potential)
        after, new = (self.evaluate(potential, structures, head=h) for h in (old, NEW))
        for name, value in before.items():
            assert_array_equal(value, after[name])
        expect(not np.array_equal(untrained["energy"], new["energy"]), "the new head does not use its own parameters")
        mine = {name for name, p in potential.named_parameters() if id(p) in own}
        moved = {name for name, tensor in potential.state_dict().items() if not torch.equal(tensor, kept[name])}
        expect(moved <= mine, f"training the new head changed {sorted(moved - mine)}")

    def test_structures_of_a_batch_go_each_through_its_own_head(self) -> None:
        """A mixed batch gives what a batch per head gives."""
        potential, old = self.two_heads()
        self.train(potential)
        structures = self.structures()
        heads = [(old, NEW)[k % 2] for k in range(len(structures))]
        sizes = [len(s) for s in structures]
        mixed = split(self.evaluate(potential, structures, head=heads), sizes)
        for structure, head, part in zip(structures, heads, mixed, strict=True):
            self.same(part, self.evaluate(potential, [structure], head=head), [len(structure)])

    def test_the_reference_of_one_head_leaves_that_of_the_other(self) -> None:
        """Set, subtracted and read back to the digit; the other row is bitwise what it was."""
        potential, old = self.two_heads()
        reference, kept = potential.reference(NEW), potential.reference(old)
        moved = replace(reference, energies=reference.energies * 1.1 + 0.3)
        changed = potential.with_reference(moved, NEW)
        assert_array_equal(changed.reference(NEW).energies, moved.energies)
        assert_array_equal(changed.reference(old).energies, kept.energies)
        structures = self.structures()
        before, after = (self.evaluate(p, structures, head=old) for p in (potential, changed))
        assert_array_equal(before["energy"], after["energy"])

    def test_a_trainable_reference_moves_in_the_row_of_the_trained_head_only(self) -> None:
        """Also under an optimiser with momentum and weight decay: E0 has none."""
        potential, old = self.two_heads()
        potential = potential.with_reference(potential.reference(NEW), NEW, trainable=True)
        rows = {head: potential.e0[potential.head_index(head)].detach().clone() for head in potential.adapter.heads}
        self.train(potential)
        now = {head: potential.e0[potential.head_index(head)].detach() for head in potential.adapter.heads}
        for head in now.keys() - {NEW}:
            expect(torch.equal(now[head], rows[head]), f"E0 of head {head} moved when {NEW} was trained")
        present = sorted({int(z) for s in self.structures() for z in s.numbers})
        expect(bool((now[NEW] != rows[NEW])[present].all()), "the trained E0 did not move")
        absent = [z for z in range(len(now[NEW])) if z not in present]
        expect(torch.equal(now[NEW][absent], rows[NEW][absent]), "E0 of an element that no structure holds moved")
        expect(old != NEW, "there is one head only")

    def test_heads_are_named_and_unknown_ones_are_errors(self) -> None:
        """That name the known ones; among several there is no default."""
        potential, old = self.two_heads()
        structure = self.named("crystal")
        graph = potential.graph(structure, head=old)
        with pytest.raises(UnknownHead, match=old):
            potential.collate([graph], "no-such-head")
        for unnamed in (lambda: potential.collate([graph]), lambda: potential.graph(structure), potential.reference):
            with pytest.raises(UnknownHead, match=f"{old}.*{NEW}"):
                unnamed()
        heads = potential.adapter.heads
        for name, source in (("third", "no-such-head"), (old, old)):
            for owner in (potential, potential.adapter):
                with pytest.raises(UnknownHead, match=old):
                    owner.add_head(name, copy_of=source)
        expect(potential.adapter.heads == heads, "a head that was refused was added all the same")
        expect(len(potential.e0) == len(heads), "E0 has not one row per head")

    def test_two_heads_survive_saving(self) -> None:
        """A trained two-headed potential, opened again: bitwise the same tensors and predictions of both heads."""
        potential, old = self.two_heads()
        self.train(potential)
        structures = self.structures()
        with tempfile.TemporaryDirectory() as folder:
            again = ReferencedPotential.open(potential.save(folder))
        before, after = potential.state_dict(), again.state_dict()
        expect(before.keys() == after.keys(), "tensors differ by name")
        expect(all(torch.equal(before[k], after[k]) for k in before), "a tensor changed")
        expect(again.fidelities == potential.fidelities, "the levels of theory of the heads changed")
        for head in (old, NEW):
            one, two = (self.evaluate(p, structures, head=head) for p in (potential, again))
            for name, value in one.items():
                assert_array_equal(value, two[name])

    def test_each_head_is_exported_and_opens_in_the_native_package(self) -> None:
        """After training, E0 included: the same energies, forces and stress, in our adapter and in the native package."""
        potential, old = self.two_heads()
        reference = potential.reference(NEW)
        potential = potential.with_reference(replace(reference, energies=reference.energies + 0.25), NEW)
        self.train(potential)
        structures = self.structures()
        sizes = [len(s) for s in structures]
        native = True
        for head in (old, NEW):
            here = self.evaluate(potential, structures, head=head)
            with tempfile.TemporaryDirectory() as folder:
                path = potential.export(Path(folder) / f"exported{self.suffix}", head)
                self.same(self.evaluate(self.loaded(path), structures), here, sizes)
                there = self.native(path, structures)
            if there is None:
                native = False
                continue
            self.close(np.array([n.energy for n in there]) / sizes, here["energy"] / sizes, self.energy_tolerance)
            self.close(np.concatenate([n.forces for n in there]), here["forces"], self.force_tolerance)
            for s, n in enumerate(there):
                if n.stress is not None and "stress" in here:
                    self.close(n.stress, here["stress"][s], self.stress_tolerance)
        if not native:
            pytest.skip("the adapter names no native package")
