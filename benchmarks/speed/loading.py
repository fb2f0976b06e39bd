"""What is around the steps: whole epochs against bare steps, with and without a thread that loads; stored graphs; what grows.

    python benchmarks/speed/loading.py [--shared FOLDER] [--device cuda] [--json FILE]

FOLDER holds data/mptrj_1k; $TRANSFERKIT_SHARED stands in for it.
"""

import argparse
import json
import os
import tempfile
import time
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import torch
from frames import cells, labelled, mptrj
from timing import in_turn

import transferkit as tk
from transferkit.adapters.chgnet import ChgnetAdapter
from transferkit.adapters.graphs import build_graphs
from transferkit.data.structures import Structures
from transferkit.finetuning.strategy import Strategy
from transferkit.preview.measure import Trial, _session
from transferkit.training import checkpoint, loop
from transferkit.training.feed import Feed
from transferkit.training.interrupt import Interruption
from transferkit.training.loss import Loss
from transferkit.training.optimiser import Optimiser
from transferkit.training.session import Session
from transferkit.training.state import Progress
from transferkit.typing import PROPERTIES

CPU = torch.device("cpu")
SOME = 200
"""Structures whose loading is timed, of however many there are."""


def session_of(potential, data: Structures, graphs, *, batch: int, epochs: int = 1, budget: int = 10**9) -> Session:
    """As ``fit`` puts it together; one small structure is validated, once, at the end."""
    trial = Trial(
        potential, Strategy(), Loss(), Optimiser(), frozenset(PROPERTIES), potential.adapter.heads[0],
        budget=budget, structures=batch,
    )  # fmt: skip
    small = int(np.argmin(data.n_atoms))
    made = _session(trial, data, graphs, data[[small]], [graphs[small]])
    made.plan.open(epoch=10**9, step=10**9)
    return replace(made, total=made.feed.steps(epochs), every=10**9)


def whole(session: Session, *, threaded: bool) -> None:
    """The loop over all its steps, from the first."""
    session.state.progress = Progress(history=[{}])  # no evaluation before training
    loop.pays = lambda _: threaded
    loop.loop(session, Interruption())


def bare(session: Session, ready: list) -> None:
    """The same steps with the batches on the device before."""
    session.state.progress = Progress(history=[{}])
    for index, loaded in ready:
        loop.step(session, session.objective, index, loaded, asked=False)


def ready(session: Session) -> list:
    """Every batch of :func:`whole`, loaded."""
    place, out = Progress(), []
    for index, _ in loop.remaining(session.feed, place, session.total):
        out.append((index, session.load(index, place)))
        place.step += 1
    return out


def epochs(potential, sets: dict[str, Structures], device: str, repeats: int, folder: Path) -> dict:
    """Whole epochs over bare steps, wall and CPU time: graphs in memory and stored, with and without the thread."""
    found = {}
    for name, data in sets.items():
        built = build_graphs(potential, data, head=potential.adapter.heads[0])
        stored = build_graphs(potential, data, head=potential.adapter.heads[0], store=folder)
        inside, outside = (session_of(potential, data, graphs, batch=16) for graphs in (built, stored))
        steps = {
            "bare": partial(bare, inside, ready(inside)),
            "memory": partial(whole, inside, threaded=False),
            "memory, thread": partial(whole, inside, threaded=True),
            "stored": partial(whole, outside, threaded=False),
            "stored, thread": partial(whole, outside, threaded=True),
        }
        times = in_turn(steps, repeats, device=device)
        own = {k: np.array([[t.wall, t.cpu] for t in v]) for k, v in times.items()}
        found[name] = {"steps": inside.total, "bare_s": float(np.median(own["bare"][:, 0]))} | {
            k: dict(zip(("wall", "cpu"), np.median(v / own["bare"], axis=0).round(4).tolist(), strict=True))
            for k, v in own.items()
            if k != "bare"
        }
    return found


def per_structure(work, n: int) -> tuple:
    """What some work gives, and its milliseconds for each of ``n``."""
    begun = time.process_time()
    result = work()
    return result, 1e3 * (time.process_time() - begun) / n


