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
    return lambda _: "\n".join(map(str, tk.describe(data()).findings))


def lonely():
    return Atoms("O", positions=[[0, 0, 0]], cell=[20, 20, 20], pbc=True)


def two_units():
    """Copies of some frames in Hartree."""
    data = pbe()
    few = data[:60]
    return concatenate(
        [
            data,
            replace(
                few.with_labels(energy=few.energy / HARTREE), id=np.array([f"second:{i}" for i in few.id], dtype=object)
            ),
        ]
    )


def read_unit(**units):
    return lambda _: of(frame(bulk("MgO", "rocksalt", a=4.2)), units=units)


def predict(name, *frames):
    def call(folder):
        from transferkit.evaluation.predict import predict

        return predict(tk.load(name), of(*frames))

    return call


COINCIDING = Atoms("MgO", positions=[[0, 0, 0], [0, 0, 0]], cell=[4, 4, 4], pbc=True)

CASES = [
    Case(
        "an element that CHGNet lacks",
        nothing,
        calculated("chgnet", bulk("Cm", "fcc", a=5.0)),
        ("'atoms' holds Cm", "Leave such structures out"),
    ),
    Case(
        "an element that the toy lacks",
        nothing,
        calculated("toy", bulk("Og", "fcc", a=5.0)),
        ("'atoms' holds Og", "Leave such structures out"),
    ),
    Case(
        "an element of the data that CHGNet lacks",
        nothing,
        predict("chgnet", frame(bulk("Cm", "fcc", a=5.0))),
        ("'frame:0' holds Cm", "Leave such structures out"),
    ),
    Case(
        "atoms that coincide, under CHGNet",
        nothing,
        calculated("chgnet", COINCIDING.copy()),
        ("'atoms': atoms 0 and 1 are 0.0000 Å apart", "Remove one"),
    ),
    Case(
        "atoms that coincide, in data",
        nothing,
        predict("chgnet", frame(COINCIDING.copy())),
        ("'frame:0': atoms 0 and 1 are 0.0000 Å apart", "Remove one"),
    ),
    Case(
        "a molecule under CHGNet",
        nothing,
        calculated("chgnet", Atoms("CO", positions=[[0, 0, 0], [0, 0, 1.1]])),
        ("(CO) has pbc [False, False, False]", "Put it in a box"),
    ),
    Case(
        "a flat cell under CHGNet",
        nothing,
        calculated("chgnet", Atoms("Mg", cell=[4, 4, 0], pbc=True)),
        ("(Mg)", "a cell of 0 Å³", "Put it in a box"),
    ),
    Case(
        "NaN positions in a calculator",
        nothing,
        calculated("chgnet", Atoms("Mg", positions=[[np.nan, 0, 0]], cell=[4, 4, 4], pbc=True)),
        ("its positions hold NaN", "leave it out"),
    ),
    Case(
        "no atoms in a calculator",
        nothing,
        calculated("chgnet", Atoms(cell=[4, 4, 4], pbc=True)),
        ("has no atoms", "leave it out"),
    ),
    Case(
        "isolated atoms only",
        nothing,
        lambda _: tk.rereference(tk.load("toy"), of(*(frame(lonely(), -1.0 - k) for k in range(3)))),
        ("all 3 structures with an energy are isolated atoms", "Give structures with bonds"),
    ),
    Case(
        "nothing to fit",
        nothing,
        lambda _: tk.rereference(tk.load("toy"), pbe()[:4].without("energy")),
        ("none of the structures has an energy", "policy 'keep'"),
    ),
    Case(
        "a policy that does not exist",
        nothing,
        lambda _: tk.rereference(tk.load("toy"), pbe()[:4], policy="residuals"),
        ("'residuals'", "Did you mean 'residual'?"),
    ),
    Case("a unit of no quantity", nothing, read_unit(energy="furlong"), ("'furlong' is no unit of energy", "kcal/mol")),
    Case("a unit of another quantity", nothing, read_unit(energy="GPa"), ("'GPa' is no unit of energy", "kcal/mol")),
    Case("a unit of no label", nothing, read_unit(enrgy="eV"), ("units names 'enrgy'", "Did you mean 'energy'?")),
    Case(
        "an order of stress that is none",
        nothing,
        read_unit(voigt="xx yy zz"),
        ("voigt is 'xx yy zz'", "six components"),
    ),
    Case(
        "MP2020 with an unknown +U",
        nothing,
        lambda _: tk.convert_convention(of(frame(bulk("FeO", "rocksalt", a=4.3))), "mp2020"),
        ("(FeO) holds Fe", "hubbard='materials-project'"),
    ),
    Case(
        "MP2020 with a U of one's own",
        nothing,
        lambda _: tk.convert_convention(
            replace(
                of(frame(bulk("FeO", "rocksalt", a=4.3))), columns={"hubbards": np.array(["Fe:4.0"], dtype=object)}
            ),
            "mp2020",
        ),
        ("U: Fe 4 eV", "Fe 5.3 eV", "leave such energies raw"),
    ),
    Case(
        "MP2020 with hubbards that are no list",
        nothing,
        lambda _: tk.convert_convention(
            replace(of(frame(bulk("FeO", "rocksalt", a=4.3))), columns={"hubbards": np.array(["Fe=4"], dtype=object)}),
            "mp2020",
        ),
        ("hubbards is 'Fe=4'", "'Fe:5.3 Mn:3.9'"),
    ),
    Case(
        "cohesive to formation",
        nothing,
        lambda _: tk.convert_convention(
            of(frame(bulk("FeO", "rocksalt", a=4.3)), label_convention="cohesive"),
            "formation",
            energies={"Fe": -1, "O": -1},
        ),
        ("cohesive energies become formation energies by two tables", "Convert to raw"),
    ),
    Case(
        "sets of two levels joined",
        nothing,
        lambda _: concatenate([pbe()[:2], tk.bundled("gpaw-pbe-r2scan")[:2]]),
        ("cannot join PBE/raw with r2SCAN/raw",),
    ),
    Case(
        "the same structures joined twice",
        nothing,
        lambda _: concatenate([pbe()[:2], pbe()[:2]]),
        ("'AgBr-rocksalt-wideal'", "occurs more than once", "Leave the repeated"),
    ),
    Case(
        "a gap of two conventions",
        nothing,
        lambda _: tk.functional_gap(replace(pbe(), label_convention="mp2020"), tk.bundled("gpaw-pbe-r2scan")),
        ("'mp2020' energies", "'raw'", "one label_convention"),
    ),
    Case(
        "a gap of moved cells",
        nothing,
        lambda _: tk.functional_gap(pbe(), replace(tk.bundled("gpaw-pbe-r2scan"), positions=pbe().positions + 0.1)),
        ("'AgBr-rocksalt-wideal' has another geometry", "give them different ids"),
    ),
    Case(
        "energies in two units",
        nothing,
        finding(two_units),
        ("60 exact duplicates with energies of two units, eV and Ha",),
        code=0,
    ),
    Case(
        "energies in Hartree",
        nothing,
        finding(lambda: pbe().with_labels(energy=pbe().energy / HARTREE)),
        ("warning: the energies look like Hartree", "--unit energy=Hartree"),
        code=0,
    ),
    Case(
        "stress in kbar",
        nothing,
        finding(lambda: pbe().with_labels(stress=-pbe().stress / KBAR)),
        ("warning: the stress looks like kbar", "--unit stress=-kbar"),
        code=0,
    ),
    Case(
        "most frames over a limit",
        nothing,
        lambda _: sift(pbe().with_labels(forces=pbe().forces * 500)),
        ("are broken or implausible", "more than 10%", "widen the limit"),
    ),
]
