"""The only conversion factors in the package (CODATA 2018, as in ASE).

Inside: eV, Å, eV/Å, eV/Å³ (ASE sign), μB. Everything else is converted where it enters or leaves.

>>> round(1.0 / GPA, 5)  # GPa in one eV/Å³
160.21766
>>> stress_from_vasp_kbar = -10.0 * KBAR  # VASP prints pressure-positive kbar
>>> stress_from_vasp_kbar < 0
True
"""

HARTREE = 27.211386245988
"""eV"""
KCAL_PER_MOL = 0.04336410390059322
"""eV"""
BOHR = 0.529177210903
"""Å"""
GPA = 1.0 / 160.21766208
"""eV/Å³"""
KBAR = 0.1 * GPA
"""eV/Å³; VASP's printed stress has the opposite sign"""

ENERGIES = {
    "eV": 1.0,
    "meV": 1e-3,
    "Ha": HARTREE,
    "Ry": HARTREE / 2,
    "kcal/mol": KCAL_PER_MOL,
    "kJ/mol": KCAL_PER_MOL / 4.184,
}
"""eV, by name of the unit"""
LENGTHS = {"Å": 1.0, "Bohr": BOHR, "nm": 10.0}
"""Å, by name of the unit"""
PRESSURES = {"GPa": GPA, "MPa": GPA / 1000, "Pa": GPA / 1e9, "kbar": KBAR, "bar": KBAR / 1000}
"""eV/Å³, by name of the unit"""
