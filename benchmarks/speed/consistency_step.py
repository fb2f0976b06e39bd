"""How much longer a training step takes with the consistency losses, in one process, interleaved with the plain step.

    python benchmarks/speed/consistency_step.py [--cells 16] [--repeats 7] [--threads 1] [--out consistency.json]

A step is what the loop does before the optimiser: batch from graphs, labels, displacements, energy, forces, stress (and
magmoms), a loss on all of them, backward. The plain step has graphs without a skin, as a plain run has. Rock salt cells
of 8 atoms, each perturbed by 0.1 Å. Times are CPU seconds; the ratio is of the fastest of each kind, which other
processes disturbed least, and the median of pairs stands beside it.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from frames import cells, labelled
from record import processor
from timing import in_turn, seconds

from transferkit.adapters.chgnet import ChgnetAdapter
from transferkit.adapters.graphs import build_graphs
from transferkit.adapters.toy import Toy
from transferkit.training.consistency import Consistency
from transferkit.training.excursion import Excursions
from transferkit.training.feed import Feed
from transferkit.training.loss import Loss, Objective
from transferkit.training.state import Progress
from transferkit.training.tally import Tally
from transferkit.typing import PROPERTIES

CPU = torch.device("cpu")
POTENTIALS = {"chgnet 0.3.0": lambda: ChgnetAdapter.load("0.3.0"), "toy": lambda: Toy.load("demo")}
SETTINGS = {
    "kappa 0, both": Consistency(1.2, 0.01),
    "kappa 0, both, half of the batch": Consistency(1.2, 0.01, fraction=0.5),
    "kappa 0, pitc alone": Consistency(1.2, 0.0),
    "kappa 1/2, both": Consistency(1.2, 0.01, kappa=0.5),
    "kappa 1/2, both, half of the batch": Consistency(1.2, 0.01, kappa=0.5, fraction=0.5),
    "kappa 1/2, pitc alone": Consistency(1.2, 0.0, kappa=0.5),
}


def step_of(potential, data, settings):
    """One call is one step."""
    loss = Loss(consistency=settings)
    graphs = build_graphs(potential, data, skin=loss.skin, head=potential.adapter.heads[0])
    feed = Feed(data, graphs, potential.adapter, 0, 10**9, None, 0)
    objective, index = Objective(potential, loss, frozenset(PROPERTIES)), np.arange(len(data))
    excursions = None if settings is None else Excursions(feed, settings, total=100)

    def step():
        if excursions is None:
            loaded = feed.load(index, hidden=False, device=CPU)
        else:
            loaded = excursions.load(index, index, hidden=False, progress=Progress(), device=CPU)
        potential.zero_grad(set_to_none=True)
        sums, log = objective(*loaded)
        objective.total(sums, Tally(log.numpy())).backward()

    return step


def measure(make, n_cells, repeats):
    potential, data = make(), labelled(cells(n_cells))
    plain = step_of(potential, data, None)
    found = {}
    for name, settings in SETTINGS.items():  # the plain step next to each, so that a busy machine slows both
        times = in_turn({"plain": plain, "with": step_of(potential, data, settings)}, repeats)
        alone, beside = (seconds(times[key], "cpu") for key in ("plain", "with"))
        found[name] = {
            "plain_s": float(alone.min()),
            "with_s": float(beside.min()),
            "ratio": float(beside.min() / alone.min()),
            "median_ratio": float(np.median(beside / alone)),
        }
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cells", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    result = {name: measure(make, args.cells, args.repeats) for name, make in POTENTIALS.items()}
    result["setting"] = {
        "cells": args.cells,
        "atoms per cell": 8,
        "displacement, Å": Consistency(1.2, 0.01).length,
        "skin, Å": Consistency(1.2, 0.01).skin,
        "threads": args.threads,
        "machine": processor(),
        "torch": torch.__version__,
    }
    text = json.dumps(result, indent=1, ensure_ascii=False)
    print(text)
    if args.out:
        args.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
