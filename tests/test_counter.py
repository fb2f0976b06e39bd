"""Quick work shows nothing; a log gets a line now and then; quiet is quiet."""

import pytest

from transferkit import counter


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(counter, "monotonic", lambda: now[0])
    return now


def test_a_log_gets_a_line_now_and_then(clock, capsys):
    with counter.counter("graphs") as tell:
        for done in range(1, 101):
            clock[0] += 1.0
            tell(done, 100)
    assert capsys.readouterr().err.splitlines() == [f"graphs: {n} of 100" for n in (31, 62, 93)]


def test_quick_work_and_quiet_work_show_nothing(clock, capsys):
    with counter.counter("graphs") as tell:
        tell(1, 1)
    with counter.counter("graphs", quiet=True) as tell:
        clock[0] += 100.0
        tell(1, 1)
    assert capsys.readouterr().err == ""


def test_a_log_says_how_many_are_done_in_a_second_where_that_is_wanted(clock, capsys):
    with counter.counter("dynamics", rate="steps") as tell:
        for done in (62, 124):
            clock[0] += 31.0
            tell(done, 200)
    assert capsys.readouterr().err.splitlines() == [f"dynamics: {n} of 200, 2.00 steps/s" for n in (62, 124)]
