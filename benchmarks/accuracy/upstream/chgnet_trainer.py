"""Fine-tuning CHGNet 0.3.0: our loop against ``chgnet.trainer.Trainer``.

    python benchmarks/accuracy/upstream/chgnet_trainer.py [--smoke]

Same frames, E0, start, loss, optimiser, rate, batch and epochs. Arms: ``ours``; ``same-order``, upstream's trainer fed
with the batches that our loop takes; ``own-order``, upstream's trainer with its own shuffling.
"""

import tempfile
import warnings
from contextlib import redirect_stdout
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from pathlib import Path
from time import perf_counter

import torch
from batches import BATCH, EDGES, Batches, orders
from chgnet.data.dataset import StructureData, collate_graphs
from chgnet.model import CHGNet
from chgnet.trainer import Trainer
from pieces import piece
from pymatgen.core import Lattice
from pymatgen.core import Structure as Crystal
from setting import Size, chosen, frames, ours, residual, score
from table import write
from torch.utils.data import DataLoader

import transferkit as tk
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.structures import Structures
from transferkit.provenance import versions
from transferkit.training.fit import fit
from transferkit.training.loss import Loss
from transferkit.training.optimiser import Optimiser
from transferkit.units import KBAR

RATE = 1e-3
LOSS = Loss(kind="huber", delta=0.1, weights={"energy": 3.0, "forces": 1.0, "stress": 0.1})
SCHEDULES = {
    # "constant" is the same to the digit. Upstream's cosine moves at ten marks of an epoch: with ten batches at every
    # step, from rate to rate/100 over steps 0 to N, ours over steps 0 to N - 1.
    "constant": {"scheduler": "ExponentialLR", "scheduler_params": {"gamma": 1.0}},
    "cosine": {"scheduler": "CosLR"},
}
ARMS = {"constant": ("ours", "same-order"), "cosine": ("ours", "same-order", "own-order")}


@dataclass(frozen=True)
class Job:
    """One run: where it starts, what it sees, and how long."""

    start: ReferencedPotential
    train: Structures
    valid: Structures
    schedule: str
    seed: int
    epochs: int


def dataset(data: Structures) -> StructureData:
    """Upstream's data set: energies in eV/atom, stresses in VASP's kbar and sign (it multiplies by -0.1)."""
    crystals = [
        Crystal(Lattice(s.cell), s.numbers, s.positions, coords_are_cartesian=True)
        for s in (data.structure(k) for k in range(len(data)))
    ]
    return StructureData(
        structures=crystals,
        energies=(data.energy / data.n_atoms).tolist(),
        forces=[data.forces[a:b].tolist() for a, b in zip(data.offsets[:-1], data.offsets[1:], strict=True)],
        stresses=(-data.stress / KBAR).tolist(),
        shuffle=False,
    )


def our_run(job: Job) -> dict:
    optimiser = Optimiser(learning_rate=RATE, schedule=job.schedule)
    size = {"epochs": job.epochs, "edges": EDGES, "structures": BATCH}
    return ours(fit(job.start, job.train, job.valid, loss=LOSS, optimiser=optimiser, seed=job.seed, quiet=True, **size))


def upstream_run(job: Job, *, own_order: bool) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        first = job.start.export(Path(folder) / "start.pth.tar")
        model = CHGNet.from_file(str(first), use_device="cpu")
        sets = dataset(job.train), dataset(job.valid)
        for data in sets:
            # Graphs are cached by the data set; ours are built before the clock starts, too.
            _ = [data[k] for k in range(len(data))]
            if data.failed_idx:
                raise SystemExit("chgnet cannot build some graphs and would replace those frames by others")
        shuffled = {"batch_size": BATCH, "shuffle": True, "generator": torch.Generator().manual_seed(job.seed)}
        given = {"batch_sampler": Batches(orders(len(job.train), job.seed, job.epochs))}
        loader = DataLoader(sets[0], collate_fn=collate_graphs, **(shuffled if own_order else given))
        check = DataLoader(sets[1], collate_fn=collate_graphs, batch_size=BATCH)
        trainer = Trainer(
            model,
            targets="efs",
            criterion="Huber",
            delta=LOSS.delta,
            energy_loss_ratio=LOSS.weights["energy"],
            force_loss_ratio=LOSS.weights["forces"],
            stress_loss_ratio=LOSS.weights["stress"],
            optimizer="Adam",
            learning_rate=RATE,
            epochs=job.epochs,
            use_device="cpu",
            torch_seed=job.seed,
            **deepcopy(SCHEDULES[job.schedule]),
        )
        clock = perf_counter()
        trainer.train(loader, check, save_dir=folder)
        train_s = perf_counter() - clock
        files = {"start": first, "last": next(Path(folder).glob("epoch*")), "kept": next(Path(folder).glob("bestE*"))}
        theirs = {key: trainer.training_history[key]["val"] for key in "efs"}
        epoch = {"start": 0, "last": job.epochs, "kept": 1 + theirs["e"].index(min(theirs["e"]))}
        return {
            **{
                when: {"epoch": epoch[when], **score(tk.load("chgnet", checkpoint=path), job.valid, LOSS)}
                for when, path in files.items()
            },
            "validation MAE as upstream reports it (eV/atom, eV/Å, GPa)": theirs,
            "final learning rate": trainer.optimizer.param_groups[0]["lr"],
            "train_s": train_s,
        }


def run(arm: str, job: Job, log: Path) -> dict:
    if arm == "ours":
        return our_run(job)
    with log.open("a") as out, redirect_stdout(out):
        return upstream_run(job, own_order=arm == "own-order")


def main(size: Size, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    train, valid = frames(size)
    start = residual(tk.load("chgnet", checkpoint="0.3.0"), train)
    for seed, (schedule, arms) in product(size.seeds, ARMS.items()):
        for arm in arms:
            setting = {
                "model": "chgnet",
                "schedule": schedule,
                "arm": arm,
                "seed": seed,
                "epochs": size.chgnet_epochs,
                "frames": [len(train), len(valid)],
                "data": [train.hash, valid.hash],
                "batch": BATCH,
                "rate": RATE,
                "loss": asdict(LOSS),
                "versions": versions("chgnet"),
            }
            job = Job(start, train, valid, schedule, seed, size.chgnet_epochs)
            log = folder / "chgnet-upstream.log"
            piece(folder, f"chgnet-{schedule}-{arm}-{seed}", setting, partial(run, arm, job, log))
            tables = write(folder)
    print(tables)


if __name__ == "__main__":
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    main(*chosen(__doc__))
