import pytest

from transferkit.report.figures.scaling_curves import scaling_curves


def curve(**more):
    line = {"sizes": [12, 120, 1200], "errors": [0.2, 0.1, 0.05], "low": [0.1, 0.05, 0.02], "high": [0.3, 0.2, 0.1]}
    return {
        "curve": "a$b$",
        "sizes": [12, 120],
        "mean": [0.2, 0.1],
        "interval": [[0.1, 0.3], None],
        "chains": {"0": {12: 0.19, 120: 0.11}},
        "line": line,
    } | more


def draw(*curves, crossings=()):
    return scaling_curves(list(curves), "energy", abscissa="compositions", crossings=crossings).axes[0]


def test_both_axes_are_logarithmic_in_the_shown_unit():
    axes = draw(curve())
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("compositions", "energy MAE (meV/atom)")
    assert 200.0 in axes.get_lines()[1].get_ydata()


def test_lines_are_dashed_beyond_the_points():
    laws = [line for line in draw(curve()).get_lines() if len(set(line.get_xdata())) == 2]
    (full,) = (line for line in laws if line.get_linestyle() == "-")
    (dashed,) = (line for line in laws if line.get_linestyle() == "--")
    assert list(full.get_xdata()) == [12, 120]
    assert list(dashed.get_xdata()) == [120, 1200]


@pytest.mark.parametrize(
    ("sizes", "own"),
    [
        ([12, 24, 48, 96, 194], True),
        ([12, 120], True),
        ([12, 13, 120], False),
        ([10 * 2**k for k in range(10)], False),
        ([12], False),
    ],
)
def test_few_sizes_have_ticks_of_their_own(sizes, own):
    axes = draw(curve(sizes=sizes, mean=[0.1] * len(sizes), interval=[None] * len(sizes), chains={}, line=None))
    assert ([*axes.get_xticks()] == sizes) is own
    if own:
        axes.figure.draw_without_rendering()
        assert [tick.get_text() for tick in axes.get_xticklabels()] == [str(n) for n in sizes]


@pytest.mark.parametrize(
    ("crossing", "spans", "notes"),
    [
        ({"size": 300.0, "pieces": [[100.0, 900.0]]}, 1, 0),
        ({"size": 300.0, "pieces": [[100.0, None]]}, 1, 1),
        ({"size": 9e6, "pieces": [[8e6, None]]}, 0, 1),
        ({"size": 9e6, "pieces": [[None, 0.1], [8e6, 9e7]]}, 0, 1),
        ({"size": None, "pieces": [[None, None]]}, 0, 0),
    ],
)
def test_a_crossing_is_drawn_where_it_lies_and_noted_where_it_does_not(crossing, spans, notes):
    without, axes = draw(curve()), draw(curve(), crossings=[crossing])
    assert len(axes.patches) - len(without.patches) == spans
    assert len(axes.texts) == notes
    assert axes.get_xlim() == without.get_xlim()


def test_a_curve_without_a_law_and_no_curve_at_all_are_drawn():
    assert draw(curve(line=None)).has_data()
    assert not draw().has_data()
