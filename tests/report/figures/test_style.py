import matplotlib as mpl
from matplotlib.figure import Figure

from transferkit.report.figures.style import canvas, log_scale, plain, png, save, styled, svg


@styled
def draw():
    figure = canvas(2.0, 2.0)
    axes = figure.add_subplot()
    axes.plot([1.0, 2.0], [20.0, 900.0])
    axes.set_title(plain("a$b$ <x>"))
    log_scale(axes.yaxis)
    return figure


def test_same_data_same_bytes():
    assert png(draw()) == png(draw())
    assert svg(draw()) == svg(draw())


def test_the_users_matplotlibrc_changes_nothing():
    expected = png(draw())
    with mpl.rc_context({"lines.linewidth": 9.0, "axes.facecolor": "red", "font.size": 30}):
        assert png(draw()) == expected


def test_drawing_leaves_the_users_settings_alone():
    before = dict(mpl.rcParams)
    png(draw())
    assert dict(mpl.rcParams) == before


def test_kind_follows_the_suffix(tmp_path):
    assert save(draw(), tmp_path / "new" / "a.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in save(draw(), tmp_path / "a.svg").read_bytes()


def test_dollars_in_names_are_not_mathematics():
    assert b"<svg" in svg(draw())
    assert draw().axes[0].get_title("left") == r"a\$b\$ <x>"


def test_logarithmic_ticks_are_plain_numbers():
    figure = draw()
    png(figure)
    labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert {"50", "100", "500"} <= set(labels)
    assert figure.axes[0].get_yscale() == "log"
    assert isinstance(figure, Figure)
