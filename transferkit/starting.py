"""Starting: the potential that a recipe begins with, its heads, and which data set goes through which of them."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace

from transferkit import api
from transferkit.adapter_options import NewHead
from transferkit.adapters.heads import head_for
from transferkit.adapters.potential import ReferencedPotential
from transferkit.agreement import new_heads, trained_heads
from transferkit.beside_options import Beside, Forgetting
from transferkit.errors import RecipeError, UnknownHead
from transferkit.recipe import Recipe

TARGET = "data"
"""Name of the target set among all that are trained on; the others are ``beside.0``, ``beside.1``, ..."""


def start(recipe: Recipe) -> ReferencedPotential:
    """The pre-trained potential, or random weights for ``from-scratch``, with the heads that the recipe adds.

    With ``pretrain`` heads are added after it, since they start as copies of what was pre-trained: see :func:`with_heads`.
    """
    adapter, size = recipe.adapter, random_size(recipe)
    place = {"device": adapter.device, "dtype": adapter.dtype}
    if size is not None:
        model = api.scratch(adapter.name, size, seed=recipe.seed, **place)
    else:
        model = api.load(adapter.name, adapter.checkpoint, trust=adapter.trust, **place)
    return model if recipe.pretrain is not None else with_heads(model, recipe)


def random_size(recipe: Recipe) -> str | None:
    """The adapter's name for a size of network where a recipe begins with random weights; None where with a checkpoint.

    >>> tiny = {"data": {"source": "a", "fidelity": "PBE"}, "adapter": {"name": "toy"}, "training": {"steps": 2}}
    >>> random_size(Recipe(name="x", **tiny, strategy={"kind": "from-scratch"}))
    'full'
    """
    if recipe.strategy.kind == "from-scratch":
        return recipe.strategy.config
    return None if recipe.pretrain is None else recipe.pretrain.scratch


def with_heads(model: ReferencedPotential, recipe: Recipe) -> ReferencedPotential:
    """The same potential with the heads that a recipe adds, in place.

    Random weights with sets beside the data get one head for each level of theory and no other, all copies of one.
    """
    added = new_heads(recipe)
    if random_size(recipe) is not None and recipe.beside and recipe.adapter.new_head is None:
        target, *others = dict.fromkeys(trained_heads(recipe).values())
        model.adapter.rename_head(model.adapter.heads[0], target)
        shapes = {head.name: head for head in added}
        added = [shapes.get(name, NewHead(name=name)) for name in others]
    for head in added:
        source = model.adapter.heads[0] if random_size(recipe) is not None else head.copy_of
        model.add_head(head.name, model.adapter.heads[model.head_index(source)], shape=head.shape)
    return model


def foreseen(model: ReferencedPotential, recipe: Recipe) -> tuple[ReferencedPotential, dict[str, str]]:
    """The potential with all heads, and :func:`heads_of`, before ``pretrain`` was carried out, after which heads are added.

    Args:
        model: of :func:`start`; it is not changed
        recipe: resolved

    Raises:
        UnknownHead: see :func:`heads_of`.
    """
    before = recipe.pretrain
    if before is not None:
        model = deepcopy(model)
        head = head_for(model, before.fidelity, before.head)
        model = model.with_reference(replace(model.reference(head), fidelity=before.fidelity), head)
        model = with_heads(model, recipe)
    return model, heads_of(model, recipe)


def heads_of(model: ReferencedPotential, recipe: Recipe) -> dict[str, str]:
    """The head that each set goes through, by its name: ``data``, ``beside.0``, ...

    Raises:
        UnknownHead: none is called so, nothing says which of several is meant, or two levels of theory would go through one
            head that nobody named.
        RecipeError: energies that a head predicts at the start are to be learnt, and its E0 would be fitted to other data.

    >>> tiny = {"data": {"source": "a", "fidelity": "PBE"}, "adapter": {"name": "toy"}, "training": {"steps": 2}}
    >>> recipe = Recipe(name="x", **tiny)
    >>> heads_of(start(recipe), recipe)
    {'data': 'default'}
    """
    found = {TARGET: head_for(model, recipe.data.fidelity, recipe.adapter.head)}
    levels = {found[TARGET]: (TARGET, recipe.data.fidelity)}
    for k, group in enumerate(recipe.beside):
        name = f"beside.{k}"
        head = found[name] = head_of_set(model, recipe, name, group)
        first, level = levels.setdefault(head, (name, group.fidelity))
        if level != group.fidelity and group.head is None:
            mend = (
                f"adapter.new_head: {{name: {level}}}"
                if first == TARGET
                else f"{name}.new_head: {{name: {group.fidelity}}}"
            )
            raise UnknownHead(
                f"{first} ({level}) and {name} ({group.fidelity}) would both go through the head {head!r}, which can mean one level "
                f"of theory only. Add a head: {mend}. Or, if that is meant, write {name}.head: {head}."
            )
    _refuse_to_move_what_is_predicted(recipe, found)
    return found


def _refuse_to_move_what_is_predicted(recipe: Recipe, heads: Mapping[str, str]) -> None:
    """Predicted energies contain the E0 that their head has at the start, so nothing else may fit it."""
    fitted = {} if recipe.reference.policy == "keep" else {heads[TARGET]: (TARGET, "reference.policy")}
    for k, group in enumerate(recipe.beside):
        name = f"beside.{k}"
        if not group.pseudo and group.reference != "keep":
            fitted.setdefault(heads[name], (name, f"{name}.reference"))
    for k, group in enumerate(recipe.beside):
        head = heads[f"beside.{k}"]
        if group.pseudo and head in fitted and (group.labels is None or "energy" in group.labels):
            other, option = fitted[head]
            raise RecipeError(
                f"beside.{k}.pseudo: energies predicted at the start contain the E0 that the head {head!r} has then, and {other} would "
                f"fit another one to its own labels. Give beside.{k} a head that nothing else trains, or write {option}: keep, or "
                f"leave the energy out: beside.{k}.labels: [forces, stress]."
            )


def head_of_set(model: ReferencedPotential, recipe: Recipe, name: str, group: Beside | Forgetting) -> str:
    """The head of a set besides the data: named, or called like its level, or known to be of it. A new head is of no old level.

    Args:
        model: with all heads
        recipe: resolved
        name: of the set
        group: its options

    Raises:
        UnknownHead: no head is called so, or nothing says which is meant.
    """
    if group.head is not None or len(model.adapter.heads) == 1 or group.fidelity in model.adapter.heads:
        return head_for(model, group.fidelity, group.head)
    new = {head.name for head in new_heads(recipe)}
    levels = {head: level for head, level in model.fidelities.items() if head not in new}
    fitting = [head for head, level in levels.items() if level == group.fidelity]
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join(f"{head} ({level or 'level of theory unknown'})" for head, level in levels.items())
    why = "several heads are of that level" if fitting else "no head is known to be"
    add = f", or add one ({name}.new_head: {{name: {group.fidelity}}})" if isinstance(group, Beside) else ""
    raise UnknownHead(
        f"{name} holds {group.fidelity} labels, and {why}: {known}; new: {', '.join(sorted(new)) or 'none'}. Name the one that is "
        f"meant ({name}.head: {next(iter(levels), 'NAME')}){add}."
    )
