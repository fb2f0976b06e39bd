"""One record of a JSON file: turned into a frame, or noted as one that cannot be used."""

from collections.abc import Callable, Iterator

from transferkit.data.quarantine import TakenOut
from transferkit.data.readers.assemble import Frame
from transferkit.errors import DataError

DAMAGED = (LookupError, TypeError, ValueError, AttributeError)
"""What a record raises whose entries are not those of its layout."""
MEND = "Remove it from the file, or have it taken out: `transferkit convert ... --quarantine`, or data.quarantine in a recipe"


class Unusable(DataError):
    """A record lacks what a frame must have.

    Args:
        where: file and record
        reason: what it has or lacks, as one clause, e.g. "no energy"
        mend: what mends it, as one clause

    >>> str(Unusable("the record", "no energy")).partition(",")[0]
    'the record has no energy. Remove it from the file'
    """

    def __init__(self, where: str, reason: str, mend: str = MEND) -> None:
        """Say it, and keep the reason for the quarantine."""
        super().__init__(f"{where} has {reason}. {mend}.")
        self.reason = reason


def usable(make: Callable[[], Frame], taken: list[TakenOut] | None, *, name: str, where: str) -> Iterator[Frame]:
    """The frame of one record, or nothing where it cannot be used and may be left out.

    Args:
        make: builds the frame
        taken: where a record that cannot be used is noted; None refuses it
        name: id of the frame
        where: file and record

    Raises:
        DataError: the record cannot be used, and ``taken`` is None; a record of another layout raises what it raises.

    >>> def make():
    ...     raise Unusable("set.json: record 3", "no energy")
    >>> taken = []
    >>> list(usable(make, taken, name="a", where="set.json: record 3")), str(taken[0])
    ([], 'set.json: record 3 (a): no energy')
    """
    try:
        frame = make()
    except Unusable as error:
        if taken is None:
            raise
        taken.append(TakenOut(name, where, error.reason, ""))
    except DataError as error:
        if taken is None:
            raise
        taken.append(TakenOut(name, where, "a record that cannot be read", str(error).removeprefix(f"{where}: ")))
    except DAMAGED as error:
        if taken is None:
            raise
        taken.append(TakenOut(name, where, "a record of another layout", f"{type(error).__name__}: {error}"))
    else:
        yield frame
