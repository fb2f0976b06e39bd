"""How long one training step of CHGNet takes here, and in the upstream package, in one process, interleaved.

    python benchmarks/speed/chgnet_step.py [--cells 16] [--repeats 7] [--threads 1] [--out chgnet_step.json]

A step is: batch from graphs, energy, forces, stress and magmoms, a loss on all of them, backward. Rock salt cells of
8 atoms, each perturbed by 0.1 Å. The ratio is what counts; seconds depend on the machine.
"""

import argparse
import json
import platform
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from pymatgen.core import Lattice
from pymatgen.core import Structure as Crystal

from transferkit.adapters.chgnet import ChgnetAdapter
from transferkit.data.structures import Structure

NEED = frozenset({"energy", "forces", "stress", "magmoms"})


def cells(n):
    rng = np.random.default_rng(0)
    out = []
    for k in range(n):
        crystal = Crystal.from_spacegroup("Fm-3m", Lattice.cubic(5.69), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
        positions = crystal.cart_coords + 0.1 * rng.normal(size=(len(crystal), 3)) / np.sqrt(3)
        numbers = np.array(crystal.atomic_numbers, dtype=np.int64)
        out.append(Structure(numbers, positions, crystal.lattice.matrix.copy(), np.ones(3, dtype=bool), f"NaCl-{k}"))
    return out


def square(*tensors):
    return sum((t.double() ** 2).sum() for t in tensors)


def timed(step, model):
    model.zero_grad()
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def measure(n_cells, repeats):
    from chgnet.model import CHGNet

    structures = cells(n_cells)
    upstream = CHGNet.load(use_device="cpu", verbose=False)
    ours = ChgnetAdapter.load("0.3.0")
    graphs = [ours.graph(s) for s in structures]
    crystals = [Crystal(Lattice(s.cell), s.numbers, s.positions, coords_are_cartesian=True) for s in structures]
    theirs = [upstream.graph_converter(c) for c in crystals]

    def our_step():
        out = ours(ours.adapter.collate(graphs, [0] * len(graphs)), need=NEED, create_graph=True)
        square(out.energy, out.forces, out.stress, out.magmoms).backward()

    def their_step():
        out = upstream(theirs, task="efsm")
        square(out["e"], *out["f"], *out["s"], *out["m"]).backward()

    def our_graphs():
        return [ours.graph(s) for s in structures]

    def their_graphs():
        return [upstream.graph_converter(c) for c in crystals]

    def our_energy():
        with torch.no_grad():
            ours(ours.adapter.collate(graphs, [0] * len(graphs)), need=frozenset({"energy"}))

    def their_energy():
        with torch.no_grad():
            upstream(theirs, task="e")

    pairs = {
        "training step": (our_step, their_step),
        "energy only": (our_energy, their_energy),
        "graphs": (our_graphs, their_graphs),
    }
    result = {}
    for name, (mine, yours) in pairs.items():
        mine(), yours()
        times = np.array([[timed(yours, upstream), timed(mine, ours)] for _ in range(repeats)])
        result[name] = {
            "upstream_s": float(np.median(times[:, 0])),
            "transferkit_s": float(np.median(times[:, 1])),
            "ratio": float(np.median(times[:, 0] / times[:, 1])),
        }
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cells", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = measure(args.cells, args.repeats)
    result["setting"] = {
        "cells": args.cells,
        "atoms per cell": 8,
        "threads": args.threads,
        "machine": platform.processor() or platform.machine(),
        "torch": torch.__version__,
    }
    text = json.dumps(result, indent=1)
    print(text)
    if args.out:
        args.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
