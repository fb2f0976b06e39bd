"""Peak memory of a step, each in a process of its own: the high water of resident memory (GPU: of the allocator) above what
the process held with model and graphs in place.

    python benchmarks/speed/memory.py SIDE WHAT SET FOLDER DEVICE     # run.py calls this; prints JSON
"""

import json
import subprocess
import sys
from pathlib import Path

import torch

MIB = 2**20


def status(field: str) -> float:
    """MiB of a field of /proc/self/status."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"/proc/self/status has no {field}: peak memory on the CPU is measured on Linux only")


def reset_high_water() -> None:
    """Let VmHWM start again from what is resident now."""
    Path("/proc/self/clear_refs").write_text("5")


def peak(step, warm, device: str) -> float:
    """MiB above the start that ``step`` needs, after the small step ``warm``."""
    warm()
    if device != "cpu":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        step()
        torch.cuda.synchronize()
        return (torch.cuda.max_memory_allocated() - before) / MIB
    reset_high_water()
    before = status("VmRSS")
    step()
    return status("VmHWM") - before


def child(side: str, what: str, name: str, folder: str, device: str) -> None:
    from choose import structures_of
    from frames import cells, labelled
    from sides import Ours, Upstream

    torch.set_num_threads(1)
    structures, small = structures_of(name, Path(folder) if folder else None), cells(1)
    made = (Ours if side == "transferkit" else Upstream)(device)
    if what == "training step":
        steps = [made.train_step(labelled(s)) for s in (structures, small)]
    elif side == "transferkit":
        steps = [made.predict(labelled(s)) for s in (structures, small)]
    else:
        steps = [made.predict(s) for s in (structures, small)]
    print(json.dumps({"MiB": peak(*steps, device)}))


def measure(what: str, name: str, folder: Path | None, device: str) -> dict:
    """Peaks of both sides and their ratio, upstream over ours."""
    found = {}
    for side in ("upstream", "transferkit"):
        command = [sys.executable, __file__, side, what, name, str(folder or ""), device]
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
        if done.returncode:
            return {"failed": f"{side}: {done.stderr.strip().splitlines()[-1]}"}
        found[side] = json.loads(done.stdout.splitlines()[-1])["MiB"]
    return {
        "upstream_MiB": found["upstream"],
        "transferkit_MiB": found["transferkit"],
        "memory_ratio": found["upstream"] / found["transferkit"],
    }


if __name__ == "__main__":
    child(*sys.argv[1:6])
