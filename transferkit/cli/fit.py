"""The verb ``fit``: scaling laws of learning curves, where they meet, and what more data would buy."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from transferkit.cli.options import AsJson
from transferkit.console import note, show

Offset = Literal["auto", "yes", "no"]
LossName = Literal["least-squares", "huber"]


def fit(
    curve: Annotated[
        Path,
        typer.Argument(
            help="CSV file with columns size,error[,chain][,curve][,quantity][,test][,unit][,composition], one row per point; or the "
            "folder of a study."
        ),
    ],
    *,
    offset: Annotated[Offset, typer.Option(help="Fit a floor c: auto where the points show one.")] = "auto",
    loss: Annotated[LossName, typer.Option(help="How misfit is measured, in log error.")] = "least-squares",
    target: Annotated[
        list[float] | None,
        typer.Option(help="Error for which the size is asked, in the unit of the file; may be repeated."),
    ] = None,
    at: Annotated[list[float] | None, typer.Option(help="Size at which the error is asked; may be repeated.")] = None,
    transfer: Annotated[str, typer.Option(help="Name of the curve of the pre-trained network.")] = "transfer",
    scratch: Annotated[str, typer.Option(help="Name of the curve from scratch.")] = "scratch",
    unit: Annotated[str, typer.Option(help="Unit of the errors, e.g. eV/atom, where no column says it.")] = "",
    level: Annotated[float, typer.Option(help="Level of the intervals.")] = 0.95,
    as_json: AsJson = False,
) -> None:
    """Fit error = a N^-b (+ c): exponent, crossing of transfer and scratch, data factor, forecast, all with intervals."""
    from transferkit.errors import ScalingError
    from transferkit.scaling.analysis_contrast import pairs
    from transferkit.scaling.points import read_points
    from transferkit.scaling.study_points import read_study_points
    from transferkit.scaling.table import SCRATCH, TRANSFER, fit_table

    table, notes = read_study_points(curve) if curve.is_dir() else (read_points(curve), [])
    of_study = curve.is_dir() and (transfer, scratch) == (TRANSFER, SCRATCH)
    for text in notes:
        note(text)
    try:
        found = fit_table(
            table,
            transfer=transfer,
            scratch=scratch,
            pairs=pairs if of_study else None,
            offset={"auto": None, "yes": True, "no": False}[offset],
            loss=loss,
            level=level,
            unit=unit,
            targets=target or (),
            at=at or (),
        )
    except ScalingError as error:
        raise ScalingError(f"{curve}: {error}") from error
    show([one.to_json() for one in found], text="\n\n".join(map(str, found)), as_json=as_json)
