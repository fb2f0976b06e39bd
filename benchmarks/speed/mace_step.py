"""How long a training step and a prediction of MACE take here, and in the upstream package, in one process, interleaved.

    python benchmarks/speed/mace_step.py [--config small | --file F.model] [--dtype float32] [--cells 16] [--repeats 7] [--threads 1]
        [--device cpu] [--out mace_step.json]

A training step is: batch from graphs, energy, forces and stress, a loss on all of them, backward. A prediction is the
same without the loss. Both packages have the same random weights: upstream opens the file that we export. Rock salt cells
of 8 atoms, each perturbed by 0.1 Å. The ratio is what counts; seconds depend on the machine.
"""

import argparse
import itertools
import json
import tempfile
import warnings
from pathlib import Path

import torch
from frames import cells
from record import processor
from timing import head_to_head

from transferkit.adapters.mace import MaceAdapter
from transferkit.adapters.mace.upstream import contained

NEED = frozenset({"energy", "forces", "stress"})
DTYPES = {"float32": torch.float32, "float64": torch.float64}
PAIRS = [(11, 17), (3, 9), (12, 8), (19, 35)]


def square(*tensors):
    return sum((t.double() ** 2).sum() for t in tensors)


class Upstream:
    """The native model of an exported file, and its graphs."""

    def __init__(self, path, structures, dtype, device):
        """Open the file."""
        from mace import data
        from mace.tools import AtomicNumberTable

        self.model = torch.load(path, map_location=device, weights_only=False)
        self.dtype, self.device, self.data, self.structures = dtype, device, data, structures
        self.table = AtomicNumberTable([int(z) for z in self.model.atomic_numbers])
        self.cutoff = float(self.model.r_max)
        self.built = self.graphs()

    def graphs(self):
        """One per structure."""
        with contained(dtype=self.dtype, script=True):
            return [
                self.data.AtomicData.from_config(
                    self.data.Configuration(
                        atomic_numbers=s.numbers,
                        positions=s.positions,
                        cell=s.cell.copy(),
                        pbc=(True, True, True),
                        properties={},
                        property_weights={},
                        head="default",
                    ),
                    z_table=self.table,
                    cutoff=self.cutoff,
                    heads=self.model.heads,
                )
                for s in self.structures
            ]

    def run(self, *, training, stress=True, forces=True):
        """Evaluate all structures as one batch."""
        from mace.tools import torch_geometric

        batch = torch_geometric.Batch.from_data_list(self.built).to(self.device).to_dict()
        return self.model(batch, training=training, compute_force=forces, compute_stress=stress)


def measure(args):
    dtype, device = DTYPES[args.dtype], args.device
    if args.file:
        ours = MaceAdapter.load(args.file, dtype=dtype, device=device, trust=True)
        known = sorted(ours.adapter.elements)
        structures = cells(args.cells, pairs=list(itertools.pairwise(known)), a=5.2)
    else:
        ours = MaceAdapter.scratch(args.config, dtype=dtype, device=device)
        structures = cells(args.cells, pairs=PAIRS, a=5.2)
    with tempfile.TemporaryDirectory() as folder:
        theirs = Upstream(ours.export(Path(folder) / "model.model"), structures, dtype, device)
    graphs = [ours.graph(s) for s in structures]

    def our_step():
        ours.zero_grad()
        out = ours(ours.collate(graphs), need=NEED, create_graph=True)
        square(out.energy, out.forces, out.stress).backward()

    def their_step():
        theirs.model.zero_grad()
        out = theirs.run(training=True)
        square(out["energy"], out["forces"], out["stress"]).backward()

    def our_energy():
        with torch.no_grad():
            ours(ours.collate(graphs), need=frozenset({"energy"}))

    def their_energy():
        with torch.no_grad():
            theirs.run(training=False, stress=False, forces=False)

    pairs = {
        "training step": (our_step, their_step),
        "prediction": (lambda: ours(ours.collate(graphs), need=NEED), lambda: theirs.run(training=False)),
        "energy only": (our_energy, their_energy),
        "graphs": (lambda: [ours.graph(s) for s in structures], theirs.graphs),
    }
    # Three warm-up calls: TorchScript rewrites itself during its first ones.
    return {
        name: head_to_head(yours, mine, args.repeats, device=device, threads=args.threads, warm=3)
        for name, (mine, yours) in pairs.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--config", default="small")
    parser.add_argument("--file", help="a .model file instead of a configuration")
    parser.add_argument("--dtype", choices=DTYPES, default="float32")
    parser.add_argument("--cells", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = measure(args)
    result["setting"] = {
        "model": Path(args.file).name if args.file else f"{args.config}, random weights",
        "dtype": args.dtype,
        "cells": args.cells,
        "atoms per cell": 8,
        "threads": args.threads,
        "machine": torch.cuda.get_device_name() if args.device != "cpu" else processor(),
        "torch": torch.__version__,
    }
    text = json.dumps(result, indent=1)
    print(text)
    if args.out:
        args.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
