"""Options of a recipe that say which labelled structures are read, and which of them are trained and tested on."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt, model_validator

from transferkit.errors import nearest
from transferkit.options import Options

LABELS = ("energy", "forces", "stress", "magmoms")


def known_labels(names: tuple[str, ...]) -> tuple[str, ...]:
    """The same names, refused where one is no label or stands there twice.

    Raises:
        ValueError: names it, and the nearest label.

    >>> known_labels(("energy", "forces"))
    ('energy', 'forces')
    """
    for name in names:
        if name not in LABELS:
            raise ValueError(f"no label is called {name!r}. {nearest(name, LABELS)}")
    if len(set(names)) < len(names):
        raise ValueError(f"a label stands twice in {list(names)}")
    return names


LabelNames = Annotated[tuple[str, ...], Field(strict=False, min_length=1), AfterValidator(known_labels)]
"""Names of labels, at least one."""


class Split(Options):
    """Which structures are trained on, validated on and tested on. A group is never in two parts."""

    by: Literal["composition", "material", "prototype", "random"] = "composition"
    """What a group is."""
    fold: Annotated[int, Field(ge=0)] | Literal["seed"] | None = None
    """Test fold of a cross-validation by composition; ``seed`` takes fold ``seed mod n``; ``null`` splits by ``fractions``."""
    folds: Annotated[int, Field(ge=3)] = 6
    """Number of folds, for data that bring no folds of their own."""
    fractions: Annotated[tuple[PositiveFloat, PositiveFloat, PositiveFloat], Field(strict=False)] = (0.8, 0.1, 0.1)
    """Shares of training, validation and test where ``fold`` is ``null``; they sum to 1."""
    known: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of the frames of training compositions that is kept for the test on known materials."""
    seed: Annotated[int, Field(ge=0)] | None = None
    """Of the parts; ``null`` takes the recipe's ``seed``. A study has one for all its points."""

    @model_validator(mode="after")
    def _agree(self) -> "Split":
        if abs(sum(self.fractions) - 1) > 1e-6:
            raise ValueError(f"fractions sum to {sum(self.fractions):g}, not to 1")
        if self.fold is not None and self.by != "composition":
            raise ValueError(f"folds are made by composition; with by: {self.by} leave fold out")
        return self


class Quarantine(Options):
    """What a frame may be before it is taken out as broken; ``null`` turns a limit off. See :mod:`transferkit.data.quarantine`."""

    largest_force: PositiveFloat | None = 100.0
    """Largest norm of the force on an atom, eV/Å."""
    closest_distance: PositiveFloat | None = 0.5
    """Smallest distance of two atoms, as a share of the sum of their covalent radii."""
    energy_residual: PositiveFloat | None = 5.0
    """Largest distance of the energy after a constant per element from the median of the set, eV/atom."""
    energy_deviations: PositiveFloat = 15.0
    """The same in robust standard deviations of the set; both limits must be passed."""
    most: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Largest share of the frames that is taken out; with more, the run is refused, since units or keys will be wrong."""


class Convert(Options):
    """Another label convention than that of the file; forces, stress and magmoms stay as they are."""

    to: Literal["raw", "mp2020", "cohesive", "formation"]
    """What the energies are to be. See :func:`transferkit.data.convention.convert_convention`."""
    hubbard: Literal["materials-project", "none"] | None = None
    """For ``mp2020``, where the data do not say it: +U as the Materials Project sets it, or nowhere."""
    energies: dict[str, float] | None = None
    """For ``cohesive`` and ``formation``: eV per atom by symbol, of the isolated atoms or of the reference phases."""


class Subset(Options):
    """The first compositions of a chain: for one seed, fewer compositions lie within more, and fewer frames within more."""

    compositions: PositiveInt
    """Train on this many compositions."""
    frames: PositiveInt | None = None
    """At most this many frames of each; ``null``: all of them."""
    order: Literal["random", "covering"] = "random"
    """``random``: as data come. ``covering``: compositions that bring a new element come first, which no random choice does."""
    seed: Annotated[int, Field(ge=0)] | None = None
    """Of the chain; ``null`` takes the recipe's ``seed``."""


class Source(Options):
    """Where labelled structures are read from, and what their labels are."""

    source: str
    """A path, or ``bundled:NAME``. See :func:`transferkit.data.source.open_data`."""
    fidelity: str
    """Level of theory of the labels, e.g. ``r2SCAN``."""
    label_convention: str = "raw"
    """What the energies of the file are: ``raw`` (as computed), ``mp2020`` (with MP2020 corrections), ``cohesive``, ``formation``."""
    keys: dict[str, str] | None = None
    """Which entry of the file is which label where names are unusual or several could be meant, e.g. ``{energy: REF_energy}``;
    ``""`` leaves a label out, and numbers the frames for ``id``. See :func:`transferkit.data.readers.frames.from_ase`."""
    units: dict[str, str] | None = None
    """What the numbers of the file are in, where not eV, Å, eV/Å and eV/Å³: ``{energy: kcal/mol, forces: kcal/mol/Å}``."""


class LearntSource(Source):
    """A source whose labels are learnt."""

    convert: Convert | None = None
    """Learn another label convention than that of the file; ``null`` converts nothing."""
    labels: LabelNames | None = None
    """Labels that are learnt, e.g. ``[energy]``; the others are as if they were absent. ``null``: all that there are."""


class Minus(Source):
    """Delta learning: the same structures at a lower level of theory, whose labels are taken off.

    Structures are paired by ``id`` and must have the same geometry. Predictions are then differences: to use them, add a
    calculation at the lower level.
    """


class Data(LearntSource):
    """Labelled structures at the target level of theory. With ``labels``, the best weights are chosen by these too; tests keep all."""

    minus: Minus | None = None
    """Learn what is left when the labels of these data are taken off; ``null`` takes nothing off."""
    quarantine: Quarantine | None = Quarantine()
    """Broken and implausible frames are taken out and written to ``quarantine.jsonl``; ``null`` refuses data with broken
    frames, and takes nothing out for being implausible."""
    split: Split = Split()
    """Training, validation and test parts."""
    subset: PositiveInt | Subset | None = None
    """Train on this many structures only, or on this many compositions; subsets of one seed are nested."""

    @model_validator(mode="after")
    def _differ(self) -> "Data":
        if self.minus is None:
            return self
        if self.minus.fidelity == self.fidelity:
            raise ValueError(
                f"minus holds {self.fidelity} labels, as the data themselves do, so nothing is left to learn: "
                f"give the same structures at a lower level of theory"
            )
        conventions = {self.label_convention, self.minus.label_convention, self.convert.to if self.convert else "raw"}
        if conventions != {"raw"}:
            raise ValueError(
                f"minus is for energies as they were computed (raw) at both levels, and here they are {', '.join(sorted(conventions))}: "
                f"corrections would pass for a difference of the levels"
            )
        return self
