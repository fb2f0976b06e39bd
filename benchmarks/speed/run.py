"""CHGNet here against the chgnet package: training step, evaluation, graphs, whole epoch, peak memory, and how cost grows.

    python benchmarks/speed/run.py [--device cpu|cuda] [--quick] [--only WORD ...] [--data FOLDER] [--again]

Both sides work on the same structures in one process, in turn, after a warm-up; timing.py says which clock the ratios are of.
``--data`` (or TRANSFERKIT_SHARED) is the folder of shared data with ``data/mptrj_1k``; without it the measurements on
MPtrj are left out, which is said. Results go to ``chgnet.json`` as each is measured, so a run that was cut off goes on;
``--again`` starts over. ``table.py`` writes the table, ``plot.py`` the figure; both run at the end.
"""

import argparse
import os
import warnings
from functools import partial
from pathlib import Path

import torch
from choose import structures_of

HERE = Path(__file__).parent


def plan(bench, shared: Path | None, *, quick: bool) -> dict:
    """Every measurement by its name: what, and on which set."""
    import curves
    import memory
    import pairs

    cuda = bench.device != "cpu"
    batches = [16, 64, 256] if cuda else [16]
    sets = [f"{kind} x {n}" for n in batches for kind in ("rock salt", "bundled", "MPtrj")]
    whole = ["bundled x 64", "MPtrj below 60 x 32"] if quick or not cuda else ["bundled x 1024", "MPtrj x 512"]
    found: dict = {}

    def add(what: str, name: str, measure, *args, **kwargs) -> None:
        found[f"{what}, {name}"] = (name, lambda: measure(bench, structures_of(name, shared), *args, **kwargs))

    for name in sets:
        add("training step", name, pairs.train_step)
        n = int(name.rpartition(" ")[2])
        add(f"evaluation, upstream's batch of {n}", name, pairs.evaluation, batch=n)
    for name in ("bundled x 16", "MPtrj x 16"):
        add("evaluation, one by one", name, pairs.one_by_one)
        add("energy only", name, pairs.energy_only)
        add("graphs", name, pairs.graphs)
    if not quick:
        add("evaluation, upstream's batch of 16", "MPtrj x 64", pairs.evaluation, batch=16)
        add("evaluation, one by one", "MPtrj x 64", pairs.one_by_one)
        add("graphs", "MPtrj x 64", pairs.graphs)
    for name in whole[: 1 if quick else 2]:
        add("epoch", name, pairs.epoch, batch=batches[0], cached=True)
        add("first epoch, with graphs", name, pairs.epoch, batch=batches[0], cached=False)
        add("epoch against bare steps", name, pairs.against_bare_steps, batch=batches[0], epochs=4 if quick else 6)
    if not quick:
        add("whole training, 11 epochs", "quickstart", pairs.whole_training, batch=16, epochs=11)
    for name in sets[1:2] if quick else [n for n in sets if not n.startswith("rock")]:
        for what in ("training step", "evaluation"):
            found[f"peak memory of {what}, {name}"] = (name, partial(memory.measure, what, name, shared, bench.device))
    few = [1, 4, 16] if quick else [1, 2, 4, 8, 16, 32, 64, 128]
    found["cost against batch size"] = (
        "",
        partial(curves.batch_sizes, bench, few + [256] * cuda, largest_upstream=256 if cuda else 16),
    )
    found["cost against cell size"] = (
        "",
        partial(curves.cell_sizes, bench, [8, 64, 192] if quick else [8, 16, 32, 64, 96, 192]),
    )
    many = [10, 100, 1000] if quick else [10, 100, 1000, 10_000]
    found["cost against number of structures"] = (
        "",
        partial(curves.numbers_of_structures, bench, many, chgnet_up_to=100 if quick else 10_000),
    )
    return found


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--quick", action="store_true", help="about two minutes: fewer repeats and sets")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="measurements whose name contains a word")
    parser.add_argument("--data", type=Path, default=os.environ.get("TRANSFERKIT_SHARED") or None)
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--again", action="store_true", help="measure everything anew")
    parser.add_argument("--out", type=Path, help="JSON file; chgnet.json beside this script if not given")
    return parser.parse_args()


def main() -> None:
    args = options()
    if args.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("there is no CUDA device; run without --device cuda")
    shared = Path(args.data) if args.data and (Path(args.data) / "data" / "mptrj_1k").is_dir() else None
    torch.set_num_threads(args.threads)
    warnings.simplefilter("ignore")
    import plot
    import table
    from pairs import Bench
    from record import Record, machine
    from sides import Ours, Upstream

    repeats = args.repeats or (3 if args.quick else 7)
    bench = Bench(Ours(args.device), Upstream(args.device), args.device, args.threads, repeats)
    stem = "chgnet" + ("" if args.device == "cpu" else "-cuda") + ("-quick" if args.quick else "")
    path = args.out or HERE / f"{stem}.json"
    record = Record(
        path, machine(args.device, args.threads) | {"quick": args.quick, "repeats": repeats}, again=args.again
    )
    for name, (structures, measure) in plan(bench, shared, quick=args.quick).items():
        if args.only and not any(word.lower() in name.lower() for word in args.only):
            continue
        if "MPtrj" in structures and shared is None:
            print(f"{name}: left out; --data or TRANSFERKIT_SHARED names no folder with data/mptrj_1k", flush=True)
            continue
        record.take(name, measure)
    print(table.write(path))
    print(plot.write(path))


if __name__ == "__main__":
    main()