def graphs(potential, sets: dict[str, Structures], folder: Path) -> dict:
    """Milliseconds per structure to build, to build into a store and to read from it; kilobytes in memory and on disk."""
    found = {}
    for name, data in sets.items():
        store, row, head = folder / f"of-{name}", {}, potential.adapter.heads[0]

        timed = partial(per_structure, n=len(data))
        built, row["build_ms"] = timed(partial(build_graphs, potential, data, head=head))
        _, row["adapter_alone_ms"] = timed(lambda d=data: [potential.adapter.graph(s) for s in d])
        _, row["build_into_store_ms"] = timed(partial(build_graphs, potential, data, head=head, store=store))
        stored, row["find_ms"] = timed(partial(build_graphs, potential, data, head=head, store=store))
        _, row["first_read_ms"] = timed(partial(list, stored))
        _, row["read_ms"] = timed(partial(list, stored))
        extra = sum(a.nbytes for g in built for a in g.extra.values())
        row["memory_kB"] = (extra + sum(g.edges.nbytes + g.image.nbytes for g in built)) / len(data) / 1e3
        row["disk_kB"] = sum(f.stat().st_size for f in store.rglob("*.arrow")) / len(data) / 1e3
        found[name] = {k: round(v, 4) for k, v in row.items()} | {"atoms": round(float(data.n_atoms.mean()), 1)}
    return found


def best(work, of: int) -> float:
    """Microseconds for each of ``of``: the least of three."""
    return round(1e3 * min(per_structure(work, of)[1] for _ in range(3)), 2)


def growth(folder: Path) -> dict:
    """Microseconds per structure of everything but the model, from 10 to 10,000 structures, in batches of ten."""
    small, base = ChgnetAdapter.scratch("tiny"), labelled(cells(10))
    rng, found, number = np.random.default_rng(0), {}, count()
    for n in (10, 100, 1000, 10_000):
        data = base[np.arange(n) % 10]
        data = replace(data, positions=data.positions + 0.01 * rng.normal(size=data.positions.shape))
        stored = build_graphs(small, data, head="default", store=folder / f"{n}")
        feed = Feed(data, stored, small.adapter, 0, 10**9, 10, 0)
        first = feed.epoch(1)[: SOME // 10]
        session = session_of(small, data, stored, batch=10)
        info, tensors = session.state.save()
        found[n] = {
            "plan": best(lambda f=feed: f.epoch(1), n),
            "load": best(lambda f=feed, b=first: [f.load(i, hidden=False, device=CPU) for i in b], 10 * len(first)),
            "checkpoint, each": best(lambda i=info, t=tensors: checkpoint.save(folder / "c", next(number), i, t), 1),
        }
    return found


def density(potential) -> dict:
    """One step on dense and on loose cells with the same number of directed edges: seconds, angles and atoms."""
    found = {}
    for name, a, pairs in (("loose", 6.6, ((55, 17),)), ("middle", 5.69, ((11, 17),)), ("dense", 4.2, ((12, 8),))):
        data = labelled(cells(64, a=a, pairs=pairs))
        built = build_graphs(potential, data, head=potential.adapter.heads[0])
        sizes = np.cumsum([g.n_edges for g in built])
        n = int(np.searchsorted(sizes, 10_000, side="right"))
        session = session_of(potential, data[:n], built[:n], batch=n)
        own = ready(session)
        times = in_turn({"step": partial(bare, session, own)}, 5)["step"]
        edges, angles = int(sizes[n - 1]), sum(g.extra["angle_edges"].shape[1] for g in built[:n])
        cpu = float(np.median([t.cpu for t in times]))
        found[name] = {
            "structures": n, "edges": edges, "angles": angles, "step_cpu_s": round(cpu, 3),
            "us_per_edge": round(1e6 * cpu / edges, 1), "saved_MB": round(saved(session, own[0][1]) / 1e6, 1),
        }  # fmt: skip
    return found


def saved(session: Session, loaded: tuple) -> int:
    """Bytes of the tensors that the forward pass keeps for the backward pass: what a batch needs of memory."""
    seen: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        sums, _ = session.objective(*loaded)
        del sums
    return sum(seen.values())


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--shared", default=os.environ.get("TRANSFERKIT_SHARED"))
    options.add_argument("--device", default="cpu")
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--structures", type=int, default=160)
    options.add_argument("--json", type=Path)
    options.add_argument("--only", nargs="*", default=["graphs", "growth", "density", "epochs"])
    told = options.parse_args()
    torch.set_num_threads(told.threads)
    potential = tk.load("chgnet", device=told.device)
    sets = {"8 atoms": labelled(cells(told.structures))}
    if told.shared:
        sets["mptrj_1k"] = labelled(mptrj(Path(told.shared), told.structures))
    with tempfile.TemporaryDirectory() as folder:
        parts = {
            "graphs": partial(graphs, potential, sets, Path(folder)),
            "growth": partial(growth, Path(folder)),
            "density": partial(density, potential),
            "epochs": partial(epochs, potential, sets, told.device, told.repeats, Path(folder)),
        }
        found = {name: parts[name]() for name in told.only}
    print(json.dumps(found, indent=1))
    if told.json:
        told.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
