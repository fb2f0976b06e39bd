"""Lines between two errors on the page of a study: pre-trained against fine-tuned, head against head (paper B)."""

from pathlib import Path

from transferkit.report.figures.error_line import error_line
from transferkit.report.pictures import picture
from transferkit.report.quantities import MISSING, QUANTITIES, count
from transferkit.typing import Json


def lines_section(folder: Path, told: Json) -> Json:
    """What the template shows of one set of lines.

    Args:
        folder: of the study; the figure is written to ``figures/``
        told: {"title", "quantity", "x", "y", "lines": [{"label", "points", "fit", "refused"}]}; points {"label", "chain", "x",
            "y"} with errors in the stored unit, "fit" as :meth:`transferkit.scaling.line.ErrorLine.to_json` or None
    """
    quantity, lines = QUANTITIES[told["quantity"]], told["lines"]
    slopes = ", ".join(f"{line['label']} {line['fit']['slope']:.2f}" for line in lines if line.get("fit"))
    return {
        "title": told["title"],
        "unit": quantity.unit,
        "x": told["x"],
        "y": told["y"],
        "picture": picture(
            error_line(lines, told["quantity"], x=told["x"], y=told["y"]),
            folder,
            f"line {told['title']}",
            alt=f"{quantity.name.capitalize()} error {told['y']} against {told['x']} on logarithmic axes; slopes: {slopes or MISSING}.",
            caption=f"Each point is one training: error {told['y']} against error {told['x']}. Lines: log y = k + s log x, with errors in both.",
        ),
        "fits": [_fit(line) for line in lines],
        "points": [
            [line["label"], str(p["label"]), count(p["chain"]), quantity.show(p["x"]), quantity.show(p["y"])]
            for line in lines
            for p in line["points"]
        ],
    }


def _fit(line: Json) -> list[str]:
    fit = line.get("fit")
    if fit is None:
        return [
            line["label"],
            MISSING,
            MISSING,
            count(len(line["points"])),
            f"not fitted: {line.get('refused') or 'too few points'}",
        ]
    pieces = fit["interval"]["pieces"]
    low, high = (pieces[0][0], pieces[-1][1]) if pieces else (None, None)
    ends = [f"{end:.3f}" if end is not None else "no end" for end in (low, high)]
    return [
        line["label"],
        f"{fit['slope']:.3f} [{ends[0]}, {ends[1]}]",
        f"{fit['r2']:.3f}",
        count(len(line["points"])),
        fit["method"],
    ]
