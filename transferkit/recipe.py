"""A run, or a comparison of several, as one frozen object. Its groups of options: :mod:`transferkit.data_options`,
:mod:`transferkit.adapter_options`, :mod:`transferkit.beside_options`, :mod:`transferkit.loss_options` and :mod:`transferkit.options`.

The recipe file, its error texts and the reference page of the documentation all come from these classes.
:func:`transferkit.recipe_file.load_recipe` reads them from YAML.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from transferkit.adapter_options import AdapterOptions
from transferkit.agreement import disagreement
from transferkit.beside_options import Anchor, Beside, Forgetting, Pretrain
from transferkit.data_options import Data
from transferkit.errors import RecipeError, nearest
from transferkit.loss_options import Loss
from transferkit.options import (
    Full,
    Optimiser,
    Options,
    Reference,
    Strategy,
    Tracking,
    Training,
)

FOLDER_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
SHARED = frozenset({"name", "question", "seeds", "compare", "baseline", "vary", "contrast", "output"})
"""Options of a comparison or a study as a whole."""
NEUTRAL: Mapping[tuple[str, ...], Any] = {
    ("vary",): None,
    ("contrast",): None,
    ("data", "split", "seed"): None,
    ("reference", "fit_on"): "subset",
    ("training", "augmentation"): None,
    ("training", "keep"): "best",
    ("data", "labels"): None,
    ("data", "minus"): None,
    ("adapter", "new_head", "shape"): "readout",
    ("loss", "energy_of"): "atom",
    ("beside",): [],
    ("pretrain",): None,
    ("anchor",): None,
    ("forgetting",): None,
}
"""Options younger than the first finished runs, with the value at which a run is as it was before there were any."""


class Variant(BaseModel):
    """One arm of a comparison: a name for readers, and the options in which it differs from the recipe."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, use_attribute_docstrings=True)

    label: str | None = None
    """Shown in tables and figures; the variant's key if not given."""
    note: str | None = None
    """What a reader must know about it, e.g. that it has not converged."""

    @model_validator(mode="after")
    def _only_what_may_differ(self) -> "Variant":
        if shared := sorted(SHARED & set(self.overrides)):
            raise ValueError(f"{', '.join(shared)} cannot differ between variants; set it for the whole recipe")
        return self

    @property
    def overrides(self) -> dict[str, Any]:
        """The options that differ, as a nested mapping."""
        return dict(self.model_extra or {})


class Recipe(Options):
    """A run, or a comparison of several.

    >>> recipe = Recipe.model_validate(
    ...     {
    ...         "name": "tiny",
    ...         "data": {"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN"},
    ...         "adapter": {"name": "toy"},
    ...         "training": {"steps": 2},
    ...         "compare": {"all": {}, "readout": {"strategy": {"kind": "frozen", "train": ["readout"]}}},
    ...     }
    ... )
    >>> [(name, v.strategy.kind) for name, v in recipe.variants().items()]
    [('all', 'full'), ('readout', 'frozen')]
    """

    name: Annotated[str, Field(pattern=FOLDER_NAME)]
    """Of the run and of its folder."""
    question: str = ""
    """What the run is to answer; stands at the head of its page."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Fold (with ``fold: seed``), subset, initialisation and order."""
    data: Data
    """Labelled structures."""
    adapter: AdapterOptions
    """The potential."""
    beside: Annotated[tuple[Beside, ...], Field(strict=False)] = ()
    """Further sets of labelled structures, at other levels of theory, that are trained on at the same time."""
    pretrain: Pretrain | None = None
    """Train on another level of theory first; ``null``: begin with the data."""
    reference: Reference = Reference()
    """Elemental energies."""
    strategy: Strategy = Full()
    """What may change."""
    loss: Loss = Loss()
    """What is minimised."""
    anchor: Anchor | None = None
    """Pull the weights towards where they started; ``null`` does not."""
    optimiser: Optimiser = Optimiser()
    """How."""
    forgetting: Forgetting | None = None
    """Measure forgetting on these data; ``null``: on those of other levels that are trained on, and on diatomics only."""
    training: Training
    """How long."""
    tracking: Tracking = Tracking()
    """Where metrics go."""
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(strict=False, min_length=1)] | None = None
    """Repeat every variant with each of these instead of ``seed``."""
    compare: dict[Annotated[str, Field(pattern=FOLDER_NAME)], Variant] | None = None
    """Variants by name, each with the options in which it differs."""
    baseline: str | None = None
    """Variant that the others are compared with; the first if not given."""
    vary: dict[str, list[Any] | dict[str, dict[str, Any]]] | None = None
    """A study: every combination is a point. A list varies one option; named arms vary several together."""
    contrast: Literal["scratch"] | None = None
    """``scratch``: every point of a study also from random weights, as the curve ``scratch`` beside ``transfer``."""
    output: str | None = None
    """Folder to write to; ``runs/NAME`` if not given."""

    @model_validator(mode="after")
    def _agree(self) -> "Recipe":
        if self.baseline is not None and self.baseline not in (self.compare or {}):
            raise ValueError(
                f"baseline {self.baseline!r} is not a variant. {nearest(self.baseline, self.compare or {})}"
            )
        if wrong := disagreement(self):
            raise ValueError(wrong)
        if self.seeds and len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds holds a number twice: {list(self.seeds)}")
        if self.vary is None and self.contrast is not None:
            raise ValueError("contrast belongs to a study, which says what it varies: add vary")
        other = {"seeds": self.seeds, "compare": self.compare, "baseline": self.baseline}
        if self.vary is not None and (given := [name for name, value in other.items() if value is not None]):
            raise ValueError(
                f"a study has no {' and no '.join(given)}: vary seed instead of seeds, and named arms instead of compare"
            )
        return self

    def variants(self) -> dict[str, "Recipe"]:
        """One recipe per variant, without ``compare``, ``seeds`` and ``baseline``; without ``compare``, the recipe alone.

        Raises:
            RecipeError: the options of a variant do not fit together.
        """
        base = self.model_dump(exclude={"compare", "seeds", "baseline", "vary", "contrast"})
        resolved = {}
        for name, arm in (self.compare or {self.name: Variant()}).items():
            try:
                resolved[name] = Recipe.model_validate(merge(base, arm.overrides))
            except ValidationError as error:
                raise RecipeError(f"variant {name!r} of recipe {self.name!r}: {error}") from error
        return resolved


