"""How learning curves of a quick learner scatter over chains and test compositions: the numbers behind the simulated studies.

    python benchmarks/accuracy/scaling/noise.py mptrj-random-1k.xyz

Kernel ridge on element fractions, on energies less a fitted E0 (fitted once to all data, so only scatter is meaningful, not errors).
"""

import sys

import numpy as np

import transferkit as tk

SIZES = np.array([25, 50, 100, 200, 400])
CHAINS, TESTED = 40, 100


def learnt(x, y, train, test, *, width=2.0, ridge=0.3):
    """Predictions of a ridge on fractions and a Gaussian kernel on what it leaves."""
    line = np.linalg.solve(x[train].T @ x[train] + 1e-3 * np.eye(x.shape[1]), x[train].T @ y[train])

    def kernel(rows):
        return np.exp(-width * ((x[rows][:, None] - x[train][None]) ** 2).sum(axis=-1))

    left = np.linalg.solve(kernel(train) + ridge * np.eye(len(train)), y[train] - x[train] @ line)
    return x[test] @ line + kernel(test) @ left


def main():
    """Draw chains twice with other test compositions, and print what scatters."""
    data = tk.read(sys.argv[1], fidelity="GGA")
    names = np.asarray(data.composition)
    first = np.array([np.flatnonzero(names == name)[0] for name in np.unique(names)])
    x, y = data.counts() / data.n_atoms[:, None], data.energy / data.n_atoms
    y = y - x @ np.linalg.lstsq(x, y, rcond=1e-6)[0]
    centred = np.log(SIZES) - np.log(SIZES).mean()
    for seed in range(2):
        rng = np.random.default_rng(seed)
        order = rng.permutation(first)
        test, pool = order[:TESTED], order[TESTED:]
        errors = np.empty((CHAINS, len(SIZES), TESTED))
        for chain in errors:
            own = rng.permutation(pool)
            chain[:] = [np.abs(learnt(x, y, own[:n], test) - y[test]) for n in SIZES]
        logs = np.log(errors.mean(axis=-1))
        slopes, levels = np.polyfit(centred, logs.T, 1)
        per = errors.mean(axis=0)
        picks = (rng.integers(0, TESTED, TESTED) for _ in range(300))
        moved = [np.polyfit(centred, np.log(per[:, pick].mean(axis=1)), 1)[0] for pick in picks]
        print(f"{len(first)} compositions, {CHAINS} chains, seed {seed}")
        print(f"  level {levels.std(ddof=1):.3f}, slope with the luck of subsets {slopes.std(ddof=1):.3f}")
        print(
            f"  per size {logs.std(axis=0, ddof=1).round(2)}, neighbours correlate {np.diagonal(np.corrcoef(logs.T), 1).round(2)}"
        )
        print(
            f"  compositions: variation {(per.std(axis=1, ddof=1) / per.mean(axis=1)).round(2)}, slope moves by {np.std(moved):.3f}"
        )


if __name__ == "__main__":
    main()
