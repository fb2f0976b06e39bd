"""From pieces/ to results.md and results.json. Works on what is there, and says how much is missing.

python benchmarks/accuracy/multifidelity_b/table.py
"""

import json

import numpy as np
import pandas as pd
from alike import PAIRS
from run import HERE, PIECES, RECIPES

import transferkit as tk
from transferkit.errors import ScalingError
from transferkit.evaluation.compare import paired
from transferkit.evaluation.intervals import bootstrap_seeds, mean_over_seeds
from transferkit.recipe_file import load_recipe

TEST = "unseen compositions"
QUANTITIES = {"energy": ("energy", "meV/atom"), "free_forces": ("forces", "meV/Å")}
AGAINST = {
    "forces": {"small-energies": ("small-none", "small-forces"), "chgnet-energies": ("chgnet-none", "chgnet-forces")},
    "ladder": {"nothing": ("embedding", "first-1", "first-2", "all-but-readout", "new-head")},
    "backbones": {"one": ("two",)},
    "probe": {"one-frozen": ("two-frozen", "one-adapted"), "two-frozen": ("two-adapted",)},
}
"""Baseline: arms that are compared with it. Each baseline is one family of tests."""
PRICES = ((3, 1), (10, 1), (100, 1))
TARGETS = (0.9, 0.8)
"""Of the error of the largest mix with r2SCAN labels alone."""


def pieces(recipe: str) -> list[dict]:
    """What has finished of a recipe."""
    return [json.loads(path.read_text()) for path in sorted(PIECES.glob(f"{recipe}-*.json"))]


def by_composition(rows: list[dict], arm: str, key: str, when: str = "final") -> dict[int, dict[str, float]]:
    """Errors of an arm: seed -> composition -> error."""
    return {
        row["seed"]: {c: e[key] for c, e in row["tests"][TEST][when].items() if key in e}
        for row in rows
        if row["arm"] == arm
    }


def mean(errors: dict[int, dict[str, float]]) -> float:
    """Over compositions of the mean over seeds."""
    return float(np.mean(list(mean_over_seeds(list(errors.values())).values())))


def levels(recipe: str) -> tuple[list[str], list[dict]]:
    """Errors of all arms of a recipe."""
    rows = pieces(recipe)
    arms = load_recipe(HERE / f"{recipe}.yaml").compare or {}
    lines = [
        "| arm | energy, meV/atom | forces, meV/Å | before: energy | before: forces | trained | runs | CPU s |",
        "|---|" + "---|" * 7,
    ]
    found = []
    for arm, options in arms.items():
        mine = [row for row in rows if row["arm"] == arm]
        if not mine:
            continue
        cells, numbers = [], {}
        for key in QUANTITIES:
            errors = by_composition(rows, arm, key)
            low, high = bootstrap_seeds(list(errors.values())) or (np.nan, np.nan)
            numbers[key] = {"mean": mean(errors), "low": low, "high": high}
            cells.append(f"{1000 * mean(errors):.1f} [{1000 * low:.1f}, {1000 * high:.1f}]")
        before = [f"{1000 * mean(by_composition(rows, arm, key, 'step0')):.1f}" for key in QUANTITIES]
        cpu = float(np.mean([row["cpu_s"] for row in mine]))
        lines.append(
            f"| {options.label or arm} | {' | '.join(cells + before)} | {mine[0]['trainable']:,} | {len(mine)} | {cpu:.0f} |"
        )
        found.append({"recipe": recipe, "arm": arm, "runs": len(mine), "cpu_s": cpu, **numbers})
    return lines, found


def differences(recipe: str) -> tuple[list[str], list[dict]]:
    """Paired differences per composition."""
    rows = pieces(recipe)
    arms = load_recipe(HERE / f"{recipe}.yaml").compare or {}
    lines = [
        "| arm | against | quantity | difference | 95 % interval | p (Holm) | compositions |",
        "|---|" + "---|" * 6,
    ]
    found = []
    for baseline, others in AGAINST[recipe].items():
        for key, (name, unit) in QUANTITIES.items():
            methods = {arm: by_composition(rows, arm, key) for arm in (baseline, *others)}
            if not all(methods.values()):
                continue
            for one in paired(methods, baseline):
                low, high = one.interval or (np.nan, np.nan)
                word = "**" if (low > 0 or high < 0) and one.p_holm < 0.05 else ""
                lines.append(
                    f"| {arms[one.method].label} | {arms[baseline].label} | {name}, {unit} | {word}{1000 * one.mean_difference:+.2f}{word} | "
                    f"[{1000 * low:+.2f}, {1000 * high:+.2f}] | {one.p_holm:.2g} | {one.n_compositions} |"
                )
                found.append({"recipe": recipe, "quantity": name, **one.to_json()})
    return lines, found


