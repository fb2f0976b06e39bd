"""MACE's own files. They are pickles: opening one runs what its author put there, so it needs the user's word."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from transferkit.adapters.mace.architecture import heads_of, of_model
from transferkit.adapters.mace.foundations import FOUNDATIONS, cached, fetch, kind_of, licence_of
from transferkit.adapters.mace.readouts import split
from transferkit.adapters.mace.upstream import o3, quiet
from transferkit.errors import CheckpointError, nearest
from transferkit.reference.elemental import ElementalReference


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Content of a file.

    Attributes:
        arguments: see :mod:`.architecture`
        weights: tensors by upstream's names
        heads: name of each head
        readouts: tensors of each head, see :func:`.readouts.split`
        references: E0 of each head
        licence: of the weights
        model: upstream's module, to compare with
    """

    arguments: dict[str, Any]
    weights: Mapping[str, Tensor]
    heads: tuple[str, ...]
    readouts: list[dict[str, Tensor]]
    references: list[ElementalReference]
    licence: str
    model: Any


def read(checkpoint: str | Path, *, trust: bool) -> Checkpoint:
    """Read a published model by name, or a .model file by path.

    Raises:
        CheckpointError: unknown name, no such file, no word of trust, not a MACE model, or an unsupported one.
    """
    name = str(checkpoint)
    path = Path(checkpoint)
    if name not in FOUNDATIONS and not path.is_file():
        raise CheckpointError(
            f"mace has no checkpoint called {name!r}, and there is no such file. {nearest(name, FOUNDATIONS)} In MACE's cache "
            f"here: {', '.join(cached()) or 'none'}."
        )
    if not trust:
        licence = f" Licence of its weights: {FOUNDATIONS[name].licence}." if name in FOUNDATIONS else ""
        raise CheckpointError(
            f"{name}: a MACE model is a pickle, and opening a pickle runs any code that is in it. If you trust where it comes "
            f"from, say so: trust=True in Python, trust: true in a recipe's adapter, --trust on the command line.{licence}"
        )
    path = path if name not in FOUNDATIONS else fetch(name)
    return of_upstream(_unpickle(path), name if name in FOUNDATIONS else path.name)


def _unpickle(path: Path) -> Any:
    try:
        with quiet():
            # The caller has the user's word.
            model = torch.load(path, map_location="cpu", weights_only=False)  # nosec
    except Exception as error:  # a pickle raises whatever its classes raise
        raise CheckpointError(
            f"{path} cannot be opened as a MACE model: {type(error).__name__}: {error}. "
            f"Take the file anew, or give the .model file that mace_run_train wrote."
        ) from error
    if not isinstance(model, torch.nn.Module):
        raise CheckpointError(
            f"{path} holds a {type(model).__name__}, not a MACE model. A .pt checkpoint of mace_run_train has no architecture; "
            "give the .model file beside it."
        )
    return model


def of_upstream(model: Any, source: str) -> Checkpoint:
    """Content of one of upstream's modules, its tensors as they are.

    Raises:
        CheckpointError: the model has a part that this adapter does not compute.
    """
    try:
        arguments = of_model(model)
    except AttributeError as error:
        raise CheckpointError(
            f"{source}: this MACE is put together otherwise than the installed mace does it: {error}. Save it again with "
            f"mace-torch 0.3, without accelerated kernels."
        ) from error
    heads = heads_of(model)
    weights = {name: tensor.detach() for name, tensor in model.state_dict().items()}
    hidden = o3.Irreps(arguments["MLP_irreps"]).dim
    known = FOUNDATIONS.get(source)
    return Checkpoint(
        arguments=arguments,
        weights=weights,
        heads=heads,
        readouts=split(weights, len(heads), hidden),
        references=_references(weights["atomic_energies_fn.atomic_energies"], arguments["elements"], heads, source),
        licence=known.licence if known else licence_of(source),
        model=model,
    )


def _references(table: Tensor, elements: list[int], heads: tuple[str, ...], source: str) -> list[ElementalReference]:
    """E0 of each head, from a table of one row for all or of one row per head."""
    rows = table.double().numpy().reshape(-1, len(elements))
    if len(rows) not in {1, len(heads)} or (len(rows) == 1 and table.dim() > 1 and len(heads) > 1):
        raise CheckpointError(f"{source} has {len(heads)} heads and E0 of {len(rows)}")
    numbers = np.array(elements, dtype=np.int64)
    order = np.argsort(numbers)
    known = FOUNDATIONS.get(source)
    out = []
    for k, head in enumerate(heads):
        e0 = rows[k if len(rows) > 1 else 0][order].astype(np.float64)
        where = f"MACE {source}" + (f", head {head}" if len(heads) > 1 else "")
        out.append(
            ElementalReference(
                numbers[order],
                e0,
                kind=kind_of(numbers[order], e0),
                source=where,
                fidelity=known.fidelity if known else None,
                label_convention="raw" if known else None,
            )
        )
    return out
