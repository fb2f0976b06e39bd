"""The verb ``plan``: which labels to buy, by a law of two fidelities."""

from pathlib import Path
from typing import Annotated

import typer

from transferkit.cli.fit import Offset
from transferkit.cli.options import AsJson
from transferkit.console import show


def plan(
    curve: Annotated[
        Path,
        typer.Argument(
            help="CSV file with columns n_high,n_low,error[,chain], one row per training; labels counted in structures."
        ),
    ],
    *,
    price_high: Annotated[float, typer.Option(help="Price of one expensive label, e.g. core-hours.")],
    price_low: Annotated[float, typer.Option(help="Price of one cheap label, in the same unit.")],
    target: Annotated[
        list[float] | None, typer.Option(help="Error wanted, in the unit of the file; may be repeated.")
    ] = None,
    budget: Annotated[list[float] | None, typer.Option(help="Cost at most; may be repeated.")] = None,
    least_high: Annotated[
        int | None, typer.Option(help="Expensive labels at least; the smallest number in the file if not given.")
    ] = None,
    most_high: Annotated[int | None, typer.Option(help="Expensive labels that can be had.")] = None,
    most_low: Annotated[int | None, typer.Option(help="Cheap labels that can be had.")] = None,
    offset: Annotated[Offset, typer.Option(help="Fit a floor c: auto where the points show one.")] = "auto",
    unit: Annotated[str, typer.Option(help="Unit of the errors, e.g. eV/atom, for printing.")] = "",
    level: Annotated[float, typer.Option(help="Level of the intervals.")] = 0.95,
    as_json: AsJson = False,
) -> None:
    """Plan the cheapest mix of expensive and cheap labels for an error, or the best one for a budget, from trainings on some mixes."""
    from transferkit.errors import ScalingError
    from transferkit.scaling.mixed_law import law_of
    from transferkit.scaling.mixed_points import NEEDED, read_mixed
    from transferkit.scaling.planner import plan_mix
    from transferkit.scaling.points import read_points

    asked = [{"target": value} for value in target or ()] + [{"budget": value} for value in budget or ()]
    if not asked:
        raise ScalingError("nothing was asked. Give --target ERROR or --budget COST.")
    table = read_points(curve, NEEDED)
    try:
        law = law_of(read_mixed(table), offset={"auto": None, "yes": True, "no": False}[offset], level=level, unit=unit)
        mixes = [
            plan_mix(
                law,
                price_high=price_high,
                price_low=price_low,
                least_high=least_high,
                most_high=most_high,
                most_low=most_low,
                **one,
            )
            for one in asked
        ]
    except ScalingError as error:
        raise ScalingError(f"{curve}: {error}") from error
    found = {"law": law.to_json(), "mixes": [mix.to_json() for mix in mixes]}
    show(found, text="\n\n".join(map(str, [law, *mixes])), as_json=as_json)
