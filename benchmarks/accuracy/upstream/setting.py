"""What all arms share: frames, batch, order of the batches, and the error that is compared."""

import argparse
import io
import shutil
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from batches import BATCH, EDGES
from pieces import RUNS

import transferkit as tk
from transferkit.adapters.graphs import build_graphs
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.bundled import folds
from transferkit.data.folds import fold_split
from transferkit.data.structures import Structures
from transferkit.data.subset import nested_subsets
from transferkit.training.feed import Feed
from transferkit.training.fit import FitResult
from transferkit.training.loss import Loss, Objective
from transferkit.training.tally import Tally

DRAW = 2
"""The first draw of 160 training frames that has all 45 elements."""
SEEDS = (0, 1, 2)
SET = "gpaw-pbe-r2scan"


@dataclass(frozen=True)
class Size:
    """How much of everything.

    Attributes:
        name: in the names of pieces
        train: training frames, a multiple of the batch: mace_run_train drops what is left over
        valid: validation frames; 60 is all of the fold
        chgnet_epochs: of fine-tuning CHGNet 0.3.0
        mace_epochs: of fine-tuning the small MACE
        pretraining_epochs: of the small MACE on PBE labels
        seeds: of the order of the batches
    """

    name: str = "full"
    train: int = 160
    valid: int = 60
    chgnet_epochs: int = 10
    mace_epochs: int = 20
    pretraining_epochs: int = 60
    seeds: tuple[int, ...] = SEEDS


FULL = Size()
SMOKE = Size("smoke", train=32, valid=4, chgnet_epochs=1, mace_epochs=2, pretraining_epochs=2, seeds=(0,))


def frames(size: Size, fidelity: str = "r2SCAN") -> tuple[Structures, Structures]:
    """Training and validation frames of fold 0: no composition is in both, every validation element is in training."""
    parts = fold_split(tk.bundled(SET, fidelity=fidelity), folds(SET), fold=0)
    train = nested_subsets(parts.train, [size.train], seed=DRAW, by="random")[0]
    learnt = set(train.elements.tolist())
    inside = [s for s in range(len(parts.valid)) if set(parts.valid.structure(s).numbers.tolist()) <= learnt]
    valid = parts.valid[np.array(inside[: size.valid])]
    if len(valid) < size.valid:
        raise SystemExit(f"only {len(valid)} validation frames consist of elements that the training frames hold")
    return train, valid


def residual(potential: ReferencedPotential, train: Structures) -> ReferencedPotential:
    """Our residual E0 for every arm, so that only the training differs."""
    with redirect_stdout(io.StringIO()):
        return tk.rereference(potential, train, policy="residual")


def score(potential: ReferencedPotential, data: Structures, loss: Loss) -> dict[str, float]:
    """Loss and mean absolute errors (eV/atom, eV/Å, eV/Å³) on all of ``data``, by the code that our loop uses."""
    need = frozenset(p for p, w in loss.weights.items() if w > 0)
    feed = Feed(data, build_graphs(potential, data), potential.adapter, 0, EDGES, BATCH, 0)
    objective, tally = Objective(potential, loss, need), Tally()
    with torch.no_grad():
        for index in feed.epoch(0, shuffle=False):
            tally.add(objective(*feed.load(index, hidden=False, device=torch.device("cpu")))[1].numpy())
    return errors(tally.row(loss.weights))


def errors(row: dict) -> dict[str, float]:
    """The four numbers of a row of ``metrics.jsonl`` that are compared."""
    return {"loss": row["loss"], **{p: row[f"{p}_mae"] for p in ("energy", "forces", "stress")}}


def ours(result: FitResult) -> dict:
    """What a piece keeps of one of our runs."""
    history = [{"epoch": row["epoch"], **errors(row["valid"])} for row in result.history]
    kept = next(row for row in result.history if row["step"] == result.best_step)
    return {
        "start": history[0],
        "last": history[-1],
        "kept": {"epoch": kept["epoch"], **errors(kept["valid"])},
        "history": history,
        "train_s": result.wall_s,
    }


def chosen(description: str) -> tuple[Size, Path]:
    """The size that the command line asks for, and the folder of its pieces; a smoke run begins anew."""
    parser = argparse.ArgumentParser(description=description.split("\n", maxsplit=1)[0])
    parser.add_argument("--smoke", action="store_true", help="seconds instead of minutes; says nothing about accuracy")
    if not parser.parse_args().smoke:
        return FULL, RUNS
    shutil.rmtree(RUNS / "smoke", ignore_errors=True)
    return SMOKE, RUNS / "smoke"
