"""Fine-tuning a small MACE: our loop against ``mace_run_train``.

    python benchmarks/accuracy/upstream/mace_run_train.py [--smoke]

The small MACE is pre-trained on PBE labels by ``mace_run_train``, and its E0 are moved to r2SCAN by ``residual`` before
all arms. Same frames, start, loss, rate, clipping, batch and epochs, float64. Arms: ``ours``; ``same-order``, upstream
with our batches and with Adam, as ours; ``own-order``, upstream with its own shuffling and with AMSGrad, its fixed choice.
"""

import json
import os
import shutil
import subprocess
import sys
import warnings
from dataclasses import asdict
from functools import partial
from hashlib import sha256
from pathlib import Path

import ase.io
import torch
from batches import BATCH, EDGES, orders
from pieces import HERE, piece
from setting import FULL, SET, Size, chosen, frames, ours, residual, score
from table import write

import transferkit as tk
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.readers.frames import to_ase
from transferkit.data.structures import Structures
from transferkit.provenance import versions
from transferkit.training.fit import fit
from transferkit.training.loss import Loss
from transferkit.training.optimiser import Optimiser
from transferkit.units import GPA

RATE = 2e-4
"""At 1e-3 the validation error rises from the second epoch on, in every arm."""
CLIP = 10.0
WEIGHTS = {"energy": 10.0, "forces": 10.0, "stress": 100.0}
"""Of mean squared errors in (eV/atom)², (eV/Å)² and (eV/Å³)²: upstream's loss "stress"."""
LOSS = Loss(kind="mse", weights={**WEIGHTS, "stress": WEIGHTS["stress"] * GPA**2})
"""The same loss: ours takes stresses in GPA."""
PLAIN = {"device": "cpu", "default_dtype": "float64", "plot": "False", "error_table": "PerAtomMAE"}
TRAINING = {
    "loss": "stress",
    **{f"{name}_weight": value for name, value in WEIGHTS.items()},
    "batch_size": BATCH,
    "weight_decay": 0.0,
    "clip_grad": CLIP,
}
SMALL = {
    "model": "ScaleShiftMACE",
    "hidden_irreps": "16x0e + 16x1o",
    "max_ell": 2,
    "correlation": 2,
    "num_interactions": 2,
    "num_radial_basis": 8,
    "r_max": 5.0,
    "E0s": "average",
    "lr": 0.01,
    "seed": 0,
}
FINETUNING = {"E0s": "foundation", "multiheads_finetuning": "False", "lr": RATE}
ARMS = ("ours", "same-order", "own-order")
OUTPUT = ("log_dir", "model_dir", "checkpoints_dir", "results_dir", "downloads_dir")


def export(data: Structures, path: Path) -> Path:
    """Frames as an extended xyz file with upstream's default keys; all arms read this file."""
    atoms = to_ase(data)
    for k, one in enumerate(atoms):
        results, one.calc = one.calc.results, None
        one.info |= {"REF_energy": results["energy"], "REF_stress": data.stress[k]}
        one.arrays["REF_forces"] = results["forces"]
    path.parent.mkdir(parents=True, exist_ok=True)
    ase.io.write(path, atoms, format="extxyz")
    return path


