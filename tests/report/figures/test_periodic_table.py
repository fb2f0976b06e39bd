from ase.data import chemical_symbols

from transferkit.report.figures.periodic_table import COLUMNS, HEIGHT, POSITIONS


def test_every_element_has_one_place():
    assert set(POSITIONS) == set(chemical_symbols[1:])
    assert len(set(POSITIONS.values())) == len(POSITIONS)


def test_cells_are_inside_the_drawing():
    assert max(column for column, _ in POSITIONS.values()) + 1 == COLUMNS
    assert max(row for _, row in POSITIONS.values()) + 1 == HEIGHT
    assert min(min(place) for place in POSITIONS.values()) == 0


def test_groups_stand_in_columns_and_periods_in_rows():
    for group in (("H", "Li", "Na", "K", "Rb", "Cs", "Fr"), ("O", "S", "Se", "Te", "Po"), ("Ti", "Zr", "Hf", "Rf")):
        assert len({POSITIONS[symbol][0] for symbol in group}) == 1
        rows = [POSITIONS[symbol][1] for symbol in group]
        assert rows == sorted(rows)
    assert POSITIONS["O"][0] == 15
    assert POSITIONS["Ti"][1] == POSITIONS["Zn"][1]


def test_the_f_block_stands_apart_below():
    assert POSITIONS["La"][0] == POSITIONS["Ac"][0]
    assert POSITIONS["Ac"][1] - POSITIONS["La"][1] == 1
    assert POSITIONS["La"][1] - POSITIONS["Og"][1] > 1
