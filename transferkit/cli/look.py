"""Verbs that look at what is there: potentials, data sets, two levels of theory side by side."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from transferkit.cli.options import AsJson, Convention, Data, Key, Page, Unit, opened
from transferkit.cli.quarantine import Limit, TakeOut, limits_of, put_down
from transferkit.cli.to_convention import Energies, Hubbard, ToConvention, converted
from transferkit.console import show

if TYPE_CHECKING:
    from transferkit.typing import Json


def adapters(*, as_json: AsJson = False) -> None:
    """List potentials: installed?, version, checkpoints, elements, heads, licence."""
    from transferkit.adapters.overview import overview

    found = overview()
    show(found, text=_potentials(found), as_json=as_json)


def _potentials(found: "list[Json]") -> str:
    """Per adapter what it can do and its checkpoints; then the licences, and what the marks mean."""
    licences = list(dict.fromkeys(c["licence"] for a in found for c in a["checkpoints"]))
    columns = ("checkpoint", "learnt", "elements", "heads", "E0", "energies", "licence")
    rows: dict[str, list[tuple[str, ...]]] = {}
    for a in found:
        rows[a["name"]] = [columns] if a["checkpoints"] else []
        for c in a["checkpoints"]:
            facts = (c["fidelity"], c["elements"], ", ".join(c["heads"] or ()), c["kind"], c["label_convention"])
            mark = f"[{licences.index(c['licence']) + 1}]" + (" !" if c["non_commercial"] else "")
            name = c["name"] + ("" if c["here"] else " *")
            rows[a["name"]].append((name, *(str(fact or "?") for fact in facts), mark))
    width = [max(len(row[k]) for group in rows.values() for row in [columns, *group]) for k in range(len(columns))]
    lines = []
    for a in found:
        if a["installed"]:
            kinds = (", ".join(a[key]) for key in ("properties", "dtypes", "head_shapes"))
            can = "{}; {}; new heads: {}".format(*kinds)
        else:
            can = a["problem"]
        lines.append(f"{a['name']} {a['version'] or 'cannot be used'}: {can}")
        lines += [
            "  " + "  ".join(f"{x:{w}}" for x, w in zip(row, width, strict=True)).rstrip() for row in rows[a["name"]]
        ]
        lines += [f"  {c['name']}: {c['problem']}" for c in a["checkpoints"] if c["problem"]]
    lines += ["", *(f"[{k}] {licence or 'not stated'}" for k, licence in enumerate(licences, 1))]
    checkpoints = [c for a in found for c in a["checkpoints"]]
    if any(c["non_commercial"] for c in checkpoints):
        lines.append("!   for non-commercial use only, and so is what is trained from it")
    if not all(c["here"] for c in checkpoints):
        lines.append("*   not on this machine: loading it needs a network connection, or its file by path")
    return "\n".join(lines)


def describe(
    data: Data,
    *,
    label_convention: Convention = "raw",
    key: Key = None,
    unit: Unit = None,
    quarantine: TakeOut = False,
    limit: Limit = None,
    page: Page = None,
    as_json: AsJson = False,
) -> None:
    """Say what a data set holds: composition, coverage, ranges, duplicates, broken frames, what E0 can be fitted.

    Frames that cannot be used are listed, and so are those that a run would take out; --quarantine leaves the latter
    out of everything else that is said, too.
    """
    from transferkit.data.describe import describe as describe_data
    from transferkit.data.quarantine import TakenOut, sift
    from transferkit.errors import DataError

    if any(text.partition("=")[0] == "most" for text in limit or ()):
        raise DataError(
            "--limit most=... says when convert and a run refuse to take out more, and describe shows all such frames "
            "and refuses none. Leave it out here, and give it to convert, or as data.quarantine.most in a recipe."
        )
    limits, broken = limits_of(limit), list[TakenOut]()
    whole = opened(data, label_convention, key, unit, taken=broken)
    sifted = sift(whole, replace(limits, most=1.0), broken=broken)
    found = describe_data(sifted.kept if quarantine else whole, quarantine=sifted.taken, limits=limits)
    if page is None:
        show(found.to_json(), text=str(found), as_json=as_json)
        return
    from transferkit.report.data_page import write_data_page

    page.parent.mkdir(parents=True, exist_ok=True)
    write_data_page(found.to_json(per_structure=True), page, title=data.rsplit("/", 1)[-1])
    text = f"{found}\nWritten to {page}\nNext    open it in a browser"
    show({**found.to_json(), "page": str(page)}, text=text, as_json=as_json)


def convert(
    source: Data,
    out: Annotated[Path, typer.Argument(help="Parquet file to write.")],
    *,
    label_convention: Convention = "raw",
    key: Key = None,
    unit: Unit = None,
    to_convention: ToConvention = None,
    hubbard: Hubbard = None,
    energies: Energies = None,
    quarantine: TakeOut = False,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Turn any known format into the Parquet store, with units and a content hash in it.

    Data with frames that cannot be used are refused; --quarantine takes these frames out, with the implausible ones, and
    writes them to OUT.quarantine.jsonl.
    """
    from transferkit.data.quarantine import Sifted, TakenOut, counted, sift
    from transferkit.data.store import write_parquet
    from transferkit.errors import DataError

    if out.suffix != ".parquet":
        raise DataError(f"{str(out)!r} should end in .parquet: {out.with_suffix('.parquet')}")
    if limit and not quarantine:
        raise DataError("--limit says what --quarantine takes out. Give both, or neither.")
    broken: list[TakenOut] | None = [] if quarantine else None
    data = opened(source, label_convention, key, unit, taken=broken)
    sifted = Sifted(data) if broken is None else sift(data, limits_of(limit), broken=broken)
    data = converted(sifted.kept, to_convention, hubbard, energies)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_parquet(data, out)
    written = put_down(sifted, out)
    result = {
        "file": str(out),
        "structures": len(data),
        "atoms": len(data.numbers),
        "fidelity": data.fidelity,
        "label_convention": data.label_convention,
        "read_as": data.read_as.to_json(),
        "hash": data.hash,
        "quarantine": {
            "taken": len(sifted.taken),
            "reasons": counted(sifted.taken),
            "file": None if written is None else str(written),
        },
    }
    told = "" if written is None else f"\n{sifted} Taken out, and written to {written}."
    read = f"read: {data.read_as}" if data.read_as else f"read: {source}"
    text = f"{read}{told}\nWritten to {out}: {data!r}\nNext    transferkit describe {out}, or data.source: {out} in a recipe"
    show(result, text=text, as_json=as_json)


def gap(
    a: Data,
    b: Data,
    *,
    label_convention: Convention = "raw",
    key: Key = None,
    unit: Unit = None,
    key_b: Key = None,
    unit_b: Unit = None,
    as_json: AsJson = False,
) -> None:
    """Compare two levels of theory of the same structures: correlation raw and referenced, shift per element.

    --key and --unit are those of A, --key-b and --unit-b those of B.
    """
    from transferkit.reference.gap import functional_gap

    found = functional_gap(opened(a, label_convention, key, unit), opened(b, label_convention, key_b, unit_b))
    show(found.to_json(), text=str(found), as_json=as_json)
