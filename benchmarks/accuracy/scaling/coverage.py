"""How often 95 % intervals of scaling laws hold the truth, over simulated studies: coverage.json and coverage.md.

    python benchmarks/accuracy/scaling/coverage.py [--studies 2000] [--kind NAME]

Two truths are asked for. The law *on the test part* is what an endless number of chains would give on the compositions that were
tested: intervals from errors alone are of this one. The law *over all compositions* is what endless test parts would give as
well: intervals that know the errors of each composition are of this one.
"""

import argparse
import json
from functools import partial
from pathlib import Path
from time import process_time

import numpy as np

from transferkit.scaling.bounds import Interval
from transferkit.scaling.crossing import crossing_between
from transferkit.scaling.curve import curve_of
from transferkit.scaling.data_factor import factor_at_size, factor_for_error
from transferkit.scaling.fit import Fit, fit_plain
from transferkit.scaling.floor import exponent_with_floor, fit_with_floor, floor_of
from transferkit.scaling.forecast import crossing_of, error_at, searched, size_for
from transferkit.scaling.simulation import Study, Truth, simulate
from transferkit.scaling.spread import CHAINS, COMPOSITIONS, joined

HERE = Path(__file__).parent
LEVEL = 0.95
EXPONENT = np.array([0.0, 1.0])
SIZES = np.array([25.0, 50, 100, 200, 400])
LAWS = Truth(0.3, 0.3), Truth(1.5, 0.6)
LONG = np.array([25.0, 50, 100, 200, 400, 800])
FLOOR = Truth(0.3, 0.6, 0.02)
NO_FLOOR = Truth(0.3, 0.5)

CHAINS_OF_A_STUDY = 3, 5, 8

Hits = dict[str, bool]
Json = dict


def fits_of(study: Study, curve: int, kind, *, known: bool) -> Fit:
    """A law through all chains but the last, which stands for a new training; with the errors of compositions or not."""
    cells = {name: e[:-1] for name, e in study.compositions(curve).items()} if known else None
    return kind(curve_of(study.sizes, study.errors[curve, :-1], compositions=cells))


def meeting(first: Fit, second: Fit) -> float:
    """The size at which two laws are equal."""
    x = crossing_of(lambda x: first.log_error(x) - second.log_error(x), searched(first.curve.sizes))
    return float("nan") if x is None else float(np.exp(x))


def plain_study(rng: np.random.Generator, chains: int) -> Hits:
    """Two laws without a floor: b, the crossing, data factors, forecasts."""
    study = simulate(rng, LAWS, SIZES, chains=chains + 1)
    here = [fit_plain(curve_of(SIZES, on_test)) for on_test in study.on_test]
    everywhere = [fit_plain(curve_of(SIZES, law.errors(SIZES))) for law in LAWS]
    alone, known = ([fits_of(study, k, fit_plain, known=known) for k in (0, 1)] for known in (False, True))
    new = study.errors[0, -1, -1]
    elsewhere = new / study.on_test[0, -1] * LAWS[0].errors(SIZES[-1:])[0]
    hits: Hits = {}
    for name, truth, fits, shared, trained in (
        ("on the test part", here, alone, frozenset({CHAINS}), new),
        ("over all compositions", everywhere, known, frozenset({CHAINS, COMPOSITIONS}), elsewhere),
    ):
        spread = joined(fits[0].spread, fits[1].spread, shared)
        crossing = crossing_between(*fits, spread, LEVEL)
        hits[f"b {name}"] = truth[1].exponent in fits[1].spread.interval(fits[1].exponent, EXPONENT, LEVEL)
        hits[f"crossing {name}"] = meeting(*truth) in crossing.interval
        hits[f"(crossing {name} has two ends)"] = crossing.interval.bounded
        size = 200.0
        error = float(np.exp(truth[0].log_error(np.log([size]))[0]))
        needed = crossing_of(lambda x, law=truth[1], e=error: law.log_error(x) - np.log(e), searched(SIZES))
        factor = float(np.exp(needed)) / size
        hits[f"data factor at a size {name}"] = factor in factor_at_size(*fits, spread, size, level=LEVEL).interval
        hits[f"data factor at an error {name}"] = factor in factor_for_error(*fits, spread, error, level=LEVEL).interval
        hits[f"size for an error {name}"] = size in size_for(fits[0], None, error, level=LEVEL).interval
        hits[f"error of a new training {name}"] = trained in error_at(fits[0], SIZES[-1], level=LEVEL).prediction
    bare, apart = (joined(alone[0].spread, alone[1].spread, frozenset(shared)) for shared in ({CHAINS}, ()))
    b = alone[1].spread.interval(alone[1].exponent, EXPONENT, LEVEL)
    hits["(b over all compositions, errors alone)"] = LAWS[1].b in b
    alone_crossing = crossing_between(*alone, bare, LEVEL).interval
    hits["(crossing over all compositions, errors alone)"] = meeting(*everywhere) in alone_crossing
    unpaired = crossing_between(*alone, apart, LEVEL).interval
    hits["(crossing on the test part, pairs not used)"] = meeting(*here) in unpaired
    return hits | _bootstrap(rng, alone[1], here[1].exponent)


