"""Every arm with every seed, one file of errors each; what is there is not run again.

    python benchmarks/accuracy/multifidelity_b/prepare.py SHARED
    python benchmarks/accuracy/multifidelity_b/run.py [--only forces ladder ...] [--seeds 0 1 ...] [--minutes 10]

Runs lie in runs/multifidelity-b/RECIPE/ARM/seed-K without a page (`transferkit report FOLDER` makes one), errors per composition in pieces/.
Stopped at any moment, the same command goes on. backbones comes before probe. table.py makes the tables.
"""

import argparse
import json
import time
from pathlib import Path

import torch

from transferkit.comparison import jobs
from transferkit.pipeline import run_one
from transferkit.recipe import Recipe
from transferkit.recipe_file import load_recipe

HERE = Path(__file__).parent
PIECES = HERE / "pieces"
RUNS = Path("runs") / "multifidelity-b"
RECIPES = ("forces", "ladder", "backbones", "probe", "mixes")
MEASURES = ("energy", "free_forces", "stress")


def with_seed(recipe: Recipe) -> Recipe:
    """The folder of the backbone that was trained with the same seed in place of SEED."""
    checkpoint = recipe.adapter.checkpoint
    if checkpoint is None or "SEED" not in checkpoint:
        return recipe
    adapter = recipe.adapter.model_copy(update={"checkpoint": checkpoint.replace("SEED", str(recipe.seed))})
    return recipe.model_copy(update={"adapter": adapter})


def errors(folder: Path) -> dict:
    """Mean absolute errors per composition, before and after training, and how long it took."""
    result = json.loads((folder / "result.json").read_text())
    tests = {
        test: {
            when: {
                composition: {key: entry[key] for key in MEASURES if entry.get(key) is not None}
                for composition, entry in of_test[when]["by_composition"].items()
            }
            for when in ("step0", "final")
        }
        for test, of_test in result["tests"].items()
    }
    return {"tests": tests, "wall_s": result["training"]["wall_s"], "trainable": result["strategy"]["trainable"]}


def main() -> None:
    """Seeds outermost in each recipe, so that what is there at any time is balanced."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--seeds", nargs="+", type=int, help="only these, so that several processes share the work")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no run after so many minutes")
    args = parser.parse_args()
    torch.set_num_threads(1)
    PIECES.mkdir(exist_ok=True)
    begun = time.monotonic()
    for name in args.only:
        for job in jobs(load_recipe(HERE / f"{name}.yaml"), RUNS / name):
            piece = PIECES / f"{name}-{job.variant}-{job.seed}.json"
            if args.seeds and job.seed not in args.seeds:
                continue
            if piece.exists() and (name != "backbones" or (job.folder / "result.json").exists()):
                continue
            if time.monotonic() - begun > 60 * args.minutes:
                raise SystemExit("time is up; the same command goes on")
            start = time.process_time()
            run_one(
                with_seed(job.recipe), job.folder, variant=job.variant, quiet=True, graphs=RUNS / "graphs", page=False
            )
            found = {"recipe": name, "arm": job.variant, "seed": job.seed, **errors(job.folder)}
            piece.write_text(json.dumps({**found, "cpu_s": time.process_time() - start}, indent=1) + "\n")
            print(f"{piece.stem}: {time.process_time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
