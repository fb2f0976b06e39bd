"""The contract's handling: graphs, parameters, heads, checkpoints."""

import copy
import pickle
import tempfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from transferkit.adapters.potential import ReferencedPotential
from transferkit.errors import CheckpointError, GraphError, MissingReference, UnknownHead, UnsupportedProperty
from transferkit.testing.tools import ENERGY, Tools, expect
from transferkit.typing import PROPERTIES


class Handling(Tools):
    """What generic code relies on."""

    def test_graphs_are_plain_and_inputs_stay_as_they_are(self) -> None:
        """A graph survives pickling; structure and batch are not written to."""
        potential, structure = self.default(), self.named("crystal")
        kept = copy.deepcopy(structure)
        graph = potential.graph(structure)
        assert_array_equal(pickle.loads(pickle.dumps(graph)).edges, graph.edges)  # noqa: S301
        batch = potential.collate([graph])
        before = {f.name: copy.deepcopy(getattr(batch, f.name)) for f in fields(batch)}
        potential(batch, need=potential.adapter.capabilities.properties)
        for name, value in before.items():
            now = getattr(batch, name)
            pairs = [(value[k], now[k]) for k in value] if name == "extra" else [(value, now)]
            expect(all(torch.equal(a, b) and not b.requires_grad for a, b in pairs), f"forward changed batch.{name}")
        for name in ("numbers", "positions", "cell"):
            assert_array_equal(getattr(structure, name), getattr(kept, name))
        expect(isinstance(potential.adapter.graph_key, str), "graph_key is not a string")

    def test_impossible_structures_are_refused(self) -> None:
        """By name, with a typed error; never substituted."""
        potential, structure = self.default(), self.named("skewed")
        nan, close = structure.positions.copy(), structure.positions.copy()
        nan[0, 0] = np.nan
        close[1] = close[0]
        for positions in (nan, close):
            with pytest.raises(GraphError, match="skewed"):
                potential.graph(replace(structure, positions=positions))
        if self.unknown is not None:
            with pytest.raises(MissingReference, match="skewed"):
                potential.graph(replace(structure, numbers=np.array([self.unknown, *structure.numbers[1:]])))

    def test_blocks_hold_every_parameter_once(self) -> None:
        """From embedding to readout."""
        potential = self.default()
        blocks = potential.blocks()
        listed = [id(p) for block in blocks.values() for p in block]
        expect(len(listed) == len(set(listed)), "a parameter is in two blocks")
        expect(set(listed) == {id(p) for p in potential.parameters()}, "blocks and parameters differ")
        expect(
            next(iter(blocks)).startswith("embedding"), f"the first block is {next(iter(blocks))}, not the embedding"
        )
        for head in potential.adapter.heads:
            expect(f"readout.{head}" in blocks, f"there is no block readout.{head}")

    def test_features_and_low_rank_sites(self) -> None:
        """Features per block with one row per atom; sites are modules with parameters of the network."""
        potential, structures = self.default(), self.structures()
        adapter = potential.adapter
        features = adapter.features(potential.collate([potential.graph(s) for s in structures]))
        expect(set(features) <= set(adapter.blocks()), f"features {list(features)} are not named after blocks")
        atoms = sum(len(s) for s in structures)
        expect(all(f.shape[0] == atoms for f in features.values()), "features are not per atom")
        own = {id(p) for p in adapter.parameters()}
        for name, module in adapter.low_rank_sites().items():
            expect(any(id(p) in own for p in module.parameters()), f"{name} has no parameter of the network")

    def test_state_round_trip(self) -> None:
        """Saved and opened: bitwise the same tensors and predictions."""
        potential, structures = self.default(), self.structures()
        with tempfile.TemporaryDirectory() as folder:
            potential.save(folder)
            again = ReferencedPotential.open(folder)
        one, two = potential.state_dict(), again.state_dict()
        expect(one.keys() == two.keys(), "tensors differ by name")
        expect(all(torch.equal(one[k], two[k]) for k in one), "a tensor changed")
        there = self.evaluate(again, structures)
        for name, value in self.evaluate(potential, structures).items():
            assert_array_equal(value, there[name])
        expect(again.adapter.elements == potential.adapter.elements, "the elements changed")

    def test_a_new_head_leaves_the_old_one_alone(self) -> None:
        """Bitwise, also after the new head's parameters have moved; each structure uses its own head."""
        potential, structures = self.default(), self.structures()
        size = np.array([len(s) for s in structures])
        old, reference = potential.adapter.heads[0], potential.reference()
        before = self.evaluate(potential, structures)
        potential.add_head("other", copy_of=old, reference=replace(reference, energies=reference.energies - 1.0))
        first = self.evaluate(potential, structures, head="other")
        self.close(first["energy"], before["energy"] - size, 1e-9)
        with torch.no_grad():
            for parameter in potential.blocks()["readout.other"]:
                parameter.add_(0.1)
        after, new = (self.evaluate(potential, structures, head=h) for h in (old, "other"))
        for name, value in before.items():
            assert_array_equal(value, after[name])
        expect(not np.array_equal(first["energy"], new["energy"]), "the new head does not use its own parameters")
        mixed = potential(potential.collate([potential.graph(structures[0])] * 2, [old, "other"]), need=ENERGY)
        expected = np.array([after["energy"][0], new["energy"][0]])
        self.close(mixed.energy.detach().numpy() / size[0], expected / size[0], self.energy_tolerance)

    def test_unknown_heads_and_properties_are_errors(self) -> None:
        """That name the known ones."""
        potential = self.default()
        graph, head = potential.graph(self.named("crystal")), potential.adapter.heads[0]
        with pytest.raises(UnknownHead, match=head):
            potential.collate([graph], "no-such-head")
        with pytest.raises(UnknownHead, match=head):
            potential.add_head("other", copy_of="no-such-head")
        with pytest.raises(UnknownHead, match=head):
            potential.add_head(head, copy_of=head)
        for name in set(PROPERTIES) - potential.adapter.capabilities.properties:
            with pytest.raises(UnsupportedProperty, match=name):
                potential(potential.collate([graph]), need=ENERGY | {name})

    def test_unknown_checkpoints_and_dtypes_are_errors(self) -> None:
        """That name the known ones."""
        cls = type(self.default().adapter)
        with pytest.raises(CheckpointError, match=cls.checkpoints()[0]):
            cls.load("no-such-checkpoint")
        with pytest.raises(CheckpointError):
            cls.scratch("no-such-configuration")
        with pytest.raises(CheckpointError, match="float"):
            cls.load(cls.checkpoints()[0], dtype=torch.float16)

    def test_scratch_follows_its_seed_only(self) -> None:
        """Random weights do not depend on the global generator, and leave it alone."""
        cls = type(self.default().adapter)
        torch.manual_seed(1)
        expected = torch.rand(3)
        torch.manual_seed(1)
        one = cls.scratch(seed=5)
        expect(torch.equal(torch.rand(3), expected), "making a potential moved the global generator")
        expect(not one.reference().energies.any(), "E0 of a scratch potential is not zero")
        models = (one, cls.scratch(seed=5), cls.scratch(seed=6))
        a, b, c = (torch.cat([p.detach().flatten() for p in m.adapter.parameters()]) for m in models)
        expect(torch.equal(a, b), "the same seed gives other weights")
        expect(not torch.equal(a, c), "another seed gives the same weights")

    def test_export_opens_in_the_native_package(self) -> None:
        """With the same energies, E0 included, the same forces and the same stress."""
        potential, structures = self.default(), self.structures()
        old = potential.reference()
        potential = potential.with_reference(replace(old, energies=old.energies + 0.25))
        here = self.evaluate(potential, structures)
        size = np.array([len(s) for s in structures])
        with tempfile.TemporaryDirectory() as folder:
            path = potential.export(Path(folder) / "exported.pth.tar")
            self.same(self.evaluate(type(potential.adapter).load(path), structures), here, size.tolist())
            there = self.native(path, structures)
        if there is None:
            pytest.skip("the adapter names no native package")
        self.close(np.array([n.energy for n in there]) / size, here["energy"] / size, self.energy_tolerance)
        self.close(np.concatenate([n.forces for n in there]), here["forces"], self.force_tolerance)
        for s, n in enumerate(there):
            if n.stress is not None and "stress" in here:
                self.close(n.stress, here["stress"][s], self.stress_tolerance)
