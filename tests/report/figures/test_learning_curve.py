import numpy as np
import pytest

from transferkit.report.figures.learning_curve import learning_curve
from transferkit.report.figures.style import png
from transferkit.units import GPA

HISTORY = [
    {"step": 0, "train": None, "valid": {"energy_mae": 0.5, "forces_mae": 0.2, "stress_mae": GPA, "magmoms_mae": None}},
    {"step": 10, "train": {"energy_mae": 0.2}, "valid": {"energy_mae": 0.1, "forces_mae": 0.1, "stress_mae": GPA / 2}},
]


def test_step_0_is_there_and_units_are_shown_ones():
    figure = learning_curve(HISTORY, best_step=10)
    energy, forces, stress = figure.axes
    valid = energy.get_lines()[1]
    assert valid.get_xdata().tolist() == [0.0, 10.0]
    assert valid.get_ydata().tolist() == pytest.approx([500.0, 100.0])
    assert stress.get_lines()[1].get_ydata().tolist() == pytest.approx([1.0, 0.5])
    assert [axes.get_ylabel() for axes in (energy, forces, stress)] == [
        "energy MAE (meV/atom)",
        "force MAE (meV/Å)",
        "stress MAE (GPa)",
    ]


def test_a_training_error_that_was_not_measured_is_not_drawn():
    train = learning_curve(HISTORY).axes[0].get_lines()[0]
    assert train.get_xdata().tolist() == [10.0]
    assert np.isfinite(train.get_ydata()).all()


def test_magnetic_moments_are_drawn_where_there_are_any():
    assert len(learning_curve([*HISTORY, {"step": 20, "valid": {"magmoms_mae": 0.02}}]).axes) == 4


def test_sets_that_are_trained_on_together_have_a_panel_of_losses():
    def line(step, first, second):
        return {"step": step, "train": {"energy_mae": 0.1, "heads": {"a": {"loss": first}, "b": {"loss": second}}}}

    history = [line(0, None, None), line(1, 2.0, 0.5), line(2, 1.0, 0.0)]
    panel = learning_curve(history, sets={"a": "data (x)", "b": "a$b"}).axes[-1]
    first, second = panel.get_lines()
    assert panel.get_ylabel() == "training loss of each set"
    assert (first.get_xdata().tolist(), first.get_ydata().tolist()) == ([1, 2], [2.0, 1.0])
    assert second.get_xdata().tolist() == [1]  # no loss, none to draw
    assert [text.get_text() for text in panel.get_legend().get_texts()] == ["data (x)", r"a\$b"]
    assert first.get_marker() != second.get_marker()
    assert png(learning_curve(history))


@pytest.mark.parametrize("history", [[], [{"step": 0}], [{"step": 0, "valid": {"energy_mae": 0.0}}]])
def test_a_history_without_errors_can_be_drawn(history):
    assert png(learning_curve(history, best_step=0))


def test_residuals_of_consistency_losses_have_a_panel_of_their_own():
    losses = [{"pitc_mae": 0.002, "pisc_mae": 0.001}, {"pitc_mae": 0.001, "pisc_mae": None}]
    rows = [{"step": k + 1, "train": {"energy_mae": 0.1} | row} for k, row in enumerate(losses)]
    panel = learning_curve([*HISTORY, *rows]).axes[-1]
    pitc, pisc = panel.get_lines()
    assert panel.get_ylabel() == "residual in training (meV/atom)"
    assert [text.get_text() for text in panel.get_legend().get_texts()] == ["PITC", "PISC"]
    assert (pitc.get_xdata().tolist(), pitc.get_ydata().tolist()) == ([1, 2], pytest.approx([2.0, 1.0]))
    assert pisc.get_xdata().tolist() == [1]
    assert pitc.get_marker() != pisc.get_marker()


def test_residuals_stand_before_the_losses_of_several_sets():
    heads = {"a": {"loss": 1.0}, "b": {"loss": 2.0}}
    rows = [{"step": k, "train": {"energy_mae": 0.1, "pitc_mae": 0.1, "heads": heads}} for k in (1, 2)]
    labels = [axes.get_ylabel() for axes in learning_curve(rows).axes]
    assert labels == ["energy MAE (meV/atom)", "residual in training (meV/atom)", "training loss of each set"]
