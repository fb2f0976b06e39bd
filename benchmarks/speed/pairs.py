"""Each measurement of this package against chgnet, on the same structures, in turn."""

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from frames import labelled
from sides import ALL, Ours, Upstream
from timing import clock_of, compare, head_to_head, in_turn

from transferkit.adapters.graphs import build_graphs
from transferkit.data.structures import Structure


@dataclass
class Bench:
    """What every measurement needs."""

    ours: Ours
    theirs: Upstream
    device: str
    threads: int
    repeats: int

    def pair(self, theirs, ours, repeats: int | None = None) -> dict:
        """Both in turn."""
        return head_to_head(theirs, ours, repeats or self.repeats, device=self.device, threads=self.threads)


def train_step(bench: Bench, structures: list[Structure]) -> dict:
    """Batch from graphs, energy, forces, stress, magmoms, loss, gradients, Adam."""
    data = labelled(structures)
    return bench.pair(bench.theirs.train_step(data), bench.ours.train_step(data))


def evaluation(bench: Bench, structures: list[Structure], *, batch: int) -> dict:
    """All properties from structures, graphs included; upstream in batches of ``batch``, here as predict does it."""
    data = labelled(structures)
    return bench.pair(bench.theirs.predict(structures, batch=batch), bench.ours.predict(data))


def one_by_one(bench: Bench, structures: list[Structure]) -> dict:
    """All properties of one structure after the other, graphs included."""
    return bench.pair(bench.theirs.predict_singly(structures), bench.ours.predict_singly(labelled(structures)))


def energy_only(bench: Bench, structures: list[Structure]) -> dict:
    """Energies from graphs that are built, upstream in batches of 16."""
    data = labelled(structures)
    theirs, ours = bench.theirs.graphs(structures), build_graphs(bench.ours.potential, data)
    return bench.pair(
        lambda: bench.theirs.model.predict_graph(theirs, task="e", batch_size=16),
        bench.ours.predict(data, need=frozenset({"energy"}), graphs=ours),
    )


def graphs(bench: Bench, structures: list[Structure]) -> dict:
    """Edges and angles of structures, one process; upstream's compiled converter on crystals that are made before."""
    data, crystals = labelled(structures), bench.theirs.crystals(structures)
    return bench.pair(lambda: [bench.theirs.converter(c) for c in crystals], lambda: bench.ours.graphs(data))


def epoch(bench: Bench, structures: list[Structure], *, batch: int, cached: bool) -> dict:
    """One epoch of ``fit`` and of ``Trainer.train`` in the same batches; ours evaluates once more, before training.

    ``cached``: graphs are there before, as in any epoch after the first.
    """
    data, valid = labelled(structures), labelled(structures[: max(2, len(structures) // 8)])
    built = (
        (build_graphs(bench.ours.potential, data), build_graphs(bench.ours.potential, valid))
        if cached
        else (None, None)
    )
    order = [b.tolist() for b in bench.ours.feed(data, batch).epoch(1)]
    ours = bench.ours.fit(data, valid, batch=batch, graphs=built[0], valid_graphs=built[1])
    made = [bench.theirs.dataset(part) for part in (data, valid)]

    def theirs(folder: Path) -> None:
        # Its data set keeps graphs once built: a first epoch needs a fresh one.
        sets = made if cached else [bench.theirs.dataset(part) for part in (data, valid)]
        bench.theirs.fit(*sets, folder, order=order)()

    with tempfile.TemporaryDirectory() as folder:
        return bench.pair(partial(theirs, Path(folder)), ours, max(2, bench.repeats // 2))


def whole_training(bench: Bench, structures: list[Structure], *, batch: int, epochs: int) -> dict:
    """A training from structures to the end, once: graphs, every batch another, evaluation before and after.

    Nothing but two batches is done before, so that what happens once in a training is in it (here: kernels that oneDNN
    compiles for each new number of rows).
    """
    data, valid = labelled(structures), labelled(structures[: 2 * batch])

    def both(train, epochs: int, folder: Path) -> tuple:
        batches = bench.ours.feed(train, batch)
        order = [b.tolist() for k in range(1, epochs + 1) for b in batches.epoch(k)]

        def theirs() -> None:
            bench.theirs.fit(*[bench.theirs.dataset(part) for part in (train, valid)], folder, order=order)()

        return theirs, bench.ours.fit(train, valid, batch=batch, epochs=epochs)

    with tempfile.TemporaryDirectory() as folder:
        for step in both(valid, 1, Path(folder)):
            step()
        theirs, ours = both(data, epochs, Path(folder))
        times = in_turn({"upstream": theirs, "transferkit": ours}, 1, device=bench.device, warm=0)
    return compare(times["upstream"], times["transferkit"], clock_of(bench.device, bench.threads))


def against_bare_steps(bench: Bench, structures: list[Structure], *, batch: int, epochs: int) -> dict:
    """``fit`` over several epochs against nothing but the same steps, their batches on the device before.

    Returns:
        ``ratio``: seconds of the bare steps over seconds of ``fit``: the part of the bare step rate that is reached
    """
    data, valid = labelled(structures), labelled(structures[:2])
    built, check = build_graphs(bench.ours.potential, data), build_graphs(bench.ours.potential, valid)
    whole = bench.ours.fit(data, valid, batch=batch, epochs=epochs, graphs=built, valid_graphs=check)
    feed, step = bench.ours.feed(data, batch), bench.ours.stepper(ALL)
    device = bench.ours.potential.e0.device
    ready = [feed.load(b, hidden=False, device=device) for k in range(1, epochs + 1) for b in feed.epoch(k)]

    def bare() -> None:
        for one in ready:
            step(one)

    times = in_turn({"bare": bare, "fit": whole}, max(3, bench.repeats // 2), device=bench.device)
    found = compare(times["bare"], times["fit"], clock_of(bench.device, bench.threads))
    return {"bare_s": found.pop("upstream_s"), "fit_s": found.pop("transferkit_s"), "steps": len(ready)} | found


def size_of(structures: list[Structure]) -> dict:
    """How large a set is."""
    atoms = np.array([len(s.numbers) for s in structures])
    return {
        "structures": len(atoms),
        "atoms": int(atoms.sum()),
        "smallest": int(atoms.min()),
        "largest": int(atoms.max()),
    }
