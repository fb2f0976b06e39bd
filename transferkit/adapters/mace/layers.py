"""MACE's equivariant layers on features kept as one tensor per irrep, (atoms, 2l + 1, channels).

Upstream keeps all irreps in one row, channels first, and multiplies by a one-hot vector of the element. Here channels
come last, so that linear maps are plain matrix products, and atoms of one element stand together, so that weights of an
element are multiplied once and not once per atom. Parameters have upstream's names, shapes and normalisation.
"""

from collections.abc import Sequence
from math import prod, sqrt
from typing import Any

import torch
from torch import Tensor, nn

from transferkit.adapters.mace.species import Species
from transferkit.errors import CheckpointError

Features = list[Tensor]
"""One tensor per irrep, (atoms, 2l + 1, channels)"""


def irreps(of: Any) -> list[tuple[int, int]]:
    """Channels and l of each irrep, neighbours of one kind joined.

    >>> from transferkit.adapters.mace.upstream import o3
    >>> irreps(o3.Irreps("4x0e+4x1o+8x1o"))
    [(4, 0), (12, 1)]
    """
    return [(int(mul), int(ir.l)) for mul, ir in of.simplify()]


class EquivariantLinear(nn.Module):
    """Mixes the channels of each irrep: upstream's ``e3nn.o3.Linear`` with its flat weight.

    Args:
        theirs: the module to take over; its weight is shared, not copied
    """

    def __init__(self, theirs: Any) -> None:
        """Find where each irrep's matrix lies in the flat weight."""
        super().__init__()
        self.irreps_in, self.irreps_out = str(theirs.irreps_in), str(theirs.irreps_out)
        self.weight = theirs.weight
        biased = [k for k, i in enumerate(theirs.instructions) if i.i_in == -1]
        self.bias = theirs.bias if biased else None
        self.paths = _paths(theirs)
        self.outs = irreps(theirs.irreps_out)

    def matrices(self) -> dict[int, Tensor]:
        """Matrix (channels in, channels out) of each output irrep that has one, normalisation included."""
        parts = torch.split(self.weight, [rows * columns for _, rows, columns, _ in self.paths.values()])
        return {
            out: part.view(rows, columns) * factor
            for part, (out, (_, rows, columns, factor)) in zip(parts, self.paths.items(), strict=True)
        }

    def forward(self, x: Features) -> Features:
        """Features of the output irreps."""
        matrices = self.matrices()
        out = []
        for k, (mul, ell) in enumerate(self.outs):
            if k in matrices:
                # As two dimensions: torch picks the kernel for three by what requires a gradient, and rounding with it.
                source = x[self.paths[k][0]]
                y = (source.reshape(-1, source.shape[2]) @ matrices[k]).view(len(source), 2 * ell + 1, mul)
            else:
                y = x[0].new_zeros(len(x[0]), 2 * ell + 1, mul)
            out.append(y + self.bias if self.bias is not None and ell == 0 else y)
        return out


def _paths(theirs: Any) -> dict[int, tuple[int, int, int, float]]:
    """Per output irrep, in the order of the flat weight: input irrep, rows, columns, factor."""
    unknown = CheckpointError(
        f"this MACE has a linear map from {theirs.irreps_in} to {theirs.irreps_out} that the mace adapter does not compute"
    )
    if theirs.irreps_out != theirs.irreps_out.simplify():
        raise unknown
    joined, last = join(theirs.irreps_in), -1
    out: dict[int, tuple[int, int, int, float]] = {}
    for ins in theirs.instructions:
        if ins.i_in == -1:
            continue
        rows, columns = ins.path_shape
        source, above = joined[ins.i_in], 0
        if ins.i_out in out:
            if last != ins.i_out or out[ins.i_out][0] != source:
                raise unknown
            above = out[ins.i_out][1]
        out[ins.i_out] = (source, above + rows, columns, float(ins.path_weight))
        last = ins.i_out
    return out


