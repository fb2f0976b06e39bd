"""Where each element stands in the periodic table."""

from ase.data import atomic_numbers

ROWS = (
    "H . . . . . . . . . . . . . . . . He",
    "Li Be . . . . . . . . . . B C N O F Ne",
    "Na Mg . . . . . . . . . . Al Si P S Cl Ar",
    "K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr",
    "Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe",
    "Cs Ba . Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn",
    "Fr Ra . Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og",
    ". . La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu .",
    ". . Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr .",
)
GAP = 0.35
"""Space between the main body and the two rows of the f block, in cells."""

POSITIONS: dict[str, tuple[float, float]] = {
    symbol: (float(column), row + (GAP if row > 6 else 0.0))
    for row, line in enumerate(ROWS)
    for column, symbol in enumerate(line.split())
    if symbol in atomic_numbers
}
"""Column (0 to 17) and row (downwards) of each symbol."""
COLUMNS, HEIGHT = 18, len(ROWS) + GAP
