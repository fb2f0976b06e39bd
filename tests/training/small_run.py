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
from transferkit.adapters.toy import Toy
from transferkit.finetuning.strategy import Strategy
from transferkit.training import loop
from transferkit.training.fit import fit
from transferkit.training.optimiser import Optimiser

STEPS = 9
POTENTIALS = {
    "toy": lambda: Toy.load("demo", dtype=torch.float64),
    "chgnet": lambda: ChgnetAdapter.scratch("tiny", seed=1, dtype=torch.float64),
}


def run(folder: Path, *, structures: int, resume: bool = True):
    """13 training structures, so that the last batch is uneven; E0 trains and blocks open during the run."""
    data = tk.bundled("gpaw-pbe-r2scan")
    potential = POTENTIALS[os.environ.get("SMALL_RUN", "toy")]()
    return fit(
        potential.with_reference(potential.reference(), trainable=True),
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
    )


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
