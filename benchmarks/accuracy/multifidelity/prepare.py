"""Join the three files of Li3PS4 into one, so that every seed may draw its own parts.

    python benchmarks/accuracy/multifidelity/prepare.py SHARED

SHARED is the folder with ``data/li3ps4_pbesol_r2scan``. Frames stay as they are: PBEsol energy and forces, r2SCAN energy. Writes
``runs/li3ps4.xyz``, which is what the recipes beside this file read.
"""

import sys
from pathlib import Path

OUT = Path("runs") / "li3ps4.xyz"


def main(shared: Path) -> None:
    """Text behind text: nothing is converted."""
    folder = shared / "data" / "li3ps4_pbesol_r2scan"
    if not folder.is_dir():
        raise SystemExit(f"{folder} is not there; give the folder that holds data/li3ps4_pbesol_r2scan")
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text("".join((folder / f"{name}.xyz").read_text() for name in ("train", "val", "test")))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
