"""What a MACE is made of, as plain JSON: read from one of upstream's models, and the named configurations of our own."""

from collections.abc import Mapping
from typing import Any

from transferkit.adapters.mace.upstream import GATES, INTERACTIONS, READOUTS, modules
from transferkit.errors import CheckpointError

SUPPORTED = ("ScaleShiftMACE", "MACE")
RADIAL = {"BesselBasis": "bessel", "GaussianBasis": "gaussian", "ChebychevBasis": "chebyshev"}
TRANSFORMS = {"AgnesiTransform": "Agnesi", "SoftTransform": "Soft"}
FOREIGN = ("joint_embedding", "embedding_readout", "les", "embedding_specs")
"""Parts of upstream's models that need more than positions and elements"""

DEFAULTS: dict[str, Any] = {
    "r_max": 6.0,
    "num_bessel": 10,
    "num_polynomial_cutoff": 5,
    "max_ell": 3,
    "interaction_cls": "RealAgnosticResidualInteractionBlock",
    "interaction_cls_first": "RealAgnosticInteractionBlock",
    "num_interactions": 2,
    "hidden_irreps": "128x0e",
    "MLP_irreps": "16x0e",
    "avg_num_neighbors": 60.0,
    "correlation": [3, 3],
    "gate": "silu",
    "pair_repulsion": False,
    "apply_cutoff": True,
    "use_reduced_cg": False,
    "use_so3": False,
    "use_agnostic_product": False,
    "use_last_readout_only": False,
    "distance_transform": "None",
    "edge_irreps": None,
    "use_edge_irreps_first": False,
    "radial_MLP": [64, 64, 64],
    "radial_type": "bessel",
    "readout_cls": "NonLinearReadoutBlock",
    "avg_per_interaction": [60.0, 60.0],
    "trainable_bessel": False,
    "elements": list(range(1, 95)),
}
"""Of the size of MACE-MP-0 small; the elements are H to Pu"""
MEDIUM = {"hidden_irreps": "128x0e+128x1o"}
TINY = {
    "r_max": 5.0,
    "num_bessel": 8,
    "hidden_irreps": "8x0e+8x1o",
    "MLP_irreps": "4x0e",
    "max_ell": 2,
    "correlation": [2, 2],
    "radial_MLP": [16],
}
CONFIGS: dict[str, dict[str, Any]] = {"small": {}, "medium": MEDIUM, "full": MEDIUM, "tiny": TINY}
"""Named sizes; "full", the default of recipes, is medium"""


def of_config(name: str) -> dict[str, Any]:
    """Arguments of a named configuration.

    >>> of_config("small")["hidden_irreps"], len(of_config("tiny")["elements"])
    ('128x0e', 94)
    """
    return {**DEFAULTS, **CONFIGS[name]}


def of_model(model: Any) -> dict[str, Any]:
    """Arguments from which upstream builds a model of the same shape.

    Raises:
        CheckpointError: the model has a part that this adapter does not compute; names it.
    """
    kind = type(model).__name__
    if kind not in SUPPORTED or not isinstance(model, modules.MACE):
        raise CheckpointError(f"this is a {kind}; the mace adapter supports {' and '.join(SUPPORTED)} only")
    if foreign := [part for part in FOREIGN if getattr(model, part, None) is not None]:
        raise CheckpointError(
            f"this MACE has {', '.join(foreign)}: its energy depends on more than positions and elements (charges, spins, "
            "long-range terms), which the mace adapter does not compute"
        )
    first, last, readout = model.interactions[0], model.interactions[-1], model.readouts[-1]
    radial = model.radial_embedding
    _known("interaction", {type(i).__name__ for i in model.interactions}, INTERACTIONS)
    _known("last readout", {type(readout).__name__}, READOUTS)
    _known("radial basis", {type(radial.bessel_fn).__name__}, RADIAL)
    transform = getattr(radial, "distance_transform", None)
    if transform is not None:
        _known("distance transform", {type(transform).__name__}, TRANSFORMS)
    n_heads = len(heads_of(model))
    averages = [float(i.avg_num_neighbors) for i in model.interactions]
    edge = getattr(model, "edge_irreps", None)
    return {
        "r_max": float(model.r_max),
        "num_bessel": _size_of_basis(radial.bessel_fn),
        "num_polynomial_cutoff": int(radial.cutoff_fn.p),
        "max_ell": int(model.spherical_harmonics.irreps_out.lmax),
        "interaction_cls": type(last).__name__,
        "interaction_cls_first": type(first).__name__,
        "num_interactions": len(model.interactions),
        "hidden_irreps": str(model.products[0].linear.irreps_out),
        "MLP_irreps": f"{readout.hidden_irreps.num_irreps // n_heads}x0e",
        "avg_num_neighbors": averages[0],
        "correlation": [len(p.symmetric_contractions.contractions[0].weights) + 1 for p in model.products],
        "gate": _gate(readout),
        "pair_repulsion": hasattr(model, "pair_repulsion_fn"),
        "apply_cutoff": bool(getattr(model, "apply_cutoff", True)),
        "use_reduced_cg": False,
        "use_so3": bool(getattr(model, "use_so3", False)),
        "use_agnostic_product": bool(getattr(model, "use_agnostic_product", False)),
        "use_last_readout_only": len(model.readouts) == 1 and len(model.interactions) > 1,
        "distance_transform": "None" if transform is None else TRANSFORMS[type(transform).__name__],
        "edge_irreps": None if edge is None else str(edge),
        "use_edge_irreps_first": bool(getattr(model, "use_edge_irreps_first", False)),
        "radial_MLP": _radial_mlp(first.conv_tp_weights),
        "radial_type": RADIAL[type(radial.bessel_fn).__name__],
        "readout_cls": type(readout).__name__,
        "avg_per_interaction": averages,
        "trainable_bessel": any(True for _ in radial.bessel_fn.parameters()),
        "elements": [int(z) for z in model.atomic_numbers],
    }


def heads_of(model: Any) -> tuple[str, ...]:
    """Names of the heads of one of upstream's models; early ones have none and mean one.

    >>> heads_of(object())
    ('default',)
    """
    return tuple(str(h) for h in getattr(model, "heads", None) or ("default",))


def _known(what: str, found: set[str], known: Mapping[str, Any]) -> None:
    if other := sorted(found - set(known)):
        raise CheckpointError(
            f"this MACE has the {what} {', '.join(other)}; the mace adapter supports {', '.join(sorted(known))}"
        )


def _gate(readout: Any) -> str:
    act = next(iter(readout.non_linearity.acts), None)
    function = None if act is None else act.f
    for name, known in GATES.items():
        if function is known or (
            function is not None and getattr(function, "__name__", "") == getattr(known, "__name__", None)
        ):
            return name
    raise CheckpointError(f"this MACE has the gate {function!r}; the mace adapter supports {', '.join(GATES)}")


def _radial_mlp(network: Any) -> list[int]:
    return [int(h) for h in network.hs[1:-1]]


def _size_of_basis(basis: Any) -> int:
    for name in ("bessel_weights", "gaussian_weights", "n"):
        if hasattr(basis, name):
            return int(getattr(basis, name).numel())
    raise CheckpointError(f"this MACE has a radial basis of unknown size: {type(basis).__name__}")
