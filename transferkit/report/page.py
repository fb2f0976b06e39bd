"""index.html of a run or a comparison: one file that needs no other, no script and no network."""

from pathlib import Path

from transferkit.errors import RunFolderError
from transferkit.report.comparison_page import comparison_page
from transferkit.report.render import render
from transferkit.report.run_page import run_page

RUN, COMPARISON = "result.json", "comparison.json"


def write(folder: Path) -> Path:
    """Write ``index.html`` and ``figures/*.png`` for what a folder holds.

    Args:
        folder: of a run (result.json) or of a comparison (comparison.json)

    Returns:
        path of the page

    Raises:
        RunFolderError: the folder holds neither file, both, or a damaged one.

    >>> import json, tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "result.json").write_text(json.dumps({"name": "a first run"}))
    >>> page = write(folder)
    >>> page.name, "a first run" in page.read_text(encoding="utf-8")
    ('index.html', True)
    """
    folder = Path(folder)
    kinds = [name for name in (RUN, COMPARISON) if (folder / name).exists()]
    if len(kinds) != 1:
        found = "both" if kinds else "neither"
        raise RunFolderError(
            f"{folder} holds {found} of {RUN} and {COMPARISON}; a page is about one run or one comparison. "
            "Give the folder that `transferkit run` wrote, as it wrote it."
        )
    if kinds == [RUN]:
        return render("run.html.j2", run_page(folder), folder / "index.html")
    return render("comparison.html.j2", comparison_page(folder), folder / "index.html")
