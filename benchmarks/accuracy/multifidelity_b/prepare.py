"""Small cells of MPtrj, the second level of theory of backbones.yaml.

    python benchmarks/accuracy/multifidelity_b/prepare.py SHARED

SHARED is the folder with ``data/mptrj_1k``. Writes ``runs/mptrj-small.parquet``: frames of at most 12 atoms, so that a step stays short.
"""

import sys
from pathlib import Path

import numpy as np

import transferkit as tk
from transferkit.data.store import write_parquet

OUT = Path("runs") / "mptrj-small.parquet"


def main(shared: Path) -> None:
    """Read, choose by size, write."""
    path = shared / "data" / "mptrj_1k" / "mptrj-random-1k.xyz"
    if not path.is_file():
        raise SystemExit(f"{path} is not there; give the folder that holds data/mptrj_1k")
    data = tk.read(path, fidelity="MP-PBE")
    small = data[np.flatnonzero(np.diff(data.offsets) <= 12)]
    OUT.parent.mkdir(exist_ok=True)
    write_parquet(small, OUT)
    print(small)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
