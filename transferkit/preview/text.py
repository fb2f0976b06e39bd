"""A preview for people: the facts, in the order in which a run meets them."""

from collections.abc import Iterator

from transferkit.data.finding import Finding
from transferkit.preview.span import Span
from transferkit.preview.stages import NOTICEABLE
from transferkit.report.quantities import percent
from transferkit.typing import Json

NOTICEABLE_BYTES = 10e6
WORTH_SAYING = 0.05
"""Seconds."""
PARTS_SHOWN = 3
"""Divisions that are shown; the others are like them."""


def text_of(facts: Json) -> str:
    """The whole preview.

    Args:
        facts: of :class:`~transferkit.preview.preview.Preview`
    """
    sections = [
        ("Study", _study(facts)),
        ("Read", _read(facts)),
        ("Split", _split(facts)),
        ("Train", _train(facts)),
        ("Write", _write(facts)),
        ("Takes", _cost(facts)),
        ("", _end(facts)),
    ]
    return "\n\n".join("\n".join([*([name] if name else []), *lines]) for name, text in sections if (lines := [*text]))


def in_words(size: float) -> str:
    """Bytes for people.

    >>> in_words(11_400_000), in_words(3.2e9)
    ('11 MB', '3.2 GB')
    """
    for unit, step in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if size >= step:
            return f"{size / step:.1f} {unit}" if size < 10 * step else f"{size / step:.0f} {unit}"
    return f"{size / 1e3:.0f} kB"


def _study(facts: Json) -> Iterator[str]:
    if (study := facts.get("study")) is None:
        return
    done = f", {study['finished']} of them finished" if study["finished"] else ""
    sizes = f", {_list(study['sizes'])} {study['abscissa']}" if study["sizes"] else ""
    yield f"  {_count(study['points'], 'point')}{done}: {_count(len(study['curves']), 'curve')} ({'; '.join(study['curves'])}){sizes}, {_count(len(study['chains']), 'chain')}"
    yield from (f"  {sentence}" for sentence in study["treatment"])
    if study["no_law"]:
        yield f"  ! no power law will be fitted, and no crossing. {study['no_law']}"
    yield "  below, the first chain; the others are like it"


def _list(sizes: list[int]) -> str:
    return ", ".join(f"{n:,}" for n in sizes)


def _read(facts: Json) -> Iterator[str]:
    for data in facts["read"]:
        labels = ", ".join(f"{name} {n:,}" for name, n in data["labels"].items() if n)
        name = f"{data['set']}: " if data.get("set") else ""
        yield f"  {name}{data['source']}: {data['structures']:,} structures, {data['atoms']:,} atoms, {data['fidelity']}, {data['label_convention']} energies"
        yield f"  elements: {len(data['elements'])} ({' '.join(data['elements'])})"
        yield f"  labels: {labels or 'none'}"
        if data["keys"]:
            yield f"  keys: {data['keys']}"
        taken = data["quarantine"]
        if taken["taken"]:
            yield f"  quarantine: {taken['taken']:,} frames would be taken out: {'; '.join(taken['first'])}"
        yield from (f"  {_finding(finding)}" for finding in data["findings"])


def _split(facts: Json) -> Iterator[str]:
    study = facts.get("study") is not None
    # of a study, the smallest and the largest training part; what each lacks stands in the table already
    shown = [facts["split"][0], *facts["split"][1:][-1:]] if study and facts["split"] else facts["split"][:PARTS_SHOWN]
    for parts in shown:
        fold = "" if parts["fold"] is None else f", fold {parts['fold']}"
        yield f"  seed {parts['seed']}, by {parts['by']}{fold}"
        yield f"    {'part':<20} {'structures':>10} {'atoms':>8} {'compositions':>13}  elements that training lacks"
        for name, n in parts["structures"].items():
            absent = " ".join(parts["absent_elements"].get(name, ())) or "-"
            yield f"    {name:<20} {n:>10,} {parts['atoms'][name]:>8,} {parts['compositions'][name]:>13,}  {absent if name != 'train' else ''}".rstrip()
        for name, n in parts["undetermined_structures"].items():
            yield f"    ! {name}: the reference of {n} structures is not determined by training; they are counted apart"
        for warning in [] if study else parts["warnings"]:
            yield f"    ! {warning}"
    if len(facts["split"]) > len(shown) and not study:
        yield f"  and {len(facts['split']) - len(shown)} more seeds"


