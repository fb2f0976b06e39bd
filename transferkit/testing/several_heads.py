"""The contract's heads: each one's predictions are its own, before and after training, in memory and in files."""

import copy
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from transferkit.adapters.potential import ReferencedPotential
from transferkit.adapters.shapes import SHAPES
from transferkit.errors import UnknownHead, UnsupportedHead
from transferkit.finetuning.blocks import HEADS
from transferkit.finetuning.strategy import Strategy, apply
from transferkit.testing.tools import ENERGY, Tools, expect, split
from transferkit.training.optimiser import Optimiser, make

NEW = "other"


class SeveralHeads(Tools):
    """What the new head of a level of theory may and may not change."""

    def shapes(self) -> list[str]:
        """Shapes that heads of the adapter can have, the plain one first."""
        possible = type(self.default().adapter).head_shapes
        expect("readout" in possible, "heads cannot have the shape readout, which all adapters give")
        return [shape for shape in SHAPES if shape in possible]

    def two_heads(self, shape: str = "readout") -> tuple[ReferencedPotential, str]:
        """A potential with a second head whose E0 is 1 eV lower, and the name of the first."""
        potential = self.default()
        old = self.first(potential)
        reference = potential.reference(old)
        lower = replace(reference, energies=reference.energies - 1.0, source="contract", fidelity=NEW)
        potential.add_head(NEW, copy_of=old, reference=lower, shape=shape)
        return potential, old

    def train(self, potential: ReferencedPotential, *, steps: int = 3) -> None:
        """Train what is the new head's own with weight decay, on energies and forces that it does not predict yet."""
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
        """The old predictions bitwise; the new ones differ by E0 alone. Whatever the new head shares with the old one."""
        single, structures = self.default(), self.structures()
        before = self.evaluate(single, structures)
        for shape in self.shapes():
            potential, old = self.two_heads(shape)
            after, new = (self.evaluate(potential, structures, head=h) for h in (old, NEW))
            for name, value in before.items():
                assert_array_equal(value, after[name], shape)
                if name != "energy":
                    assert_array_equal(value, new[name], shape)
            self.close(new["energy"], before["energy"] - [len(s) for s in structures], 1e-9)

    def test_a_new_head_leaves_the_old_one_alone_also_after_training(self) -> None:
        """With what is shared frozen: old predictions bitwise, and of all tensors only the new head's own move."""
        structures = self.structures()
        for shape in self.shapes():
            potential, old = self.two_heads(shape)
            before, untrained = (self.evaluate(potential, structures, head=h) for h in (old, NEW))
            kept = {name: tensor.clone() for name, tensor in potential.state_dict().items()}
            own = {id(p) for family in HEADS for p in potential.blocks().get(f"{family}.{NEW}", ())}
            self.train(potential)
            after, new = (self.evaluate(potential, structures, head=h) for h in (old, NEW))
            for name, value in before.items():
                assert_array_equal(value, after[name], shape)
            differs = not np.array_equal(untrained["energy"], new["energy"])
            expect(differs, f"the new head does not use its own parameters ({shape})")
            mine = {name for name, p in potential.named_parameters() if id(p) in own}
            moved = {name for name, tensor in potential.state_dict().items() if not torch.equal(tensor, kept[name])}
            expect(moved <= mine, f"training the new head changed {sorted(moved - mine)} ({shape})")

    def test_heads_of_every_shape_have_their_own_blocks(self) -> None:
        """Every parameter in one block; what heads share is no readout, is closed when heads train, and moves both."""
        refused = set(SHAPES) - {*self.shapes()} | {"no-such-shape"}
        single, structures = self.default(), self.structures()
        for shape in sorted(refused):
            with pytest.raises(UnsupportedHead, match="readout"):
                single.add_head(NEW, copy_of=self.first(single), shape=shape)
        expect(NEW not in single.adapter.heads, "a head of a shape that was refused was added all the same")
        for shape in self.shapes():
            potential, old = self.two_heads(shape)
            blocks = potential.blocks()
            listed = [id(p) for block in blocks.values() for p in block]
            expect(len(listed) == len(set(listed)), f"a parameter is in two blocks ({shape})")
            expect(set(listed) == {id(p) for p in potential.parameters()}, f"blocks and parameters differ ({shape})")
            expect(any(f"{family}.{NEW}" in blocks for family in HEADS), f"a new head has nothing of its own ({shape})")
            shared = [p for name, block in blocks.items() if name.startswith("shared.") for p in block]
            expect(bool(shared) or shape == "readout" or f"readout.{old}" in blocks, f"the readout is gone ({shape})")
            expect(shape != "readout" or not shared, "heads share a part of their readouts")
            apply(potential, Strategy("heads"))
            expect(not any(p.requires_grad for p in shared), f"what heads share trains as a head ({shape})")
            before = [self.evaluate(potential, structures, head=h)["energy"] for h in (old, NEW)]
            with torch.no_grad():
                for parameter in shared:
                    parameter.add_(0.1 * torch.ones_like(parameter))
            after = [self.evaluate(potential, structures, head=h)["energy"] for h in (old, NEW)]
            self.close(after[0] - before[0], after[1] - before[1], 1e-9)

    def test_structures_of_a_batch_go_each_through_its_own_head(self) -> None:
        """A mixed batch gives what a batch per head gives."""
        structures = self.structures()
        sizes = [len(s) for s in structures]
        for shape in self.shapes():
            potential, old = self.two_heads(shape)
            self.train(potential)
            heads = [(old, NEW)[k % 2] for k in range(len(structures))]
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
        """A trained two-headed potential, copied, and saved and opened: bitwise the same tensors and predictions of both
        heads, which share what they shared.
        """
        structures = self.structures()
        for shape in self.shapes():
            potential, old = self.two_heads(shape)
            self.train(potential)
            with tempfile.TemporaryDirectory() as folder:
                opened = ReferencedPotential.open(potential.save(folder))
            for again in (opened, copy.deepcopy(potential)):
                before, after = potential.state_dict(), again.state_dict()
                expect(before.keys() == after.keys(), f"tensors differ by name ({shape})")
                expect(all(torch.equal(before[k], after[k]) for k in before), f"a tensor changed ({shape})")
                sizes = [{name: len(block) for name, block in p.blocks().items()} for p in (potential, again)]
                expect(sizes[0] == sizes[1], f"blocks were {sizes[0]} and are {sizes[1]} ({shape})")
                expect(again.fidelities == potential.fidelities, "the levels of theory of the heads changed")
                for head in (old, NEW):
                    one, two = (self.evaluate(p, structures, head=head) for p in (potential, again))
                    for name, value in one.items():
                        assert_array_equal(value, two[name], shape)

    def test_a_renamed_head_is_the_same_head(self) -> None:
        """Its blocks are called by the new name, in memory and in files; nothing else changes."""
        for shape in self.shapes():
            potential, old = self.two_heads(shape)
            self.train(potential)
            structures, blocks = self.structures(), potential.blocks()
            before = {head: self.evaluate(potential, structures, head=head) for head in (old, NEW)}
            for wrong in ((old, NEW), ("no-such-head", "third"), (old, "a:b")):
                with pytest.raises(UnknownHead):
                    potential.adapter.rename_head(*wrong)
            names = {old: "first level", NEW: "second level"}
            for head, name in names.items():
                potential.adapter.rename_head(head, name)
            with tempfile.TemporaryDirectory() as folder:
                again = ReferencedPotential.open(potential.save(folder))
            for p in (potential, again):
                expect(p.adapter.heads[0] == "first level", f"the heads are called {p.adapter.heads}")
                sizes = [len(block) for block in p.blocks().values()]
                expect(sizes == [len(block) for block in blocks.values()], f"blocks changed with their names ({shape})")
                stale = [b for b in p.blocks() for head in names if b.endswith(f".{head}")]
                expect(not stale, f"blocks are called {stale} after the old names")
                for head, name in names.items():
                    for what, value in self.evaluate(p, structures, head=name).items():
                        assert_array_equal(value, before[head][what], shape)

    def test_each_head_is_exported_and_opens_in_the_native_package(self) -> None:
        """After training, E0 included: the same energies, forces and stress, in our adapter and in the native package."""
        native = [self._opens_elsewhere(shape) for shape in self.shapes()]
        if not all(native):
            pytest.skip("the adapter names no native package")

    def _opens_elsewhere(self, shape: str) -> bool:
        """Export heads and compare; false where no native package was asked."""
        potential, old = self.two_heads(shape)
        reference = potential.reference(NEW)
        potential = potential.with_reference(replace(reference, energies=reference.energies + 0.25), NEW)
        self.train(potential)
        structures = self.structures()
        sizes = [len(s) for s in structures]
        native = True
        for head in (old, NEW) if shape == "readout" else (NEW,):  # a process each, where there is a native package
            here = self.evaluate(potential, structures, head=head)
            with tempfile.TemporaryDirectory() as folder:
                path = potential.export(Path(folder) / f"exported{self.suffix}", head)
                opened = self.loaded(path)
                expect(len(opened.adapter.heads) == 1, f"an exported file has heads {opened.adapter.heads}")
                self.same(self.evaluate(opened, structures), here, sizes)
                if shape == "last-linear":  # to the native package, a readout like any other
                    continue
                there = self.native(path, structures)
            if there is None:
                native = False
                continue
            self.close(np.array([n.energy for n in there]) / sizes, here["energy"] / sizes, self.energy_tolerance)
            self.close(np.concatenate([n.forces for n in there]), here["forces"], self.force_tolerance)
            for s, n in enumerate(there):
                if n.stress is not None and "stress" in here:
                    self.close(n.stress, here["stress"][s], self.stress_tolerance)
        return native
