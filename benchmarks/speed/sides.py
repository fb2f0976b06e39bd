"""The two sides that are compared on the same structures: this package, and chgnet as its Trainer and users call it."""

import warnings
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import torch
from pymatgen.core import Lattice
from pymatgen.core import Structure as Crystal
from torch import nn

from transferkit.adapters.chgnet import ChgnetAdapter
from transferkit.adapters.graphs import build_graphs
from transferkit.data.structures import Structure, Structures
from transferkit.evaluation.predict import predict
from transferkit.training.feed import Feed
from transferkit.training.fit import fit
from transferkit.training.loss import Loss, Objective
from transferkit.training.optimiser import Optimiser
from transferkit.training.tally import Tally
from transferkit.typing import PROPERTIES
from transferkit.units import KBAR

ALL = frozenset(PROPERTIES)
LOSS = Loss()
RATE = 1e-9
"""Learning rate: the optimiser works as always, and every repeat sees the same weights to rounding."""


class Ours:
    """CHGNet 0.3.0 in this package."""

    def __init__(self, device: str, config: str | None = None):
        """Released weights; random ones of a configuration if one is named."""
        load = ChgnetAdapter.load if config is None else ChgnetAdapter.scratch
        self.device, self.potential = device, load(config or "0.3.0", device=device)

    def feed(self, data: Structures, structures: int | None = None) -> Feed:
        """Graphs and labels; all structures in a batch if no limit is given."""
        return Feed(data, build_graphs(self.potential, data), self.potential.adapter, 0, 10**9, structures, 0)

    def train_step(self, data: Structures, *, loaded: bool = False):
        """What the loop does in a step: batch, loss, gradient, Adam; with ``loaded``, the batch is on the device before."""
        feed, index, device = self.feed(data), np.arange(len(data)), torch.device(self.device)
        step = self.stepper(ALL)
        ready = feed.load(index, hidden=False, device=device) if loaded else None
        return lambda: step(ready or feed.load(index, hidden=False, device=device))

    def stepper(self, need: frozenset):
        """One optimiser step on a batch and its labels."""
        objective = Objective(self.potential, LOSS, need)
        parameters = [p for p in self.potential.parameters() if p.requires_grad]
        optimiser = torch.optim.Adam(parameters, lr=RATE)

        def step(ready: tuple) -> None:
            sums, log = objective(*ready)
            seen = Tally(log.cpu().numpy())
            optimiser.zero_grad(set_to_none=True)
            objective.total(sums, seen).backward()
            nn.utils.clip_grad_norm_(parameters, float("inf"))
            optimiser.step()

        return step

    def predict(self, data: Structures, need: frozenset = ALL, graphs=None):
        """All at once, as ``predict`` forms batches."""
        return lambda: predict(self.potential, data, need=need, graphs=graphs)

    def predict_singly(self, data: Structures, need: frozenset = ALL):
        """One after the other."""
        one = [data[k : k + 1] for k in range(len(data))]
        return lambda: [predict(self.potential, s, need=need) for s in one]

    def graphs(self, data: Structures):
        """Of all structures."""
        return build_graphs(self.potential, data)

    def fit(self, train: Structures, valid: Structures, *, batch: int, epochs: int = 1, graphs=None, valid_graphs=None):
        """``fit``, which also evaluates before training, chooses the best weights and hands back a copy."""
        return lambda: fit(
            self.potential,
            train,
            valid,
            graphs=graphs,
            valid_graphs=valid_graphs,
            loss=LOSS,
            optimiser=Optimiser(learning_rate=RATE),
            epochs=epochs,
            edges=10**9,
            structures=batch,
            evaluate_every=epochs,
            quiet=True,
        )


