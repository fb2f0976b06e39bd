"""MACE keeps the contract; the exported file is opened by a process that knows mace only."""

import copy
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from transferkit.adapters.mace import MaceAdapter
from transferkit.testing import AdapterContract, Native

PLAIN_MACE = """
import json, logging, sys, warnings
warnings.simplefilter("ignore")
from mace.calculators import MACECalculator
from ase import Atoms
out = []
calc = MACECalculator(model_paths=sys.argv[1], device="cpu", default_dtype=sys.argv[2])
for s in json.load(sys.stdin):
    atoms = Atoms(s["numbers"], positions=s["positions"], cell=s["cell"], pbc=True, calculator=calc)
    out.append([atoms.get_potential_energy(), atoms.get_forces().tolist(), atoms.get_stress(voigt=False).tolist()])
assert not any(m.split(".")[0] == "transferkit" for m in sys.modules)
print("ANSWER" + json.dumps(out))
"""


def shared(name):
    folder = os.environ.get("TRANSFERKIT_SHARED")
    if not folder:
        pytest.skip("TRANSFERKIT_SHARED does not name the folder of shared data")
    return Path(folder) / "data/weights" / name


class MaceContract(AdapterContract):
    suffix = ".model"
    difference_tolerance = 1e-6
    step = 3e-5

    def loaded(self, path):
        return MaceAdapter.load(path, trust=True)

    def native(self, path, structures):
        text = json.dumps(
            [
                {"cell": s.cell.tolist(), "numbers": s.numbers.tolist(), "positions": s.positions.tolist()}
                for s in structures
            ]
        )
        done = subprocess.run(
            [sys.executable, "-c", PLAIN_MACE, str(path), "float32"],
            input=text, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout.split("ANSWER")[1])
        return [Native(e, np.array(f), np.array(s)) for e, f, s in answer]


@cache
def tiny(dtype):
    return MaceAdapter.scratch("tiny", seed=3, dtype=dtype)


class TestMaceTiny(MaceContract):
    def potential(self, dtype):
        return copy.deepcopy(tiny(dtype))  # built once, because upstream's modules are slow to make


@pytest.mark.slow
class TestMaceSmall(MaceContract):
    numbers = (8, 12)

    def potential(self, dtype):
        return MaceAdapter.scratch("small", seed=3, dtype=dtype)


@pytest.mark.shared
@pytest.mark.slow
class TestGermaniumAntimonyTellurium(MaceContract):
    numbers = (32, 52)

    def potential(self, dtype):
        return MaceAdapter.load(shared("mace_gst_small/mace_swa.model"), dtype=dtype, trust=True)


@pytest.mark.shared
@pytest.mark.slow
class TestWaterDelta(MaceContract):
    numbers = (1, 8)

    def potential(self, dtype):
        path = shared("mace_delta_r2scan_to_ccsdt_water/delta_r2scancc_ase_gpu.model")
        return MaceAdapter.load(path, dtype=dtype, trust=True)
