"""The verb ``reference``: elemental energies E0 of a data set, alone or under a potential."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from transferkit.cli.options import AsJson, Checkpoint, Convention, Data, Head, Key, Model, Trust, Unit, opened
from transferkit.console import note, show

if TYPE_CHECKING:
    from transferkit.data.structures import Structures
    from transferkit.typing import Json

Method = Literal["least-squares", "ridge", "huber"]
Policy = Literal["residual", "refit", "keep"]
"""The policies that need nothing but DATA; the others need a recipe."""


def reference(
    data: Data,
    *,
    model: Model = None,
    checkpoint: Checkpoint = None,
    trust: Trust = False,
    head: Head = None,
    policy: Annotated[Policy, typer.Option(help="How E0 moves; read with --model.")] = "residual",
    method: Annotated[Method, typer.Option(help="How linear fits are made.")] = "least-squares",
    ridge: Annotated[float, typer.Option(help="Strength of ridge, dimensionless.")] = 1e-3,
    label_convention: Convention = "raw",
    key: Key = None,
    unit: Unit = None,
    as_json: AsJson = False,
) -> None:
    """Fit elemental energies E0; with --model score every policy and show the shift."""
    _all_read(policy, {"--checkpoint": checkpoint, "--trust": trust, "--head": head}, model=model)
    structures = opened(data, label_convention, key, unit)
    if model is None:
        _fit(structures, method, ridge, as_json=as_json)
        return
    from transferkit.api import load
    from transferkit.rereferencing import compare_policies

    done = compare_policies(
        load(model, checkpoint, trust=trust), structures, head=head, policy=policy, method=method, ridge=ridge
    )
    if done.warning:
        note(done.warning)
    for finding in done.findings:
        note(str(finding))
    new = done.potential.reference(done.head)
    result = {
        "policy": policy,
        "table": done.table.to_json(),
        "warning": done.warning,
        "findings": [finding.to_json() for finding in done.findings],
        "shift_eV_per_atom": done.shift,
        "reference": new.to_json(),
    }
    lines = [str(done.table), "", f"E0 by {policy}, eV/atom (shift)"]
    lines += [f"  {s:2} {new[s]:10.4f} ({shift:+.4f})" for s, shift in done.shift.items() if s in _symbols(structures)]
    show(result, text="\n".join(lines), as_json=as_json)


def _all_read(policy: Policy, given: "dict[str, str | bool | None]", *, model: str | None) -> None:
    """Refuse options about a potential where none is named."""
    from transferkit.errors import ReferenceFitError

    told = [name for name, value in (given | {"--policy": policy != "residual"}).items() if value]
    if told and model is None:
        raise ReferenceFitError(
            f"{' and '.join(told)} say how the E0 of a potential moves. Name it, e.g. --model chgnet."
        )


def _symbols(data: "Structures") -> set[str]:
    from ase.data import chemical_symbols

    return {chemical_symbols[int(z)] for z in data.elements}


def _fit(data: "Structures", method: Method, ridge: float, *, as_json: bool) -> None:
    """E0 from the labels alone."""
    from dataclasses import replace

    from transferkit.errors import ReferenceFitError
    from transferkit.reference.composition import coverage
    from transferkit.reference.fit import fit_reference

    data = data[data.has("energy")]
    if not len(data):
        raise ReferenceFitError("none of the structures has an energy, so no reference can be fitted. Add energies.")
    e0 = fit_reference(data.counts(), data.energy, data.elements, method=method, ridge=ridge)
    e0 = replace(e0, fidelity=data.fidelity, label_convention=data.label_convention)
    cover = coverage(data.counts(), data.elements, data.composition)
    result: Json = {
        "reference": e0.to_json(),
        "rank": cover.rank,
        "n_elements": cover.n_elements,
        "structures": len(data),
    }
    lines = [str(cover), "", "E0, eV/atom", *(f"  {s:2} {e:10.4f}" for s, e in e0.to_mapping().items())]
    show(result, text="\n".join(lines), as_json=as_json)
