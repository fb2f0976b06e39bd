"""The verbs of a notebook: load, rereference, finetune, evaluate. The pipeline calls the same ones in order."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from transferkit.data.split import Parts
from transferkit.data.structures import Structures
from transferkit.errors import CheckpointError
from transferkit.evaluation.outcome import Evaluation
from transferkit.reference.mismatch import convention_finding
from transferkit.rereferencing import compare_policies
from transferkit.typing import Property

if TYPE_CHECKING:
    from transferkit.adapters.potential import ReferencedPotential
    from transferkit.training.fit import FitResult


def load(
    adapter: str,
    checkpoint: str | Path | None = None,
    *,
    device: str = "auto",
    dtype: str = "float32",
    trust: bool = False,
) -> "ReferencedPotential":
    """A pre-trained potential by adapter name and checkpoint.

    Args:
        adapter: registered name, e.g. "chgnet"; ``transferkit adapters`` lists them
        checkpoint: name, path of a file of the native package, or folder of a run or a bundle; the adapter's first
            one if not given
        device: "auto" takes CUDA where there is one, else the CPU
        dtype: "float32" or "float64", where the adapter can
        trust: your word that a pickle may be opened, which runs code that its author chose; MACE's files are pickles

    Raises:
        UnknownAdapter: no adapter is called so.
        CheckpointError: no checkpoint is called so, none was named and the adapter brings none, or it is a pickle and
            ``trust`` was not given.
        RecipeError: no dtype is called so, or CUDA was asked for and is not there.

    >>> import transferkit as tk
    >>> model = tk.load("chgnet", checkpoint="0.3.0")
    >>> round(model.reference()["O"], 2)
    -8.39
    """
    from transferkit.adapters.bundle import bundled_potential, is_bundle
    from transferkit.adapters.place import device_of, dtype_of
    from transferkit.adapters.registry import adapter_class

    cls = adapter_class(adapter)
    published = {*cls.checkpoints(), *cls.cards}  # a folder of the same name is meant by ./NAME
    if checkpoint is not None and checkpoint not in published and is_bundle(checkpoint):
        return bundled_potential(adapter, checkpoint, device=device_of(device), dtype=dtype_of(dtype))
    if checkpoint is None and not (cls.ships and cls.checkpoints()):
        raise CheckpointError(
            f"{adapter} brings no checkpoint of its own; name one, or give a file or a bundle: checkpoint=... in Python, "
            f"checkpoint: in a recipe's adapter, --checkpoint on the command line. Published: {', '.join(cls.cards) or 'none'}."
        )
    chosen = cls.checkpoints()[0] if checkpoint is None else checkpoint
    return cls.load(chosen, device=device_of(device), dtype=dtype_of(dtype), trust=trust)


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
    Options and errors: :func:`transferkit.rereferencing.compare_policies`.

    >>> import transferkit as tk
    >>> parts = tk.split(tk.bundled("gpaw-pbe-r2scan"), by="composition", seed=0)
    >>> model = tk.rereference(tk.load("chgnet"), parts.train)  # doctest: +ELLIPSIS
    Step-0 energy error on compositions left out of the reference fit, eV/atom...
    """
    done = compare_policies(model, data, policy=policy, trainable=trainable, **options)
    sys.stdout.write(f"{done.table}\n")
    if done.warning:
        sys.stdout.write(f"{done.warning}\n")
    for finding in done.findings:
        sys.stdout.write(f"{finding}\n")
    return done.potential


def evaluate(model: "ReferencedPotential", data: Structures, *, head: str | None = None) -> Evaluation:
    """Errors of energy per atom, forces, stress and magmoms, where both label and prediction exist.

    Args:
        model: any potential
        data: structures with labels
        head: of the potential; by the level of theory of the data if not given, see
            :func:`~transferkit.adapters.heads.head_for`

    Raises:
        UnknownHead: no head is called so, or nothing says which of several is meant.

    >>> import transferkit as tk
    >>> model = tk.load("chgnet", checkpoint="r2scan")
    >>> print(tk.evaluate(model, tk.bundled("gpaw-pbe-r2scan")[:20]))  # doctest: +ELLIPSIS
    20 structures; intervals resample compositions
    energy   MAE 1...
    """
    from transferkit.adapters.heads import head_for
    from transferkit.evaluation.judge import symmetry_free
    from transferkit.evaluation.metrics import measure
    from transferkit.evaluation.predict import predict

    need: frozenset[Property] = frozenset(p for p in model.adapter.capabilities.properties if data.has(p).any()) | {
        "energy"
    }
    head = head_for(model, data.fidelity, head)
    predicted = predict(model, data, need=need, head=head)
    open_elements = np.isin(data.numbers, model.reference(head).undetermined)
    known = np.bincount(data.owner[open_elements], minlength=len(data)) == 0
    undetermined = tuple(str(i) for i in data.id[~known])
    learnt, caution = model.fidelities[head], ""
    if learnt is not None and learnt != data.fidelity:
        caution = f"the potential was trained on {learnt}, and these labels are {data.fidelity}"
    meets = convention_finding(model.reference(head), data, predicted=predicted.energy)
    found = () if meets is None else (meets,)
    free = symmetry_free(data)
    # structures whose E0 was not determined may have any energy: the others also get a figure of their own
    mixed = 0 < len(undetermined) < len(data)
    sound = measure(predicted[known], data[known], free=free[known[data.owner]]) if mixed else None
    return Evaluation(measure(predicted, data, free=free), len(data), undetermined, caution, found, sound)


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
    head: str | None = None,
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
        weights: of the Huber loss per label; if not given, paper A's 3 : 1 : 0.1 : 1 (eV/atom, eV/Å, GPa, μB) of those
            that the model predicts
        seed: of the order of structures
        head: that is trained; by the level of theory of the data if not given
        output: folder for ``metrics.jsonl`` and ``checkpoint/``; nothing is written if not given
        quiet: show no progress

    Returns:
        the trained copy as ``.model``, history, best step and exact counts of trainable parameters

    Raises:
        RecipeError, UnknownHead, UnknownBlock, DataError, TrainingDiverged: see :func:`transferkit.training.fit.fit`.

    >>> import transferkit as tk
    >>> parts = tk.split(tk.bundled("gpaw-pbe-r2scan")[:60], by="composition", seed=0)
    >>> run = tk.finetune(tk.load("toy"), parts, steps=2, quiet=True)
    >>> run.steps, run.model is run.potential
    (2, True)
    """
    from transferkit.finetuning.strategy import Strategy
    from transferkit.training.fit import fit
    from transferkit.training.loss import PUBLISHED, Loss
    from transferkit.training.optimiser import Optimiser

    published = {p: w for p, w in PUBLISHED.items() if p in model.adapter.capabilities.properties}
    return fit(
        model,
        parts.train,
        parts.valid,
        strategy=Strategy(strategy, train=tuple(train)),
        loss=Loss(weights=published if weights is None else weights),
        optimiser=Optimiser(learning_rate=learning_rate),
        epochs=20 if epochs is None and steps is None else epochs,
        steps=steps,
        structures=structures_per_batch,
        seed=seed,
        head=head,
        folder=output,
        quiet=quiet,
    )
