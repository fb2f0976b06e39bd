"""The JSON file of results: written as each measurement completes, so that a run that was cut off goes on."""

import json
import os
import platform
import subprocess
from collections.abc import Callable
from pathlib import Path

import torch
from timing import clock_of


def machine(device: str, threads: int) -> dict:
    """Where the numbers were measured."""
    from importlib.metadata import version

    return {
        "device": torch.cuda.get_device_name() if device != "cpu" else processor(),
        "threads": threads,
        "clock": clock_of(device, threads),
        "torch": torch.__version__,
        "chgnet": version("chgnet"),
    }


def commit() -> str:
    """Of the code that was measured; ends with -dirty where files differ from it."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, cwd=Path(__file__).parent, check=False, capture_output=True, text=True)  # noqa: S603
    return done.stdout.strip() or "unknown"


def processor() -> str:
    """Name of the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


class Record:
    """Results by name."""

    def __init__(self, path: Path, setting: dict, *, again: bool = False):
        """Go on with what is there if it was measured in the same setting."""
        self.path = path
        found = json.loads(path.read_text()) if path.exists() and not again else {}
        self.content = found if found.get("setting") == setting else {"setting": setting}

    def take(self, name: str, measure: Callable[[], dict]) -> dict:
        """Measure what is not there yet, and write it down with the load of the machine around it."""
        if name in self.content:
            print(f"{name}: there already", flush=True)
            return self.content[name]
        before = os.getloadavg()[0]
        try:
            value = measure()
        except torch.cuda.OutOfMemoryError as error:
            value = {"failed": str(error).split(".")[0]}
        self.content[name] = value | {"commit": commit(), "load": [round(before, 1), round(os.getloadavg()[0], 1)]}
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(self.content, indent=1, ensure_ascii=False) + "\n")
        partial.replace(self.path)
        print(f"{name}: {summary(value)}", flush=True)
        return value


def summary(value: dict) -> str:
    """The numbers that count, in a line."""
    if "ratio" not in value:
        return json.dumps(value, ensure_ascii=False)
    low, high = value["quartiles"]
    return f"{value['ratio']:.2f} ({low:.2f} to {high:.2f}), wall {value['wall_ratio']:.2f}"
