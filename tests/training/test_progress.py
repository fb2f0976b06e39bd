"""On a terminal a bar with rate and time left; elsewhere one line per evaluation; quiet means quiet."""

import io

from rich.console import Console
from rich.progress import TimeRemainingColumn

from transferkit.counter import Rate
from transferkit.training.progress import Display, line

ROW = {
    "epoch": 2,
    "step": 30,
    "valid": {"loss": 0.01, "energy_mae": 0.05, "forces_mae": None, "stress_mae": 0.001, "magmoms_mae": 0.02},
}


def test_a_line_names_units_and_leaves_out_what_is_absent():
    text = line(ROW)
    assert "energy 0.05 eV/atom" in text
    assert "stress 0.001 eV/Å³" in text
    assert "magmoms 0.02 μB" in text
    assert "forces" not in text


def test_elsewhere_one_line_per_evaluation_on_stderr(capsys):
    with Display(10) as display:
        display.step(0.5)
        display.row(ROW)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == line(ROW) + "\n"


def test_quiet_says_nothing(capsys):
    with Display(10, quiet=True) as display:
        display.step(0.5)
        display.row(ROW)
        display.note("hello")
    assert capsys.readouterr() == ("", "")


def test_a_resumed_run_starts_where_it_was():
    display = Display(10, done=4, quiet=True)
    assert display.bar.tasks[0].completed == 4
    assert display.bar.tasks[0].total == 10


def test_a_terminal_shows_rate_and_time_left():
    display = Display(10)
    assert any(isinstance(c, Rate) for c in display.bar.columns)
    assert any(isinstance(c, TimeRemainingColumn) for c in display.bar.columns)
    task = display.bar.tasks[0]
    assert Rate().render(task).plain == "- steps/s"
    console = Console(file=io.StringIO(), force_terminal=True)
    console.print(display.bar.get_renderable())
    assert "0/10" in console.file.getvalue()
