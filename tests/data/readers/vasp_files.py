"""Made-up VASP outputs: the lines that a reader looks at, in VASP's own formats."""

from io import BytesIO, TextIOWrapper

import numpy as np

CELL = np.diag([4.0, 4.2, 4.4])
FRACTIONAL = np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]])
SYMBOLS = ("Mn", "O")
# kbar, pressure positive; Voigt-like order of the file: xx yy zz xy yz zx
KBAR = (10.0, -20.0, 30.0, 1.0, 2.0, 3.0)
MOMENTS = (-4.446, 0.012)


def energies(step: int) -> tuple[float, float]:
    """Free energy and energy(sigma->0)."""
    return -16.25 - step, -16.125 - step


def forces(step: int) -> np.ndarray:
    return np.array([[0.1, -0.2, 0.3], [-0.1, 0.2, -0.3]]) * step


def stream(text: str) -> TextIOWrapper:
    """Text as an open file."""
    return TextIOWrapper(BytesIO(text.encode()), encoding="utf-8")


def outcar(steps=2, *, converged=True, moments=True, cut="", noncollinear=False) -> str:
    lines = [
        " vasp.6.4.2 made up",
        "   POTCAR:    PAW_PBE Mn_pv 02Aug2007",
        "   VRHFIN =Mn: 3p4s3d",
        "   VRHFIN =O: s2p4",
        "   ions per type =               1   1",
        "      direct lattice vectors                 reciprocal lattice vectors",
        *["     9.000000000  9.000000000  9.000000000     0.1 0.1 0.1"] * 3,
    ]
    for step in range(1, steps + 1):
        free, zero = energies(step)
        for loop in (1, 2):
            lines += [
                f"--------------------------------------- Iteration {step:6d}({loop:4d})  ---------------",
                "  free energy    TOTEN  =      -99.00000000 eV",
                "  energy without entropy =      -99.00000000  energy(sigma->0) =      -99.00000000",
            ]
        if converged:
            lines.append("------------------------ aborting loop because EDIFF is reached ----------------------------")
        if moments:
            for axis, factor in zip("xyz" if noncollinear else "x", (1.0, 2.0, 2.0), strict=False):
                lines += ["", f" magnetization ({axis})", "", "# of ion       s       p       d       tot", "-" * 42]
                lines += [f"{i:5d}        0.000   0.000   0.000{factor * m:8.3f}" for i, m in enumerate(MOMENTS, 1)]
                lines += ["-" * 50, "tot          0.000   0.000   0.000   0.000"]
        lines += ["  Total      -0.1    -0.1    -0.1    -0.005     0.004    -0.005"]
        # two numbers run together, as Fortran prints them when columns are full
        lines += ["  in kB   " + " ".join(f"{v:11.5f}" for v in KBAR)]
        lines += [
            " VOLUME and BASIS-vectors are now :",
            "      direct lattice vectors                 reciprocal lattice vectors",
        ]
        lines += ["  " + "".join(f"{v:13.9f}" for v in row) + "  0.1 0.1 0.1" for row in CELL * (1 + 0.01 * step)]
        lines += [" POSITION                                       TOTAL-FORCE (eV/Angst)", " " + "-" * 80]
        table = np.hstack([FRACTIONAL @ CELL * (1 + 0.01 * step), forces(step)])
        lines += [
            "".join(f"{v:13.5f}" for v in row[:3]) + "    " + "".join(f"{v:14.6f}" for v in row[3:]) for row in table
        ]
        if cut == "after forces" and step == steps:
            return "\n".join(lines) + "\n"
        lines += [" " + "-" * 80, "", "  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)", "  " + "-" * 50]
        lines += [f"  free  energy   TOTEN  =    {free:18.8f} eV", ""]
        lines += [f"  energy  without entropy={zero:18.8f}  energy(sigma->0) ={zero:18.8f}"]
    return "\n".join([*lines, " General timing and accounting informations for this job:"]) + "\n"


def vasprun(steps=2, *, loops=3, nelm=60, pstress=0.0, cut=False) -> str:
    def rows(name, table):
        inner = "".join(f"<v>{' '.join(f'{v:.8f}' for v in row)}</v>" for row in table)
        return f'<varray name="{name}">{inner}</varray>'

    xx, yy, zz, xy, yz, zx = KBAR
    stress = np.array([[xx, xy, zx], [xy, yy, yz], [zx, yz, zz]])
    out = ['<?xml version="1.0" encoding="ISO-8859-1"?><modeling>']
    out += [f'<parameters><i type="int" name="NELM">{nelm}</i><i name="PSTRESS">{pstress}</i></parameters>']
    atoms = "".join(f"<rc><c>{s} </c><c> {k}</c></rc>" for k, s in enumerate(SYMBOLS, 1))
    out += [f'<atominfo><atoms>2</atoms><array name="atoms"><set>{atoms}</set></array>']
    kinds = "".join(f"<rc><c>1</c><c>{s} </c></rc>" for s in SYMBOLS)
    out += [f'<array name="atomtypes"><set>{kinds}</set></array></atominfo>']
    for step in range(1, steps + 1):
        free, zero = energies(step)
        cell = CELL * (1 + 0.01 * step)
        added = pstress * 0.1 / 160.21766208 * np.linalg.det(cell)
        energy = f'<energy><i name="e_fr_energy">{free}</i><i name="e_0_energy">{zero}</i></energy>'
        out += ["<calculation>", *[f"<scstep>{energy}</scstep>"] * loops]
        out += [f"<structure><crystal>{rows('basis', cell)}</crystal>{rows('positions', FRACTIONAL)}</structure>"]
        if cut and step == steps:
            return "\n".join(out)
        out += [rows("forces", forces(step)), rows("stress", stress)]
        # VASP's own bug: e_0_energy of the ionic step is wrong, and PSTRESS * V is in the energy
        out += [
            f'<energy><i name="e_fr_energy">{free + added:.10f}</i><i name="e_0_energy">0.0</i></energy></calculation>'
        ]
    return "\n".join([*out, "</modeling>"])
