"""Toy: a small smooth potential in pure torch, for tests, tutorials and as the shortest adapter to read.

A continuous-filter network in the manner of SchNet (Schütt et al., J. Chem. Phys. 148, 241722 (2018)): distances
only, no angles. Its numbers mean nothing; everything else is as in a real adapter.
"""

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from ase.neighborlist import primitive_neighbor_list
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from transferkit.adapters.base import Adapter, Batch, Capabilities, Graph, Prediction
from transferkit.adapters.card import Card
from transferkit.adapters.geometry import deform, differentiate, gradients_on, sum_per_structure
from transferkit.adapters.graphs import join
from transferkit.adapters.heads import blocks_of_heads, per_head
from transferkit.adapters.potential import ReferencedPotential
from transferkit.adapters.preflight import require_distinct, require_finite
from transferkit.adapters.shapes import SHAPES, Fidelity, with_fidelity, with_vector
from transferkit.adapters.tensor_file import write_tensors
from transferkit.data.structures import Structure
from transferkit.errors import CheckpointError, nearest
from transferkit.reference.elemental import ElementalReference
from transferkit.typing import Json, Property

ELEMENTS = frozenset(range(1, 95))
CONFIGS: dict[str, dict[str, Any]] = {
    "full": {"width": 16, "radial": 8, "interactions": 2, "cutoff": 5.0},
    "tiny": {"width": 4, "radial": 4, "interactions": 2, "cutoff": 4.0},
}


class Interaction(nn.Module):
    """Messages from neighbours, filtered by distance, added to the atom features."""

    def __init__(self, width: int, radial: int) -> None:
        """Make the linear layers."""
        super().__init__()
        self.filter = nn.Linear(radial, width)
        self.send = nn.Linear(width, width)
        self.update = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, h: Tensor, basis: Tensor, envelope: Tensor, edges: Tensor) -> Tensor:
        """Features (atoms, width) after one round of messages."""
        i, j = edges
        message = self.send(h).index_select(0, j) * self.filter(basis) * envelope
        updated: Tensor = h + self.update(torch.zeros_like(h).index_add(0, i, message))
        return updated


