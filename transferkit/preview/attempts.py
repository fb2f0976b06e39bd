"""Every piece of work is done once, and a mistake in it is kept rather than raised: all of them are wanted at once."""

import json
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from transferkit.errors import TransferkitError
from transferkit.preview.measure import timed
from transferkit.typing import Json

T = TypeVar("T")
"""What a piece of work gives."""


@dataclass(frozen=True)
class Done:
    """What a piece of work gave.

    Attributes:
        result: of the work
        seconds: that it took
    """

    result: Any
    seconds: float


class Attempts:
    """Work by key, and the mistakes found on the way with the runs that they concern.

    >>> attempts = Attempts()
    >>> attempts.once("a", ("sum",), lambda: 1 + 1)
    2
    >>> attempts.mistakes()
    []
    """

    def __init__(self) -> None:
        """Nothing is done yet."""
        self.done: dict[Hashable, Done | str] = {}
        self.found: dict[str, list[str]] = {}

    def once(self, where: str, key: Hashable, work: Callable[[], T]) -> T | None:
        """The result of the work that was first done under this key, or None if it was a mistake.

        Args:
            where: run that wants it, for the message; "" for all
            key: equal keys, equal work
            work: what to do
        """
        if key not in self.done:
            try:
                self.done[key] = Done(*timed(work))
            except (TransferkitError, OSError) as error:
                self.done[key] = f"{type(error).__name__}: {error}"
        done = self.done[key]
        if isinstance(done, str):
            self.mistake(where, done)
            return None
        return cast("T", done.result)

    def seconds(self, key: Hashable) -> float:
        """How long the work under a key took; 0 where it failed."""
        done = self.done.get(key)
        return done.seconds if isinstance(done, Done) else 0.0

    def mistake(self, where: str, text: str) -> None:
        """Note a mistake."""
        places = self.found.setdefault(text, [])
        if where not in places:
            places.append(where)

    def mistakes(self, among: Sequence[str] = ()) -> list[Json]:
        """Every mistake once: {"what", "where": runs that it concerns, none if it is all or the recipe itself}.

        Args:
            among: all runs
        """
        return [
            {"what": text, "where": [] if "" in places or {*places} == {*among} else places}
            for text, places in self.found.items()
        ]


def key_of(*options: Any) -> str:
    """A key for groups of options and plain values.

    >>> key_of("PBE", 3)
    '["PBE", 3]'
    """
    return json.dumps([o.model_dump(mode="json") if isinstance(o, BaseModel) else o for o in options], sort_keys=True)