def _train(facts: Json) -> Iterator[str]:
    for arm in facts["train"]:
        strategy = arm["strategy"]
        start = "random weights" if arm["checkpoint"] is None else f"checkpoint {arm['checkpoint']}"
        name = f"{arm['variant']}: " if arm["variant"] else ""
        moves = "trainable" if arm["trainable_reference"] else "fixed"
        yield f"  {name}{arm['adapter']}, {start}, head {arm['head']}, {arm['dtype']}; weights: {arm['licence']}"
        # Which labels are learnt is not known where the data or their split were refused.
        learnt = f"; labels learnt: {', '.join(arm['labels'])}" if arm["labels"] else ""
        yield f"    E0 by {arm['policy']}, then {moves}{learnt}"
        if arm["consistency"]:
            yield f"    {_consistency(arm['consistency'])}"
        yield from (f"    {line}" for line in reaches(arm["sets"]))
        if arm["undetermined"]:
            yield f"    ! training does not determine E0 of {' '.join(arm['undetermined'])}"
        if len(facts["train"]) == 1:
            yield from (f"    {line}" for line in arm["summary"].splitlines())
        else:
            open_ = [block for block, n in strategy["blocks"].items() if n["trainable"]]
            what = "every block" if len(open_) == len(strategy["blocks"]) else ", ".join(open_)
            yield f"    strategy {strategy['kind']}: {strategy['trainable']:,} of {strategy['total']:,} parameters ({what})"
        yield from (f"    {_finding(finding)}" for finding in arm["findings"])
        yield from (f"    {'! ' if arm['ignored'] else ''}{note}" for note in arm["notes"])


def _consistency(losses: Json) -> str:
    """Consistency losses in one line; what is neutral is left out."""
    weights = ", ".join(f"{name.upper()} with weight {losses[name]:g}" for name in ("pitc", "pisc") if losses[name])
    order = "second" if losses["kappa"] else "first"
    more = [
        *([f"{percent(losses['fraction'])} of each batch"] if losses["fraction"] < 1 else []),
        *([f"weights rise over {percent(losses['warmup'])} of the steps"] if losses["warmup"] else []),
    ]
    how = f"kappa {losses['kappa']:g} ({order} order), {losses['direction']} displacements up to {losses['length']:g} Å"
    return "; ".join([f"consistency losses: {weights}", how, *more])


def reaches(sets: list[Json]) -> Iterator[str]:
    """Which structures and labels reach which head, as a table; nothing where one set with all its labels trains one head."""
    if len(sets) < 2:
        return
    width = max(len(row["head"]) for row in sets) + 2
    yield f"{'head':<{width}}{'set':<10} {'level of theory':<16} {'structures':>10} {'ratio':>6} {'weight':>6}  labels"
    for row in sets:
        labels = ", ".join(f"{name} {n:,}" for name, n in row["labels"].items())
        taught = f"predictions: {labels}" if row["pseudo"] else labels
        yield f"{row['head']:<{width}}{row['set']:<10} {row['fidelity']:<16} {row['structures']:>10,} {row['ratio']:>6g} {row['weight']:>6g}  {taught}"
    for row in sets:
        if (left := row["left_out"]) is not None:
            why = "drawn, as no group is tested on" if left["drawn"] else "their groups are tested on"
            what = (
                "choose the best weights"
                if row["set"] == "pretrain"
                else "left out, as the data validate on their groups"
            )
            chosen = (
                f", {row['structures']:,} of {row['chosen_from']:,} chosen"
                if row.get("chosen_from", 0) > row["structures"]
                else ""
            )
            yield f"  {row['set']}: {left['held_out']:,} held out ({why}), {left['validation']:,} {what}{chosen}; E0 by {row['policy']}"


