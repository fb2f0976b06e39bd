"""ChgnetAdapter: CHGNet behind the adapter face."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from transferkit.adapters.base import Adapter, Batch, Capabilities, Graph, Prediction
from transferkit.adapters.card import Card
from transferkit.adapters.chgnet import checkpoint as files
from transferkit.adapters.chgnet import network
from transferkit.adapters.chgnet.graph import crystal_graph
from transferkit.adapters.chgnet.product import ROWS
from transferkit.adapters.chgnet.upstream import FILES, build
from transferkit.adapters.geometry import DERIVED, constants, deform, differentiate, gradients_on, sum_per_structure
from transferkit.adapters.heads import blocks_of_heads, per_head
from transferkit.adapters.potential import ReferencedPotential
from transferkit.adapters.shapes import SHAPES, Fidelity, with_fidelity, with_vector
from transferkit.data.structures import Structure
from transferkit.errors import CheckpointError, nearest
from transferkit.reference.elemental import ElementalReference
from transferkit.typing import Json, Property

EMBEDDING = ("atom_embedding", "bond_basis_expansion", "bond_embedding", "angle_basis_expansion", "angle_embedding")
WEIGHTS = ("bond_weights_ag", "bond_weights_bg")
TABLE = "atom_embedding.embedding.weight"
LAYERS = ("atom_conv_layers", "bond_conv_layers", "angle_layers")
OF_HEADS = ("fidelities.", "moments.", "readouts.")

SMALL = {"num_radial": 9, "num_angular": 9}


def _width(width: int) -> dict[str, Any]:
    hidden = ("atom_conv_hidden_dim", "bond_conv_hidden_dim", "atom_fea_dim", "bond_fea_dim", "angle_fea_dim")
    return dict.fromkeys(hidden, width) | {"mlp_hidden_dims": [width, width]}


CONFIGS: dict[str, dict[str, Any]] = {
    "full": {"num_radial": 31, "num_angular": 31, "n_conv": 4},
    "small": {**_width(32), **SMALL, "n_conv": 3},
    "tiny": {**_width(16), **SMALL, "n_conv": 2},
}
"""Arguments of ``chgnet.model.CHGNet``; "full" is the architecture of 0.3.0"""


class ChgnetAdapter(Adapter):
    """CHGNet: energy, forces, stress and magnetic moments of periodic crystals.

    Blocks from input to output: embedding, bond_weights, interaction.0 to .3, magmom.<head>, readout.<head>. As
    upstream, moments are read one interaction before the energy.

    >>> potential = ChgnetAdapter.load("0.3.0")
    >>> sum(p.numel() for block in potential.blocks().values() for p in block)
    412431
    """

    name: ClassVar[str] = "chgnet"
    package: ClassVar[str] = "chgnet"
    capabilities: ClassVar[Capabilities] = Capabilities(
        properties=frozenset({"energy", "forces", "stress", "magmoms"}),
        dtypes=frozenset({torch.float32, torch.float64}),
    )
    presets: ClassVar[Mapping[str, tuple[str, ...]]] = {
        # What stays trainable in upstream's fine-tuning notebook.
        "chgnet-upstream-freeze": ("bond_weights", "interaction.3", "magmom", "readout"),
    }

    head_shapes: ClassVar[frozenset[str]] = frozenset(SHAPES)
    cards: ClassVar[Mapping[str, Card]] = files.CARDS

    atom_conv_layers: nn.ModuleList
    bond_conv_layers: nn.ModuleList
    angle_layers: nn.ModuleList

    def __init__(
        self,
        arguments: Mapping[str, Any],
        elements: frozenset[int],
        heads: Sequence[str] = ("default",),
        *,
        seed: int | None = None,
    ) -> None:
        """Take the modules out of an upstream CHGNet with random weights.

        Args:
            arguments: of ``chgnet.model.CHGNet``, without the composition model
            elements: atomic numbers that the weights know
            heads: names of the readout heads
            seed: of the random weights
        """
        super().__init__()
        self.arguments = dict(arguments)
        self.elements = elements
        self.heads = tuple(heads)
        self.licence = files.CARDS["0.3.0"].licence
        upstream = build(arguments, seed=seed)
        self.cutoff = float(upstream.graph_converter.atom_graph_cutoff)
        self.bond_cutoff = float(upstream.graph_converter.bond_graph_cutoff)
        self.graph_key = f"chgnet-1-atom{self.cutoff}-bond{self.bond_cutoff}"
        for name in (*EMBEDDING, *WEIGHTS, *LAYERS):
            setattr(self, name, getattr(upstream, name))
        norm = nn.Identity() if upstream.readout_norm is None else upstream.readout_norm
        readout = nn.Sequential(norm, upstream.mlp)
        self.readouts = nn.ModuleList(deepcopy(readout) for _ in heads)
        self.moments = nn.ModuleList(deepcopy(upstream.site_wise) for _ in heads)
        self.fidelities = nn.ModuleList(Fidelity(upstream.atom_embedding.embedding.embedding_dim) for _ in heads)

    @classmethod
    def checkpoints(cls) -> tuple[str, ...]:
        """Names of checkpoints that load without a network connection: they lie in the chgnet package."""
        return tuple(FILES)

    @classmethod
    def load(
        cls, checkpoint: str | Path, *, device: str = "cpu", dtype: torch.dtype = torch.float32, trust: bool = False
    ) -> ReferencedPotential:
        """A released checkpoint ("0.3.0", "0.2.0", "r2scan"), or a CHGNet .pth.tar file by its path.

        Its elements are those that its composition model was fitted on. ``trust`` is not needed: only tensors and plain
        values are unpickled.

        Raises:
            CheckpointError: unknown name, unreadable file, or unsupported dtype.
        """
        del trust
        cls.check_dtype(dtype)
        content = files.read(checkpoint)
        adapter = cls(content.arguments, frozenset(content.reference.elements.tolist()))
        adapter.load_state_dict(_ours(content.weights))
        return ReferencedPotential(adapter.to(device=device, dtype=dtype), [content.reference]).to(device)

    @classmethod
    def scratch(
        cls, config: str = "full", *, seed: int = 0, device: str = "cpu", dtype: torch.dtype = torch.float32
    ) -> ReferencedPotential:
        """Random weights: "full" (as 0.3.0), "small" (width 32, 3 interactions) or "tiny" (width 16, 2); E0 is zero.

        Raises:
            CheckpointError: the configuration is unknown.
        """
        cls.check_dtype(dtype)
        if config not in CONFIGS:
            raise CheckpointError(f"chgnet has no configuration called {config!r}. {nearest(config, CONFIGS)}")
        z = np.arange(1, files.N_ELEMENTS + 1)
        adapter = cls(CONFIGS[config], frozenset(z.tolist()), seed=seed).to(device=device, dtype=dtype)
        return ReferencedPotential(adapter, [ElementalReference(z, np.zeros(len(z)), source="zero")]).to(device)

    def graph(self, structure: Structure, *, skin: float = 0.0) -> Graph:
        """Topology of one crystal, with edges up to ``cutoff + skin`` Å and angles up to ``bond_cutoff + skin`` Å.

        Isolated atoms and cells without angles are legal.

        Raises:
            GraphError: the structure is not periodic in three directions, or two atoms coincide.
        """
        return crystal_graph(structure, atom_cutoff=self.cutoff, bond_cutoff=self.bond_cutoff, skin=skin)

    def collate(self, graphs: Sequence[Graph], heads: Sequence[int]) -> Batch:
        """One batch on CPU."""
        return network.collate(graphs, heads)

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
        # Without create_graph the graph is freed with the forces, so that no gradient of a parameter can be asked for. To
        # say so takes 0.2 ms, as much as it saves with a few thousand edges.
        forces_alone = bool(need & DERIVED) and not create_graph and batch.edges.shape[1] >= ROWS
        with gradients_on(need), constants(self, when=forces_alone):
            geometry = deform(batch, need=need, positions=positions, strain=strain)
            layers = self._layers(batch, geometry.vectors)
            head = batch.head.index_select(0, batch.owner)
            sites = per_head(self.readouts, layers[-1], head)
            energy = sum_per_structure(sites, batch)
            magmoms = per_head(self.moments, layers[-2], head).abs() if "magmoms" in need else None
            return differentiate(Prediction(energy, magmoms=magmoms), geometry, create_graph=create_graph)

    def _layers(self, batch: Batch, vectors: Tensor) -> list[Tensor]:
        modules = {name: getattr(self, name) for name in (*EMBEDDING, *WEIGHTS)}
        embedded = network.embed(modules, batch, vectors)
        head = batch.head.index_select(0, batch.owner)
        embedded = replace(embedded, atoms=with_fidelity(embedded.atoms, self.fidelities, head))
        layers = {name: list(getattr(self, name)) for name in LAYERS}
        return network.interact(layers, batch, embedded)

    def blocks(self) -> Mapping[str, Sequence[nn.Parameter]]:
        """All parameters exactly once; the weights at the cutoffs are a block of their own."""
        blocks = {
            "embedding": [p for name in EMBEDDING for p in getattr(self, name).parameters()],
            "bond_weights": [p for name in WEIGHTS for p in getattr(self, name).parameters()],
        }
        for k in range(len(self.atom_conv_layers)):
            layers = [group[k] for group in (getattr(self, name) for name in LAYERS) if k < len(group)]
            blocks[f"interaction.{k}"] = [p for layer in layers for p in layer.parameters()]
        return blocks | blocks_of_heads(self)

    def features(self, batch: Batch) -> Mapping[str, Tensor]:
        """Atom features after the embedding and each interaction, (atoms, channels)."""
        layers = self._layers(batch, deform(batch, need=frozenset()).vectors)
        names = ["embedding", *(f"interaction.{k}" for k in range(len(self.atom_conv_layers)))]
        return dict(zip(names, layers, strict=True))

    def low_rank_sites(self) -> Mapping[str, nn.Module]:
        """The linear maps inside the interactions."""
        return {n: m for n, m in self.named_modules() if isinstance(m, nn.Linear) and n.startswith(LAYERS)}

    def head_modules(self) -> Mapping[str, nn.ModuleList]:
        """Fidelity vectors, moments and readouts."""
        return {"fidelity": self.fidelities, "magmom": self.moments, "readout": self.readouts}

    def state(self) -> tuple[Json, dict[str, Tensor]]:
        """Upstream's arguments, elements and heads; every tensor."""
        config = {"arguments": self.arguments, "elements": sorted(self.elements), "heads": list(self.heads)}
        return config | self.sharing(), {k: v.detach().cpu().clone() for k, v in self.state_dict().items()}

    @classmethod
    def from_state(cls, config: Json, tensors: Mapping[str, Tensor]) -> "ChgnetAdapter":
        """Rebuild what :meth:`state` gave, bitwise and in its dtype."""
        adapter = cls(config["arguments"], frozenset(config["elements"]), config["heads"])
        adapter.share_again(config)
        adapter.to(tensors["bond_embedding.weight"].dtype)
        adapter.load_state_dict(dict(tensors))
        return adapter

    def export(self, path: Path, e0: Mapping[int, float], head: str) -> None:
        """Write a .pth.tar file that plain ``chgnet.model.CHGNet.from_file`` opens, with E0 in float32."""
        k = self.head_index(head)
        weights = _theirs(self.state_dict(), k)
        weights[TABLE] = with_vector(weights[TABLE], self.fidelities[k])
        files.write(path, self.arguments, weights, e0)


def _ours(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Upstream's names to ours; the readout of upstream becomes the first head."""
    names = {"site_wise.": "moments.0.", "readout_norm.": "readouts.0.0.", "mlp.": "readouts.0.1."}
    return {_rename(name, names): tensor for name, tensor in weights.items()}


def _theirs(weights: Mapping[str, Tensor], k: int) -> dict[str, Tensor]:
    """Our names to upstream's, with head ``k`` as the readout."""
    names = {f"moments.{k}.": "site_wise.", f"readouts.{k}.0.": "readout_norm.", f"readouts.{k}.1.": "mlp."}
    kept = {_rename(name, names): tensor for name, tensor in weights.items()}
    return {name: tensor for name, tensor in kept.items() if not name.startswith(OF_HEADS)}


def _rename(name: str, prefixes: Mapping[str, str]) -> str:
    for old, new in prefixes.items():
        if name.startswith(old):
            return new + name.removeprefix(old)
    return name
