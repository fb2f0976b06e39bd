"""The verbs of a notebook: load, rereference, finetune, evaluate. The pipeline calls the same ones in order."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from transferkit.data.split import Parts
from transferkit.data.structures import Structures
from transferkit.errors import ReferenceFitError
from transferkit.evaluation.outcome import Evaluation
from transferkit.reference.policy_table import PolicyTable
from transferkit.reference.transfer import score_policies, transfer
from transferkit.typing import Property

if TYPE_CHECKING:
    from transferkit.adapters.base import Graph
    from transferkit.adapters.potential import ReferencedPotential
    from transferkit.training.fit import FitResult


def load(
    adapter: str, checkpoint: str | Path | None = None, *, device: str = "auto", dtype: str = "float32"
) -> "ReferencedPotential":
    """A pre-trained potential by adapter name and checkpoint.

    Args:
        adapter: registered name, e.g. "chgnet"; ``transferkit adapters`` lists them
        checkpoint: name or path; the adapter's first one if not given
        device: "auto" takes CUDA where there is one, else the CPU
        dtype: "float32" or "float64", where the adapter can

    Raises:
        UnknownAdapter: no adapter is called so.
        CheckpointError: no checkpoint is called so.
        RecipeError: no dtype is called so, or CUDA was asked for and is not there.

    >>> import transferkit as tk
    >>> model = tk.load("chgnet", checkpoint="0.3.0")
    >>> round(model.reference()["O"], 2)
    -8.39
    """
    from transferkit.adapters.place import device_of, dtype_of
    from transferkit.adapters.registry import adapter_class

    cls = adapter_class(adapter)
    return cls.load(checkpoint or cls.checkpoints()[0], device=device_of(device), dtype=dtype_of(dtype))


def scratch(
    adapter: str, config: str = "full", *, seed: int = 0, device: str = "auto", dtype: str = "float32"
) -> "ReferencedPotential":
    """The same architecture with random weights and E0 of zero: paper A's method 1 starts here.

    >>> import transferkit as tk
    >>> tk.scratch("toy", seed=1).reference()["O"]
    0.0
    """
    from transferkit.adapters.place import device_of, dtype_of
    from transferkit.adapters.registry import adapter_class

    return adapter_class(adapter).scratch(config, seed=seed, device=device_of(device), dtype=dtype_of(dtype))


@dataclass(frozen=True)
class Rereferenced:
    """A potential with a new reference, and how every policy would have done.

    Attributes:
        potential: the same network, new E0
        table: leave-one-composition-out error of each policy before training
        warning: in words, where the chosen policy is more than three times worse than the best; else None
        shift: eV per atom, by element
    """

    potential: "ReferencedPotential"
    table: PolicyTable
    warning: str | None
    shift: dict[str, float]


def compare_policies(
    model: "ReferencedPotential",
    data: Structures,
    *,
    policy: str = "residual",
    trainable: bool = False,
    method: str = "least-squares",
    ridge: float = 1e-3,
    source_data: Structures | None = None,
    isolated: Mapping[str, float] | None = None,
    graphs: Sequence["Graph"] | None = None,
) -> Rereferenced:
    """Move a potential's E0 to the level of theory of ``data``, and score every way to do so from one forward pass.

    Args:
        model: the potential; it is not changed
        data: structures with energies at the target level of theory
        policy: "residual", "refit", "difference", "keep" or "isolated-atoms"; :mod:`transferkit.reference.transfer`
        trainable: make the new E0 a parameter
        method: "least-squares", "ridge" or "huber"
        ridge: strength of "ridge", dimensionless
        source_data: the same structures at the source level of theory, for "difference" (paper A, equation 3)
        isolated: energies of isolated atoms at the target level, eV by symbol, for "isolated-atoms"
        graphs: of ``data`` in order, where they are built already

    Raises:
        ReferenceFitError: there are no energies, the policy lacks what it needs, or does not fit this potential.
    """
    from transferkit.evaluation.predict import network_energy

    labelled = np.flatnonzero(data.has("energy"))
    data, graphs = data[labelled], None if graphs is None else [graphs[s] for s in labelled.tolist()]
    if not len(data):
        raise ReferenceFitError(
            "none of the structures has an energy, so no reference can be fitted. Add energies, or use policy 'keep'."
        )
    source = model.reference()
    arrays: dict[str, Any] = {
        "source": source,
        "counts": data.counts(),
        "energies": data.energy,
        "network": network_energy(model, data, graphs),
        "elements": data.elements,
        "source_energies": None if source_data is None else _paired(data, source_data),
        "isolated": isolated,
        "method": method,
        "ridge": ridge,
    }
    table = score_policies(**arrays, compositions=data.composition)
    new = transfer(policy, **arrays)
    return Rereferenced(model.with_reference(new, trainable=trainable), table, table.warning(policy), new.minus(source))


def _paired(data: Structures, source: Structures) -> np.ndarray:
    """Energies of ``source`` in the order of ``data``, matched by id."""
    if source.fidelity == data.fidelity:
        raise ReferenceFitError(
            f"source_data holds {source.fidelity} labels, as the data themselves do, so their difference is zero. "
            f"Give the same structures at the level of theory of the checkpoint, e.g. bundled:gpaw-pbe-r2scan@PBE."
        )
    position = {str(name): k for k, name in enumerate(source.id)}
    if missing := [str(name) for name in data.id if str(name) not in position]:
        raise ReferenceFitError(
            f"policy 'difference' needs the source labels of every training structure; {len(missing)} are missing, "
            f"first {missing[0]!r}. Give source_data that holds the same ids, or use policy 'residual'."
        )
    return source.energy[[position[str(name)] for name in data.id]]


def rereference(
    model: "ReferencedPotential",
    data: Structures,
    *,
    policy: str = "residual",
    trainable: bool = False,
    **options: Any,
) -> "ReferencedPotential":
    """Give a potential the elemental reference of another level of theory, and print how every policy would do.

    The network is unchanged: its prediction after this is the pre-trained network plus the new E0, to the digit.
    Options and errors: :func:`transferkit.api.compare_policies`.

    >>> import transferkit as tk
    >>> parts = tk.split(tk.bundled("gpaw-pbe-r2scan"), by="composition", seed=0)
    >>> model = tk.rereference(tk.load("chgnet"), parts.train)  # doctest: +ELLIPSIS
    Step-0 energy error on compositions left out of the reference fit, eV/atom...
    """
    done = compare_policies(model, data, policy=policy, trainable=trainable, **options)
    sys.stdout.write(f"{done.table}\n")
    if done.warning:
        sys.stdout.write(f"{done.warning}\n")
    return done.potential


def evaluate(model: "ReferencedPotential", data: Structures) -> Evaluation:
    """Errors of energy per atom, forces, stress and magmoms, where both label and prediction exist.

    >>> import transferkit as tk
    >>> model = tk.load("chgnet", checkpoint="r2scan")
    >>> print(tk.evaluate(model, tk.bundled("gpaw-pbe-r2scan")[:20]))  # doctest: +ELLIPSIS
    20 structures; intervals resample compositions
    energy   MAE 1...
    """
    from transferkit.evaluation.judge import symmetry_free
    from transferkit.evaluation.metrics import measure
    from transferkit.evaluation.predict import predict

    need: frozenset[Property] = frozenset(p for p in model.adapter.capabilities.properties if data.has(p).any()) | {
        "energy"
    }
    predicted = predict(model, data, need=need)
    open_elements = np.isin(data.numbers, model.reference().undetermined)
    undetermined = tuple(str(data.id[s]) for s in np.unique(data.owner[open_elements]))
    return Evaluation(measure(predicted, data, free=symmetry_free(data)), len(data), undetermined)


def finetune(
    model: "ReferencedPotential",
    parts: Parts,
    *,
    strategy: str = "full",
    train: Sequence[str] = (),
    epochs: int | None = None,
    steps: int | None = None,
    learning_rate: float = 1e-3,
    structures_per_batch: int = 16,
    weights: Mapping[Property, float] | None = None,
    seed: int = 0,
    output: str | Path | None = None,
    quiet: bool = False,
) -> "FitResult":
    """Fine-tune a copy of a potential; the best weights by validation are returned, the one given is untouched.

    For every option there is, call :func:`transferkit.training.fit.fit` or write a recipe.

    Args:
        model: usually from :func:`rereference`
        parts: from :func:`transferkit.split`
        strategy: "full", "frozen" (with ``train``), "heads" or "gradual"
        train: names or ranges of blocks that may change, e.g. ["interaction.2:", "readout"]
        epochs: passes over the training part; 20 if neither this nor ``steps`` is given
        steps: optimiser steps
        learning_rate: of Adam, annealed by a cosine per step
        structures_per_batch: at most
        weights: of the Huber loss per label; paper A's 3 : 1 : 0.1 : 1 if not given (eV/atom, eV/Å, GPa, μB)
        seed: of the order of structures
        output: folder for ``metrics.jsonl`` and ``checkpoint/``; nothing is written if not given
        quiet: show no progress

    Returns:
        the trained copy as ``.model``, history, best step and exact counts of trainable parameters

    Raises:
        RecipeError, UnknownBlock, DataError, TrainingDiverged: see :func:`transferkit.training.fit.fit`.

    >>> import transferkit as tk
    >>> parts = tk.split(tk.bundled("gpaw-pbe-r2scan")[:60], by="composition", seed=0)
    >>> run = tk.finetune(tk.load("toy"), parts, steps=2, quiet=True)
    >>> run.steps, run.model is run.potential
    (2, True)
    """
    from transferkit.finetuning.strategy import Strategy
    from transferkit.training.fit import fit
    from transferkit.training.loss import Loss
    from transferkit.training.optimiser import Optimiser

    return fit(
        model,
        parts.train,
        parts.valid,
        strategy=Strategy(strategy, train=tuple(train)),
        loss=Loss() if weights is None else Loss(weights=weights),
        optimiser=Optimiser(learning_rate=learning_rate),
        epochs=20 if epochs is None and steps is None else epochs,
        steps=steps,
        structures=structures_per_batch,
        seed=seed,
        folder=output,
        quiet=quiet,
    )
