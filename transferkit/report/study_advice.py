"""What a study suggests doing next, computed from study.json, most urgent first."""

from collections.abc import Sequence

from transferkit.data.parts import KNOWN
from transferkit.report.quantities import count, counted
from transferkit.report.study_caveats import little_learnt
from transferkit.typing import Json

CHAINS = 5
"""Chains from which on an interval is narrow enough to plan with; t has four degrees of freedom there."""


def study_steps(told: Json, sections: Sequence[Json]) -> list[str]:
    """What the numbers suggest doing, most urgent first; commands and options stand between backticks.

    Args:
        told: study.json
        sections: of its analysis
    """
    out = []
    missing = told.get("missing") or []
    failed = [m for m in missing if m["state"] == "failed"]
    if failed:
        out.append(
            f"Read why {counted(len(failed), 'point')} failed: the reasons stand at `Points` below. The others are not touched by it."
        )
    if missing:
        out.append(
            f"Finish the study: {counted(len(missing), 'point')} of {count(told.get('planned'))} "
            f"{'is' if len(missing) == 1 else 'are'} missing, and every fit below is of what there is."
        )
    curves = [c for s in sections for c in s["curves"]]
    if not missing and any(c.get("refused") for c in curves):  # an unfinished study gets its sizes yet
        out.append("Add sizes until they span a decade in at least three steps: below that no power law is fitted.")
    idle = sorted(
        {c["curve"] for s in sections for c in s["curves"] if c["curve"] in little_learnt(s) and s["test"] != KNOWN}
    )
    if idle:
        out.append(
            f"Look at the training of {' and '.join(idle)} first (loss, learning rate, steps; `transferkit report` draws the curves of one point): "
            "it lowered some error by less than a tenth, so a comparison says little of what the network can learn."
        )
    planned = {point.get("chain") for point in told.get("points") or []}
    chains = max(len(planned), max((len(c["chains"]) for c in curves), default=0))  # a test part may know fewer
    if curves and chains < CHAINS:
        out.append(
            f"Add chains (`seed` under `vary`): {count(chains)} {'is' if chains == 1 else 'are'} few for an interval; take {CHAINS}."
        )
    unbounded = any(
        (c.get("crossing") or {}).get("interval") and c["crossing"]["interval"][1] is None
        for s in sections
        for c in s.get("contrasts") or []
    )
    if unbounded:
        out.append("Where the crossing has no upper end, larger sizes say more than further chains.")
    return out or ["Nothing stands out. Read the forecast, and plan the next calculations by it."]


def study_command(told: Json, folder: str, smoke: str = "") -> tuple[str, str]:
    """The command that the advice comes down to, and what it is for.

    >>> study_command({"missing": []}, "runs/curve")
    ('transferkit fit runs/curve', 'the same fits as text, or as JSON with --json')
    """
    if told.get("missing"):
        return (
            f"transferkit study {folder}/recipe.yaml --output {folder}{smoke}",
            "go on with the points that are missing",
        )
    return f"transferkit fit {folder}", "the same fits as text, or as JSON with --json"
