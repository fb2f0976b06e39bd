"""A figure as the page holds it: a file in figures/, and the same bytes inside the page."""

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
        file: path of the PNG relative to the folder
        width: shown width in pixels; a narrow screen scrolls rather than shrinking the letters
    """

    uri: str
    alt: str
    caption: str
    file: str
    width: int


def picture(figure: Figure, folder: Path, name: str, *, alt: str, caption: str) -> Picture:
    """Write ``figures/<name>.png`` below the folder and hold its bytes for the page."""
    file = Path("figures") / f"{slug(name)}.png"
    content = png(figure)
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_bytes(content)
    uri = "data:image/png;base64," + b64encode(content).decode("ascii")
    return Picture(uri, alt, caption, file.as_posix(), round(96 * float(figure.get_size_inches()[0])))


def slug(name: str) -> str:
    """A name as part of a file's name.

    >>> slug("parity unseen compositions")
    'parity-unseen-compositions'
    """
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "figure"
