"""Joining: sets beside the data meet the potential: which structures are chosen, their labels and graphs, and E0 of their heads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from transferkit.adapters.batch import Graph
from transferkit.adapters.graphs import check_elements, take
from transferkit.adapters.potential import ReferencedPotential
from transferkit.companions import Companion
from transferkit.data.chosen_labels import only_labels
from transferkit.data.finding import Finding
from transferkit.data.structures import Structures
from transferkit.evaluation.pseudo import pseudo_labels
from transferkit.finetuning.replay import choose
from transferkit.recipe import Recipe
from transferkit.rereferencing import Rereferenced, compare_policies
from transferkit.starting import TARGET
from transferkit.training.mixture import Beside

Build = Callable[[Structures, str], Sequence[Graph]]
"""Makes the graphs of a set, whose elements a head must know."""


@dataclass(frozen=True, eq=False)
class Joined:
    """What training takes besides the data.

    Attributes:
        potential: with the E0 of every head that is trained
        companions: as they are trained on: chosen, and with predictions for labels where that was asked for
        beside: the same for :func:`~transferkit.training.fit.fit`
        referenced: by head, how its E0 moved; heads whose E0 is kept are not in it
        fitted_on: structures that it was fitted to, of the same heads
    """

    potential: ReferencedPotential
    companions: tuple[Companion, ...] = ()
    beside: tuple[Beside, ...] = ()
    referenced: Mapping[str, Rereferenced] | None = None
    fitted_on: Mapping[str, Structures] = field(default_factory=dict)

    @property
    def findings(self) -> list[Finding]:
        """What looks wrong where a set beside the data and its head meet; each names the head."""
        found = [(head, f) for head, done in (self.referenced or {}).items() for f in done.findings]
        return [replace(f, what=f"head {head}: {f.what}") for head, f in found]

    def describe(self) -> str:
        """Tables of the policies and warnings, head by head; "" where nothing was fitted."""
        told = [(head, done) for head, done in (self.referenced or {}).items()]
        return "\n".join(
            "\n".join(filter(None, [f"head {head}", str(done.table), done.warning, *map(str, done.findings)]))
            for head, done in told
        )


def join(
    recipe: Recipe,
    begin: ReferencedPotential,
    potential: ReferencedPotential,
    companions: Sequence[Companion],
    *,
    heads: Mapping[str, str],
    build: Build,
) -> Joined:
    """Choose structures, predict labels where that was asked for, build graphs, and fit E0 of each head.

    Args:
        recipe: resolved
        begin: the potential before any E0 moved, which predicts labels and gives features
        potential: the same network with the E0 of the data
        companions: sets beside the data
        heads: head of each set, by its name
        build: makes graphs

    Raises:
        MissingReference: a set holds an element that its head does not know.
        ReferenceFitError: E0 of a head cannot be fitted to its set.
        DataError: a label is to be predicted that the potential does not predict.
    """
    referenced: dict[str, Rereferenced] = {}
    fitted_on: dict[str, Structures] = {}
    beside, ready = [], []
    for companion in companions:
        head, options = heads[companion.name], companion.options
        companion, graphs = _chosen(companion, begin, head, build, recipe.seed)  # noqa: PLW2901
        if options.pseudo:
            companion = replace(companion, train=_predicted(begin, companion, head, graphs))  # noqa: PLW2901
        elif head != heads[TARGET] and head not in referenced and options.reference != "keep":
            basis = fitted_on[head] = companion.basis
            referenced[head] = compare_policies(
                potential,
                basis,
                policy=options.reference,
                trainable=recipe.reference.trainable,
                method=recipe.reference.method,
                ridge=recipe.reference.ridge,
                graphs=graphs if basis is companion.train else build(basis, head),
                head=head,
            )
            potential = referenced[head].potential
        check_elements(potential, companion.train, head)
        check_elements(potential, companion.held, head)
        beside.append(Beside(companion.train, graphs, head, options.ratio, options.weight))
        ready.append(companion)
    return Joined(potential, tuple(ready), tuple(beside), referenced, fitted_on)


def _chosen(
    companion: Companion, begin: ReferencedPotential, head: str, build: Build, seed: int
) -> tuple[Companion, Sequence[Graph]]:
    """The set with the structures that are trained on, and their graphs; random ones are chosen before any graph is built."""
    options = companion.options.choose
    if options is None or options.how == "random":
        rows = np.sort(choose(len(companion.train), None if options is None else options.structures, seed=seed))
        companion = companion.chosen(rows, seed=seed)
        return companion, build(companion.train, head)
    graphs = build(companion.train, head)
    given = {"how": options.how, "seed": seed, "potential": begin, "graphs": graphs, "head": head}
    rows = np.sort(choose(len(companion.train), options.structures, **given))  # type: ignore[arg-type]
    return companion.chosen(rows, seed=seed), take(graphs, rows)


def _predicted(begin: ReferencedPotential, companion: Companion, head: str, graphs: Sequence[Graph]) -> Structures:
    """The structures with what the potential predicts at the start, as far as these labels are to be learnt."""
    found = pseudo_labels(begin, companion.train, head, graphs=graphs)
    return only_labels(found, companion.options.labels, option=f"{companion.name}.labels")
