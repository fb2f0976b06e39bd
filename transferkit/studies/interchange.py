"""Parsl's interchange, which ends with the driver that started it: ``python -m transferkit.studies.interchange``.

By itself it would outlive a driver that is killed, keep the workers in touch, and they would hold their batch jobs until
the walltime. When it is gone, workers notice within a minute, points write a checkpoint, and the jobs end.
"""

import os
import runpy
import threading
import time

LOOK_S = 2.0
"""Seconds between two looks at whether the driver lives."""


def main() -> None:
    """Run it."""
    threading.Thread(target=watch, args=(os.getppid(),), daemon=True).start()
    runpy.run_module("parsl.executors.high_throughput.interchange", run_name="__main__", alter_sys=True)


def watch(driver: int) -> None:
    """End this process when its parent is no longer the driver."""
    while os.getppid() == driver:
        time.sleep(LOOK_S)
    os._exit(1)


if __name__ == "__main__":
    main()
