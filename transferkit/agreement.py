"""What contradicts itself between the groups of a recipe that say which data train which head, and from where."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transferkit.adapter_options import NewHead
    from transferkit.recipe import Recipe


def disagreement(recipe: "Recipe") -> str:
    """The first contradiction between data, sets beside them, heads and the weights at the start, with its remedy; "" for none.

    >>> from transferkit.recipe import Recipe
    >>> tiny = {"data": {"source": "a", "fidelity": "PBE"}, "adapter": {"name": "toy"}, "training": {"steps": 2}}
    >>> disagreement(Recipe(name="x", **tiny))
    ''
    """
    return next((text for rule in (_heads, _random_weights, _levels, _labels) for text in rule(recipe)), "")


def trained_heads(recipe: "Recipe") -> dict[str, str]:
    """What the data and the sets beside them would call their heads: by option, e.g. ``{"data": "r2SCAN"}``.

    >>> from transferkit.recipe import Recipe
    >>> tiny = {"data": {"source": "a", "fidelity": "PBE"}, "adapter": {"name": "toy"}, "training": {"steps": 2}}
    >>> trained_heads(Recipe(name="x", **tiny, beside=[{"source": "b", "fidelity": "HSE06"}]))
    {'data': 'PBE', 'beside.0': 'HSE06'}
    """
    names = {"data": recipe.adapter.head or recipe.data.fidelity}
    return names | {f"beside.{k}": group.head or group.fidelity for k, group in enumerate(recipe.beside)}


def new_heads(recipe: "Recipe") -> list["NewHead"]:
    """Heads that a recipe adds: for the data, then for the sets beside them.

    >>> from transferkit.recipe import Recipe
    >>> tiny = {"data": {"source": "a", "fidelity": "PBE"}, "training": {"steps": 2}}
    >>> [new.name for new in new_heads(Recipe(name="x", **tiny, adapter={"name": "toy", "new_head": {"name": "PBE"}}))]
    ['PBE']
    """
    added = [recipe.adapter.new_head, *(group.new_head for group in recipe.beside)]
    return [new for new in added if new is not None]


def _heads(recipe: "Recipe") -> Iterator[str]:
    new, names = recipe.adapter.new_head, trained_heads(recipe)
    if new is not None and new.name not in names.values():
        if recipe.adapter.head is not None:
            yield (
                f"head {recipe.adapter.head!r} would be trained, and new_head {new.name!r} added for nothing: no data reach it; "
                f"leave one of them out"
            )
        yield (
            f"adapter.new_head is called {new.name!r} and the data are {recipe.data.fidelity!r}: name it after the data, "
            f"or say adapter.head: {new.name} if it is to learn them all the same"
        )
    added = [new.name for new in new_heads(recipe)]
    if twice := next((name for name in added if added.count(name) > 1), None):
        yield f"new_head {twice!r} is added twice; add it once, and name it as head where else it is to be trained"


def _random_weights(recipe: "Recipe") -> Iterator[str]:
    scratch = recipe.strategy.kind == "from-scratch" or (
        recipe.pretrain is not None and recipe.pretrain.scratch is not None
    )
    if scratch and recipe.forgetting is not None:
        yield "random weights know no level of theory that they could forget: leave forgetting out; pretrain measures its own"
    if recipe.strategy.kind != "from-scratch":
        return
    if recipe.pretrain is not None:
        if recipe.pretrain.scratch is not None:
            yield "strategy from-scratch says the size of the network already (config): leave pretrain.scratch out"
        return
    if recipe.adapter.new_head is not None:
        yield (
            "random weights have no head to keep: strategy from-scratch goes without adapter.new_head; "
            "with sets beside the data, every level of theory gets a head by itself"
        )
    for k, group in enumerate(recipe.beside):
        if group.pseudo:
            yield (
                f"random weights have learnt nothing that they could predict: strategy from-scratch goes without beside.{k}.pseudo"
            )
    if recipe.anchor is not None:
        yield "random weights are nothing to hold on to: strategy from-scratch goes without anchor, or with pretrain"


def _levels(recipe: "Recipe") -> Iterator[str]:
    before = recipe.pretrain
    if before is not None and before.fidelity == recipe.data.fidelity:
        yield (
            f"pretrain holds {before.fidelity} labels, as the data themselves do: give another level of theory, or put these "
            f"structures into data"
        )
    for k, group in enumerate(recipe.beside):
        if group.source == recipe.data.source and group.fidelity == recipe.data.fidelity:
            yield (
                f"beside.{k} is {group.source} at {group.fidelity}, which are the data themselves: name another level of theory "
                f"or another source"
            )
    if recipe.data.minus is not None and (recipe.beside or before is not None):
        yield (
            "data.minus learns differences, and sets beside the data or pretrain bring total energies: one network cannot "
            "mean both; leave minus out, or the others"
        )


def _labels(recipe: "Recipe") -> Iterator[str]:
    groups = {"data": recipe.data, "pretrain": recipe.pretrain}
    for option, group in [*groups.items(), *((f"beside.{k}", g) for k, g in enumerate(recipe.beside))]:
        if group is None or group.labels is None or "energy" in group.labels:
            continue
        if getattr(group, "reference", "") == "keep" or getattr(group, "pseudo", False):
            continue
        mend = "add energy" if option == "data" else f"add energy, or keep E0: {option}.reference: keep"
        yield f"{option}.labels has no energy, to which E0 is fitted; {mend}"
