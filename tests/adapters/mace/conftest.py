"""Upstream's MACE as the oracle, small models of every kind, and structures to ask them about."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

from transferkit.adapters.mace import MaceAdapter
from transferkit.adapters.mace.architecture import of_config
from transferkit.adapters.mace.upstream import build, contained
from transferkit.data.structures import Structure
from transferkit.testing import small_structures

ELEMENTS = [3, 11, 17, 26]
SMALL = {"elements": ELEMENTS, "r_max": 4.0}


def arguments(**changes):
    """Of a very small MACE with four elements; the last of four is in no structure."""
    return {**of_config("tiny"), **SMALL, **changes}


def upstream_model(arguments, heads=("default",), *, seed=0, dtype=torch.float64):
    """An upstream model with random weights, scales, shifts and E0."""
    model = build(arguments, tuple(heads), seed=seed, script=True)
    rng = np.random.default_rng(seed)
    model.scale_shift.scale = torch.tensor(rng.uniform(0.5, 1.5, len(heads)))
    model.scale_shift.shift = torch.tensor(rng.uniform(-0.5, 0.5, len(heads)))
    shape = (len(heads), len(arguments["elements"]))
    model.atomic_energies_fn.atomic_energies = torch.tensor(rng.uniform(-9, -1, shape))
    return model.to(dtype)


@dataclass
class Oracle:
    """Upstream's answers: energy eV, forces eV/Å, stress eV/Å³."""

    model: torch.nn.Module
    dtype: torch.dtype = torch.float64
    graphs: list = field(default_factory=list)

    def batch(self, structures, head=None):
        from mace import data
        from mace.tools import AtomicNumberTable, torch_geometric

        heads = list(getattr(self.model, "heads", ["default"]))
        table = AtomicNumberTable([int(z) for z in self.model.atomic_numbers])
        with contained(dtype=self.dtype, script=True):
            graphs = [
                data.AtomicData.from_config(
                    data.Configuration(
                        atomic_numbers=np.array(s.numbers),
                        positions=np.array(s.positions),
                        cell=np.array(s.cell),
                        pbc=tuple(bool(p) for p in s.pbc),
                        properties={},
                        property_weights={},
                        head=head or heads[0],
                    ),
                    z_table=table,
                    cutoff=float(self.model.r_max),
                    heads=heads,
                )
                for s in structures
            ]
            return torch_geometric.Batch.from_data_list(graphs)

    def __call__(self, structures, head=None):
        with contained(dtype=self.dtype, script=True):
            out = self.model(self.batch(structures, head).to_dict(), compute_force=True, compute_stress=True)
        return {k: out[k].detach().double().numpy() for k in ("energy", "forces", "stress")}


@pytest.fixture(scope="session")
def oracle_of():
    return Oracle


@pytest.fixture(scope="session")
def two_heads():
    """An upstream model with heads "PBE" and "r2SCAN"."""
    return upstream_model(arguments(), ("PBE", "r2SCAN"), seed=4)


@pytest.fixture
def tiny():
    return MaceAdapter.scratch("tiny", seed=1, dtype=torch.float64)


@pytest.fixture(scope="session")
def crystals():
    return list(small_structures().values())


@pytest.fixture(scope="session")
def molecule():
    positions = np.array([[0.0, 0.0, 0.0], [1.6, 0.2, 0.0], [-0.3, 1.7, 0.4]])
    return Structure(np.array([11, 17, 17]), positions, np.zeros((3, 3)), np.zeros(3, dtype=bool), "molecule")


@pytest.fixture(scope="session")
def weights():
    """The folder of real weights, from the folder of shared data."""
    folder = os.environ.get("TRANSFERKIT_SHARED")
    if not folder:
        pytest.skip("TRANSFERKIT_SHARED does not name the folder of shared data")
    return Path(folder) / "data/weights"
