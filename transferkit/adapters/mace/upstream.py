"""The only file that imports mace and e3nn: their modules, made quietly, with their side effects undone.

Importing mace sets ``TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD``, which makes every later ``torch.load`` of the process run
pickles; importing e3nn 0.4.4 before mace fails without it. Many of mace's functions build tensors in torch's global
default dtype, draw from its global generator, or compile TorchScript.
"""

import contextlib
import inspect
import io
import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

UNSAFE = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No prints, warnings or log lines of upstream, and the environment variable as it was before."""
    before, disabled = os.environ.get(UNSAFE), logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        if before is None:
            os.environ.pop(UNSAFE, None)
        else:
            os.environ[UNSAFE] = before


with quiet():
    # mace before e3nn: it sets the variable without which e3nn 0.4.4 cannot read its own constants. A mace that is
    # already imported no longer does.
    os.environ[UNSAFE] = "1"
    import e3nn
    import mace.modules

OURS = ("elements", "avg_per_interaction", "trainable_bessel")
"""Arguments that upstream's constructor does not have"""
o3: Any = e3nn.o3
modules: Any = mace.modules
GATES: dict[str, Any] = {"silu": torch.nn.functional.silu, "tanh": torch.tanh, "abs": torch.abs, "none": None}
INTERACTIONS: dict[str, Any] = dict(modules.interaction_classes)
READOUTS: dict[str, Any] = {
    name: modules.readout_classes[name]
    for name in ("NonLinearReadoutBlock", "NonLinearBiasReadoutBlock")
    if name in modules.readout_classes
}


@contextlib.contextmanager
def contained(*, dtype: torch.dtype = torch.float64, seed: int = 0, script: bool = False) -> Iterator[None]:
    """A place to call mace in: its default dtype, generator and compiler settings end with the block.

    Args:
        dtype: torch's default inside
        seed: of torch's generator inside; outside it is as it was
        script: let e3nn compile TorchScript, which files for the native package need
    """
    default, compiler = torch.get_default_dtype(), e3nn.get_optimization_defaults()
    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_default_dtype(dtype)
        e3nn.set_optimization_defaults(jit_script_fx=script)
        try:
            yield
        finally:
            e3nn.set_optimization_defaults(**compiler)
            torch.set_default_dtype(default)


def build(
    arguments: Mapping[str, Any], heads: tuple[str, ...] = ("default",), *, seed: int = 0, script: bool = False
) -> Any:
    """An upstream ScaleShiftMACE in float64 with zero E0, scale 1 and shift 0.

    Args:
        arguments: see :mod:`transferkit.adapters.mace.architecture`
        heads: names of its heads
        seed: of the random weights
        script: compile TorchScript, for a file that the native package opens
    """
    n, edge = len(heads), arguments["edge_irreps"]
    given = {k: v for k, v in arguments.items() if k not in OURS} | {
        "num_elements": len(arguments["elements"]),
        "atomic_numbers": list(arguments["elements"]),
        "atomic_energies": np.zeros((n, len(arguments["elements"]))),
        "heads": list(heads),
        "interaction_cls": INTERACTIONS[arguments["interaction_cls"]],
        "interaction_cls_first": INTERACTIONS[arguments["interaction_cls_first"]],
        "readout_cls": READOUTS[arguments["readout_cls"]],
        "hidden_irreps": o3.Irreps(arguments["hidden_irreps"]),
        "MLP_irreps": o3.Irreps(arguments["MLP_irreps"]),
        "edge_irreps": None if edge is None else o3.Irreps(edge),
        "gate": GATES[arguments["gate"]],
    }
    taken = inspect.signature(modules.MACE.__init__).parameters
    with contained(seed=seed, script=script):
        model = modules.ScaleShiftMACE(
            atomic_inter_scale=[1.0] * n, atomic_inter_shift=[0.0] * n, **{k: v for k, v in given.items() if k in taken}
        )
    if arguments["trainable_bessel"]:
        # Upstream's fine-tuning turns them into parameters.
        basis = model.radial_embedding.bessel_fn
        for name in {"bessel_weights", "gaussian_weights"} & set(dict(basis.named_buffers())):
            values = getattr(basis, name)
            delattr(basis, name)
            setattr(basis, name, torch.nn.Parameter(values))
    return model


def cutoff_envelope(x: torch.Tensor, reach: torch.Tensor, p: torch.Tensor) -> torch.Tensor:
    """MACE's polynomial that falls from one to zero at ``reach``, and is zero beyond."""
    found: torch.Tensor = modules.PolynomialCutoff.calculate_envelope(x, reach, p)
    return found
