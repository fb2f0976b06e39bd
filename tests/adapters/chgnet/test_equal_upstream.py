"""CHGNet here is upstream's function: judged in float64, and in float32 by upstream's own rounding.

Upstream's code runs in float64 here, with float64 graphs. Both packages round the same function; upstream also rounds
coordinates to float32, which alone moves its forces by up to 4e-4 eV/Å. So float32 of ours is held against the exact
values, and the limit is the larger of a fixed number and three times what upstream's own result changes between batches of
1 and of 64.
"""

import os
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from pymatgen.core import Lattice
from pymatgen.core import Structure as Crystal

import transferkit as tk
from transferkit.adapters.chgnet import ChgnetAdapter
from transferkit.adapters.chgnet.adapter import _ours
from transferkit.data.structures import Structure
from transferkit.testing import small_structures

from .conftest import chgnet_in, exact_of, oracle_of

NEED = frozenset({"energy", "forces", "stress", "magmoms"})
LIMITS = {"energy": 1e-6, "forces": 1e-5, "stress": 1e-5, "magmoms": 1e-5}
"""eV/atom, eV/Å, eV/Å³, μB, in float32"""
EXACT = {"energy": 1e-11, "forces": 1e-10, "stress": 1e-11, "magmoms": 1e-10}
"""The same in float64"""
GPA = 1 / 160.21766208  # as upstream has it
SMALL = 20
"""Atoms of the cells that tell upstream's own spread"""
NAMES = ["0.3.0", "0.2.0", "r2scan"]


