"""index.html of a run, a comparison or a study: one file that needs no other, no script and no network."""

from pathlib import Path

from transferkit.errors import RunFolderError
from transferkit.report.comparison_page import comparison_page
from transferkit.report.render import render
from transferkit.report.run_page import run_page
from transferkit.report.study_page import STUDY, study_page

RUN, COMPARISON = "result.json", "comparison.json"


def write(folder: Path) -> Path:
    """Write ``index.html`` and ``figures/*.png`` for what a folder holds.

    Args:
        folder: of a run (result.json), a comparison (comparison.json) or a study (study.json)

    Returns:
        path of the page

    Raises:
        RunFolderError: the folder holds none of these files, several, or a damaged one.

    >>> import json, tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "result.json").write_text(json.dumps({"name": "a first run"}))
    >>> page = write(folder)
    >>> page.name, "a first run" in page.read_text(encoding="utf-8")
    ('index.html', True)
    """
    folder = Path(folder)
    kinds = [name for name in (RUN, COMPARISON, STUDY) if (folder / name).exists()]
    if len(kinds) != 1:
        found = " and ".join(kinds) or f"none of {RUN}, {COMPARISON} and {STUDY}"
        raise RunFolderError(
            f"{folder} holds {found}; a page is about one run, one comparison or one study. "
            "Give the folder that `transferkit run` or `transferkit study` wrote, as it wrote it."
        )
    if kinds == [RUN]:
        return render("run.html.j2", run_page(folder), folder / "index.html")
    if kinds == [STUDY]:
        return render("study.html.j2", study_page(folder), folder / "index.html")
    return render("comparison.html.j2", comparison_page(folder), folder / "index.html")
