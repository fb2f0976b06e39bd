"""A small run in a process of its own, to be killed, or to be one of several ranks.

``python small_run.py FOLDER STRUCTURES [KILL_AT_STEP]``, with ``SMALL_RUN=chgnet`` in the environment for another potential
"""

import json
import os
import signal
import sys
from pathlib import Path

import torch

import transferkit as tk
from transferkit.adapters.chgnet import ChgnetAdapter
from transferkit.adapters.graphs import build_graphs
from transferkit.adapters.toy import Toy
from transferkit.finetuning.anchor import Anchor
from transferkit.finetuning.strategy import Strategy
from transferkit.training import loop
from transferkit.training.fit import fit
from transferkit.training.loss import Loss
from transferkit.training.mixture import Beside
from transferkit.training.optimiser import Optimiser

STEPS = 9
POTENTIALS = {
    "toy": lambda: Toy.load("demo", dtype=torch.float64),
    "mixed": lambda: Toy.load("demo", dtype=torch.float64),
    "chgnet": lambda: ChgnetAdapter.scratch("tiny", seed=1, dtype=torch.float64),
}


def run(folder: Path, *, structures: int, resume: bool = True):
    """13 training structures, so that the last batch is uneven; E0 trains and blocks open during the run."""
    data = tk.bundled("gpaw-pbe-r2scan")
    name = os.environ.get("SMALL_RUN", "toy")
    potential = POTENTIALS[name]()
    potential = potential.with_reference(potential.reference(), trainable=True)
    options = mixed(potential) if name == "mixed" else {}
    return fit(
        potential,
        data[:13],
        data[13:24],
        strategy=Strategy("gradual", every=3, unit="steps"),
        optimiser=Optimiser(learning_rate=1e-2),
        steps=STEPS,
        structures=structures,
        evaluate_every=4,
        evaluate_unit="steps",
        clip=1.0,
        ema=0.9,
        seed=1,
        folder=folder,
        identity="small",
        resume=resume,
        quiet=True,
        **options,
    )


def mixed(potential):
    """Two sets beside the target, one through a head of its own: often a rank has no structure of a set, or of the target."""
    potential.add_head("PBE", "default")
    pbe = tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")
    sets = [(pbe[13:20], "PBE", 0.5, 0.7), (pbe[20:24].without("energy"), "default", 0.3, 1.0)]
    return {
        "head": "default",
        "beside": [
            Beside(data, build_graphs(potential, data, head=h), h, ratio, weight) for data, h, ratio, weight in sets
        ],
        "anchor": Anchor(1e-2),
        "loss": Loss("rmse+mae", energy_of="structure"),
    }


def main(arguments):
    folder, structures = Path(arguments[0]), int(arguments[1])
    if len(arguments) > 2:
        kill_at, original = int(arguments[2]), loop.step

        def step(session, *args, **kwargs):
            if session.state.progress.step == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(session, *args, **kwargs)

        loop.step = step
    result = run(folder, structures=structures)
    if int(os.environ.get("RANK", "0")) == 0:
        tensors = {k: v.double().flatten().tolist() for k, v in result.potential.state_dict().items()}
        rows = [{part: row[part] for part in ("train", "valid")} for row in result.history]
        (folder / "result.json").write_text(json.dumps({"weights": tensors, "rows": rows, "steps": result.steps}))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1:])
