"""Cost per atom against batch size and cell size, and cost per structure of an epoch against the number of structures."""

import numpy as np
from frames import SIZES, cells, labelled
from pairs import Bench
from timing import clock_of, in_turn, seconds, spread

from transferkit.adapters.graphs import build_graphs
from transferkit.adapters.toy import Toy
from transferkit.data.structures import Structures
from transferkit.training.fit import fit
from transferkit.training.loss import Loss

TOTAL = 192
"""Atoms in every batch of the curve over cell sizes."""
STEPS_OF = 10
"""Structures in a batch of the curve over the number of structures."""


def per_atom(bench: Bench, structures: list, repeats: int, *, upstream: bool = True) -> dict:
    """Microseconds per atom of a training step and of an evaluation."""
    data = labelled(structures)
    atoms = len(data.numbers)
    steps = {"training step": bench.ours.train_step(data), "evaluation": bench.ours.predict(data)}
    if upstream:
        steps["upstream training step"] = bench.theirs.train_step(data)
        steps["upstream evaluation"] = bench.theirs.predict(structures, batch=len(structures))
    times = in_turn(steps, repeats, device=bench.device)
    clock = clock_of(bench.device, bench.threads)
    return {"atoms": atoms} | {name: spread(1e6 * seconds(t, clock) / atoms) for name, t in times.items()}


def batch_sizes(bench: Bench, sizes: list[int], *, largest_upstream: int) -> dict:
    """Batches of rock salt cells of 8 atoms."""
    points = {n: per_atom(bench, cells(n), 3, upstream=n <= largest_upstream) for n in sizes}
    return {"x": "cells of 8 atoms in a batch", "points": points}


def cell_sizes(bench: Bench, sizes: list[int]) -> dict:
    """The same crystal in cells of 8 to 192 atoms, with 192 atoms in every batch."""
    points = {n: per_atom(bench, cells(TOTAL // n, repeat=SIZES[n]), 3) for n in sizes}
    return {"x": "atoms in a cell", "points": points}


def tiny(n: int) -> Structures:
    """``n`` different primitive cells of rock salt, 2 atoms each."""
    full = cells(n)
    two = [type(s)(s.numbers[[0, 4]], s.positions[[0, 4]], primitive(), s.pbc, s.id) for s in full]
    return labelled(two)


def primitive():
    """Vectors of the cell of two atoms."""
    return (np.ones((3, 3)) - np.eye(3)) * 5.69 / 2


def numbers_of_structures(bench: Bench, sizes: list[int], *, chgnet_up_to: int) -> dict:
    """Milliseconds per structure of ``fit`` (planning, batches, steps) for CHGNet and for the toy, whose steps cost next to nothing."""
    clock = clock_of(bench.device, bench.threads)
    points = {}
    for n in sizes:
        data = tiny(n)
        found = {}
        kinds = {"toy": Toy.load("demo")} | ({"chgnet": bench.ours.potential} if n <= chgnet_up_to else {})
        for name, potential in kinds.items():
            epochs = max(1, (1000 if name == "toy" else 300) // n)
            step, built, graph_s = epoch_of(potential, data, epochs, clock)
            times = in_turn({"fit": step}, 2 if n < 10_000 else 1, device=bench.device, warm=int(n < 1000))["fit"]
            found[f"{name} epoch"] = spread(1e3 * seconds(times, clock) / (n * epochs))
            found[f"{name} graphs"] = 1e3 * graph_s / n
            del built
        points[n] = found
        print(f"  {n} structures: {found}", flush=True)
    return {"x": "structures", "points": points}


def epoch_of(potential, data: Structures, epochs: int, clock: str):
    """``fit`` over some epochs, batches of ten, graphs built before; and the seconds that the graphs took."""
    built: list = []
    time = in_turn({"graphs": lambda: built.append(build_graphs(potential, data))}, 1, warm=0)["graphs"]
    weights = {"energy": 3.0, "forces": 1.0, "stress": 0.1}
    few = data[:2]
    check = build_graphs(potential, few)

    def step() -> None:
        fit(
            potential,
            data,
            few,
            graphs=built[0],
            valid_graphs=check,
            loss=Loss(weights=weights),
            epochs=epochs,
            edges=10**9,
            structures=STEPS_OF,
            evaluate_every=epochs,
            quiet=True,
        )

    return step, built, float(seconds(time, clock)[0])
