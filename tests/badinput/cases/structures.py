"""Sound files that do not suit: the potential, the split, the units, the convention."""

from dataclasses import replace

import numpy as np
from ase import Atoms
from ase.build import bulk

import transferkit as tk
from transferkit.data.quarantine import sift
from transferkit.data.structures import concatenate
from transferkit.units import HARTREE, KBAR

from .case import Case, nothing


def frame(atoms, energy=-1.0):
    atoms.info["energy"] = energy
    return atoms


def of(*frames, **options):
    return tk.from_ase(frames, **{"fidelity": "PBE", "keys": {"energy": "energy"}} | options)


def pbe():
    return tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")


def calculated(name, atoms):
    def call(folder):
        atoms.calc = tk.load(name).calculator()
        return atoms.get_potential_energy()

    return call


def finding(data):
    """What describe finds, as a message."""
    return lambda folder: "\n".join(map(str, tk.describe(data()).findings))


def lonely():
    return Atoms("O", positions=[[0, 0, 0]], cell=[20, 20, 20], pbc=True)


def two_units():
    """Copies of some frames in Hartree."""
    data = pbe()
    few = data[:60]
    return concatenate([data, replace(few.with_labels(energy=few.energy / HARTREE), id=np.array([f"second:{i}" for i in few.id], dtype=object))])


def read_unit(**units):
    return lambda folder: of(frame(bulk("MgO", "rocksalt", a=4.2)), units=units)


def predict(name, *frames):
    def call(folder):
        from transferkit.evaluation.predict import predict

        return predict(tk.load(name), of(*frames))

    return call


COINCIDING = Atoms("MgO", positions=[[0, 0, 0], [0, 0, 0]], cell=[4, 4, 4], pbc=True)

CASES = [
    Case("an element that CHGNet lacks", nothing, calculated("chgnet", bulk("Cm", "fcc", a=5.0)), ()),
    Case("an element that the toy lacks", nothing, calculated("toy", bulk("Og", "fcc", a=5.0)), ()),
    Case("an element of the data that CHGNet lacks", nothing, predict("chgnet", frame(bulk("Cm", "fcc", a=5.0))), ()),
    Case("atoms that coincide, under CHGNet", nothing, calculated("chgnet", COINCIDING.copy()), ()),
    Case("atoms that coincide, in data", nothing, predict("chgnet", frame(COINCIDING.copy())), ()),
    Case("a molecule under CHGNet", nothing, calculated("chgnet", Atoms("CO", positions=[[0, 0, 0], [0, 0, 1.1]])), ()),
    Case("a flat cell under CHGNet", nothing, calculated("chgnet", Atoms("Mg", cell=[4, 4, 0], pbc=True)), ()),
    Case("NaN positions in a calculator", nothing, calculated("chgnet", Atoms("Mg", positions=[[np.nan, 0, 0]], cell=[4, 4, 4], pbc=True)), ()),
    Case("no atoms in a calculator", nothing, calculated("chgnet", Atoms(cell=[4, 4, 4], pbc=True)), ()),
    Case("isolated atoms only", nothing, lambda f: tk.rereference(tk.load("toy"), of(*(frame(lonely(), -1.0 - k) for k in range(3)))), ()),
    Case("nothing to fit", nothing, lambda f: tk.rereference(tk.load("toy"), pbe()[:4].without("energy")), ()),
    Case("a policy that does not exist", nothing, lambda f: tk.rereference(tk.load("toy"), pbe()[:4], policy="residuals"), ()),
    Case("a unit of no quantity", nothing, read_unit(energy="furlong"), ()),
    Case("a unit of another quantity", nothing, read_unit(energy="GPa"), ()),
    Case("a unit of no label", nothing, read_unit(enrgy="eV"), ()),
    Case("an order of stress that is none", nothing, read_unit(voigt="xx yy zz"), ()),
    Case("MP2020 with an unknown +U", nothing, lambda f: tk.convert_convention(of(frame(bulk("FeO", "rocksalt", a=4.3))), "mp2020"), ()),
    Case("MP2020 with a U of one's own", nothing, lambda f: tk.convert_convention(replace(of(frame(bulk("FeO", "rocksalt", a=4.3))), columns={"hubbards": np.array(["Fe:4.0"], dtype=object)}), "mp2020"), ()),
    Case("MP2020 with hubbards that are no list", nothing, lambda f: tk.convert_convention(replace(of(frame(bulk("FeO", "rocksalt", a=4.3))), columns={"hubbards": np.array(["Fe=4"], dtype=object)}), "mp2020"), ()),
    Case("cohesive to formation", nothing, lambda f: tk.convert_convention(of(frame(bulk("FeO", "rocksalt", a=4.3)), label_convention="cohesive"), "formation", energies={"Fe": -1, "O": -1}), ()),
    Case("sets of two levels joined", nothing, lambda f: concatenate([pbe()[:2], tk.bundled("gpaw-pbe-r2scan")[:2]]), ()),
    Case("the same structures joined twice", nothing, lambda f: concatenate([pbe()[:2], pbe()[:2]]), ()),
    Case("a gap of two conventions", nothing, lambda f: tk.functional_gap(replace(pbe(), label_convention="mp2020"), tk.bundled("gpaw-pbe-r2scan")), ()),
    Case("a gap of moved cells", nothing, lambda f: tk.functional_gap(pbe(), replace(tk.bundled("gpaw-pbe-r2scan"), positions=pbe().positions + 0.1)), ()),
    Case("energies in two units", nothing, finding(two_units), (), code=0),
    Case("energies in Hartree", nothing, finding(lambda: pbe().with_labels(energy=pbe().energy / HARTREE)), (), code=0),
    Case("stress in kbar", nothing, finding(lambda: pbe().with_labels(stress=-pbe().stress / KBAR)), (), code=0),
    Case("most frames over a limit", nothing, lambda f: sift(pbe().with_labels(forces=pbe().forces * 500)), ()),
]
