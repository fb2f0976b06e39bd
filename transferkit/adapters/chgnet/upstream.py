"""The only file that imports chgnet: its class, made quietly, and the folder of its weights."""

import io
import warnings
from collections.abc import Mapping
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

# Importing chgnet warns (its dependencies) and silences warnings for the whole process; both end with this block.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from chgnet.model.model import CHGNet

from transferkit.errors import CheckpointError

FILES = {
    "0.3.0": "0.3.0/chgnet_0.3.0_e29f68s314m37.pth.tar",
    "0.2.0": "0.2.0/chgnet_0.2.0_e30f77s348m32.pth.tar",
    "r2scan": "r2scan/chgnet_r2scan_transfer_learning_e15f36s161m23.pth.tar",
}

REQUIRED: dict[str, tuple[Any, ...]] = {
    "mlp_first": (True,),
    "conv_norm": (None,),
    "conv_dropout": (0,),
    "mlp_dropout": (0,),
    "update_bond": (True,),
    "update_angle": (True,),
    "final_mlp": ("MLP", "normal"),
}
"""Options of CHGNet for which the flat forward is written; every released checkpoint has them so."""


def path_of(checkpoint: str) -> Path:
    """Where the installed package keeps a released checkpoint."""
    spec = find_spec("chgnet")
    if spec is None or spec.origin is None:
        raise CheckpointError("the installed chgnet has no folder of weights; reinstall it: pip install chgnet")
    return Path(spec.origin).parent / "pretrained" / FILES[checkpoint]


def build(arguments: Mapping[str, Any], *, seed: int | None = None) -> Any:
    """An upstream CHGNet without its composition model, as a holder of modules; prints nothing.

    The process's random state is left as it was.

    Args:
        arguments: of ``chgnet.model.CHGNet``
        seed: of the random weights; without one they are to be overwritten

    Raises:
        CheckpointError: an option is set for which the flat forward is not written.
    """
    for option, allowed in REQUIRED.items():
        if arguments.get(option, allowed[0]) not in allowed:
            raise CheckpointError(
                f"this CHGNet has {option}={arguments[option]!r}; the adapter supports {option}={allowed[0]!r} only, "
                "as all released checkpoints have it"
            )
    if not arguments.get("cutoff_coeff", 8):
        raise CheckpointError("this CHGNet has cutoff_coeff=0, so its energy jumps when atoms cross the cutoff")
    with torch.random.fork_rng(devices=[]), redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(seed or 0)
        return CHGNet(**{**arguments, "composition_model": None})