def mace(folder: Path, name: str, options: dict, files: tuple[Path, Path], batches: list | None = None) -> list[dict]:
    """Run ``mace_run_train`` in a new folder; returns the rows that it logs."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    n_valid = len(ase.io.read(files[1], ":"))
    # one validation batch: upstream adds the means of batches, and divides the sum by the number of frames
    data = {"train_file": files[0], "valid_file": files[1], "valid_batch_size": n_valid}
    output = dict.fromkeys(OUTPUT, folder)
    options = {"name": name, **PLAIN, **TRAINING, **data, **output, **options}
    command = [sys.executable, "-m", "mace.cli.run_train"]
    if batches is not None:
        (folder / "orders.json").write_text(json.dumps(batches))
        command = [sys.executable, str(HERE / "mace_in_order.py"), str(folder / "orders.json")]
    command += [f"--{key}={value}" for key, value in options.items()]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with (folder / "stdout.log").open("w") as log:
        done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=environment, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"mace_run_train failed; see {folder / 'stdout.log'}")
    rows = [json.loads(line) for line in next(folder.glob("*_train.txt")).read_text().splitlines()]
    return [{**row, "n_valid": n_valid} for row in rows]


def pretrained(folder: Path, size: Size) -> Path:
    """A small MACE that knows PBE labels of the whole set: as foundation models do, it has seen every composition."""
    path = folder / "pretrained" / "pretrained.model"
    if not path.is_file():
        print("pre-training on PBE: begins", flush=True)
        every = tk.bundled(SET, fidelity="PBE") if size == FULL else frames(size, "PBE")[0]
        files = [export(data, folder / f"pbe-{k}.extxyz") for k, data in enumerate((every, frames(size, "PBE")[1]))]
        options = {**SMALL, "max_num_epochs": size.pretraining_epochs}
        rows = [r for r in mace(path.parent, "pretrained", options, tuple(files)) if r["mode"] == "eval"]
        print(f"pre-training on PBE: {errors(rows[0])} to {errors(rows[-1])}", flush=True)
    return path


def errors(row: dict) -> dict:
    """Upstream's numbers of one evaluation, with our names and units (eV/atom, eV/Å, eV/Å³)."""
    names = {"energy": "mae_e_per_atom", "forces": "mae_f", "stress": "mae_stress"}
    epoch = 0 if row["epoch"] is None else row["epoch"] + 1
    return {"epoch": epoch, "loss": row["loss"] * row["n_valid"], **{name: row[key] for name, key in names.items()}}


def upstream_run(work: Path, files: tuple[Path, Path], seed: int, epochs: int, *, own_order: bool) -> dict:
    folder = work / ("own-order" if own_order else "same-order") / str(seed)
    options = {**FINETUNING, "foundation_model": work / "start.model", "max_num_epochs": epochs, "seed": seed}
    batches = None if own_order else orders(len(ase.io.read(files[0], ":")), seed, epochs)
    rows = mace(folder, "tuned", options, files, batches)
    history = [errors(row) for row in rows if row["mode"] == "eval"]
    best = min(history[1:], key=lambda row: row["loss"])
    valid = tk.read(files[1], fidelity="r2SCAN")
    read_back = score(load(folder / "tuned.model"), valid, LOSS)
    return {
        "start": history[0],
        "last": history[-1],
        "kept": best,
        "history": history,
        "kept, as its file is read by transferkit": read_back,
        "train_s": sum(row["time"] for row in rows),
    }


def our_run(start: Path, files: tuple[Path, Path], seed: int, epochs: int) -> dict:
    train, valid = (tk.read(path, fidelity="r2SCAN") for path in files)
    optimiser = Optimiser(learning_rate=RATE, schedule="constant")
    size = {"epochs": epochs, "edges": EDGES, "structures": BATCH}
    run = fit(load(start), train, valid, loss=LOSS, optimiser=optimiser, clip=CLIP, seed=seed, quiet=True, **size)
    return ours(run)


def load(path: Path) -> ReferencedPotential:
    return tk.load("mace", checkpoint=path, trust=True, dtype="float64")


def main(size: Size, folder: Path) -> None:
    work = folder / "mace"
    train, valid = frames(size)
    files = export(train, work / "r2scan-0.extxyz"), export(valid, work / "r2scan-1.extxyz")
    first, start = pretrained(work, size), work / "start.model"
    if not start.is_file():
        residual(load(first), tk.read(files[0], fidelity="r2SCAN")).export(start)
    for seed in size.seeds:
        for arm in ARMS:
            setting = {
                "model": "mace",
                "schedule": "constant",
                "arm": arm,
                "seed": seed,
                "epochs": size.mace_epochs,
                "frames": [len(train), len(valid)],
                "data": [train.hash, valid.hash],
                "start": sha256(start.read_bytes()).hexdigest(),
                "options": {**SMALL, **PLAIN, **TRAINING, **FINETUNING, "pretraining_epochs": size.pretraining_epochs},
                "our loss": asdict(LOSS),
                "versions": versions("mace-torch", "e3nn"),
            }
            upstream = partial(upstream_run, work, files, seed, size.mace_epochs, own_order=arm == "own-order")
            mine = partial(our_run, start, files, seed, size.mace_epochs)
            piece(folder, f"mace-constant-{arm}-{seed}", setting, mine if arm == "ours" else upstream)
            tables = write(folder)
    print(tables)


if __name__ == "__main__":
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    main(*chosen(__doc__))