class Toy(Adapter):
    """The toy potential.

    >>> potential = Toy.load("demo")
    >>> potential.adapter.heads, sorted(potential.adapter.capabilities.properties)
    (('default',), ['energy', 'forces', 'magmoms', 'stress'])
    """

    name: ClassVar[str] = "toy"
    package: ClassVar[str] = "transferkit"
    capabilities: ClassVar[Capabilities] = Capabilities(
        properties=frozenset({"energy", "forces", "stress", "magmoms"}),
        dtypes=frozenset({torch.float32, torch.float64}),
    )
    head_shapes: ClassVar[frozenset[str]] = frozenset(SHAPES)
    cards: ClassVar[Mapping[str, Card]] = {"demo": Card("MIT", elements=ELEMENTS, kind="regression")}

    def __init__(self, config: Mapping[str, Any], heads: Sequence[str] = ("default",)) -> None:
        """Make the modules; weights come from torch's global generator."""
        super().__init__()
        self.config = dict(config)
        width, radial = config["width"], config["radial"]
        self.cutoff = float(config["cutoff"])
        self.elements = ELEMENTS
        self.heads = tuple(heads)
        self.graph_key = f"toy-1-cutoff{self.cutoff}"
        self.licence = "MIT"
        self.embedding = nn.Embedding(max(ELEMENTS) + 1, width)
        self.interactions = nn.ModuleList(Interaction(width, radial) for _ in range(config["interactions"]))
        self.readouts = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 1)) for _ in heads
        )
        self.fidelities = nn.ModuleList(Fidelity(width) for _ in heads)
        self.moments = nn.ModuleList(nn.Sequential(nn.Linear(width, 1), nn.Softplus()) for _ in heads)

    @classmethod
    def checkpoints(cls) -> tuple[str, ...]:
        """Names of checkpoints that load without a network connection."""
        return ("demo",)

    @classmethod
    def load(
        cls, checkpoint: str | Path, *, device: str = "cpu", dtype: torch.dtype = torch.float32, trust: bool = False
    ) -> ReferencedPotential:
        """The checkpoint "demo" (fixed random weights, made-up E0), or a file that :meth:`export` wrote.

        ``trust`` is not needed: its files are safetensors.

        Raises:
            CheckpointError: unknown name, unreadable file or unsupported dtype.
        """
        del trust
        cls.check_dtype(dtype)
        if checkpoint == "demo":
            adapter = cls._random("full", seed=20250101)
            z = np.array(sorted(ELEMENTS))
            e0 = ElementalReference(z, -1.0 - 6.0 * np.sin(0.7 * z) ** 2, source="toy demo, made up")
        else:
            adapter, e0 = cls._read(Path(checkpoint))
        return ReferencedPotential(adapter.to(device=device, dtype=dtype), [e0]).to(device)

    @classmethod
    def scratch(
        cls, config: str = "full", *, seed: int = 0, device: str = "cpu", dtype: torch.dtype = torch.float32
    ) -> ReferencedPotential:
        """Random weights by the configuration "full" or "tiny"; E0 is zero.

        Raises:
            CheckpointError: the configuration is unknown.
        """
        cls.check_dtype(dtype)
        z = np.array(sorted(ELEMENTS))
        e0 = ElementalReference(z, np.zeros(len(z)), source="zero")
        return ReferencedPotential(cls._random(config, seed).to(device=device, dtype=dtype), [e0]).to(device)

    @classmethod
    def _random(cls, config: str, seed: int) -> "Toy":
        if config not in CONFIGS:
            raise CheckpointError(f"toy has no configuration called {config!r}. {nearest(config, CONFIGS)}")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return cls(CONFIGS[config])

    @classmethod
    def _read(cls, path: Path) -> tuple["Toy", ElementalReference]:
        if not path.is_file():
            raise CheckpointError(
                f"toy has no checkpoint called {str(path)!r}, and there is no such file. "
                f"{nearest(str(path), cls.checkpoints())}"
            )
        try:
            with safe_open(path, framework="pt") as file:
                info = json.loads(file.metadata()["toy"])
                tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
        except (SafetensorError, KeyError, TypeError) as error:
            raise CheckpointError(f"{path} is not a file that the toy adapter wrote: {error}") from error
        return cls.from_state(info["config"], tensors), ElementalReference.from_json(info["e0"])

    def graph(self, structure: Structure, *, skin: float = 0.0) -> Graph:
        """Topology of one structure, with edges up to ``cutoff + skin`` Å; any periodicity.

        Raises:
            GraphError: two atoms coincide, or positions are not finite.
        """
        require_finite(structure)
        i, j, image, distance = primitive_neighbor_list(  # type: ignore[no-untyped-call]
            "ijSd", structure.pbc, np.asarray(structure.cell), np.asarray(structure.positions), self.cutoff + skin
        )
        require_distinct(structure, distance, i, j)
        return Graph(
            numbers=np.array(structure.numbers, dtype=np.int64),
            positions=np.array(structure.positions, dtype=np.float64),
            cell=np.array(structure.cell, dtype=np.float64),
            edges=np.stack([i, j]).astype(np.int64),
            image=image.reshape(-1, 3).astype(np.int64),
            extra={},
            id=structure.id,
        )

    def collate(self, graphs: Sequence[Graph], heads: Sequence[int]) -> Batch:
        """One batch on CPU."""
        return join(graphs, heads)

    def forward(
        self,
        batch: Batch,
        *,
        need: frozenset[Property],
        positions: Tensor | None = None,
        strain: Tensor | None = None,
        create_graph: bool = False,
    ) -> Prediction:
        """Predict what ``need`` names."""
        self.check_need(need)
        with gradients_on(need):
            geometry = deform(batch, need=need, positions=positions, strain=strain)
            h = self._layers(batch, geometry.vectors)[-1]
            head = batch.head[batch.owner]
            energy = sum_per_structure(per_head(self.readouts, h, head), batch)
            magmoms = per_head(self.moments, h, head) if "magmoms" in need else None
            return differentiate(Prediction(energy, magmoms=magmoms), geometry, create_graph=create_graph)

    def _layers(self, batch: Batch, vectors: Tensor) -> list[Tensor]:
        """Atom features after the embedding and after each interaction."""
        dtype = self.embedding.weight.dtype
        distance = vectors.norm(dim=1, keepdim=True).to(dtype)
        centres = torch.linspace(0.0, self.cutoff, self.config["radial"], dtype=dtype, device=distance.device)
        basis = torch.exp(-(((distance - centres) / centres[1]) ** 2))
        envelope = (1 - (distance / self.cutoff) ** 2).clamp(min=0) ** 3
        layers = [with_fidelity(self.embedding(batch.numbers), self.fidelities, batch.head[batch.owner])]
        for interaction in self.interactions:
            layers.append(interaction(layers[-1], basis, envelope, batch.edges))
        return layers

    def blocks(self) -> Mapping[str, Sequence[nn.Parameter]]:
        """All parameters exactly once: embedding, interaction.0, interaction.1, magmom.<head>, readout.<head>."""
        blocks = {"embedding": list(self.embedding.parameters())}
        blocks |= {f"interaction.{k}": list(m.parameters()) for k, m in enumerate(self.interactions)}
        return blocks | blocks_of_heads(self)

    def features(self, batch: Batch) -> Mapping[str, Tensor]:
        """Per-atom features after the embedding and each interaction, (atoms, width)."""
        names = ["embedding", *(f"interaction.{k}" for k in range(len(self.interactions)))]
        layers = self._layers(batch, deform(batch, need=frozenset()).vectors)
        return dict(zip(names, layers, strict=True))

    def low_rank_sites(self) -> Mapping[str, nn.Module]:
        """The linear modules of the interactions."""
        return {n: m for n, m in self.named_modules() if isinstance(m, nn.Linear) and n.startswith("interactions.")}

    def head_modules(self) -> Mapping[str, nn.ModuleList]:
        """Fidelity vectors, moments and readouts."""
        return {"fidelity": self.fidelities, "magmom": self.moments, "readout": self.readouts}

    def state(self) -> tuple[Json, dict[str, Tensor]]:
        """Configuration and heads; every tensor."""
        tensors = {k: v.detach().cpu().clone() for k, v in self.state_dict().items()}
        return {"config": self.config, "heads": list(self.heads), **self.sharing()}, tensors

    @classmethod
    def from_state(cls, config: Json, tensors: Mapping[str, Tensor]) -> "Toy":
        """Rebuild what :meth:`state` gave, bitwise and in its dtype."""
        with torch.random.fork_rng(devices=[]):
            adapter = cls(config["config"], config["heads"])
        adapter.share_again(config)
        adapter.to(tensors["embedding.weight"].dtype)
        adapter.load_state_dict(dict(tensors))
        return adapter

    def export(self, path: Path, e0: Mapping[int, float], head: str) -> None:
        """Write one safetensors file with E0 inside, which :meth:`load` opens."""
        k = self.head_index(head)
        one = deepcopy(self)
        one.embedding.weight.data = with_vector(self.embedding.weight, self.fidelities[k])
        one.readouts, one.moments = nn.ModuleList([one.readouts[k]]), nn.ModuleList([one.moments[k]])
        one.fidelities, one.heads, one.lineage = nn.ModuleList(), (head,), ()
        config, tensors = one.state()
        z = np.array(sorted(e0))
        table = ElementalReference(z, np.array([e0[int(i)] for i in z]), source=f"{path.name}")
        write_tensors(path, tensors, {"toy": json.dumps({"config": config, "e0": table.to_json()})})