def rock_salt(repeat):
    """A perturbed supercell of 8 atoms times ``repeat``."""
    cubic = Crystal.from_spacegroup("Fm-3m", Lattice.cubic(5.69), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    crystal = cubic * repeat
    moved = crystal.cart_coords + 0.06 * np.random.default_rng(5).normal(size=(len(crystal), 3))
    return Structure(
        np.array(crystal.atomic_numbers), moved, crystal.lattice.matrix.copy(), np.ones(3, dtype=bool), "200"
    )


def special():
    """Isolated atoms, an angle-free cell, atoms outside the cell, and 200 atoms."""
    two = small_structures((3, 8))
    return [*small_structures().values(), two["isolated"], two["angle-free"], rock_salt((5, 5, 1))]


def mptrj_frames(n):
    """``n`` frames of 2 to 192 atoms, the largest among them."""
    folder = os.environ.get("TRANSFERKIT_SHARED")
    if not folder:
        pytest.skip("TRANSFERKIT_SHARED does not name the folder of shared data")
    import ase.io

    frames = ase.io.read(Path(folder) / "data/mptrj_1k/mptrj-random-1k.xyz", ":")
    chosen = {*np.random.default_rng(0).permutation(len(frames))[: n - 1].tolist(), int(np.argmax([*map(len, frames)]))}
    return [
        Structure(
            frames[k].numbers.astype(np.int64), frames[k].positions, np.array(frames[k].cell), frames[k].pbc, str(k)
        )
        for k in sorted(chosen)
    ]


def split(values, sizes):
    return np.split(values, np.cumsum(sizes)[:-1])


def ours(potential, structures, edges=20_000):
    """As :func:`theirs`, in batches of about 20,000 edges."""
    graphs = [potential.graph(s) for s in structures]
    total = np.cumsum([g.n_edges for g in graphs]) // edges
    starts = [0, *(np.flatnonzero(np.diff(total)) + 1).tolist(), len(graphs)]
    found = []
    for a, b in pairwise(starts):
        out = potential(potential.collate(graphs[a:b]), need=NEED)
        sizes = [g.n_atoms for g in graphs[a:b]]
        part = {
            "energy": list(out.energy.detach().numpy() / np.array(sizes)),
            "forces": split(out.forces.detach().numpy(), sizes),
            "stress": list(out.stress.detach().numpy()),
            "magmoms": split(out.magmoms.detach().numpy(), sizes),
        }
        found += [{p: v[k] for p, v in part.items()} for k in range(len(sizes))]
    return found


def theirs(oracle, structures, batch, dtype=torch.float32):
    """Upstream's prediction of each structure, in batches of ``batch``."""
    with chgnet_in(dtype), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graphs = [oracle.graph(s) for s in structures]
        out = [oracle.model.predict_graph(g, task="efsm", batch_size=batch) for g in chunks(graphs, batch)]
    flat = [p for part in out for p in (part if isinstance(part, list) else [part])]
    return [{"energy": p["e"], "forces": p["f"], "stress": p["s"] * GPA, "magmoms": p["m"]} for p in flat]


def chunks(items, n):
    return [items[k : k + n] for k in range(0, len(items), n)]


def largest(one, other):
    """The largest difference in any structure, by property."""
    return {p: max(float(np.abs(a[p] - b[p]).max()) for a, b in zip(one, other, strict=True)) for p in LIMITS}


def known(name, structures):
    elements = ChgnetAdapter.load(name).adapter.elements
    kept = [s for s in structures if set(s.numbers.tolist()) <= elements]
    assert len(kept) > 0.7 * len(structures)
    return kept


def check(name, structures):
    structures = known(name, structures)
    exact = theirs(exact_of(name), structures, 1, torch.float64)
    double = largest(ours(ChgnetAdapter.load(name, dtype=torch.float64), structures), exact)
    assert all(double[p] <= EXACT[p] for p in EXACT), double

    oracle = oracle_of(name)
    # In 0.2.0 upstream's energy of a cell without angles depends on whether others in the batch have some: that is
    # no rounding, and does not widen the limit. Nor do large cells, of which upstream's batch of 64 needs 20 GB.
    small = [s for s in structures if len(s) <= SMALL and len(oracle.graph(s).bond_graph)]
    spread = largest(*(theirs(oracle, small, batch) for batch in (1, 64)))
    single = largest(ours(ChgnetAdapter.load(name), structures), exact)
    limits = {p: max(LIMITS[p], 3 * spread[p]) for p in LIMITS}
    assert all(single[p] <= limits[p] for p in limits), (single, limits)


@pytest.mark.parametrize("name", NAMES)
def test_bundled_and_special_cells(name):
    check(name, [*tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")[::12], *special()])


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("name", NAMES)
def test_500_mixed_real_structures(name):
    check(name, [*mptrj_frames(500), *tk.bundled("gpaw-pbe-r2scan", fidelity="PBE"), *special()])


def loss_of(energy, forces, stress, magmoms):
    """A loss that every label enters; energies in eV/atom without E0, stress in GPa."""
    return energy.square().mean() + forces.square().mean() + 0.1 * stress.square().mean() + magmoms.square().mean()


def our_gradients(name, structures, dtype):
    potential = ChgnetAdapter.load(name, dtype=dtype)
    batch = potential.collate([potential.graph(s) for s in structures])
    out = potential(batch, need=NEED, create_graph=True)
    size = torch.tensor([len(s) for s in structures])
    energy = (out.energy - potential.reference_energy(batch)) / size
    loss_of(energy, out.forces, out.stress / GPA, out.magmoms).backward()
    return {n: p.grad.double() for n, p in potential.adapter.named_parameters() if p.grad is not None}


def their_gradients(oracle, structures, dtype):
    model = oracle.model
    model.composition_model = None
    model.zero_grad()
    with chgnet_in(dtype), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out = model([oracle.graph(s) for s in structures], task="efsm")
        loss_of(out["e"], *(torch.cat(list(out[p])) for p in "fsm")).backward()
    return _ours({n: p.grad.double() for n, p in model.named_parameters() if p.grad is not None})


def distance(mine, exact):
    """Norm of the difference over the norm of the gradient: of all parameters together, and in the worst tensor.

    A tensor whose gradient is below a thousandth of the whole is measured against that thousandth: what is left of it
    after terms have cancelled has fewer digits. Where upstream computes a zero that feeds nothing, ours is absent.
    """
    whole = torch.cat([g.flatten() for g in exact.values()]).norm()
    difference = {n: mine[n] - g if n in mine else g for n, g in exact.items()}
    every = torch.cat([d.flatten() for d in difference.values()]).norm() / whole
    return float(every), max(float(d.norm() / max(exact[n].norm(), 1e-3 * whole)) for n, d in difference.items())


def check_gradients(name, structures):
    """In float64 to 1e-10; in float32 to 1e-5, or as near to the exact gradient as upstream's float32 is."""
    structures = known(name, structures)
    if name == "0.2.0":  # as in :func:`check`: beside others, upstream gives cells without angles another energy
        oracle = oracle_of(name)
        structures = [s for s in structures if len(oracle.graph(s).bond_graph)]
    exact = their_gradients(exact_of(name), structures, torch.float64)
    assert len(exact) > 90
    assert max(distance(our_gradients(name, structures, torch.float64), exact)) < 1e-10
    single = distance(our_gradients(name, structures, torch.float32), exact)
    upstream = distance(their_gradients(oracle_of(name), structures, torch.float32), exact)
    assert single[0] <= max(1e-5, upstream[0])
    assert single[1] <= max(1e-5, upstream[1])


@pytest.mark.parametrize("name", NAMES)
def test_gradients_of_a_loss(name):
    check_gradients(name, [*tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")[::24], *special()[:5]])


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("name", NAMES)
def test_gradients_of_a_loss_over_real_structures(name):
    # Small parts: upstream needs 20 MB an atom here.
    for part in chunks([s for s in mptrj_frames(500) if len(s) <= 50][:64], 8):
        check_gradients(name, part)
