"""KeyMap: which entry of a file became which label, in how many frames."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from transferkit.data.finding import Finding
from transferkit.typing import Json

Entries = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class KeyMap:
    """What a reader took for what; travels with the data that it made, and is shown before they are used.

    Counts are of the frames that were read, also where the data have been divided since.

    Attributes:
        entries: label -> entry of the file, with its unit where it is not ours -> frames
        aside: entries called like a label that were not taken -> frames
    """

    entries: Entries = field(default_factory=dict)
    aside: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, frames: Iterable[Mapping[str, str]], aside: Iterable[Iterable[str]] = ()) -> "KeyMap":
        """Count what was used, frame by frame.

        Args:
            frames: label -> entry, of each frame
            aside: names of entries that were left, of each frame

        >>> print(KeyMap.of([{"energy": "REF_energy"}, {"energy": "REF_energy", "forces": "forces"}]))
        energy from REF_energy (2 frames); forces from forces (1 frame)
        """
        entries: dict[str, Counter[str]] = {}
        for used in frames:
            for label, entry in used.items():
                entries.setdefault(label, Counter())[entry] += 1
        left = Counter(name for names in aside for name in names)
        return cls({label: dict(counts) for label, counts in entries.items()}, dict(sorted(left.items())))

    @classmethod
    def joined(cls, maps: "Sequence[KeyMap]") -> "KeyMap":
        """The counts of several, added."""
        entries: dict[str, Counter[str]] = {}
        aside: Counter[str] = Counter()
        for one in maps:
            for label, counts in one.entries.items():
                entries.setdefault(label, Counter()).update(counts)
            aside.update(one.aside)
        return cls({label: dict(counts) for label, counts in entries.items()}, dict(aside))

    def to_json(self) -> Json:
        """A JSON object."""
        return {"entries": {label: dict(counts) for label, counts in self.entries.items()}, "aside": dict(self.aside)}

    @classmethod
    def from_json(cls, data: Json) -> "KeyMap":
        """Restore what :meth:`to_json` gave."""
        return cls(data.get("entries", {}), data.get("aside", {}))

    def findings(self) -> list[Finding]:
        """A warning for each label that came from entries of different names."""
        found = []
        for label, counts in self.entries.items():
            if len(counts) > 1:
                evidence = ", ".join(f"{entry} in {_frames(n)}" for entry, n in counts.items())
                mend = (
                    f"if they are of one calculation, nothing; else choose one with keys={{'{label}': ...}}, "
                    f"or keep the frames in files of their own"
                )
                what = f"the {label} came from {len(counts)} entries of different names"
                found.append(Finding("warning", what, (), evidence, mend))
        return found

    def __bool__(self) -> bool:
        """Whether anything is known."""
        return bool(self.entries)

    def __str__(self) -> str:
        """One line."""
        parts = [
            f"{label} from {' and '.join(f'{entry} ({_frames(n)})' for entry, n in counts.items())}"
            for label, counts in self.entries.items()
        ]
        if self.aside:
            parts.append(f"left aside: {', '.join(self.aside)}")
        return "; ".join(parts)


def _frames(n: int) -> str:
    return f"{n} frame{'' if n == 1 else 's'}"
