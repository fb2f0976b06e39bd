"""The contract's physics: references, derivatives, symmetries."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from transferkit.testing.differences import force_by_differences, stress_by_differences
from transferkit.testing.structures import doubled, labelled, permuted, rotated
from transferkit.testing.tools import ENERGY, Tools, arrays, expect, split


class Physics(Tools):
    """What is true of every potential."""

    def test_reference_round_trip(self) -> None:
        """add(subtract(E)) == E to 1e-9 eV."""
        structures = self.structures()
        data = labelled(structures, {"energy": np.linspace(-90.0, 3.0, len(structures))})
        potential = self.default()
        reference = potential.reference(self.first(potential))
        self.close(reference.add(reference.subtract(data)).energy, data.energy, 1e-9)

    def test_total_is_network_plus_reference(self) -> None:
        """A new E0 moves every energy by its difference, to the digit, and nothing else."""
        potential, structures = self.default(), self.structures()
        before = self.evaluate(potential, structures)
        head = self.first(potential)
        old = potential.reference(head)
        new = replace(old, energies=old.energies + np.linspace(-3.0, 2.0, len(old.energies)))
        after = self.evaluate(potential.with_reference(new, head), structures)
        data = labelled(structures)
        self.close(after["energy"] - before["energy"], new.total(data) - old.total(data), 1e-9)
        for name in after.keys() - {"energy"}:
            assert_array_equal(before[name], after[name])

    def test_a_trainable_reference_has_the_counts_as_gradient(self) -> None:
        """dE/dE0 of an element is the number of its atoms."""
        potential = self.default()
        head = self.first(potential)
        potential = potential.with_reference(potential.reference(head), head, trainable=True)
        potential(self.batch(potential, [self.named("crystal")]), need=ENERGY).energy.sum().backward()
        gradient = torch.zeros(1, 119) if potential.e0.grad is None else potential.e0.grad
        expect([float(gradient[0, z]) for z in self.numbers] == [4.0, 4.0], "dE/dE0 is not the counts")
        expect("reference" in potential.blocks(), "a trainable E0 is not a block")

    def test_energy_only_is_the_same_energy(self) -> None:
        """Asking for less changes nothing, and gives nothing that was not asked for."""
        potential, structures = self.default(), self.structures()
        full = self.evaluate(potential, structures)
        with torch.no_grad():
            out = potential(self.batch(potential, structures), need=ENERGY)
        assert_array_equal(out.energy.numpy(), full["energy"])
        expect(list(arrays(out)) == ["energy"], f"only the energy was needed, not {list(arrays(out))}")
        expect(not out.energy.requires_grad, "an energy under no_grad carries a graph")

    def test_forces_are_the_gradient_of_the_energy(self) -> None:
        """Central differences of the total energy."""
        potential = self.exact()
        for name in ("skewed", "angle-free"):
            structure = self.named(name)
            forces = self.evaluate(potential, [structure])["forces"]
            for atom in range(len(structure)):
                expected = force_by_differences(potential, structure, atom, step=self.step, head=self.first(potential))
                self.close(forces[atom], expected, self.difference_tolerance)

    def test_stress_is_the_strain_derivative_of_the_energy(self) -> None:
        """Central differences; tension positive; eV/Å³."""
        potential = self.exact()
        if "stress" not in potential.adapter.capabilities.properties:
            pytest.skip("the adapter predicts no stress")
        for name in ("skewed", "outside"):
            stress = self.evaluate(potential, [self.named(name)])["stress"][0]
            expected = stress_by_differences(potential, self.named(name), step=self.step, head=self.first(potential))
            self.close(stress, expected, self.difference_tolerance)

    def test_displaced_and_strained_on_a_cached_graph(self) -> None:
        """``positions=`` and ``strain=`` on a graph with a skin equal a new graph of the deformed structure."""
        potential, structure = self.exact(), self.named("skewed")
        rng = np.random.default_rng(3)
        moved = structure.positions + rng.uniform(-0.05, 0.05, structure.positions.shape)
        strain = rng.uniform(-0.01, 0.01, (3, 3))
        f = np.eye(3) + strain
        deformed = replace(structure, positions=moved @ f, cell=structure.cell @ f)
        batch = self.batch(potential, [structure], skin=1.0)
        need = potential.adapter.capabilities.properties
        out = potential(batch, need=need, positions=torch.tensor(moved), strain=torch.tensor(strain)[None])
        self.same(arrays(out), self.evaluate(potential, [deformed]), [len(structure)])

    def test_a_loss_on_forces_reaches_the_parameters(self) -> None:
        """Double backward: finite everywhere, also with isolated atoms in the batch, and not zero."""
        potential = self.default()
        need = potential.adapter.capabilities.properties
        out = potential(self.batch(potential, self.structures()), need=need, create_graph=True)
        loss = torch.stack([(getattr(out, p).double() ** 2).sum() for p in sorted(need)]).sum()
        torch.autograd.backward(loss)
        gradients = [p.grad for block in potential.blocks().values() for p in block if p.grad is not None]
        expect(gradients, "no parameter has a gradient")
        expect(all(bool(torch.isfinite(g).all()) for g in gradients), "a gradient is NaN or infinite")
        expect(any(bool(g.abs().max() > 0) for g in gradients), "all gradients are zero")

    def test_one_structure_alone_and_in_a_batch(self) -> None:
        """The same numbers."""
        potential, structures = self.default(), self.structures()
        sizes = [len(s) for s in structures]
        for structure, part in zip(structures, split(self.evaluate(potential, structures), sizes), strict=True):
            self.same(part, self.evaluate(potential, [structure]), [len(structure)])

    def test_permutation(self) -> None:
        """The order of atoms does not matter."""
        potential, structure = self.default(), self.named("crystal")
        order = np.random.default_rng(0).permutation(len(structure))
        out = self.evaluate(potential, [structure])
        expected = {k: v[order] if k in ("forces", "magmoms") else v for k, v in out.items()}
        self.same(self.evaluate(potential, [permuted(structure, order)]), expected, [len(structure)])

    def test_translation(self) -> None:
        """A lattice vector added to one atom, and a rigid shift of all."""
        potential, structure = self.default(), self.named("skewed")
        out = self.evaluate(potential, [structure])
        moved = structure.positions.copy()
        moved[1] += structure.cell[0] - 2 * structure.cell[2]
        for positions in (moved, structure.positions + np.array([0.3, -1.7, 2.2])):
            self.same(self.evaluate(potential, [replace(structure, positions=positions)]), out, [len(structure)])

    def test_rotation(self) -> None:
        """Forces and stress turn with the structure; energy and moments do not."""
        potential, structure = self.default(), self.named("skewed")
        r, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
        r *= np.sign(np.linalg.det(r))
        expected = self.evaluate(potential, [structure])
        expected["forces"] = expected["forces"] @ r.T
        if "stress" in expected:
            expected["stress"] = r @ expected["stress"] @ r.T
        self.same(self.evaluate(potential, [rotated(structure, r)]), expected, [len(structure)])

    def test_a_doubled_cell_has_twice_the_energy(self) -> None:
        """Energy is extensive; stress is not."""
        potential, structure = self.default(), self.named("skewed")
        one, two = (self.evaluate(potential, [s]) for s in (structure, doubled(structure)))
        self.close(two["energy"] / 2 / len(structure), one["energy"] / len(structure), self.energy_tolerance)
        if "stress" in one:
            self.close(two["stress"], one["stress"], self.stress_tolerance)

    def test_an_isolated_atom_and_a_cell_without_angles(self) -> None:
        """Legal; nothing pulls at an atom that has no neighbours."""
        out = self.evaluate(self.default(), [self.named("isolated"), self.named("angle-free")])
        for name, value in out.items():
            expect(np.isfinite(value).all(), f"{name} is NaN or infinite")
        assert_array_equal(out["forces"][0], np.zeros(3))

    def test_the_skin_changes_nothing(self) -> None:
        """Edges beyond the cutoff have no weight: energy to 2e-7 eV/atom."""
        potential, structures = self.exact(), self.structures()
        fewer, more = (potential.adapter.graph(structures[0], skin=k).n_edges for k in (0.0, 0.8))
        expect(more > fewer, "the skin adds no edges")
        size = np.array([len(s) for s in structures])
        plain, skin = (self.evaluate(potential, structures, skin=k)["energy"] for k in (0.0, 0.8))
        self.close(skin / size, plain / size, 2e-7)