UNIONS = frozenset(name for name, f in Recipe.model_fields.items() if f.discriminator)


def merge(base: Mapping[str, Any], override: Mapping[str, Any], *, depth: int = 0) -> dict[str, Any]:
    """A copy of ``base`` with the options of ``override``; mappings are merged, everything else is replaced.

    Another ``kind`` of strategy has other options, so it replaces the block rather than being mixed into it.

    >>> merge({"strategy": {"kind": "gradual", "every": 2}}, {"strategy": {"kind": "full"}})
    {'strategy': {'kind': 'full'}}
    >>> merge({"loss": {"kind": "huber", "energy": 3}}, {"loss": {"kind": "mse"}})
    {'loss': {'kind': 'mse', 'energy': 3}}
    """
    out = dict(base)
    for key, new in override.items():
        old = out.get(key)
        if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
            out[key] = new
        elif depth == 0 and key in UNIONS and new.get("kind", old.get("kind")) != old.get("kind"):
            out[key] = dict(new)
        else:
            out[key] = merge(old, new, depth=depth + 1)
    return out


def identity(recipe: Recipe) -> str:
    """Hash of everything that can change the numbers (sha256, hex): not the name, the question, the folder, the tracking,
    nor the word that a pickle may be opened. A run that starts from another run's potential holds the hash of its tensors,
    so it is another run when that one is trained anew, and the same when its folder is moved.

    >>> tiny = {"data": {"source": "a", "fidelity": "PBE"}, "adapter": {"name": "toy"}, "training": {"steps": 2}}
    >>> identity(Recipe(name="a", **tiny)) == identity(Recipe(name="b", **tiny))
    True
    """
    plain = recipe.model_dump(mode="json", exclude={"name", "question", "output", "tracking"})
    plain["adapter"]["checkpoint"] = content_of(recipe.adapter.checkpoint)
    plain["adapter"]["trust"] = False  # rather than left out: finished runs keep the identity that they were given
    for path, neutral in NEUTRAL.items():
        group: dict[str, Any] | None = plain
        for key in path[:-1]:
            group = None if group is None else group[key]
        if group is not None and group.get(path[-1]) == neutral:
            group.pop(path[-1], None)
    return sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def content_of(checkpoint: str | None) -> str | None:
    """What a checkpoint is known by: the hash of its tensors if it is the folder of a run or a bundle, else its name.

    >>> content_of("0.3.0"), content_of(None)
    ('0.3.0', None)
    """
    if checkpoint is None:
        return None
    for info in (Path(checkpoint) / "model.json", Path(checkpoint) / "model" / "model.json"):
        try:
            return f"bundle:{json.loads(info.read_text())['tensors']['sha256']}"
        except (OSError, ValueError, LookupError, TypeError):  # no bundle, or a broken one, which loading will name
            continue
    return checkpoint
