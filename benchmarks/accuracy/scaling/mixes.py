"""How often 95 % intervals of laws of two fidelities and of plans hold the truth, and how often the right form is chosen.

    python benchmarks/accuracy/scaling/mixes.py [--studies 400]

Each study: 16 mixes (10, 30, 100, 300 expensive labels times 0, 100, 1000, 3000 cheap ones); scatter of 8 % between chains and of 8 % between
points of a chain. Prints a table for docs/concepts/planning.md.
"""

import argparse
from collections import Counter

import numpy as np

from transferkit.scaling.mixed_law import fit_mixed_law
from transferkit.scaling.planner import plan_mix

HIGH, LOW = (v.ravel() for v in np.meshgrid([10.0, 30.0, 100.0, 300.0], [0.0, 100.0, 1000.0, 3000.0]))
LAWS = {
    "exchange": lambda h, c: 3 * (h + 0.2 * c) ** -0.5,
    "saturating": lambda h, c: 3 * (h + 0.3 * c / (1 + 0.3 * c / (4 * h))) ** -0.5,
    "product": lambda h, c: 3 * h**-0.4 * (1 + c / 50) ** -0.2,
}
TARGET, PRICES, NOISE = 0.2, {"price_high": 20, "price_low": 1}, 0.08


def truth(law) -> tuple[float, float]:
    """The least cost for the target, and that of expensive labels alone, over the least."""
    high, low = np.meshgrid(np.arange(10, 1500), np.arange(0, 9000, 10), indexing="ij")
    least = float(np.where(law(high, low) <= TARGET, 20 * high + low, np.inf).min())
    alone = np.arange(10.0, 5000.0)
    return least, float(20 * alone[law(alone, 0.0) <= TARGET][0] / least)


def main() -> None:
    """One line per law and number of chains."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--studies", type=int, default=400)
    studies = parser.parse_args().studies
    print("| true form | chains | form chosen | error at a mix | cost | saving |")
    print("|---|---|---|---|---|---|")
    for name, law in LAWS.items():
        cost, saving = truth(law)
        for chains in (3, 5):
            held: Counter[str] = Counter()
            label = np.repeat(np.arange(chains), len(HIGH))
            for seed in range(studies):
                rng = np.random.default_rng(seed)
                off = NOISE * (rng.normal(size=len(label)) + rng.normal(size=chains)[label])
                errors = np.tile(law(HIGH, LOW), chains) * np.exp(off)
                found = fit_mixed_law(np.tile(HIGH, chains), np.tile(LOW, chains), errors, chains=label)
                held["form"] += found.form == name
                held["error"] += law(200.0, 2000.0) in found.interval_at(200, 2000)
                mix = plan_mix(found, **PRICES, target=TARGET)
                held["cost"] += cost in mix.cost_interval
                held["saving"] += saving in mix.saving_interval
            cells = [f"{100 * held[key] / studies:.1f}" for key in ("form", "error", "cost", "saving")]
            print(f"| {name} | {chains} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
