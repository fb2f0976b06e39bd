"""Building graphs: one after the other, or by several processes where there is enough to build."""

import multiprocessing
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from math import ceil
from time import perf_counter

import safetensors.torch
import torch

from transferkit.adapters.batch import Graph
from transferkit.adapters.graph_store import GraphStore
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.structure import Structure
from transferkit.data.structures import Structures
from transferkit.errors import GraphError, TransferkitError
from transferkit.orphan import end_with_parent
from transferkit.typing import PROPERTIES, Json

SHARD_BYTES = 128e6
"""Of graphs in memory, after which they are written down."""
SHARD_S = 20.0
"""Seconds of building, likewise: what a killed process loses at most."""
PIECE_S = 5.0
"""Seconds of building that a process is given at a time, so that all end together."""
LOOK_S = 2.0
"""Seconds of building, after which is known how long the rest takes."""
START_S = 10.0
"""Seconds that must be gained to start processes. With CHGNet one needs 2.7 s of processor time before it begins, which is mostly imports."""


@dataclass(frozen=True, eq=False)
class Missing:
    """Structures whose graphs are to be built, and the store to write them to.

    Attributes:
        store: that lacks them
        data: the structures
        keys: of their geometries
        numbers: of the structures in the data set, for messages
    """

    store: GraphStore
    data: Structures
    keys: Sequence[bytes]
    numbers: Sequence[int]

    def part(self, a: int, b: int) -> "Missing":
        """The structures from ``a`` to ``b``."""
        return Missing(self.store, self.data[a:b], self.keys[a:b], self.numbers[a:b])


@dataclass(frozen=True, eq=False)
class GraphBuilder:
    """Builds graphs of structures whose elements the potential knows.

    Attributes:
        potential: whose adapter builds
        skin: Å added to the cutoff
        progress: told how many more are done
    """

    potential: ReferencedPotential
    skin: float
    progress: Callable[[int], None]

    def build(self, data: Structures) -> list[Graph]:
        """All graphs, in memory.

        Raises:
            GraphError: names the structure.
        """
        graphs = []
        for s, structure in enumerate(data):
            graphs.append(self.one(structure, s))
            self.progress(1)
        return graphs

    def one(self, structure: Structure, number: int) -> Graph:
        """A graph; ``number`` of the structure is for messages.

        Raises:
            GraphError: names the structure.
        """
        try:
            # The skin is noted here, so that every adapter's graphs say how far their topology holds.
            return replace(self.potential.adapter.graph(structure, skin=self.skin), skin=self.skin)
        except TransferkitError:
            raise
        except Exception as error:
            raise GraphError(
                f"structure {structure.id!r} (number {number}, {structure.formula}): {self.potential.adapter.name} failed to "
                f"build its graph: {error}. Look at its cell and positions, or leave it out."
            ) from error

    def fill(self, missing: Missing, workers: int) -> None:
        """Build graphs and write them to their store.

        Args:
            missing: what to build
            workers: processes that may be started, if the work turns out to be worth it

        Raises:
            GraphError: names the structure; what was built is written.
        """
        begun = written = perf_counter()
        graphs: list[Graph] = []
        first, held = 0, 0
        try:
            for s, structure in enumerate(missing.data):
                graphs.append(self.one(structure, missing.numbers[s]))
                self.progress(1)
                now, held = perf_counter(), held + _bytes(graphs[-1])
                if held > SHARD_BYTES or now - written > SHARD_S:
                    first, held, written = _write(missing, first, graphs), 0, now
                if workers > 1 and now - begun > LOOK_S:
                    rest = (now - begun) / (s + 1) * (len(missing.data) - s - 1)
                    if rest * (1 - 1 / workers) > START_S:
                        break
                    workers = 1
        finally:  # also what was built before an error or Ctrl-C
            first = _write(missing, first, graphs)
        if first < len(missing.data):
            size = ceil(first * PIECE_S / (perf_counter() - begun))
            self._share(missing, range(first, len(missing.data), size), workers)

    def _share(self, missing: Missing, pieces: range, workers: int) -> None:
        """Have processes build the pieces that begin at ``pieces``; each writes what it builds.

        The first mistake by order of structures is raised.
        """
        info, tensors = self.potential.state()
        start = (info, safetensors.torch.save(tensors), self.skin)
        context = multiprocessing.get_context("spawn")
        failed: dict[int, BaseException] = {}
        under_way: dict[Future[None], Missing] = {}
        with ProcessPoolExecutor(min(workers, len(pieces)), context, initializer=_enter, initargs=start) as pool:
            try:
                for k in pieces:
                    if len(under_way) > workers:  # a few at a time: what waits for its turn is a copy of its structures
                        self._collect(under_way, failed)
                    if failed:
                        break
                    piece = missing.part(k, k + pieces.step)
                    under_way[pool.submit(_build, replace(piece, data=piece.data.without(*PROPERTIES)))] = piece
                while under_way:
                    self._collect(under_way, failed)
            except BrokenProcessPool as error:
                raise GraphError(
                    "a process that built graphs has ended without a word. If memory ran out, start again with fewer cores (taskset, "
                    "or those that the batch system gives); in a script of your own, let it begin with if __name__ == '__main__':. What was "
                    "built is kept."
                ) from error
            except KeyboardInterrupt:
                for child in multiprocessing.active_children():  # they do not hear Ctrl-C
                    child.terminate()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        if failed:
            raise failed[min(failed)]

    def _collect(self, under_way: dict[Future[None], Missing], failed: dict[int, BaseException]) -> None:
        """Wait until a piece is done; note what failed by the number of its first structure."""
        for future in wait(under_way, return_when=FIRST_COMPLETED).done:
            piece = under_way.pop(future)
            if isinstance(error := future.exception(), BrokenProcessPool):
                raise error
            if error is not None:
                failed[piece.numbers[0]] = error
            else:
                self.progress(len(piece.data))


def _write(missing: Missing, first: int, graphs: list[Graph]) -> int:
    """Write down the graphs of the structures from ``first`` on, and forget them; the first structure after them."""
    part = missing.part(first, first + len(graphs))
    missing.store.write(part.keys, list(part.data), graphs)
    graphs.clear()
    return first + len(part.data)


def _bytes(graph: Graph) -> int:
    return graph.edges.nbytes + graph.image.nbytes + sum(array.nbytes for array in graph.extra.values())


_BUILDER: list[GraphBuilder] = []


def _enter(info: Json, weights: bytes, skin: float) -> None:
    """Once per process."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started it decides
    torch.set_num_threads(1)
    potential = ReferencedPotential.from_state(info, safetensors.torch.load(weights))
    _BUILDER.append(GraphBuilder(potential, skin, lambda _: None))


def _build(missing: Missing) -> None:
    (builder,) = _BUILDER
    builder.fill(missing, workers=1)
