"""The contract's handling: graphs, parameters, checkpoints, what ``transferkit adapters`` says."""

import copy
import pickle
import tempfile
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from transferkit.adapters.overview import card_of
from transferkit.adapters.potential import ReferencedPotential
from transferkit.errors import CheckpointError, GraphError, MissingReference, UnsupportedProperty
from transferkit.testing.tools import ENERGY, Tools, expect
from transferkit.typing import PROPERTIES


class Handling(Tools):
    """What generic code relies on."""

    def test_graphs_are_plain_and_inputs_stay_as_they_are(self) -> None:
        """A graph survives pickling; structure and batch are not written to."""
        potential, structure = self.default(), self.named("crystal")
        kept = copy.deepcopy(structure)
        graph = potential.adapter.graph(structure)
        assert_array_equal(pickle.loads(pickle.dumps(graph)).edges, graph.edges)  # noqa: S301
        batch = potential.collate([graph], self.first(potential))
        before = {f.name: copy.deepcopy(getattr(batch, f.name)) for f in fields(batch)}
        need = potential.adapter.capabilities.properties
        out = potential(batch, need=need, create_graph=True)
        torch.stack([getattr(out, p).nansum() for p in sorted(need)]).sum().backward()  # type: ignore[no-untyped-call]
        potential(batch, need=need)
        for name, value in before.items():
            now = getattr(batch, name)
            if name == "skin":  # a number
                expect(now == value, f"forward changed batch.{name}")
                continue
            pairs = [(value[k], now[k]) for k in value] if name == "extra" else [(value, now)]
            expect(all(torch.equal(a, b) and not b.requires_grad for a, b in pairs), f"forward changed batch.{name}")
            expect(all(b.grad is None for _, b in pairs), f"gradients pile up in batch.{name}")
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
                potential.graph(replace(structure, positions=positions), head=self.first(potential))
        if self.unknown is not None:
            numbers = np.array([self.unknown, *structure.numbers[1:]])
            with pytest.raises(MissingReference, match="skewed"):
                potential.graph(replace(structure, numbers=numbers), head=self.first(potential))

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
        features = adapter.features(self.batch(potential, structures))
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
        before, after = potential.state_dict(), again.state_dict()
        expect(before.keys() == after.keys(), "tensors differ by name")
        expect(all(torch.equal(before[k], after[k]) for k in before), "a tensor changed")
        there = self.evaluate(again, structures)
        for name, value in self.evaluate(potential, structures).items():
            assert_array_equal(value, there[name])
        for name in ("elements", "heads", "licence", "cutoff", "graph_key"):
            one, two = (getattr(p.adapter, name) for p in (potential, again))
            expect(one == two, f"{name} was {one} and is {two} after saving and opening")
        expect(again.fidelities == potential.fidelities, "the levels of theory changed")

    def test_unknown_properties_are_errors(self) -> None:
        """That name the property."""
        potential = self.default()
        for name in set(PROPERTIES) - potential.adapter.capabilities.properties:
            with pytest.raises(UnsupportedProperty, match=name):
                potential(self.batch(potential, [self.named("crystal")]), need=ENERGY | {name})

    def test_unknown_checkpoints_and_dtypes_are_errors(self) -> None:
        """That name the known ones."""
        cls = type(self.default().adapter)
        known = next(iter(cls.checkpoints()), cls.name)
        with pytest.raises(CheckpointError, match=known):
            cls.load("no-such-checkpoint")
        with pytest.raises(CheckpointError):
            cls.scratch("no-such-configuration")
        with pytest.raises(CheckpointError, match="float"):
            cls.load(known, dtype=torch.float16)

    def test_cards_say_what_the_checkpoints_are(self) -> None:
        """What ``transferkit adapters`` shows without opening a checkpoint is what an opened one says."""
        cls = type(self.default().adapter)
        for name, card in cls.cards.items():
            expect(card.licence, f"the card of {name} names no licence")
            if name not in cls.checkpoints():
                continue
            found = card_of(self.loaded(name))
            for entry in fields(card):
                said, true = getattr(card, entry.name), getattr(found, entry.name)
                expect(
                    said is None or said == true, f"card of {name}: {entry.name} is {said}; the checkpoint has {true}"
                )

    def test_scratch_follows_its_seed_only(self) -> None:
        """Random weights do not depend on the global generator, and leave it alone."""
        cls = type(self.default().adapter)
        torch.manual_seed(1)
        expected = torch.rand(3)
        torch.manual_seed(1)
        one = cls.scratch(seed=5)
        expect(torch.equal(torch.rand(3), expected), "making a potential moved the global generator")
        expect(not one.reference(self.first(one)).energies.any(), "E0 of a scratch potential is not zero")
        models = (one, cls.scratch(seed=5), cls.scratch(seed=6))
        a, b, c = (torch.cat([p.detach().flatten() for p in m.adapter.parameters()]) for m in models)
        expect(torch.equal(a, b), "the same seed gives other weights")
        expect(not torch.equal(a, c), "another seed gives the same weights")
