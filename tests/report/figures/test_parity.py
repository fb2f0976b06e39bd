import numpy as np
import pytest

from transferkit.reference.elemental import ElementalReference
from transferkit.report.figures.parity import parity
from transferkit.report.figures.style import FINAL, STEP0, png

E0 = ElementalReference.from_mapping({"Mg": -4.0, "O": -8.0})


def points(axes, colour):
    [line] = [line for line in axes.get_lines() if line.get_color() == colour]
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def test_energies_are_per_atom_without_e0(make_structures):
    labels = make_structures()
    final = labels.with_labels(energy=labels.energy + 0.02)
    x, y = points(parity(labels, final, e0=E0).axes[0], FINAL)
    assert x == pytest.approx((labels.energy + 12.0) / 2 * 1000)
    assert y - x == pytest.approx(np.full(len(labels), 10.0))


def test_spread_is_of_the_total_energy_and_ends_at_all_structures(make_structures):
    labels = make_structures()
    final = labels.with_labels(energy=labels.energy + 0.02)
    x, y = points(parity(labels, final, e0=E0).axes[1], FINAL)
    assert x == pytest.approx(np.full(len(labels), 10.0))
    assert y[-1] == pytest.approx(100.0)


def test_without_e0_there_is_no_energy_parity(make_structures):
    labels = make_structures()
    titles = [axes.get_title("left") for axes in parity(labels, labels).axes]
    assert titles == ["spread of energy errors", "force", "stress"]


def test_points_outside_the_frame_are_counted(make_structures):
    labels = make_structures()
    far = labels.forces.copy()
    far[3] = 50.0
    figure = parity(labels, labels, step0=labels.with_labels(forces=far), e0=E0)
    forces = figure.axes[2]
    assert [t.get_text() for t in forces.texts] == [f"step 0: 3 of {far.size} outside"]
    assert len(points(forces, STEP0)[0]) == far.size - 3


def test_only_structures_with_label_and_prediction_enter(make_structures):
    labels = make_structures()
    mask = {**labels.mask, "forces": np.arange(len(labels)) < 4}
    from dataclasses import replace

    figure = parity(replace(labels, mask=mask), labels, e0=E0)
    assert len(points(figure.axes[2], FINAL)[0]) == 4 * 2 * 3


def test_property_without_labels_has_no_panel(make_structures):
    labels = make_structures().without("stress")
    assert [a.get_title("left") for a in parity(labels, labels, e0=E0).axes][-1] == "force"


def test_exact_predictions_and_nothing_at_all_can_be_drawn(make_structures):
    labels = make_structures(n=1)
    assert png(parity(labels, labels, step0=labels, e0=E0))
    assert png(parity(labels.without("energy", "forces", "stress"), labels))
