"""From the options of a recipe to what the rooms take: data, strategy, loss, optimiser, length of training."""

from dataclasses import replace
from typing import Any

from transferkit.beside_options import Beside
from transferkit.data.convention import convert_convention
from transferkit.data.delta import minus
from transferkit.data.quarantine import Limits, Sifted, TakenOut
from transferkit.data.source import open_data, open_sifted
from transferkit.data_options import LearntSource, Source
from transferkit.finetuning.strategy import Strategy
from transferkit.recipe import Recipe
from transferkit.training.consistency import Consistency
from transferkit.training.loss import PUBLISHED, Loss
from transferkit.training.optimiser import Optimiser
from transferkit.typing import PROPERTIES, Property


def read_data(recipe: Recipe) -> Sifted:
    """The data of a recipe, by the label convention that it asks for, without the frames that its quarantine takes out.

    With ``data.minus``, labels are differences to those of the lower level.
    """
    o, limits = recipe.data, limits_of(recipe)
    sifted = read_source(o, limits)
    if o.minus is None:
        return sifted
    low = read_source(o.minus, limits)
    return replace(sifted, kept=minus(sifted.kept, low.kept, taken=low.taken))


def read_source(options: Source, limits: Limits | None) -> Sifted:
    """What one group of options names, by the label convention that it asks for; where predictions are learnt, labels may lack.

    Args:
        options: source, level of theory, keys, units
        limits: what a frame may be; None takes nothing out
    """
    o = options
    unlabelled = isinstance(o, Beside) and o.pseudo
    sifted = open_sifted(
        o.source, o.fidelity, o.label_convention, o.keys, o.units, limits=limits, unlabelled=unlabelled
    )
    if not isinstance(o, LearntSource) or o.convert is None:
        return sifted
    return replace(sifted, kept=convert_convention(sifted.kept, **o.convert.model_dump()))


def limits_of(recipe: Recipe) -> Limits | None:
    """What a frame may be; None where the recipe has no quarantine.

    >>> limits_of(Recipe.model_validate(_TINY)).largest_force
    100.0
    """
    o = recipe.data.quarantine
    return None if o is None else Limits(**o.model_dump())


def source_data(recipe: Recipe) -> Sifted | None:
    """For the policy ``difference``: the same structures at the source's level of theory.

    Where the recipe has a quarantine, frames that cannot be used are left out here as in the data. Whether labels are
    plausible is judged in the data only: a frame that is missed here stops the run, and is not worth that.
    """
    o = recipe.reference
    if o.source_data is None:
        return None
    taken: list[TakenOut] | None = None if recipe.data.quarantine is None else []
    data = open_data(o.source_data, None, o.source_convention, o.source_keys, o.source_units, taken=taken)
    return Sifted(data, tuple(taken or ()))


def reference_of(recipe: Recipe) -> dict[str, Any]:
    """How E0 moves: keyword arguments of :func:`transferkit.rereferencing.compare_policies`, source labels read.

    >>> reference_of(Recipe.model_validate(_TINY))["policy"]
    'residual'
    """
    o, source = recipe.reference, source_data(recipe)
    return {
        **{name: getattr(o, name) for name in ("policy", "trainable", "method", "ridge")},
        "source_data": None if source is None else source.kept,
        "source_taken": () if source is None else source.taken,
        "isolated": o.isolated_atoms,
    }


def strategy_of(recipe: Recipe) -> Strategy:
    """What may change.

    >>> from transferkit.recipe import Recipe
    >>> strategy_of(Recipe.model_validate(_TINY)).kind
    'full'
    """
    options = recipe.strategy.model_dump(exclude={"config"})
    return Strategy(**options)


def loss_of(recipe: Recipe, predicts: frozenset[Property]) -> Loss:
    """What is minimised.

    Args:
        recipe: resolved
        predicts: what the potential can predict; a weight for magmoms that the recipe leaves open is 1 if it can

    >>> loss_of(Recipe.model_validate(_TINY), frozenset({"energy", "forces", "stress"})).weights["magmoms"]
    0.0
    """
    weights = {p: getattr(recipe.loss, p) for p in PROPERTIES}
    if weights["magmoms"] is None:
        weights["magmoms"] = PUBLISHED["magmoms"] if "magmoms" in predicts else 0.0
    return Loss(
        kind=recipe.loss.kind,
        delta=recipe.loss.delta,
        weights=weights,
        energy_of=recipe.loss.energy_of,
        consistency=consistency_of(recipe),
    )


def consistency_of(recipe: Recipe) -> Consistency | None:
    """Losses that need no labels, where the recipe has any.

    >>> consistency_of(Recipe.model_validate(_TINY)) is None
    True
    """
    options = recipe.loss.consistency
    return None if options is None else Consistency(**options.model_dump())


def optimiser_of(recipe: Recipe) -> Optimiser:
    """How, with the rate of a trainable E0.

    >>> optimiser_of(Recipe.model_validate(_TINY)).schedule
    'cosine'
    """
    return Optimiser(**recipe.optimiser.model_dump(), reference_learning_rate=recipe.reference.learning_rate)


def length_of(recipe: Recipe) -> dict[str, Any]:
    """How long, in which batches, with what averaging: keyword arguments of :func:`transferkit.training.fit.fit`.

    >>> length_of(Recipe.model_validate(_TINY))["steps"]
    2
    """
    options = recipe.training.model_dump(exclude={"augmentation"})
    batch = options.pop("batch")
    return {**options, "edges": batch["edges"], "structures": batch["structures"]}


_TINY = {
    "name": "tiny",
    "data": {"source": "x", "fidelity": "PBE"},
    "adapter": {"name": "toy"},
    "training": {"steps": 2},
}
