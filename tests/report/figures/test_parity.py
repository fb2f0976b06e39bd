import numpy as np
import pytest

from transferkit.reference.elemental import ElementalReference
from transferkit.report.figures.parity import parity
from transferkit.report.figures.style import FINAL, png

E0 = ElementalReference.from_mapping({"Mg": -4.0, "O": -8.0})


def panel(figure, title):
    (axes,) = [axes for axes in figure.axes if axes.get_title("left") == title]
    return axes


def cells(axes):
    """Centres and counts of the hexagons of a panel."""
    (drawn,) = axes.collections
    return np.asarray(drawn.get_offsets()), np.asarray(drawn.get_array())


def test_energies_are_per_atom_without_e0_and_every_structure_is_counted(make_structures):
    labels = make_structures()
    final = labels.with_labels(energy=labels.energy + 0.02)
    axes = panel(parity(labels, final, e0=E0), "energy − E0, final")
    _, counts = cells(axes)
    assert counts.sum() == len(labels)
    (mean,) = [t.get_text() for t in axes.texts]
    assert mean in {"MAE 10.0", "MAE 10.00"}  # round-off decides the last digit
    frame = (labels.energy + 12.0) / 2 * 1000
    assert axes.get_xlim()[0] < frame.min()
    assert axes.get_xlim()[1] > frame.max()


def test_before_and_after_share_frame_and_scale_of_counts(make_structures):
    labels = make_structures()
    figure = parity(labels, labels, step0=labels.with_labels(energy=labels.energy + 0.1), e0=E0)
    before, after = (panel(figure, f"energy − E0, {word}") for word in ("step 0", "final"))
    assert before.get_xlim() == after.get_xlim()
    assert before.collections[0].norm.vmax == after.collections[0].norm.vmax


def test_spread_is_of_the_total_energy_and_ends_at_all_structures(make_structures):
    labels = make_structures()
    final = labels.with_labels(energy=labels.energy + 0.02)
    (line,) = panel(parity(labels, final, e0=E0), "spread of energy errors").get_lines()
    assert np.asarray(line.get_xdata()) == pytest.approx(np.full(len(labels), 10.0))
    assert line.get_ydata()[-1] == pytest.approx(100.0)
    assert line.get_color() == FINAL


def test_without_e0_there_is_no_energy_parity(make_structures):
    labels = make_structures()
    titles = [axes.get_title("left") for axes in parity(labels, labels).axes if axes.get_title("left")]
    assert titles == [
        "spread of energy errors",
        *("force, final", "spread of force errors", "stress, final", "spread of stress errors"),
    ]


def test_points_outside_the_frame_are_counted(make_structures):
    labels = make_structures()
    far = labels.forces.copy()
    far[3] = 50.0
    figure = parity(labels, labels, step0=labels.with_labels(forces=far), e0=E0)
    axes = panel(figure, "force, step 0")
    assert f"3 of {far.size} outside" in [t.get_text() for t in axes.texts]
    assert cells(axes)[1].sum() == far.size - 3


def test_only_structures_with_label_and_prediction_enter(make_structures):
    labels = make_structures()
    mask = {**labels.mask, "forces": np.arange(len(labels)) < 4}
    from dataclasses import replace

    figure = parity(replace(labels, mask=mask), labels, e0=E0)
    assert cells(panel(figure, "force, final"))[1].sum() == 4 * 2 * 3


def test_magnetic_moments_have_a_row_where_there_are_any(make_structures):
    labels = make_structures()
    magnetic = labels.with_labels(magmoms=np.linspace(0, 3, len(labels.numbers)))
    assert panel(parity(magnetic, magnetic, e0=E0), "magnetic moment, final")


def test_property_without_labels_has_no_panel(make_structures):
    labels = make_structures().without("stress")
    titles = {a.get_title("left") for a in parity(labels, labels, e0=E0).axes}
    assert "force, final" in titles
    assert not any("stress" in title for title in titles)


def test_exact_predictions_and_nothing_at_all_can_be_drawn(make_structures):
    labels = make_structures(n=1)
    assert png(parity(labels, labels, step0=labels, e0=E0))
    assert png(parity(labels.without("energy", "forces", "stress"), labels))
