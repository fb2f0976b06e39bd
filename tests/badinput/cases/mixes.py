"""Trainings on mixes of expensive and cheap labels, and plans made of them."""

from .case import Case, nothing, text

FILE = "mixes.csv"
PRICES = ["--price-high", "20", "--price-low", "1"]
PLAN = ["plan", FILE, *PRICES, "--target", "0.1"]
ROWS = [(h, l, (h + 0.2 * l) ** -0.5) for h in (10, 30, 100) for l in (0, 100, 1000)]  # noqa: E741


def table(rows=ROWS, head="n_high,n_low,error"):
    return text(FILE, "\n".join([head, *(",".join(map(str, row)) for row in rows)]))


def without(*options):
    return ["plan", FILE, *PRICES, *options]


CASES = [
    Case("plan of no file", nothing, PLAN, ("no file mixes.csv", "n_high, n_low, error")),
    Case(
        "plan of an empty file", text(FILE, ""), PLAN, ("mixes.csv cannot be read as a table", "n_high, n_low, error")
    ),
    Case("plan without points", table([]), PLAN, ("mixes.csv", "no points", "at least 3")),
    Case(
        "plan with a column misspelt",
        table(head="n_high,n_lo,error"),
        PLAN,
        ("no column 'n_low'", "Nearest: 'n_lo'", "Rename it"),
    ),
    Case("plan of a word", table([*ROWS[:-1], (100, 1000, "few")]), PLAN, ("row 9", "error 'few'", "not a number")),
    Case("plan of an error of zero", table([*ROWS[:-1], (100, 1000, 0)]), PLAN, ("error of point 8 is 0", "Leave out")),
    Case(
        "plan of no expensive labels", table([*ROWS, (0, 1000, 0.5)]), PLAN, ("n_high of point 9 is 0", "leave it out")
    ),
    Case("plan of fewer than no labels", table([*ROWS, (10, -1, 0.5)]), PLAN, ("n_low of point 9 is -1", "from zero")),
    Case("plan of a mix twice", table([*ROWS, ROWS[0]]), PLAN, ("10 expensive and 0 cheap", "twice", "no chains")),
    Case(
        "plan of chains with other mixes",
        table([(*r, "a") for r in ROWS] + [(*r, "b") for r in ROWS[1:]], "n_high,n_low,error,chain"),
        PLAN,
        ("chain 'b' has no error for 10 expensive and 0 cheap", "Finish it"),
    ),
    Case(
        "plan of two numbers of cheap labels",
        table([r for r in ROWS if r[1] < 1000]),
        PLAN,
        ("2 different numbers of cheap labels", "n_low 0, 100", "at least 3"),
    ),
    Case(
        "plan of labels in step",
        table([(n, 10 * n, n**-0.5) for n in (10, 30, 100, 300, 1000, 3000)]),
        PLAN,
        ("in step", "Add mixes"),
    ),
    Case(
        "plan of few mixes",
        table([ROWS[k] for k in (0, 4, 5, 7)] + [(10, 1000, 0.07)]),
        PLAN,
        ("there are 5 mixes", "at least"),
    ),
    Case("plan of no question", table(), without(), ("nothing was asked", "--target", "--budget")),
    Case("plan for no error", table(), without("--target", "0"), ("mixes.csv: target is 0", "positive")),
    Case("plan for a free label", table(), [*PLAN, "--price-low", "0"], ("price_low is 0", "most_low")),
    Case("plan for a price below nothing", table(), [*PLAN, "--price-high", "-1"], ("price_high is -1", "positive")),
    Case("plan with a level in per cent", table(), [*PLAN, "--level", "95"], ("level is 95", "0.95")),
    Case("plan with a budget for nothing", table(), without("--budget", "5"), ("a budget of 5", "cost 200", "larger")),
    Case(
        "plan with labels that are not there",
        table(),
        [*without("--target", "0.01"), "--most-high", "50", "--most-low", "100"],
        ("out of reach of the 50 expensive and 100 cheap", "more labels"),
    ),
    Case(
        "plan by cheap labels that harm",
        table([(h, l, h**-0.5 * (1 + l / 1000)) for h, l, _ in ROWS]),  # noqa: E741
        PLAN,
        ("nothing can be planned", "expensive labels alone"),
    ),
]
