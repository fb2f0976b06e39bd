"""Small labelled sets and the toy potential in float64."""

import signal
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
import torch

import transferkit as tk
from transferkit.adapters.toy import Toy


@pytest.fixture(scope="session")
def everything():
    """Bundled structures with made-up magnetic moments, so that all four labels are there."""
    part = tk.bundled("gpaw-pbe-r2scan")[:36]
    return part.with_labels(magmoms=np.abs(np.random.default_rng(0).normal(size=len(part.numbers))))


@pytest.fixture(scope="session")
def train(everything):
    return everything[:24]


@pytest.fixture(scope="session")
def valid(everything):
    return everything[24:]


@pytest.fixture
def potential():
    return Toy.load("demo", dtype=torch.float64)


@pytest.fixture(scope="session")
def small_run():
    """The module that is also run in processes of its own."""
    spec = spec_from_file_location("small_run", Path(__file__).with_name("small_run.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def interrupt_after(monkeypatch):
    """Send ourselves a real SIGINT while a step is being taken."""
    from transferkit.training import loop

    original = loop.step

    def after(steps):
        def step(session, module, index, loaded, *, asked):
            if session.state.progress.step == steps - 1:
                signal.raise_signal(signal.SIGINT)
                asked = True
            return original(session, module, index, loaded, asked=asked)

        monkeypatch.setattr(loop, "step", step)

    return after