def _bootstrap(rng: np.random.Generator, fit: Fit, b: float) -> Hits:
    """What resampling chains would give: shown to say why it is not used."""
    chains = len(fit.logs)
    slopes = fit.exponent + fit.influence[:, 1]
    means = slopes[rng.integers(0, chains, (400, chains))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return {"(b on the test part, bootstrap over chains)": bool(low <= b <= high)}


def floor_study(rng: np.random.Generator, chains: int, *, truth: Truth = FLOOR) -> Hits:
    """A law through which a floor is fitted: b with c left free, bounds of c, and what choosing the form does."""
    study = simulate(rng, [truth], LONG, chains=chains + 1)
    here = fit_with_floor(curve_of(LONG, study.on_test[0]))
    hits: Hits = {}
    for name, known in (("on the test part", False), ("over all compositions", True)):
        fit = fits_of(study, 0, fit_with_floor, known=known)
        b, c = (truth.b, truth.c) if known else (here.exponent, max(here.floor, 0.0))
        floor = floor_of(fit, LEVEL)
        free = exponent_with_floor(fit, LEVEL)
        line = fit_plain(fit.curve)
        shown = floor.at_least > 0
        chosen: Interval = free if shown else line.spread.interval(line.exponent, EXPONENT, LEVEL)
        hits[f"b with c free {name}"] = b in free
        hits[f"c at most {name}"] = floor.at_most is None or c <= floor.at_most
        hits[f"c at least {name}"] = c >= floor.at_least
        hits[f"(c bounded above {name})"] = floor.at_most is not None
        hits[f"(floor found {name})"] = shown
        if known:  # what is true on one test part depends on the form
            hits[f"(b by the chosen form {name})"] = b in chosen
    return hits


def coverage(draw, studies: int, chains: int, seed: int = 0) -> dict[str, float]:
    """The share of simulated studies in which each statement holds."""
    hits = [draw(np.random.default_rng([seed, chains, k]), chains) for k in range(studies)]
    return {name: float(np.mean([one[name] for one in hits])) for name in hits[0]}


KINDS = {
    "two laws without a floor": plain_study,
    "a law with a floor": floor_study,
    "a law without a floor, fitted with one": partial(floor_study, truth=NO_FLOOR),
}


def table(found: Json) -> str:
    """The results as Markdown."""
    lines = [
        "# Coverage of the intervals",
        "",
        f"Simulated studies, nominal {100 * LEVEL:g} %. Lines in brackets are no intervals that the package gives, or count something",
        "else. Written by coverage.py.",
    ]
    for kind, one in found.items():
        by_chains, studies = one["chains"], one["studies"]
        error = np.sqrt(LEVEL * (1 - LEVEL) / studies)
        lines += ["", f"## {kind[0].upper()}{kind[1:]}", ""]
        lines += [f"{studies:,} studies for each number (standard error {100 * error:.1f} %).", ""]
        lines += [f"| % | {' | '.join(f'{k} chains' for k in by_chains)} |", "|---|" + "---|" * len(by_chains)]
        names = list(next(iter(by_chains.values())))
        lines += [f"| {n} | {' | '.join(f'{100 * x[n]:.1f}' for x in by_chains.values())} |" for n in names]
    return "\n".join([*lines, ""])


def main() -> None:
    """Simulate, count and write; kinds that were not asked for stay as they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--kind", choices=list(KINDS), action="append", help="all if not given")
    parser.add_argument("--out", type=Path, default=HERE)
    given = parser.parse_args()
    path = given.out / "coverage.json"
    before = json.loads(path.read_text())["coverage"] if path.exists() else {}
    found: Json = {}
    for kind, draw in KINDS.items():
        if given.kind and kind not in given.kind:
            found |= {kind: before[kind]} if kind in before else {}
            continue
        found[kind] = {"studies": given.studies, "chains": {}}
        for chains in CHAINS_OF_A_STUDY:
            began = process_time()
            shares = coverage(draw, given.studies, chains)
            found[kind]["chains"][str(chains)] = shares
            seconds = process_time() - began
            print(f"{kind}, {chains} chains, {seconds:.0f} s:", {n: round(v, 3) for n, v in shares.items()}, flush=True)
    (given.out / "coverage.md").write_text(table(found))
    path.write_text(json.dumps({"level": LEVEL, "coverage": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
