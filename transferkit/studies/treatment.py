"""Treatment: in which way all points of a study were treated equally, and in which not, in sentences for its page."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from json import dumps

from transferkit.recipe import Recipe
from transferkit.vary import Point, budget


def treatment(found: Sequence[Point]) -> list[str]:
    """What a reader must know of how the points were trained; what varies between points is said once for each value.

    >>> recipe = {
    ...     "name": "x",
    ...     "data": {"source": "a", "fidelity": "PBE"},
    ...     "adapter": {"name": "toy"},
    ...     "training": {"steps": 2},
    ... }
    >>> treatment([Point(Recipe.model_validate(recipe), {}, "a")])[0]
    'Budget: fixed steps, 2 steps, at every size.'
    """
    recipes = [p.recipe for p in found]
    budgets = list(dict.fromkeys(budget(r) for r in recipes))
    kind, text = budgets[0]
    said = [
        f"Budget: {kind}, {text}, at every size."
        if len(budgets) == 1
        else f"Budgets: {'; '.join(t for _, t in budgets)}."
    ]
    said += _each(recipes, schedule_words)
    said += _each(recipes, lambda r: f"Points are validated every {r.training.evaluate_every} {r.training.evaluate_unit}, and keep the weights of the lowest validation loss.")  # fmt: skip
    if len({parts_of(r) for r in recipes}) == 1:
        split = recipes[0].data.split
        part = f"fold {split.fold}" if split.fold is not None else "one split"
        said.append(f"All points have the same validation and test parts ({part}, split seed {split.seed}).")
    else:
        said.append("Data or their division vary, so not all points have the same validation and test parts.")
    return said + _each(recipes, subset_words)


def schedule_words(recipe: Recipe) -> str:
    """Whether the learning rate goes the same way at every size."""
    schedule = recipe.optimiser.schedule
    if schedule == "plateau":
        return (
            "The learning rate falls where the validation loss stops falling, which is at other steps at other sizes."
        )
    if recipe.training.patience is not None:
        return f"The {schedule} schedule is laid out for the longest run; a point that ends early sees its first part."
    return f"The {schedule} schedule runs from the first step to the last, so it has the same shape at every size."


def subset_words(recipe: Recipe) -> str:
    """How subsets are drawn; empty where there are none."""
    subset = recipe.data.subset
    if subset is None:
        return ""
    if isinstance(subset, int):
        return "Subsets are nested: the first structures of a chain of compositions."
    frames = "all frames"
    if subset.frames is not None:
        frames = f"at most {subset.frames} frame{'s' if subset.frames > 1 else ''}"
    order = "in random order" if subset.order == "random" else "those with new elements first"
    return f"Subsets are nested: the first compositions of a chain, {order}, with {frames} of each."


def parts_of(recipe: Recipe) -> str:
    """Points with the same value have the same data, validation and test parts, whichever of their labels they learn."""
    plain = recipe.data.model_dump(mode="json", exclude={"subset", "labels"})
    if plain["minus"] is None:  # as it was before there was such an option, so that older studies go on
        del plain["minus"]
    return sha256(dumps(plain, sort_keys=True).encode()).hexdigest()[:12]


def _each(recipes: Sequence[Recipe], words: Callable[[Recipe], str]) -> list[str]:
    """One sentence where all points are alike, else one per kind."""
    found = [text for text in dict.fromkeys(map(words, recipes)) if text]
    return found if len(found) < 2 else [f"Some points: {text[:1].lower()}{text[1:]}" for text in found]
