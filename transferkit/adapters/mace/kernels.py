"""NVIDIA's cuEquivariance kernels for MACE's convolutions: an option, compared with the plain path before it is used.

Upstream's own conversion gives wrong energies for some models (mace issues 1298 and 1469), so nothing is taken on trust.
"""

from typing import Any

import torch
from torch import Tensor, nn

from transferkit.adapters.base import Batch
from transferkit.adapters.mace.layers import Convolution, Features
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.structures import Structure
from transferkit.errors import AdapterNotInstalled, CheckpointError
from transferkit.typing import Property

NEED: frozenset[Property] = frozenset({"energy", "forces"})
TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-4}
"""eV and eV/Å, relative to the largest value where that is above one"""


class FusedConvolution(nn.Module):
    """What :class:`~transferkit.adapters.mace.layers.Convolution` computes, with the products of an edge in one kernel.

    Args:
        plain: whose paths are taken
        dtype: of the network
    """

    def __init__(self, plain: Convolution, dtype: torch.dtype) -> None:
        """Make the kernel.

        Raises:
            AdapterNotInstalled: cuequivariance is missing.
        """
        super().__init__()
        try:
            import cuequivariance as cue
            import cuequivariance_torch as cuet
        except ImportError as error:
            raise AdapterNotInstalled(
                f"cuEquivariance is not installed here ({error}); the plain path needs nothing. With an NVIDIA GPU, run: "
                "pip install cuequivariance-torch cuequivariance-ops-torch-cu12"
            ) from error
        from mace.tools.cg import O3_e3nn

        for name, buffer in plain.named_buffers():
            self.register_buffer(name, buffer)
        one, two, three = (cue.Irreps(O3_e3nn, irreps) for irreps in plain.irreps)
        self.kernel: Any = cuet.ChannelWiseTensorProduct(
            one,
            two,
            three,
            layout=cue.ir_mul,
            shared_weights=False,
            internal_weights=False,
            dtype=dtype,
            math_dtype=dtype,
        )
        for module in self.kernel.modules():  # its tables are not part of a saved network
            module._non_persistent_buffers_set.update(module._buffers)  # noqa: SLF001
        self.shapes = [(int(ir.dim), int(mul)) for mul, ir in self.kernel.irreps_out]
        self.joined, self.n_out = plain.joined, plain.n_out

    def forward(self, x: Features, harmonics: Features, weights: Tensor, edges: Tensor) -> Features:
        """As the plain path."""
        i, j = edges
        sent = torch.cat([f.flatten(1) for f in x], dim=1).index_select(0, j)
        messages = self.kernel(sent, torch.cat(harmonics, dim=1), weights)
        summed = messages.new_zeros(len(x[0]), messages.shape[1]).index_add(0, i, messages)
        parts: list[list[Tensor]] = [[] for _ in range(self.n_out)]
        pieces = torch.split(summed, [m * mul for m, mul in self.shapes], dim=1)
        for piece, (m, mul), out in zip(pieces, self.shapes, self.joined, strict=True):
            parts[out].append(piece.view(-1, m, mul))
        return [torch.cat(p, dim=2) for p in parts]


def use_cuequivariance(potential: ReferencedPotential, structure: Structure) -> None:
    """Let a MACE's convolutions run on cuEquivariance's kernels; in place. Not kept by saving.

    Args:
        potential: a MACE
        structure: of elements that it knows, on which both paths must agree

    Raises:
        AdapterNotInstalled: cuequivariance is missing.
        CheckpointError: energy or forces differ from the plain path; the potential is as before.
    """
    interactions: Any = potential.adapter.get_submodule("backbone.interactions")
    plain = [interaction.conv_tp for interaction in interactions]
    dtype = next(potential.adapter.parameters()).dtype
    head = potential.adapter.heads[0]
    batch = potential.collate([potential.graph(structure, head=head)], head)
    before = _answers(potential, batch)
    fused = [FusedConvolution(convolution, dtype).to(potential.e0.device) for convolution in plain]
    try:
        _put(interactions, fused)
        after = _answers(potential, batch)
        agree = all(
            torch.allclose(a, b, rtol=0, atol=TOLERANCE[dtype] * max(1.0, float(a.abs().max())))
            for a, b in zip(before, after, strict=True)
        )
    except BaseException:
        _put(interactions, plain)
        raise
    if not agree:
        _put(interactions, plain)
        raise CheckpointError(
            f"cuEquivariance computes another energy or other forces for this MACE ({float(after[0]):.8f} instead of "
            f"{float(before[0]):.8f} eV for {structure.id!r}); the plain path is kept"
        )


def _put(interactions: Any, convolutions: list[Any]) -> None:
    for interaction, convolution in zip(interactions, convolutions, strict=True):
        interaction.conv_tp = convolution


def _answers(potential: ReferencedPotential, batch: Batch) -> list[Tensor]:
    out = potential(batch, need=NEED)
    return [torch.as_tensor(out.energy).detach(), torch.as_tensor(out.forces).detach()]