class Upstream:
    """CHGNet 0.3.0 of the chgnet package: its converter with the compiled algorithm, its model, its Trainer."""

    def __init__(self, device: str):
        """Load the model; refuse the slow converter."""
        from chgnet.graph import CrystalGraphConverter
        from chgnet.model import CHGNet

        warnings.simplefilter("ignore")  # chgnet itself does so for the whole process
        self.device = device
        with redirect_stdout(StringIO()):
            self.model = CHGNet.load(use_device=device, verbose=False)
        made = self.model.graph_converter
        self.converter = CrystalGraphConverter(
            atom_graph_cutoff=made.atom_graph_cutoff,
            bond_graph_cutoff=made.bond_graph_cutoff,
            algorithm="fast",
            on_isolated_atoms="ignore",
        )
        if self.converter.algorithm != "fast":
            raise SystemExit(
                "chgnet's compiled graph converter is missing; install chgnet from a wheel or with a compiler"
            )
        self.model.graph_converter = self.converter

    def crystals(self, structures: list[Structure]) -> list[Crystal]:
        """As chgnet takes them."""
        return [Crystal(Lattice(s.cell), s.numbers, s.positions, coords_are_cartesian=True) for s in structures]

    def graphs(self, structures: list[Structure]) -> list:
        """From the compiled converter."""
        return [self.converter(c) for c in self.crystals(structures)]

    def trainer(self):
        """Its Trainer with the loss of the published model."""
        from chgnet.trainer import Trainer

        with redirect_stdout(StringIO()):
            made = Trainer(
                self.model,
                targets="efsm",
                criterion="Huber",
                delta=LOSS.delta,
                energy_loss_ratio=LOSS.weights["energy"],
                force_loss_ratio=LOSS.weights["forces"],
                stress_loss_ratio=LOSS.weights["stress"],
                mag_loss_ratio=LOSS.weights["magmoms"],
                learning_rate=RATE,
                epochs=1,
                use_device=self.device,
            )
        for parameter in self.model.composition_model.parameters():  # as Trainer.train does it
            parameter.requires_grad = False
        return made

    def dataset(self, data: Structures):
        """Its data set, which keeps graphs once they are built; stresses in VASP's kbar and sign."""
        from chgnet.data.dataset import StructureData

        ends = list(zip(data.offsets[:-1], data.offsets[1:], strict=True))
        with redirect_stdout(StringIO()):
            return StructureData(
                structures=self.crystals([data.structure(k) for k in range(len(data))]),
                energies=(data.energy / data.n_atoms).tolist(),
                forces=[data.forces[a:b].tolist() for a, b in ends],
                stresses=(-data.stress / KBAR).tolist(),
                magmoms=[data.magmoms[a:b].tolist() for a, b in ends],
                graph_converter=self.converter,
                shuffle=False,
            )

    def batch(self, data: Structures) -> tuple:
        """All structures as its data loader hands them over."""
        from chgnet.data.dataset import collate_graphs

        made = self.dataset(data)
        items = [made[k] for k in range(len(data))]
        if made.failed_idx:
            raise SystemExit("chgnet cannot build some graphs, and would replace those structures by others")
        return collate_graphs(items)

    def train_step(self, data: Structures):
        """One step of its Trainer, on a batch of graphs that are built."""
        trainer, loader = self.trainer(), [self.batch(data)]

        def step() -> None:
            with redirect_stdout(StringIO()):
                trainer._train(loader, 0)  # noqa: SLF001

        return step

    def predict(self, structures: list[Structure], task: str = "efsm", batch: int = 16):
        """``predict_structure`` in batches."""
        crystals = self.crystals(structures)
        return lambda: self.model.predict_structure(crystals, task=task, batch_size=batch)

    def predict_singly(self, structures: list[Structure], task: str = "efsm"):
        """``predict_structure`` for one after the other."""
        crystals = self.crystals(structures)
        return lambda: [self.model.predict_structure(c, task=task) for c in crystals]

    def fit(self, train, valid, folder: Path, *, order: list[list[int]]):
        """One epoch of ``Trainer.train``, validation and checkpoint included, in the given batches."""
        from chgnet.data.dataset import collate_graphs
        from torch.utils.data import DataLoader

        loader = DataLoader(train, batch_sampler=order, collate_fn=collate_graphs)
        check = DataLoader(valid, batch_size=16, collate_fn=collate_graphs)

        def run() -> None:
            with redirect_stdout(StringIO()):
                self.trainer().train(loader, check, save_dir=str(folder))

        return run
