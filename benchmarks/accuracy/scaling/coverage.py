"""How often 95 % intervals of scaling laws hold the truth, over simulated studies: coverage.json and coverage.md.

    python benchmarks/accuracy/scaling/coverage.py [--studies 2000]

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

Hits = dict[str, bool]


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
    truth = [fit_plain(curve_of(SIZES, on_test)) for on_test in study.on_test]
    alone = [fits_of(study, k, fit_plain, known=False) for k in (0, 1)]
    known = [fits_of(study, k, fit_plain, known=True) for k in (0, 1)]
    everywhere = (LAWS[1].a / LAWS[0].a) ** (1.0 / (LAWS[1].b - LAWS[0].b))
    here = meeting(*truth)
    hits: Hits = {}
    for name, fits, shared in (
        ("on the test part", alone, frozenset({CHAINS})),
        ("over all compositions", known, frozenset({CHAINS, COMPOSITIONS})),
    ):
        b, x = (truth[1].exponent, here) if name == "on the test part" else (LAWS[1].b, everywhere)
        spread = joined(fits[0].spread, fits[1].spread, shared)
        crossing = crossing_between(*fits, spread, LEVEL)
        hits[f"b {name}"] = b in fits[1].spread.interval(fits[1].exponent, EXPONENT, LEVEL)
        hits[f"crossing {name}"] = x in crossing.interval
        hits[f"(crossing {name} has two ends)"] = crossing.interval.bounded
    bare = joined(alone[0].spread, alone[1].spread, frozenset({CHAINS}))
    hits["(b over all compositions, errors alone)"] = LAWS[1].b in alone[1].spread.interval(
        alone[1].exponent, EXPONENT, LEVEL
    )
    hits["(crossing over all compositions, errors alone)"] = (
        everywhere in crossing_between(*alone, bare, LEVEL).interval
    )
    apart = joined(alone[0].spread, alone[1].spread, frozenset())
    hits["(crossing on the test part, pairs not used)"] = here in crossing_between(*alone, apart, LEVEL).interval
    size = 200.0
    error = float(np.exp(truth[0].log_error(np.log([size]))[0]))
    needed = crossing_of(lambda x: truth[1].log_error(x) - np.log(error), searched(SIZES))
    factor = float(np.exp(needed)) / size
    hits["data factor at a size"] = factor in factor_at_size(*alone, bare, size, level=LEVEL).interval
    hits["data factor at an error"] = factor in factor_for_error(*alone, bare, error, level=LEVEL).interval
    hits["size for an error"] = size in size_for(alone[0], None, error, level=LEVEL).interval
    hits["error of a new training"] = study.errors[0, -1, -1] in error_at(alone[0], SIZES[-1], level=LEVEL).prediction
    return hits | _bootstrap(rng, alone[1], truth[1].exponent)


def _bootstrap(rng: np.random.Generator, fit: Fit, b: float) -> Hits:
    """What resampling chains would give: shown to say why it is not used."""
    chains = len(fit.logs)
    slopes = fit.exponent + fit.influence[:, 1]
    means = slopes[rng.integers(0, chains, (400, chains))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return {"(b on the test part, bootstrap over chains)": bool(low <= b <= high)}


def floor_study(rng: np.random.Generator, chains: int, *, truth: Truth = FLOOR) -> Hits:
    """A law with a floor: b with c left free, bounds of c, and what choosing the form does."""
    study = simulate(rng, [truth], LONG, chains=chains + 1)
    here = fit_with_floor(curve_of(LONG, study.on_test[0]))
    hits: Hits = {}
    for name, known in (("on the test part", False), ("over all compositions", True)):
        fit = fits_of(study, 0, fit_with_floor, known=known)
        b, c = (truth.b, truth.c) if known else (here.exponent, max(here.floor, 0.0))
        floor = floor_of(fit, LEVEL)
        free = exponent_with_floor(fit, LEVEL)
        hits[f"b with c free {name}"] = b in free
        hits[f"c at most {name}"] = floor.at_most is None or c <= floor.at_most
        hits[f"c at least {name}"] = c >= floor.at_least
        hits[f"(c bounded above {name})"] = floor.at_most is not None
        if not known:
            shown = floor.at_least > 0
            line = fit_plain(fit.curve)
            chosen: Interval = free if shown else line.spread.interval(line.exponent, EXPONENT, LEVEL)
            hits["(floor found)"] = shown
            hits["(b by the chosen form)"] = b in chosen
    return hits


def coverage(draw, studies: int, chains: int, seed: int = 0) -> dict[str, float]:
    """The share of simulated studies in which each statement holds."""
    hits = [draw(np.random.default_rng([seed, chains, k]), chains) for k in range(studies)]
    return {name: float(np.mean([one[name] for one in hits])) for name in hits[0]}


KINDS = {
    "two laws without a floor": plain_study,
    "a law with a floor": floor_study,
    "a law without a floor, fitted with one": partial(floor_study, truth=Truth(0.3, 0.5)),
}


def table(found: dict, studies: int, seconds: float) -> str:
    """The results as Markdown."""
    error = np.sqrt(LEVEL * (1 - LEVEL) / studies)
    lines = [
        "# Coverage of the intervals",
        "",
        f"{studies:,} simulated studies each, nominal {100 * LEVEL:g} %, standard error {100 * error:.1f} %; {seconds / 60:.0f} minutes of one core.",
        "Lines in brackets are no intervals that the package gives, or count something else. Written by coverage.py.",
    ]
    for kind, by_chains in found.items():
        names = list(next(iter(by_chains.values())))
        lines += ["", f"## {kind[0].upper()}{kind[1:]}", "", f"| % | {' | '.join(f'{k} chains' for k in by_chains)} |"]
        lines += ["|---|" + "---|" * len(by_chains)]
        lines += [f"| {n} | {' | '.join(f'{100 * one[n]:.1f}' for one in by_chains.values())} |" for n in names]
    return "\n".join([*lines, ""])


def main() -> None:
    """Simulate, count and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=HERE)
    given = parser.parse_args()
    began = process_time()
    found: dict = {}
    for kind, draw in KINDS.items():
        for chains in (3, 5, 8):
            found.setdefault(kind, {})[chains] = coverage(draw, given.studies, chains)
            print(kind, chains, {n: round(v, 3) for n, v in found[kind][chains].items()}, flush=True)
    text = table(found, given.studies, process_time() - began)
    (given.out / "coverage.md").write_text(text)
    result = {"studies": given.studies, "level": LEVEL, "coverage": found}
    (given.out / "coverage.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
