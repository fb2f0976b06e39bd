"""Put the coverage of intervals (coverage.json) into docs/concepts/scaling-laws.md, between its two marks.

python benchmarks/accuracy/scaling/coverage_docs.py
"""

import json
from pathlib import Path

HERE = Path(__file__).parent
PAGE = Path(__file__).parents[3] / "docs/concepts/scaling-laws.md"
BEGIN, END = "<!-- coverage: written by benchmarks/accuracy/scaling/coverage_docs.py -->", "<!-- end of coverage -->"
PLAIN, FLOOR, NONE = "two laws without a floor", "a law with a floor", "a law without a floor, fitted with one"
NOT_USED = (
    "(b over all compositions, errors alone)",
    "(crossing over all compositions, errors alone)",
    "(b on the test part, bootstrap over chains)",
)
CHOOSING = (
    ("finds the floor that is there", FLOOR, "(floor found over all compositions)"),
    ("b's interval holds the true b", FLOOR, "(b by the chosen form over all compositions)"),
    ("finds a floor where there is none", NONE, "(floor found over all compositions)"),
    ("b's interval holds the true b, no floor", NONE, "(b by the chosen form over all compositions)"),
)


def rows(lines):
    """Markdown of (label, shares by number of chains)."""
    chains = list(lines[0][1])
    head = [f"| % | {' | '.join(f'{k} chains' for k in chains)} |", "|---|" + "---|" * len(chains)]
    return [*head, *(f"| {label} | {' | '.join(f'{100 * share[k]:.1f}' for k in chains)} |" for label, share in lines)]


def text(found):
    """What stands between the marks.

    Args:
        found: "coverage" of coverage.json
    """

    def shares(kind, name):
        return {k: one[name] for k, one in found[kind]["chains"].items()}

    def names(kind):
        return list(next(iter(found[kind]["chains"].values())))

    studies = {one["studies"] for one in found.values()}
    claimed = [(n, shares(kind, n)) for kind in (PLAIN, FLOOR) for n in names(kind) if not n.startswith("(")]
    beside = [(n, shares(PLAIN, n)) for n in NOT_USED]
    choosing = [(label, shares(kind, name)) for label, kind, name in CHOOSING]
    return "\n".join(
        [
            BEGIN,
            "",
            f"{' and '.join(f'{n:,}' for n in sorted(studies))} studies for each number, in per cent (standard error 0.5 at 2,000); the last three lines show what is *not* used, and why:",
            "",
            *rows(claimed + beside),
            "",
            "What `offset=None` does with errors of compositions, where a floor is true and where none is:",
            "",
            *rows(choosing),
            "",
            END,
        ]
    )


def main():
    """Write the page."""
    found = json.loads((HERE / "coverage.json").read_text())["coverage"]
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    PAGE.write_text(before + text(found) + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
