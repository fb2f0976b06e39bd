"""Held-out levels of theory: structures of other levels that nothing was trained on, and what a run did to them."""

from collections.abc import Mapping, Sequence

from transferkit.adapters.batch import Graph
from transferkit.adapters.graphs import check_elements
from transferkit.adapters.potential import ReferencedPotential
from transferkit.companions import Companion
from transferkit.counter import counter
from transferkit.data.split import Parts
from transferkit.data.structures import Structures
from transferkit.division import placed
from transferkit.errors import DataError
from transferkit.evaluation.forgetting import HeldOut, forgetting
from transferkit.evaluation.metrics import measure
from transferkit.evaluation.predict import predict
from transferkit.finetuning.anchor import Anchor, fisher
from transferkit.joining import Build, Joined
from transferkit.recipe import Recipe
from transferkit.rereferencing import compare_policies
from transferkit.resolve import limits_of, read_source
from transferkit.run_folder import FIRST_RANK
from transferkit.starting import TARGET, head_of_set, random_size
from transferkit.typing import PROPERTIES, Json


def held_out_of(joined: Joined, heads: Mapping[str, str], build: Build, fitted_on: Structures) -> dict[str, HeldOut]:
    """What forgetting is measured on, by a name for people; graphs are built here.

    Args:
        joined: sets beside the data
        heads: head of each set, by its name
        build: makes graphs
        fitted_on: what E0 of the data was fitted on, which is also that of sets that share their head
    """
    found = {}
    basis = {**joined.fitted_on, heads[TARGET]: fitted_on}
    for companion in joined.companions:
        if len(companion.held):
            head = heads[companion.name]
            found[_name(companion)] = HeldOut(
                companion.held, head, build(companion.held, head), fitted_on=basis.get(head)
            )
    return found


def _name(companion: Companion) -> str:
    """What is held out of a set, in words."""
    return f"{companion.held.fidelity} labels held out of {companion.name}"


def divide_known(recipe: Recipe, data: Structures, target: Structures, parts: Parts) -> tuple[Structures, Structures]:
    """The data of the recipe's ``forgetting``: what is held out, and the rest, to which E0 may be fitted.

    Args:
        recipe: resolved
        data: structures of the level that is known
        target: all structures of the data
        parts: of them

    Raises:
        DataError: a structure has another geometry than the one of the same id in the data, or none can be held out.
    """
    found = placed(recipe, data, target, parts)
    if not len(found.tests):
        raise DataError(
            f"forgetting ({data.fidelity}): none of its {len(data)} structures can be held out, since all of them are of one "
            f"{recipe.data.split.by}. Give more."
        )
    return data[found.tests], data[found.free]


def known_level(
    recipe: Recipe, model: ReferencedPotential, target: Structures, parts: Parts, build: Build
) -> dict[str, HeldOut]:
    """Held-out data of the recipe's ``forgetting``, by a name for people, with E0 of their level at the start; {} without.

    Args:
        recipe: resolved
        model: as training starts, before any E0 moved
        target: all structures of the data
        parts: of them
        build: makes graphs

    Raises:
        DataError: a structure has another geometry than the one of the same id in the data, or none can be held out.
        UnknownHead: no head is called so, or nothing says which is meant.
    """
    options = recipe.forgetting
    if options is None:
        return {}
    data = read_source(options, limits_of(recipe)).kept
    held, rest = divide_known(recipe, data, target, parts)
    head = head_of_set(model, recipe, "forgetting", options)
    check_elements(model, held, head)
    reference, fitted_on = model.reference(head), None
    if options.reference == "residual" and len(rest):
        done = compare_policies(model, rest, policy="residual", graphs=build(rest, head), head=head)
        reference, fitted_on = done.potential.reference(head), rest
    return {
        f"{data.fidelity} labels named under forgetting": HeldOut(held, head, build(held, head), reference, fitted_on)
    }


def forgotten(
    recipe: Recipe,
    joined: Joined,
    trained: ReferencedPotential,
    parts: Parts,
    *,
    head: str,
    held: Mapping[str, HeldOut],
) -> Json | None:
    """What the run forgot, for ``result.json``; None where a difference was learnt, of which nothing was known before."""
    if recipe.data.minus is not None:
        return None
    knew = random_size(recipe) is None or recipe.pretrain is not None
    return forgetting(
        joined.potential if knew else None,
        trained,
        elements=parts.train.elements,
        head=head,
        held_out=held,
    )


def anchor_of(recipe: Recipe, joined: Joined, graphs: Sequence[Graph], head: str, *, quiet: bool) -> Anchor | None:
    """What holds the weights; None where nothing does.

    How much each weight matters (``ewc``) is found on the first set beside the data, through its head; without one, on the
    training structures, through the head that they train.
    """
    options = recipe.anchor
    if options is None:
        return None
    if options.kind == "l2-sp":
        return Anchor(options.strength, on=options.on)
    if joined.beside:
        graphs, head = joined.beside[0].graphs, joined.beside[0].head
    with counter("importance of weights", quiet=quiet or not FIRST_RANK) as tell:
        importance = fisher(joined.potential, graphs, head, seed=recipe.seed, progress=tell)
    return Anchor(options.strength, on=options.on, importance=importance)


def rows_of_heads(
    recipe: Recipe,
    joined: Joined,
    trained: ReferencedPotential,
    parts: Parts,
    *,
    heads: Mapping[str, str],
    held: Mapping[str, HeldOut],
) -> list[Json]:
    """One row per set that is trained on: head, level of theory, structures, labels, E0, and errors where it was held out.

    Args:
        recipe: resolved
        joined: sets beside the data, and the potential before training
        trained: the potential after it
        parts: of the data
        heads: head of each set, by its name
        held: of :func:`held_out_of`
    """
    target = {
        "set": TARGET,
        "fidelity": parts.train.fidelity,
        "label_convention": parts.train.label_convention,
        "ratio": 1.0,
        "weight": 1.0,
        "pseudo": False,
        "structures": len(parts.train),
        "labels": {p: n for p in PROPERTIES if (n := int(parts.train.mask[p].sum()))},
        "head": heads[TARGET],
        "policy": recipe.reference.policy,
        "held_out": None,
    }
    return [target, *(_row(c, joined, trained, heads, held) for c in joined.companions)]


def _row(
    companion: Companion,
    joined: Joined,
    trained: ReferencedPotential,
    heads: Mapping[str, str],
    held: Mapping[str, HeldOut],
) -> Json:
    head = heads[companion.name]
    done = (joined.referenced or {}).get(head)
    one = held.get(_name(companion))
    if head == heads[TARGET]:
        policy = "that of the data"
    elif done is None:
        policy = "keep"
    else:  # of several sets that share the head, one moved its E0
        fitter = next(c for c in joined.companions if c.basis is joined.fitted_on[head])
        policy = companion.options.reference if fitter is companion else f"that of {fitter.name}"
    errors = None if one is None else {
        "structures": len(one.data),
        "step0": _errors(joined.potential, one),
        "final": _errors(trained, one),
    }  # fmt: skip
    return companion.to_json() | {
        "head": head,
        "policy": policy,
        "reference": None if done is None else done.table.to_json(),
        "held_out": errors,
    }


def _errors(potential: ReferencedPotential, one: HeldOut) -> Json:
    """Mean absolute errors per label, in eV/atom, eV/Å, eV/Å³ and μB; null where there is no label, or none that E0 determines."""
    found = measure(predict(potential, one.data, graphs=one.graphs, head=one.head), one.judged())
    return {p: found[p]["mae"] for p in PROPERTIES}
