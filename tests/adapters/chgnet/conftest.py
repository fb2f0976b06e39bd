"""Upstream's CHGNet as the oracle, and real structures to ask it about."""

import os
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

import transferkit as tk
from transferkit.adapters.chgnet.upstream import CHGNet
from transferkit.data.structures import Structure
from transferkit.units import GPA


@dataclass
class Oracle:
    model: torch.nn.Module

    def crystal(self, structure):
        from pymatgen.core import Structure as Crystal

        return Crystal(structure.cell, structure.numbers, structure.positions, coords_are_cartesian=True)

    def graph(self, structure):
        return self.model.graph_converter(self.crystal(structure))

    def __call__(self, structures):
        """energy eV/atom, forces eV/Å, stress eV/Å³, magmoms; each structure alone."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            out = [self.model.predict_graph(self.graph(s), task="efsm") for s in structures]
        return {
            "energy": np.array([float(p["e"]) for p in out]),
            "forces": np.concatenate([p["f"] for p in out]),
            "stress": np.stack([p["s"] for p in out]) * GPA,
            "magmoms": np.concatenate([p["m"] for p in out]),
        }


@contextmanager
def chgnet_in(dtype):
    """Inside, chgnet makes graphs, strains and volumes in this dtype: it has float32 as a constant of two modules."""
    import chgnet.graph.converter
    import chgnet.model.model

    modules, before = (chgnet.graph.converter, chgnet.model.model), torch.get_default_dtype()
    try:
        for module in modules:
            module.TORCH_DTYPE = dtype
        torch.set_default_dtype(dtype)
        yield
    finally:
        for module in modules:
            module.TORCH_DTYPE = torch.float32
        torch.set_default_dtype(before)


def shares(graphs):
    """Atoms of each element over all atoms, float64: what upstream's AtomRef multiplies, and rounds to float32."""
    return torch.stack(
        [torch.bincount(g.atomic_number - 1, minlength=94).double() / len(g.atomic_number) for g in graphs]
    )


def exact_of(name):
    """Upstream's own code in float64, to be used inside :func:`chgnet_in`: the function that both packages round."""
    model = oracle_of(name).model.double()
    model.composition_model._assemble_graphs = shares
    return Oracle(model)


def oracle_of(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = CHGNet.load(model_name=name, use_device="cpu", verbose=False)
    model.graph_converter.set_isolated_atom_response("ignore")
    return Oracle(model)


@pytest.fixture(scope="session")
def oracle():
    return oracle_of("0.3.0")


@pytest.fixture(scope="session", params=["0.3.0", "0.2.0", "r2scan"])
def each_oracle(request):
    return request.param, oracle_of(request.param)


@pytest.fixture(scope="session")
def crystals():
    """30 of the bundled cells, among them some without angles."""
    return list(tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")[::12])


@pytest.fixture(scope="session")
def mptrj():
    """Cells of up to 40 atoms, from the folder of shared data."""
    folder = os.environ.get("TRANSFERKIT_SHARED")
    if not folder:
        pytest.skip("TRANSFERKIT_SHARED does not name the folder of shared data")
    import ase.io

    frames = ase.io.read(Path(folder) / "data/mptrj_1k/mptrj-random-1k.xyz", "::25")
    return [
        Structure(a.numbers.astype(np.int64), a.positions, np.array(a.cell), a.pbc, str(k))
        for k, a in enumerate(frames)
        if len(a) <= 40
    ]