class ElementLinear(nn.Module):
    """Mixes the channels of each irrep by a matrix of the atom's element: a tensor product with its one-hot vector.

    Args:
        theirs: upstream's ``e3nn.o3.FullyConnectedTensorProduct``; its weight is shared
    """

    def __init__(self, theirs: Any) -> None:
        """Find where each irrep's matrices lie in the flat weight."""
        super().__init__()
        self.weight = theirs.weight
        self.paths, self.outs = [], irreps(theirs.irreps_out)
        for ins in theirs.instructions:
            rows, elements, columns = ins.path_shape
            ell = int(theirs.irreps_out[ins.i_out].ir.l)
            self.paths.append(
                (ins.i_in1, ins.i_out, (rows, elements, columns), float(ins.path_weight) / sqrt(2 * ell + 1))
            )
        if len({path[1] for path in self.paths}) < len(self.paths):
            raise CheckpointError("this MACE has a skip connection that the mace adapter does not compute")

    def parts(self, flat: Tensor) -> list[Tensor]:
        """The flat weight as one (channels in, elements, channels out) per path."""
        sizes = [prod(shape) for _, _, shape, _ in self.paths]
        return [part.view(shape) for part, (_, _, shape, _) in zip(torch.split(flat, sizes), self.paths, strict=True)]

    def forward(self, x: Features, species: Species) -> Features:
        """Features of the output irreps."""
        out = [x[0].new_zeros(len(x[0]), 2 * ell + 1, mul) for mul, ell in self.outs]
        for part, (source, to, shape, factor) in zip(self.parts(self.weight), self.paths, strict=True):
            matrix = part.transpose(0, 1).index_select(0, species.of_group) * factor
            rows = species.grouped(x[source])
            groups, size, m, channels = rows.shape
            mixed = torch.bmm(rows.reshape(groups, size * m, channels), matrix)
            out[to] = species.ungrouped(mixed.view(groups, size, m, shape[2]))
        return out


class Convolution(nn.Module):
    """Sum over neighbours of features times spherical harmonics, with a weight per edge, path and channel.

    Args:
        theirs: upstream's ``e3nn.o3.TensorProduct``, of which only the shape is taken
    """

    def __init__(self, theirs: Any, wigner: Any) -> None:
        """Take the coupling coefficients of each path."""
        super().__init__()
        self.irreps = tuple(str(i) for i in (theirs.irreps_in1, theirs.irreps_in2, theirs.irreps_out))
        self.joined, self.paths = join(theirs.irreps_out), []
        self.n_out = max(self.joined) + 1
        self.sizes = [int(ins.path_shape[0] * ins.path_shape[1]) for ins in theirs.instructions]
        for k in sorted(range(len(theirs.instructions)), key=lambda k: theirs.instructions[k].i_out):
            ins = theirs.instructions[k]
            one, two, three = theirs.irreps_in1[ins.i_in1], theirs.irreps_in2[ins.i_in2], theirs.irreps_out[ins.i_out]
            name = f"coupling_{k}"
            self.register_buffer(name, wigner(one.ir.l, two.ir.l, three.ir.l) * float(ins.path_weight))
            self.paths.append((name, ins.i_in1, ins.i_in2, self.joined[ins.i_out], int(one.mul), k))

    def forward(self, x: Features, harmonics: Features, weights: Tensor, edges: Tensor) -> Features:
        """Messages summed at the receiving atoms, paths to one irrep side by side in channels.

        Args:
            x: features of the atoms
            harmonics: of each edge, one (edges, 2l + 1) per l
            weights: (edges, paths x channels)
            edges: receiving and sending atom, (2, edges)
        """
        i, j = edges
        sent = [f.index_select(0, j) for f in x]
        # One split, whose derivative is one concatenation.
        of_path = torch.split(weights, self.sizes, dim=1)
        parts: list[list[Tensor]] = [[] for _ in range(self.n_out)]
        for name, one, two, out, mul, at in self.paths:
            coupling = getattr(self, name)
            m1, _, m3 = coupling.shape
            y = harmonics[two] @ coupling.transpose(0, 1).reshape(-1, m1 * m3)
            message = _couple(sent[one], y.view(-1, m1, m3), of_path[at])
            zero = message.new_zeros(len(x[0]), m3, mul)
            parts[out].append(zero.index_add(0, i, message))
        return [p[0] if len(p) == 1 else torch.cat(p, dim=2) for p in parts]


def _couple(x: Tensor, y: Tensor, w: Tensor) -> Tensor:
    """Sum over m1 of x (edges, m1, channels) times y (edges, m1, m3), times w (edges, channels)."""
    if x.shape[1] == 1:
        return y.transpose(1, 2) * (x * w[:, None, :])
    return torch.bmm(y.transpose(1, 2), x * w[:, None, :])


