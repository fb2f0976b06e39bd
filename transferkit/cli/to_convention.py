"""Options that ask for another label convention, and the conversion."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from transferkit.cli import complete

if TYPE_CHECKING:
    from transferkit.data.structures import Structures

ToConvention = Annotated[
    str | None,
    typer.Option(
        help="Write the energies by this label convention instead of the file's.", autocompletion=complete.conventions
    ),
]
Hubbard = Annotated[
    str | None,
    typer.Option(help="For mp2020, where the data do not say it: materials-project (+U as it sets it) or none."),
]
Energies = Annotated[
    Path | None,
    typer.Option(
        help='For cohesive and formation: JSON file with eV per atom by symbol, e.g. {"O": -1.9}.',
        exists=True,
        dir_okay=False,
    ),
]


def converted(
    data: "Structures", to: str | None, hubbard: str | None = None, energies: Path | None = None
) -> "Structures":
    """The data by the convention that was asked for; as they are where none was.

    Raises:
        DataError: an option is given that nothing reads; the file of energies is no table; and what
            :func:`~transferkit.data.convention.convert_convention` raises.

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")
    >>> converted(data[data.composition == "MgO"][:1], "mp2020").label_convention
    'mp2020'
    """
    import json

    from transferkit.data.convention import convert_convention
    from transferkit.errors import DataError

    if to is None:
        if hubbard or energies:
            raise DataError(
                "--hubbard and --energies are read with --to-convention. Say which convention, e.g. mp2020."
            )
        return data
    try:
        table = None if energies is None else {str(k): float(v) for k, v in json.loads(energies.read_text()).items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise DataError(
            f'{energies}: not a JSON table of eV per atom by symbol, e.g. {{"O": -1.9}} ({error})'
        ) from error
    return convert_convention(data, to, hubbard=hubbard, energies=table)
