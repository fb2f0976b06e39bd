"""The first signal asks, the second one stops; outside nothing is changed."""

import signal
import threading

import pytest

from transferkit.training.interrupt import SIGNALS, interruption


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_only_asks(number):
    with interruption() as request:
        assert not request.asked
        signal.raise_signal(number)
        assert request.asked


def test_the_second_stops_at_once(monkeypatch):
    with interruption():
        signal.raise_signal(signal.SIGINT)
        monkeypatch.setattr("transferkit.training.interrupt.ONE_REQUEST", -1.0)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_one_request_may_arrive_twice():
    with interruption() as request:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        assert request.asked


def test_handlers_come_back():
    before = [signal.getsignal(n) for n in SIGNALS]
    with interruption():
        assert [signal.getsignal(n) for n in SIGNALS] != before
    assert [signal.getsignal(n) for n in SIGNALS] == before


def test_another_thread_can_use_it_too():
    seen = []

    def work():
        with interruption() as request:
            seen.append(request.asked)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
