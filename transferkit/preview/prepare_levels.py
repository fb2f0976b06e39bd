"""Prepare the other levels of theory of a run: sets beside its data, what it pre-trains on, what it must not forget."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from transferkit.adapters.graphs import check_elements
from transferkit.adapters.heads import head_for
from transferkit.adapters.potential import ReferencedPotential
from transferkit.companions import Companion, check_conventions, divide_companion
from transferkit.data.finding import Finding
from transferkit.data.quarantine import Sifted
from transferkit.data.split import Parts
from transferkit.data.structures import Structures
from transferkit.data_options import Source
from transferkit.finetuning.replay import choose
from transferkit.held_levels import divide_known
from transferkit.levels import STAGE, Levels
from transferkit.pretraining import Stage, divide_stage, referenced_for
from transferkit.preview.attempts import Attempts, key_of
from transferkit.recipe import Recipe
from transferkit.rereferencing import Rereferenced, compare_policies
from transferkit.resolve import limits_of, read_source
from transferkit.starting import TARGET, head_of_set
from transferkit.typing import PROPERTIES, Property

KNOWN_LEVEL = "forgetting"
SOURCE = {*Source.model_fields, "convert", "pseudo"}
"""Options that say what is read, whatever it is used for."""


@dataclass(eq=False)
class PreparedLevels:
    """Other levels of theory of one run; what a mistake kept from being made is absent.

    Attributes:
        read: every set, by its name
        companions: sets beside the data, divided; chosen as far as no features are needed for it
        stage: of pre-training
        held: what ``forgetting`` holds out
        referenced: by head, with the new E0
        complete: whether nothing was found that keeps the run from starting
    """

    read: dict[str, Sifted] = field(default_factory=dict)
    companions: list[Companion] = field(default_factory=list)
    stage: Stage | None = None
    held: Structures | None = None
    referenced: dict[str, Rereferenced] = field(default_factory=dict)
    complete: bool = True

    def once(self, attempts: Attempts, where: str, key: Any, work: Any) -> Any:
        """The result of some work, see :meth:`~transferkit.preview.attempts.Attempts.once`; notes where it failed."""
        result = attempts.once(where, key, work)
        self.complete &= result is not None
        return result

    def findings(self, recipe: Recipe) -> list[Finding]:
        """What looks wrong in each set."""
        return Levels(read=self.read).findings(limits_of(recipe))


def prepare_levels(
    recipe: Recipe, target: Sifted | None, parts: Parts | None, attempts: Attempts, where: str, *, key: Any, smoke: bool
) -> PreparedLevels:
    """Read and divide every set but the data; go on after a mistake with whatever does not need it.

    Args:
        recipe: of one run
        target: the data, if they could be read
        parts: of them, if they could be divided
        attempts: shared by all runs
        where: which run
        key: of the parts
        smoke: as in a run
    """
    out = PreparedLevels()
    for name, options in groups(recipe).items():
        read = ("other", key_of(options.model_dump(include=SOURCE), recipe.data.quarantine))
        found = out.once(attempts, where, read, lambda options=options: read_source(options, limits_of(recipe)))
        if found is not None:
            out.read[name] = found
    if target is None or parts is None:
        return out
    trained = {TARGET: target.kept, **{n: s.kept for n, s in out.read.items() if n != KNOWN_LEVEL}}
    asked = key_of(recipe.data, *groups(recipe).values())
    out.once(attempts, where, ("conventions", asked), lambda: _alike(recipe, trained))
    for name, sifted in out.read.items():
        divide = _division(recipe, name, sifted.kept, target.kept, parts, smoke=smoke)
        found = out.once(attempts, where, ("divided", name, key, asked, smoke), divide)
        if found is None:
            continue
        if name == STAGE:
            out.stage = found
        elif name == KNOWN_LEVEL:
            out.held = found[0]
        else:
            out.companions.append(_chosen(found, recipe.seed))
    return out


def groups(recipe: Recipe) -> dict[str, Source]:
    """Groups of options that name data besides ``data``, by the name of their set."""
    out: dict[str, Source] = {f"beside.{k}": group for k, group in enumerate(recipe.beside)}
    if recipe.pretrain is not None:
        out[STAGE] = recipe.pretrain
    if recipe.forgetting is not None:
        out[KNOWN_LEVEL] = recipe.forgetting
    return out


def meet(
    out: PreparedLevels,
    recipe: Recipe,
    begin: ReferencedPotential,
    model: ReferencedPotential,
    heads: Mapping[str, str],
    *,
    attempts: Attempts,
    where: str,
    key: Any,
) -> None:
    """Elements and E0 of every set and its head, from labels alone: what they can and cannot determine.

    Args:
        out: where it is noted
        recipe: of one run
        begin: potential as the run begins
        model: with all heads
        heads: head of each set
        attempts: shared by all runs
        where: which run
        key: of potential and parts
    """
    asked = key_of(*groups(recipe).values(), recipe.reference)
    for companion in out.companions:
        head = heads[companion.name]
        known = ("elements", companion.name, key, asked)
        both = (companion.train, companion.held)
        if out.once(attempts, where, known, lambda head=head, both=both: _know(model, head, both)) is None:
            continue
        own = companion.options
        if head == heads[TARGET] or own.pseudo or own.reference == "keep" or head in out.referenced:
            continue
        found = out.once(
            attempts,
            where,
            ("reference", companion.name, key, asked),
            lambda head=head, companion=companion: compare_policies(
                model,
                companion.basis,
                policy=companion.options.reference,
                head=head,
                method=recipe.reference.method,
                ridge=recipe.reference.ridge,
                network=np.zeros(len(companion.basis)),
                stand_in=True,
            ),
        )
        if found is not None:
            out.referenced[head] = found
    if (stage := out.stage) is not None and recipe.pretrain is not None:
        blank = {"network": np.zeros(len(stage.train)), "stand_in": True}
        head = head_for(begin, recipe.pretrain.fidelity, recipe.pretrain.head)
        parts = (stage.train, stage.valid, stage.held)
        out.once(attempts, where, ("elements", STAGE, key, asked), lambda: _know(begin, head, parts))
        out.once(
            attempts,
            where,
            ("reference", STAGE, key, asked),
            lambda: referenced_for(recipe, begin, stage, None, **blank) or True,
        )
    if (held := out.held) is not None and (options := recipe.forgetting) is not None:
        out.once(
            attempts,
            where,
            ("elements", KNOWN_LEVEL, key, asked),
            lambda: _know(model, head_of_set(model, recipe, KNOWN_LEVEL, options), (held,)),
        )


def labelled(companion: Companion, properties: frozenset[Property]) -> Structures:
    """What a set beside the data teaches: its labels; zeros in the place of predictions that would be made at the start.

    Args:
        companion: the set
        properties: that the potential predicts
    """
    data, options = companion.train, companion.options
    if not options.pseudo:
        return data
    names = [p for p in PROPERTIES if p in properties and (options.labels is None or p in options.labels)]
    return data.without(*PROPERTIES).with_labels(**{p: np.zeros_like(getattr(data, p)) for p in names})


def _division(recipe: Recipe, name: str, data: Structures, target: Structures, parts: Parts, *, smoke: bool) -> Any:
    if name == STAGE:
        return lambda: divide_stage(recipe, data, target, parts, smoke=smoke)
    if name == KNOWN_LEVEL:
        return lambda: divide_known(recipe, data, target, parts)
    return lambda: divide_companion(recipe, int(name.removeprefix("beside.")), data, target, parts, smoke=smoke)


def _chosen(companion: Companion, seed: int) -> Companion:
    """As many structures as are trained on; where features choose them, random ones stand for them."""
    options = companion.options.choose
    wanted = None if options is None else options.structures
    return companion.chosen(np.sort(choose(len(companion.train), wanted, seed=seed)), seed=seed)


def _alike(recipe: Recipe, sets: Mapping[str, Structures]) -> bool:
    check_conventions(recipe, sets)
    return True


def _know(model: ReferencedPotential, head: str, sets: tuple[Structures, ...]) -> bool:
    for data in sets:
        check_elements(model, data, head)
    return True