def alike() -> tuple[list[str], list[dict]]:
    """CKA within elements, mean over folds, with the smallest and largest of them."""
    rows = [row | {"pair": one["pair"], "seed": one["seed"]} for one in pieces("alike") for row in one["layers"]]
    if not rows:
        return ["No pair has finished."], []
    table = pd.DataFrame(rows)
    layers = list(dict.fromkeys(table["layer"]))
    lines = [f"| learnt | {' | '.join(layers)} | folds |", "|---|" + "---|" * (len(layers) + 1)]
    for pair in PAIRS:
        mine = table[table["pair"] == pair]
        if len(mine):
            cells = [_span(mine[mine["layer"] == layer]["cka_within"].dropna().astype(float)) for layer in layers]
            lines.append(f"| {pair} | {' | '.join(cells)} | {mine['seed'].nunique()} |")
    return lines, rows


def _span(values: pd.Series) -> str:
    return f"{values.mean():.3f} ({values.min():.3f} to {values.max():.3f})" if len(values) else "–"


def mixes() -> tuple[list[str], dict]:
    """The law of two fidelities of the force error, and what it plans."""
    rows = []
    for one in pieces("mixes"):
        high, low = (int(n) for n in one["arm"].split("-"))
        error = mean({0: by_composition([one], one["arm"], "free_forces")[one["seed"]]})
        rows.append({"n_high": high, "n_low": low, "error": error, "chain": one["seed"], "unit": "eV/Å"})
    table = pd.DataFrame(rows)
    if not len(table):
        return ["No mix has finished."], {}
    whole = table.groupby("chain").filter(lambda one: len(one) == 9)
    table.to_csv(HERE / "mixes.csv", index=False)
    shown = 1000 * whole.pivot_table(index="n_high", columns="n_low", values="error")
    lines = [
        f"| r2SCAN labels | {' | '.join(f'{n} PBE' for n in shown.columns)} |",
        "|---|" + "---|" * len(shown.columns),
    ]
    lines += [
        f"| {n} | {' | '.join(f'{x:.1f}' for x in row)} |" for n, row in zip(shown.index, shown.to_numpy(), strict=True)
    ]
    try:
        law = tk.fit_mixed_law(
            whole["n_high"].to_numpy(),
            whole["n_low"].to_numpy(),
            whole["error"].to_numpy(),
            chains=whole["chain"].to_numpy(),
            unit="eV/Å",
        )
    except ScalingError as error:
        return [*lines, "", f"No law: {error}"], {"points": rows}
    lines += ["", "```text", str(law), "```"]
    alone = whole[(whole["n_high"] == 120) & (whole["n_low"] == 0)]["error"].mean()
    plans = []
    for price in PRICES if law.sound else ():
        for share in TARGETS:
            mix = tk.plan_mix(law, price_high=price[0], price_low=price[1], target=share * alone)
            lines += [
                "",
                f"An r2SCAN label at {price[0] / price[1]:g} times the price of a PBE label:",
                "",
                "```text",
                str(mix),
                "```",
            ]
            plans.append(mix.to_json())
    return lines, {"points": rows, "law": law.to_json(), "plans": plans}


def main() -> None:
    """Write both files."""
    text = ["<!-- written by table.py -->", ""]
    out: dict = {"levels": [], "differences": []}
    for recipe in RECIPES:
        options = load_recipe(HERE / f"{recipe}.yaml")
        wanted = len(options.compare or {}) * len(options.seeds or ())
        text += [f"## {options.question}", "", f"`{recipe}.yaml`: {len(pieces(recipe))} of {wanted} runs.", ""]
        if recipe == "mixes":
            lines, out["mixes"] = mixes()
            text += [*lines, ""]
            continue
        for part, name in ((levels, "levels"), (differences, "differences")):
            lines, found = part(recipe)
            text += [*lines, ""]
            out[name] += found
    lines, out["alike"] = alike()
    text += [
        "## How alike are features before and after? Linear CKA within elements, compositions not trained on",
        "",
        *lines,
        "",
    ]
    (HERE / "results.md").write_text("\n".join(text))
    (HERE / "results.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
