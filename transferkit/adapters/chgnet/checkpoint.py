"""CHGNet's own files: read without running a pickle, and written so that plain chgnet opens them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from ase.data import chemical_symbols
from torch import Tensor

from transferkit.adapters.card import Card
from transferkit.adapters.chgnet.upstream import FILES, path_of
from transferkit.errors import CheckpointError, nearest
from transferkit.reference.elemental import ElementalReference

N_ELEMENTS = 94
REFERENCE_KEY = "composition_model.fc.weight"
_LICENCE = "modified BSD (chgnet package, with its weights)"
_ALL = frozenset(range(1, N_ELEMENTS + 1))
_MPTRJ = Card(_LICENCE, elements=_ALL, fidelity="PBE", kind="regression", label_convention="mp2020")
CARDS = {
    "0.3.0": _MPTRJ,
    "0.2.0": _MPTRJ,
    "r2scan": replace(_MPTRJ, elements=_ALL - {70, 84, 85, 86, 87, 88}, fidelity="r2SCAN", label_convention="raw"),
}
"""The released checkpoints. MPtrj mixes PBE and PBE+U, as Materials Project prescribes, with MP2020 corrections; the data
behind r2scan are r2SCAN energies as computed, and lack Yb, Po, At, Rn, Fr and Ra."""
ABSENT = 1e-10
"""eV: upstream's least squares leaves about this for an element that its data lacked"""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Content of a file.

    Attributes:
        arguments: of ``chgnet.model.CHGNet``, without the composition model
        weights: tensors by upstream's names, without E0
        reference: E0 of the elements that the composition model was fitted on
    """

    arguments: dict[str, Any]
    weights: dict[str, Tensor]
    reference: ElementalReference


def read(checkpoint: str | Path) -> Checkpoint:
    """Read a released checkpoint by name, or a .pth.tar file by path.

    E0 is a regression on MPtrj labels with MP2020 corrections (0.3.0, 0.2.0) or on MP-r2SCAN labels (r2scan). Only
    tensors and plain values are unpickled.

    Raises:
        CheckpointError: unknown name, no such file, or not a CHGNet checkpoint with an elemental table.
    """
    name = str(checkpoint)
    path = path_of(name) if name in FILES else Path(checkpoint)
    if not path.is_file():
        raise CheckpointError(
            f"chgnet has no checkpoint called {name!r}, and there is no such file. {nearest(name, FILES)}"
        )
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)["model"]
        arguments, weights = dict(content["model_args"]), dict(content["state_dict"])
    except (UnpicklingError, RuntimeError, KeyError, TypeError, EOFError, ValueError) as error:
        raise CheckpointError(
            f"{path} is not a CHGNet checkpoint of tensors and plain values: {_reason(error)}. Take the file anew, or save it with "
            f"chgnet's Trainer.save."
        ) from error
    if REFERENCE_KEY not in weights:
        raise CheckpointError(
            f"{path} has no elemental energies ({REFERENCE_KEY}); its total energies are undefined. Save the whole model with "
            f"chgnet's Trainer.save."
        )
    e0 = weights.pop(REFERENCE_KEY).double().numpy().reshape(-1)
    fitted = str(arguments.pop("composition_model", ""))
    arguments.pop("version", None)
    if name == "0.2.0":
        # The file predates the option; upstream sets it when it loads this checkpoint by name.
        arguments["mlp_out_bias"] = True
    known = np.flatnonzero(np.abs(e0) > ABSENT)
    source = f"CHGNet {name if name in FILES else path.name}, {fitted}"
    reference = ElementalReference(known + 1, e0[known], kind="regression", source=source, **_levels(name))
    return Checkpoint(arguments, weights, reference)


def _reason(error: Exception) -> str:
    """Why a file was not opened, in a line; torch's own advice, to open any pickle, is not given on."""
    first = str(error).split("\n")[0].split(". ")[0].strip().strip("'")
    if isinstance(error, UnpicklingError):
        found = re.search(r"GLOBAL ([\w.]+)", str(error))
        return (
            f"it holds code ({found[1]}), which is not run" if found else "it is damaged, or a pickle of something else"
        )
    return (
        f"it has no entry {first!r}"
        if isinstance(error, KeyError) and first and not first.isdigit()
        else f"{type(error).__name__} {first}"
    )


def _levels(name: str) -> dict[str, Any]:
    """What the labels were that a released checkpoint learnt; of other files it is unknown."""
    card = CARDS.get(name)
    return {} if card is None else {"fidelity": card.fidelity, "label_convention": card.label_convention}


def write(path: Path, arguments: Mapping[str, Any], weights: Mapping[str, Tensor], e0: Mapping[int, float]) -> None:
    """Write a file that ``chgnet.model.CHGNet.from_file`` opens.

    Args:
        path: of the file
        arguments: of ``chgnet.model.CHGNet``
        weights: by upstream's names, without E0
        e0: eV per atom by atomic number; elements that it lacks get zero

    Raises:
        CheckpointError: ``e0`` has an element beyond the table of the file; nothing is written.
    """
    if beyond := sorted(z for z in e0 if z > N_ELEMENTS):
        raise CheckpointError(
            f"a CHGNet file holds E0 of the {N_ELEMENTS} elements H to {chemical_symbols[N_ELEMENTS]}, and the reference also has "
            f"{', '.join(chemical_symbols[z] for z in beyond)}. Export with a reference that lacks them (with_reference)."
        )
    table = torch.zeros(1, N_ELEMENTS)
    for z, energy in e0.items():
        table[0, z - 1] = energy
    # A named composition model makes upstream build the table (fitted, intensive) that the weights then fill.
    model_args = {**arguments, "composition_model": "MPtrj", "is_intensive": True}
    state = {REFERENCE_KEY: table, **{k: v.detach().cpu().float().clone() for k, v in weights.items()}}
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"model": {"state_dict": state, "model_args": model_args}}, path)
