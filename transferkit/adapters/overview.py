"""Which potentials there are, and what each can do: the table of ``transferkit adapters``."""

from importlib.metadata import PackageNotFoundError, version

from transferkit.adapters.base import Adapter
from transferkit.adapters.card import Card
from transferkit.adapters.licence import is_non_commercial
from transferkit.adapters.potential import ReferencedPotential
from transferkit.adapters.registry import adapter_class, names
from transferkit.adapters.shapes import SHAPES
from transferkit.errors import AdapterBroken, AdapterNotInstalled, TransferkitError
from transferkit.typing import Json


def overview() -> list[Json]:
    """One entry per registered adapter; one that is missing or broken says why instead of hiding.

    Nothing is downloaded, and no checkpoint is opened that has a :class:`~transferkit.adapters.card.Card`.

    Returns:
        objects {"name", "installed", "problem", "package", "version", "properties", "dtypes", "presets", "head_shapes",
        "checkpoints"};
        a checkpoint is {"name", "here": loads without a network connection, "elements": count, "heads", "fidelity",
        "kind": of E0, "label_convention", "licence", "non_commercial", "problem"}, with None where only its file says

    >>> [(c["name"], c["elements"]) for a in overview() if a["name"] == "toy" for c in a["checkpoints"]]
    [('demo', 94)]
    """
    return [_entry(name) for name in names()]


def card_of(potential: ReferencedPotential) -> Card:
    """The card of a potential that is open.

    >>> from transferkit.adapters.toy import Toy
    >>> card_of(Toy.load("demo")).licence
    'MIT'
    """
    adapter = potential.adapter
    references = [potential.reference(head) for head in adapter.heads]

    def shared(values: list[str | None]) -> str | None:
        return values[0] if len(set(values)) == 1 else None

    return Card(
        licence=adapter.licence,
        heads=adapter.heads,
        elements=adapter.elements,
        fidelity=shared([r.fidelity for r in references]),
        kind=shared([r.kind for r in references]),
        label_convention=shared([r.label_convention for r in references]),
    )


def _entry(name: str) -> Json:
    blank: Json = {"name": name, "installed": False, "problem": None, "package": None, "version": None}
    blank |= {"properties": [], "dtypes": [], "presets": [], "head_shapes": [], "checkpoints": []}
    try:
        adapter = adapter_class(name)
    except (AdapterNotInstalled, AdapterBroken) as error:
        return blank | {"problem": str(error)}
    here = adapter.checkpoints()
    return blank | {
        "installed": True,
        "package": adapter.package,
        "version": _version(adapter.package),
        "properties": sorted(adapter.capabilities.properties),
        "dtypes": sorted(str(d).removeprefix("torch.") for d in adapter.capabilities.dtypes),
        "presets": sorted(adapter.presets),
        "head_shapes": [shape for shape in SHAPES if shape in adapter.head_shapes],
        "checkpoints": [
            {"name": checkpoint, "here": checkpoint in here, **_checkpoint(adapter, checkpoint)}
            for checkpoint in dict.fromkeys([*here, *adapter.cards])
        ],
    }


def _checkpoint(adapter: type[Adapter], name: str) -> Json:
    card, problem = adapter.cards.get(name), None
    if card is None:
        try:
            card = card_of(adapter.load(name))
        except TransferkitError as error:
            card, problem = Card(""), str(error)
    return {
        "elements": None if card.elements is None else len(card.elements),
        "heads": None if card.heads is None else list(card.heads),
        "fidelity": card.fidelity,
        "kind": card.kind,
        "label_convention": card.label_convention,
        "licence": card.licence,
        "non_commercial": is_non_commercial(card.licence),
        "problem": problem,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