def _finding(finding: Json) -> str:
    return str(Finding(**{**finding, "where": tuple(finding["where"])}))


def _write(facts: Json) -> Iterator[str]:
    there = facts["write"]
    done = [f"{there[state]} {state}" for state in ("finished", "begun") if there[state]]
    each = "" if there["each"] == there["folder"] else f", each run in {there['each']}"
    yield f"  {there['folder']}{each}"
    if done:
        what = "runs" if facts.get("study") is None else "points"
        yield f"  of {there['runs']} {what}, {' and '.join(done)} there; what is finished is not run again"
    names = {"quarantine.jsonl": "quarantine.jsonl (if frames are taken out)"}
    yield f"  {', '.join(names.get(name, name) for name in there['files'])}"
    if there["bytes"]:
        graphs = (
            f", of which graphs {in_words(there['graph_bytes'])}" if there["graph_bytes"] > NOTICEABLE_BYTES else ""
        )
        yield f"  about {in_words(there['bytes'])}{graphs}; {in_words(there['free_bytes'])} are free there"


def _cost(facts: Json) -> Iterator[str]:
    if (cost := facts["cost"]) is None:
        return
    for variant, run in cost["variants"].items():
        about = "" if run["exact"] else "about "
        name = f"{variant}: " if variant else ""
        yield (
            f"  {name}{about}{run['steps']:,} steps in {_count(run['epochs'], 'epoch')} at {Span(**run['step_s'])} each "
            f"({run['steps_measured']} measured, {run['edges_per_step']:,} edges on average), {run['evaluations']:,} evaluations"
        )
        stages = sorted(run["stages_s"].items(), key=lambda item: -item[1]["likely"])
        parts = ", ".join(f"{stage} {Span(**span).about}" for stage, span in stages if span["likely"] >= WORTH_SAYING)
        yield f"    one run {Span(**run['run_s'])}: {parts}"
        if run["gradual"]:
            yield "    an upper bound: steps were measured with every block open, and strategy gradual opens them one after another"
    threads = f"{cost['threads']} thread{'s' if cost['threads'] > 1 else ''} each"
    if cost["runs"] > 1:
        hours = {name: seconds * cost["threads"] / 3600 for name, seconds in cost["work_s"].items()}
        work = f"{hours['likely']:.2g} core-hours ({hours['low']:.2g} to {hours['high']:.2g})"
        yield f"  {cost['runs']} runs, {cost['workers']} at a time with {threads}: {work}"
    yield f"  before and after: imports{', the page that compares' if cost['runs'] > 1 else ''} {Span(**cost['around_s'])}"
    yield f"  wall time {Span(**cost['wall_s'])} on this machine ({cost['device']}, {threads})"
    yield f"  memory about {in_words(cost['memory_bytes'])}"
    if cost["slow"] > NOTICEABLE:
        quiet = Span(**cost["wall_s"]) * (1 / cost["slow"])
        yield f"  ! other processes slow this machine down by {cost['slow']:.1f}; undisturbed, it would take {quiet}"


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' if n != 1 else ''}"


def _end(facts: Json) -> Iterator[str]:
    if not facts["mistakes"]:
        yield "It can start."
        return
    n = len(facts["mistakes"])
    yield f"It cannot start: {n} mistake{'s' if n > 1 else ''}."
    for mistake in facts["mistakes"]:
        where = mistake["where"]
        runs = f" [{'; '.join(where[:3])}{f' and {len(where) - 3} more' if len(where) > 3 else ''}]" if where else ""
        yield f"  {mistake['what']}{runs}"
