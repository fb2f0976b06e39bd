"""Tables of the pilot: what was tried, what it gave on validation, and what was chosen."""

from setting import ARMS

TITLES = {
    "ethanol": "rMD17 ethanol, MACE from scratch",
    "r2scan": "Bundled r2SCAN energies, CHGNet 0.3.0 fine-tuned",
}
TRIED = """What the pilot tried: change of the validation loss against plain training, one seed, by weight of PITC (PISC weighs a tenth) and length, or by length and
number of copies. The loss is nearly the square of the error here, so that 10 % of it are 5 % of the error."""


def chosen(pilots: dict[str, dict]) -> list[str]:
    """Coefficients and times of the pilot."""
    lines = ["| data | arm | chosen among | coefficients | time of a step, in plain steps |", "|---|---|---|---|---|"]
    for task, pilot in pilots.items():
        picked = [(arm, entry, sum(r["arm"] == arm for r in pilot["runs"])) for arm, entry in pilot["chosen"].items()]
        if "chosen_long" in pilot:
            picked.append(("tuned-long", pilot["chosen_long"], len(pilot["long"]) - 1))
        for arm, entry, among in picked:
            time = (
                f"{pilot['times'][arm]:.1f}"
                if arm in pilot["times"]
                else "as κ = 1/2"
                if arm == "tuned-long"
                else "as long"
            )
            words = ", ".join(f"{k} {v:g}" if isinstance(v, float | int) else f"{v}" for k, v in entry.items())
            lines.append(f"| {task} | {ARMS[arm].label} | {among} | {words} | {time} |")
    return lines


def grid(pilots: dict[str, dict]) -> list[str]:
    """Validation loss of every entry of the pilot, against plain training of the same length on the same seed."""
    lines = ["| | " + " | ".join(TITLES[t] for t in pilots) + " |", "|---|" + "---|" * len(pilots)]
    for key, length in (("runs", ""), ("long", ", in the longer training")):
        for arm in ("first", "second", "noise", "taylor"):
            cells = [tried(pilot.get(key, []), arm) for pilot in pilots.values()]
            if any(cells):
                lines.append(f"| {ARMS[arm].label}{length} | {' | '.join(cell or '–' for cell in cells)} |")
    return lines


def tried(rows: list[dict], arm: str) -> str:
    """Each entry with its change of the validation loss; the paper's and plain training have none."""
    plain = [r["valid_loss"] for r in rows if r["arm"] == "none"]
    found = [(r["coefficients"], r["valid_loss"] / plain[0] - 1) for r in rows if r["arm"] == arm]
    return ", ".join(f"{short(c)}: {100 * change:+.1f} %" for c, change in found)


def short(entry: dict) -> str:
    """Weight and length, or length and copies."""
    if "pitc" in entry:
        return f"{entry['pitc']:g} at {entry['length']:g} Å"
    return f"{entry['length']:g} Å, {entry['copies']} cop{'ies' if entry['copies'] > 1 else 'y'}"
