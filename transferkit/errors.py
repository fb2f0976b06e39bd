"""One class per mistake that a user can mend.

Every message names the thing (file, frame, option), the value, the nearest valid one where there is one,
and what mends it. The command line prints the message without a traceback (``--debug`` shows it).
"""

from collections.abc import Iterable
from difflib import get_close_matches


class TransferkitError(Exception):
    """Base of every error that a user's input can cause."""

    exit_code = 2


class RecipeError(TransferkitError):
    """A recipe or an option is wrong; all mistakes of a recipe are reported at once."""


class DataError(TransferkitError):
    """A data file is missing, empty, unreadable, or holds impossible labels."""


class SplitError(TransferkitError):
    """A split would leave a part empty or a group in two parts."""


class ReferenceFitError(TransferkitError):
    """Elemental energies cannot be fitted, or a policy does not apply to this potential."""


class MissingReference(TransferkitError):
    """A structure holds an element for which the reference has no energy."""


class UnknownAdapter(TransferkitError):
    """No adapter of that name is registered."""


class AdapterNotInstalled(TransferkitError):
    """The adapter is known; the package that it wraps is not installed."""


class AdapterBroken(TransferkitError):
    """The package that the adapter wraps is installed, but fails to import."""


class CheckpointError(TransferkitError):
    """A checkpoint is unknown, unreadable or does not fit."""


class GraphError(TransferkitError):
    """A structure cannot be turned into a graph by this adapter. Never substituted by another one."""


class UnsupportedProperty(TransferkitError):
    """A property was asked for that the adapter cannot predict."""


class UnknownHead(TransferkitError):
    """A head was asked for that the potential does not have."""


class UnsupportedHead(TransferkitError):
    """A head of a shape was asked for that the adapter does not have."""


class UnknownBlock(TransferkitError):
    """A block of parameters was named that the potential does not have."""


class RunFolderError(TransferkitError):
    """An output folder belongs to another run, or is not a run."""


class StudyError(TransferkitError):
    """Points of a study failed, or those who carry them out cannot be had."""


class Interrupted(TransferkitError):
    """Ctrl-C or a request to stop; what was done so far is on disk and the same command goes on."""

    exit_code = 130


class TrainingDiverged(TransferkitError):
    """The loss became NaN or infinite; the last good checkpoint is kept."""


class ScalingError(TransferkitError):
    """Points that carry no scaling law, or a question that the law cannot answer."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence with the nearest valid name and all known ones.

    >>> nearest("maec", ["chgnet", "mace"])
    "Did you mean 'mace'? Known: chgnet, mace."
    """
    names = sorted(known)
    close = closest(name, names)
    hint = "" if close is None else f"Did you mean {close!r}? "
    return f"{hint}Known: {', '.join(names)}."


def closest(name: str, known: Iterable[str]) -> str | None:
    """The valid name that is spelt most like this one, upper and lower case alike; None where none is near.

    >>> closest("maec", ["CHGNet", "MACE"])
    'MACE'
    """
    lower = {n.lower(): n for n in known}
    close = get_close_matches(name.lower(), lower, n=1)
    return lower[close[0]] if close else None
