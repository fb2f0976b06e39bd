"""The toy adapter keeps the contract."""

from transferkit.adapters.toy import Toy
from transferkit.testing import AdapterContract, Native


class TestToy(AdapterContract):
    difference_tolerance = 1e-7

    def potential(self, dtype):
        return Toy.load("demo", dtype=dtype)

    def native(self, path, structures):
        potential = Toy.load(path)
        outs = [self.evaluate(potential, [s]) for s in structures]
        return [Native(float(o["energy"][0]), o["forces"], o["stress"][0]) for o in outs]
