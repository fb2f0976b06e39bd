"""A figure as the page holds it: the bytes inside the page and, beside a run, the same in figures/."""

import re
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from transferkit.report.figures.style import png


@dataclass(frozen=True)
class Picture:
    """A figure inside a page.

    Attributes:
        uri: the PNG as a data: address, so that the page needs no other file
        alt: what is to be seen, for those who cannot see it
        caption: how to read it
        file: path of the PNG relative to the folder; empty where the page alone holds it
        width: shown width in pixels; a narrow screen scrolls rather than shrinking the letters
        height: shown height in pixels, so that nothing jumps while the page loads
    """

    uri: str
    alt: str
    caption: str
    file: str
    width: int
    height: int


def picture(figure: Figure, folder: Path | None, name: str, *, alt: str, caption: str) -> Picture:
    """Hold the figure's bytes for the page; write ``figures/<name>.png`` below the folder if there is one."""
    file = Path("figures") / f"{slug(name)}.png"
    content = png(figure)
    if folder is not None:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)
    uri = "data:image/png;base64," + b64encode(content).decode("ascii")
    width, height = (round(96 * float(inches)) for inches in figure.get_size_inches())
    return Picture(uri, alt, caption, "" if folder is None else file.as_posix(), width, height)


def slug(name: str) -> str:
    """A name as part of a file's name.

    >>> slug("parity unseen compositions")
    'parity-unseen-compositions'
    """
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "figure"
