"""Table of the simulations at constant energy: how long models held, and how well they kept the energy."""

import numpy as np
from setting import ARMS


def simulations(nve: list[dict]) -> list[str]:
    """How long models held, and how well they kept the energy."""
    crystals = ", ".join(dict.fromkeys(r["formula"] for r in nve if r["of"] == "r2scan")) or "none yet"
    lines = [
        f"0.5 fs, 300 K, at most 2 ps (crystals: 1 ps); ethanol from another frame for each seed, r2scan another crystal (2 x 2 x 2 cells): {crystals}.",
        "Drift is the slope of the total energy until the end or the failure; in a fraction of a picosecond it tells of vibrations, so it stands apart for those without failure.",
        "",
        "| of | training structures | arm | simulations | without failure | median time to failure, ps | failures | median size of the drift, meV/atom/ps | of those without failure |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for task, size in sorted({(r["of"], r["size"]) for r in nve}):
        for arm, how in ARMS.items():
            rows = [r for r in nve if (r["of"], r["size"], r["arm"]) == (task, size, arm)]
            if rows:
                kinds = [r["failure"] for r in rows if r["failure"]]
                failures = ", ".join(f"{kinds.count(k)} {k}" for k in sorted(set(kinds))) or "none"
                time = np.median([r["simulated_ps"] for r in rows])
                limit = max(r["steps"] * r["timestep_fs"] / 1000 for r in rows)
                shown = f"over {limit:g}" if len(kinds) * 2 < len(rows) else f"{time:.2f}"
                whole, held = drift(rows), drift([r for r in rows if not r["failure"]])
                lines.append(
                    f"| {task} | {size} | {how.label} | {len(rows)} | {len(rows) - len(kinds)} | {shown} | {failures} | {whole} | {held} |"
                )
    return lines


def drift(rows: list[dict]) -> str:
    """Median over simulations of the size of the drift, meV/atom per ps; one that failed at its first step has none."""
    sizes = [1000 * abs(r["drift"]) for r in rows if r["drift"] is not None and np.isfinite(r["drift"])]
    return f"{np.median(sizes):.2g}" if sizes else "–"
