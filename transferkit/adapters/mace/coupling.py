"""How many coupling paths a symmetric contraction has: fewer in files that were trained where cuEquivariance is installed."""

from collections.abc import Mapping

from torch import Tensor, nn

PATH_AXIS = {"U_matrix": -1, "weights": 1}
"""Axis that counts the paths, by the start of a tensor's name"""


def fit_paths(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Give contractions room for the paths that tensors have; in place, before they are loaded.

    mace couples features by a full set of paths, or by a reduced one where cuEquivariance is there to compute it. Energies
    follow from matrices and weights together, and a file brings both. Other differences of shape are left for loading to find.

    Args:
        module: ours or upstream's, whose contractions have upstream's names
        tensors: by name
    """
    for name, tensor in tensors.items():
        of_contraction, _, leaf = name.rpartition(".contractions.")
        if not of_contraction:
            continue
        leaf = leaf.partition(".")[2]
        axis = next((axis for start, axis in PATH_AXIS.items() if leaf.startswith(start)), None)
        if axis is None or tensor.dim() < 2:  # flags that say which weights are zero
            continue
        owner, _, last = name.rpartition(".")
        own: Tensor = getattr(module.get_submodule(owner), last)
        wanted = list(own.shape)
        if len(wanted) == tensor.dim():
            wanted[axis] = tensor.shape[axis]
        if list(tensor.shape) == wanted != list(own.shape):
            own.data = own.new_empty(wanted)
