"""MaceAdapter: MACE behind the adapter face."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from transferkit.adapters.base import Adapter, Batch, Capabilities, Graph, Prediction
from transferkit.adapters.card import Card
from transferkit.adapters.geometry import deform, differentiate, gradients_on, sum_per_structure
from transferkit.adapters.heads import blocks_of_heads, per_head
from transferkit.adapters.mace import checkpoint as files
from transferkit.adapters.mace import graph as topology
from transferkit.adapters.mace.agreement import require_agreement
from transferkit.adapters.mace.architecture import CONFIGS, of_config
from transferkit.adapters.mace.coupling import fit_paths
from transferkit.adapters.mace.export import write
from transferkit.adapters.mace.foundations import FOUNDATIONS, cached
from transferkit.adapters.mace.layers import EquivariantLinear, Features
from transferkit.adapters.mace.network import parts, scalars
from transferkit.adapters.mace.selection import selected
from transferkit.adapters.potential import TABLE_LENGTH, ReferencedPotential
from transferkit.adapters.shapes import SHAPES, Fidelity, with_fidelity
from transferkit.data.structures import Structure
from transferkit.errors import CheckpointError, nearest
from transferkit.reference.elemental import ElementalReference
from transferkit.typing import Json, Property

WEIGHT = "backbone.node_embedding.linear.weight"


class MaceAdapter(Adapter):
    """MACE, in float32 or float64.

    >>> potential = MaceAdapter.scratch("tiny")
    >>> potential.adapter.heads, potential.adapter.cutoff, len(potential.adapter.elements)
    (('default',), 5.0, 94)
    """

    name: ClassVar[str] = "mace"
    package: ClassVar[str] = "mace-torch"
    capabilities: ClassVar[Capabilities] = Capabilities(
        properties=frozenset({"energy", "forces", "stress"}),
        dtypes=frozenset({torch.float32, torch.float64}),
        native_heads=True,
    )
    presets: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "mace-freeze-1": ("interaction", "product", "readout"),
        "mace-freeze-5": ("product", "readout"),
        "mace-freeze-6": ("readout",),
    }
    head_shapes: ClassVar[frozenset[str]] = frozenset(SHAPES)
    ships: ClassVar[bool] = False
    pickles: ClassVar[bool] = True
    # What else there is to know stands in the files, which are pickles and mostly not here.
    cards: ClassVar[Mapping[str, Card]] = {
        name: Card(known.licence, heads=None, fidelity=known.fidelity, label_convention="raw")
        for name, known in FOUNDATIONS.items()
    }

    def __init__(
        self,
        arguments: Mapping[str, Any],
        heads: Sequence[str] = ("default",),
        *,
        seed: int = 0,
        licence: str = "none: random weights",
    ) -> None:
        """Make the modules, with random weights in float64.

        Args:
            arguments: see :mod:`transferkit.adapters.mace.architecture`
            heads: names of the readout heads
            seed: of the random weights
            licence: of the weights that will be loaded
        """
        super().__init__()
        self.arguments = dict(arguments)
        self.heads = tuple(heads)
        self.licence = licence
        self.cutoff = float(arguments["r_max"])
        self.elements = frozenset(int(z) for z in arguments["elements"])
        self.graph_key = f"mace-1-cutoff{self.cutoff}"
        self.backbone, head = parts(arguments, seed=seed)
        self.readouts = nn.ModuleList([head, *(deepcopy(head) for _ in heads[1:])])
        channels = self.backbone.node_embedding.linear.outs[0][0]
        self.fidelities = nn.ModuleList(Fidelity(channels) for _ in heads)
        self.n_readouts = len(head.readouts)
        self._rows = np.full(TABLE_LENGTH, -1, dtype=np.int64)
        self._rows[np.array(arguments["elements"], dtype=np.int64)] = np.arange(len(arguments["elements"]))

    @classmethod
    def checkpoints(cls) -> tuple[str, ...]:
        """Names of MACE's published models that lie in its cache. mace-torch itself brings none."""
        return cached()

    @classmethod
    def load(
        cls, checkpoint: str | Path, *, device: str = "cpu", dtype: torch.dtype = torch.float32, trust: bool = False
    ) -> ReferencedPotential:
        """A published model by MACE's name for it, or a .model file by its path.

        Both are pickles. The model is evaluated once by upstream's forward and by ours, which must agree.

        Raises:
            CheckpointError: unknown name, no word of trust, no network where one is needed, unreadable or unsupported
                file, or unsupported dtype.
        """
        cls.check_dtype(dtype)
        content = files.read(checkpoint, trust=trust)
        adapter = cls.of_content(content)
        require_agreement(adapter, content.model)
        return ReferencedPotential(adapter.to(device=device, dtype=dtype), content.references).to(device)

    @classmethod
    def of_content(cls, content: files.Checkpoint) -> "MaceAdapter":
        """The network that a file holds, in float64.

        Raises:
            CheckpointError: a weight is missing, or tensors have shapes that its architecture does not.
        """
        adapter = cls(content.arguments, content.heads, licence=content.licence)
        fit_paths(adapter.backbone, content.weights)
        own = adapter.backbone.state_dict()
        if lacking := sorted({name for name, _ in adapter.backbone.named_parameters()} - set(content.weights)):
            raise CheckpointError(
                f"this MACE lacks {lacking[0]}, which a model of its architecture has; it is not used"
            )
        # Constants, such as those of the harmonics, are in no file.
        state = {f"backbone.{k}": content.weights.get(k, own[k]) for k in own}
        for k, tensors in enumerate(content.readouts):
            state |= {f"readouts.{k}.{name}": tensor for name, tensor in tensors.items()}
        try:
            adapter.load_state_dict(state)
        except RuntimeError as error:
            raise CheckpointError(
                f"this MACE has tensors that the mace adapter does not know: {_line(error)}"
            ) from error
        return adapter

    @classmethod
    def scratch(
        cls, config: str = "full", *, seed: int = 0, device: str = "cpu", dtype: torch.dtype = torch.float32
    ) -> ReferencedPotential:
        """Random weights for H to Pu; E0 is zero.

        Configurations have the sizes of MACE-MP-0: "small" (128x0e) and "medium" (128x0e+128x1o), which is also "full",
        cutoff 6 Å; "tiny" (8x0e+8x1o, cutoff 5 Å) is for tests.

        Raises:
            CheckpointError: the configuration is unknown.
        """
        cls.check_dtype(dtype)
        if config not in CONFIGS:
            raise CheckpointError(f"mace has no configuration called {config!r}. {nearest(config, CONFIGS)}")
        adapter = cls(of_config(config), seed=seed).to(device=device, dtype=dtype)
        z = np.array(sorted(adapter.elements))
        return ReferencedPotential(adapter, [ElementalReference(z, np.zeros(len(z)), source="zero")]).to(device)

    def graph(self, structure: Structure, *, skin: float = 0.0) -> Graph:
        """Topology of one structure, with edges up to ``cutoff + skin`` Å; any periodicity.

        Raises:
            GraphError: two atoms coincide, positions are not finite, or a periodic cell has no volume.
        """
        return topology.neighbours(structure, self.cutoff + skin)

    def collate(self, graphs: Sequence[Graph], heads: Sequence[int]) -> Batch:
        """One batch on CPU."""
        return topology.collate(graphs, heads, self._rows)

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
            layers, pair = self._layers(batch, geometry.vectors)
            read = scalars(layers, pair, self.n_readouts)
            sites = per_head(self.readouts, read, batch.head.index_select(0, batch.owner))
            return differentiate(Prediction(sum_per_structure(sites, batch)), geometry, create_graph=create_graph)

    def _layers(self, batch: Batch, vectors: Tensor) -> tuple[list[Features], Tensor | None]:
        atoms = with_fidelity(self.backbone.embed(batch), self.fidelities, batch.head.index_select(0, batch.owner))
        found: tuple[list[Features], Tensor | None] = self.backbone(batch, vectors, atoms)
        return found

    def blocks(self) -> Mapping[str, Sequence[nn.Parameter]]:
        """All parameters exactly once: embedding, interaction.0, product.0, ..., readout.<head>."""
        backbone = self.backbone
        rest = ("node_embedding", "radial_embedding", "pair_repulsion_fn")
        blocks = {"embedding": [p for n in rest if hasattr(backbone, n) for p in getattr(backbone, n).parameters()]}
        for k, (interaction, product) in enumerate(zip(backbone.interactions, backbone.products, strict=True)):
            blocks[f"interaction.{k}"] = list(interaction.parameters())
            blocks[f"product.{k}"] = list(product.parameters())
        return blocks | blocks_of_heads(self)

    def features(self, batch: Batch) -> Mapping[str, Tensor]:
        """Atom features after the embedding and each product, (atoms, channels of all irreps)."""
        layers, _ = self._layers(batch, deform(batch, need=frozenset()).vectors)
        names = ["embedding", *(f"product.{k}" for k in range(len(self.backbone.products)))]
        flat = [torch.cat([x.flatten(1) for x in features], dim=1) for features in layers]
        return dict(zip(names, flat, strict=True))

    def low_rank_sites(self) -> Mapping[str, nn.Module]:
        """The linear maps of the interactions; those of irreps keep one flat weight for all of them."""
        kinds = (EquivariantLinear, nn.Linear)
        return {
            n: m for n, m in self.named_modules() if isinstance(m, kinds) and n.startswith("backbone.interactions.")
        }

    def head_modules(self) -> Mapping[str, nn.ModuleList]:
        """Readouts, each with its scale and shift, and fidelity vectors."""
        return {"fidelity": self.fidelities, "readout": self.readouts}

    def state(self) -> tuple[Json, dict[str, Tensor]]:
        """Architecture, heads and licence; every tensor, coupling matrices included."""
        config = {"arguments": self.arguments, "heads": list(self.heads), "licence": self.licence}
        return config | self.sharing(), {k: v.detach().cpu().clone() for k, v in self.state_dict().items()}

    @classmethod
    def from_state(cls, config: Json, tensors: Mapping[str, Tensor]) -> "MaceAdapter":
        """Rebuild what :meth:`state` gave, bitwise and in its dtype."""
        adapter = cls(config["arguments"], config["heads"], licence=config["licence"])
        adapter.share_again(config)
        adapter.to(tensors[WEIGHT].dtype)
        fit_paths(adapter, tensors)
        adapter.load_state_dict(dict(tensors))
        return adapter

    def cut(self, elements: Sequence[int]) -> "MaceAdapter":
        """The same network for fewer elements: same energies and forces, smaller tables. See :func:`.selection.cut`.

        Raises:
            CheckpointError: the network lacks one of the elements.
        """
        arguments, weights = selected(self, elements)
        new = type(self)(arguments, self.heads, licence=self.licence).to(self.backbone.dtype)
        new.share_again(self.sharing())
        fit_paths(new.backbone, weights)
        new.backbone.load_state_dict(weights)
        for own, theirs in zip(new.head_modules().values(), self.head_modules().values(), strict=True):
            own.load_state_dict(theirs.state_dict())
        return new.to(weights["node_embedding.linear.weight"].device)

    def export(self, path: Path, e0: Mapping[int, float], head: str) -> None:
        """Write a .model file of one head that MACE's own calculator opens; it knows the elements that ``e0`` has."""
        write(path, self, {head: e0})

    def export_heads(self, path: Path, e0: Mapping[str, Mapping[int, float]]) -> None:
        """Write a .model file of several heads, with their readouts merged into MACE's masked form.

        Args:
            path: of the file
            e0: eV per atom by atomic number, for each head that the file is to have
        """
        write(path, self, e0)


def _line(error: RuntimeError) -> str:
    """What torch says of the first tensor that does not fit; its own first line names the class only."""
    lines = [line.strip() for line in str(error).splitlines()]
    return lines[min(1, len(lines) - 1)]
