from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from transferkit.report.figures.paired import COLOURS as STANDINGS
from transferkit.report.figures.style import (
    DENSITY,
    FINAL,
    SIZES,
    STEP0,
    canvas,
    log_scale,
    plain,
    png,
    save,
    styled,
    svg,
)
from transferkit.report.figures.variant_curves import COLOURS, LINES, MARKERS

# Machado, Oliveira and Fernandes, IEEE Trans. Vis. Comput. Graph. 15, 1291 (2009), severity 1, on linear RGB.
VISION = {
    "usual": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}  # fmt: skip


def lab(colour, vision):
    """CIE L*a*b* of a colour as seen with a kind of colour vision; a distance of 2 is just seen."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(VISION[vision] @ linear, 0.0, 1.0)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ seen
    f = np.cbrt(np.maximum(xyz / np.array([0.9505, 1.0, 1.089]), 0.0089))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(a, b, vision):
    return float(np.linalg.norm(lab(a, vision) - lab(b, vision)))


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


@pytest.mark.parametrize("vision", VISION)
def test_colours_that_speak_in_one_figure_differ_for_every_colour_vision(vision):
    assert distance(STEP0, FINAL, vision) > 40
    assert min(distance(a, b, vision) for a, b in combinations(STANDINGS.values(), 2)) > 15
    assert min(distance(a, b, vision) for a, b in combinations(COLOURS, 2)) > 10


def test_red_beside_green_would_not_pass():
    assert distance("#d62728", "#2ca02c", "usual") > 80
    assert distance("#d62728", "#7f7f00", "deuteranopia") < 15


def test_variants_have_a_look_beyond_their_colour():
    assert len({(MARKERS[k % len(MARKERS)], LINES[k % len(LINES)]) for k in range(14)}) >= 14


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("scale", [SIZES, DENSITY], ids=["sizes", "density"])
def test_scales_of_sizes_darken_steadily_for_every_colour_vision(scale, vision):
    light = [lab(scale(x), vision)[0] for x in np.linspace(0.0, 1.0, 12)]
    assert (np.diff(light) < 0).all()


@pytest.mark.parametrize("vision", VISION)
def test_rise_and_fall_of_e0_differ_for_every_colour_vision(vision):
    scale = colormaps["RdBu_r"]
    for x in (0.1, 0.25, 0.35):
        assert distance(scale(0.5 - x), scale(0.5 + x), vision) > 15
