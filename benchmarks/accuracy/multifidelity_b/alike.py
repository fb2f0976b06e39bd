"""How alike features are before and after training, layer by layer: linear CKA on compositions that were not trained on.

    python benchmarks/accuracy/multifidelity_b/alike.py

Takes the potentials of the runs of run.py; one file for each pair and seed in pieces/, and what is there is not done again.
"""

import json

from run import PIECES, RUNS

import transferkit as tk
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.bundled import folds
from transferkit.data.folds import fold_split

START = "0.3.0"
PAIRS = {
    "r2SCAN": (START, "ladder/nothing"),
    "PBE": (START, "backbones/one"),
    "PBE and MP-PBE": (START, "backbones/two"),
    "PBE, then r2SCAN": ("backbones/one", "probe/one-adapted"),
    "PBE and MP-PBE, then r2SCAN": ("backbones/two", "probe/two-adapted"),
}
"""What was learnt: the potential before and after."""


def opened(name: str, seed: int) -> ReferencedPotential | None:
    """A potential by the name of its run; None where that has not finished."""
    if name == START:
        return tk.load("chgnet", checkpoint=START)
    folder = RUNS / name / f"seed-{seed}"
    return ReferencedPotential.open(folder / "model") if (folder / "result.json").exists() else None


def main() -> None:
    """Every pair with every seed."""
    data = tk.bundled("gpaw-pbe-r2scan")
    for seed in range(5):
        test = fold_split(data, folds("gpaw-pbe-r2scan"), fold=seed, seed=seed).tests["unseen compositions"]
        for k, pair in enumerate(PAIRS.values()):
            piece = PIECES / f"alike-{k}-{seed}.json"
            before, after = (opened(name, seed) for name in pair)
            if piece.exists() or before is None or after is None:
                continue
            table = tk.compare_features(
                before, after, test, head=before.adapter.heads[0], head_after=after.adapter.heads[0]
            )
            rows = table.astype(object).where(table.notna(), None).to_dict("records")
            piece.write_text(json.dumps({"pair": list(PAIRS)[k], "seed": seed, "layers": rows}, indent=1) + "\n")
            print(piece.stem, flush=True)


if __name__ == "__main__":
    main()