def join(of: Any) -> list[int]:
    """Number of the joined irrep that each irrep belongs to, neighbours of one kind being one."""
    out: list[int] = []
    for k, (_, ir) in enumerate(of):
        out.append(0 if k == 0 else out[-1] + int(ir != of[k - 1].ir))
    return out


class Contraction(nn.Module):
    """Symmetric products of an atom's features up to the correlation order, to one irrep: MACE paper, eq. 10 and 11.

    Args:
        theirs: upstream's ``Contraction``; its weights and U matrices are shared
    """

    def __init__(self, theirs: Any) -> None:
        """Take weights and coupling matrices."""
        super().__init__()
        self.correlation = int(theirs.correlation)
        self.weights_max = nn.Parameter(theirs.weights_max.detach())
        self.weights = nn.ParameterList([nn.Parameter(w.detach()) for w in theirs.weights])
        for nu in range(1, self.correlation + 1):
            self.register_buffer(f"U_matrix_{nu}", theirs.U_tensors(nu))

    def forward(self, monomials: Sequence[Tensor], species: Species) -> Tensor:
        """Products, (groups x channels, 2l + 1, size).

        For each order, the coupling tensor but for one index is contracted with the monomials of one order less; the
        last index, with the features, for all orders at once.

        Args:
            monomials: see :func:`monomials_of`
            species: groups of atoms
        """
        x, inner = monomials[0], self._tensor(1, species)
        for nu in range(2, self.correlation + 1):
            inner = inner + torch.bmm(self._tensor(nu, species), monomials[nu - 2])
        out: Tensor = (inner.view(len(x), -1, x.shape[1], inner.shape[2]) * x[:, None]).sum(2)
        return out

    def _tensor(self, nu: int, species: Species) -> Tensor:
        """Coupling tensor of order ``nu``, (groups x channels, (2l + 1) x features, monomials of order nu - 1)."""
        weight = self.weights_max if nu == self.correlation else self.weights[self.correlation - nu - 1]
        u = getattr(self, f"U_matrix_{nu}")
        shared, groups = len(weight) == 1, len(species.of_group)
        w = (weight if shared else weight.index_select(0, species.elements)).transpose(1, 2)
        tensor = (w.reshape(-1, u.shape[-1]) @ u.reshape(-1, u.shape[-1]).T).view(*w.shape[:2], -1)
        if shared:
            tensor = tensor.expand(groups, -1, -1)
        elif groups > len(w):
            tensor = tensor.index_select(0, species.local_of_group)
        out: Tensor = tensor.reshape(groups * w.shape[1], -1, u.shape[-2] ** (nu - 1))
        return out


def monomials_of(x: Tensor, order: int) -> list[Tensor]:
    """Products of 1 to ``order`` features (groups x channels, features, size), all ordered tuples of them.

    >>> [m.shape[1] for m in monomials_of(torch.ones(1, 4, 2), 2)]
    [4, 16]
    """
    out = [x]
    for _ in range(1, order):
        out.append((out[-1][:, :, None, :] * x[:, None, :, :]).flatten(1, 2))
    return out


class Product(nn.Module):
    """Symmetric contractions to each irrep, mixed by a linear map, plus the skip connection.

    Args:
        theirs: upstream's ``EquivariantProductBasisBlock``
    """

    symmetric_contractions: Any

    def __init__(self, theirs: Any) -> None:
        """Take over its parts."""
        super().__init__()
        self.use_sc = bool(theirs.use_sc)
        self.symmetric_contractions = nn.Module()
        self.symmetric_contractions.contractions = nn.ModuleList(
            Contraction(c) for c in theirs.symmetric_contractions.contractions
        )
        self.correlation = max(int(c.correlation) for c in theirs.symmetric_contractions.contractions)
        self.linear = EquivariantLinear(theirs.linear)

    def forward(self, x: Features, skip: Features | None, species: Species) -> Features:
        """New features of the atoms."""
        groups = len(species.members)
        together = species.grouped(torch.cat(x, dim=1)).permute(0, 3, 2, 1).flatten(0, 1)
        products: Sequence[nn.Module] = list(self.symmetric_contractions.contractions)
        monomials = monomials_of(together, max(self.correlation - 1, 1))
        found = [c(monomials, species) for c in products]
        out = [species.ungrouped(y.view(groups, -1, *y.shape[1:]).permute(0, 3, 2, 1)) for y in found]
        mixed: Features = self.linear(out)
        if self.use_sc and skip is not None:
            return [a + b for a, b in zip(mixed, skip, strict=True)]
        return mixed
