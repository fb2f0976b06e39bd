"""Paper A's published table, and which of our variants starts as which of its methods."""

from importlib.resources import files

import yaml

from transferkit.typing import Json


def paper_a() -> Json:
    """Table 1 of paper A with its source: Huang et al., npj Comput. Mater. 11, 313 (2025), arXiv 2504.05565.

    Returns:
        {"doi", "table", ..., "units", "methods": [{"id", "name", "network", "reference", "trainable_reference",
        "errors": {"energy", "forces", "stress", "magmoms"}}]}, errors in the paper's own units (see "units")

    >>> table = paper_a()
    >>> [(m["id"], m["errors"]["energy"], table["units"]["energy"]) for m in table["methods"]][-1]
    (4, 17, 'meV/atom')
    """
    table: Json = yaml.safe_load(files("transferkit.report").joinpath("paper_a.yaml").read_text(encoding="utf-8"))
    return table


def method_of(result: Json, paper: Json) -> int | None:
    """Which of the paper's methods a run starts as, decided by its network, its reference and what may change.

    A method of the paper trains all of the network, so a run that freezes blocks is none of them.

    Args:
        result: result.json of a run
        paper: from :func:`paper_a`

    Returns:
        the method's id, or None

    >>> run = {"strategy": {"kind": "full"}, "reference": {"policy": "refit", "trainable": False}}
    >>> method_of(run, paper_a())
    4
    """
    strategy, reference = result.get("strategy", {}), result.get("reference", {})
    networks = {"from-scratch": "random", "full": "pretrained"}
    start = (networks.get(strategy.get("kind", "")), reference.get("policy"), bool(reference.get("trainable")))
    for method in paper["methods"]:
        if start == (method["network"], method["reference"], method["trainable_reference"]):
            return int(method["id"])
    return None
