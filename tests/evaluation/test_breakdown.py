import numpy as np
import pytest

from transferkit.data.structures import Structures
from transferkit.errors import DataError
from transferkit.evaluation.breakdown import by_composition, by_element, label_errors


def _data() -> Structures:
    """MgO, a larger MgO without forces, and Si: 2 + 4 + 1 atoms, all labels zero."""
    there = np.ones(3, dtype=bool)
    return Structures(
        numbers=np.array([12, 8, 12, 8, 12, 8, 14]),
        positions=np.arange(21.0).reshape(7, 3),
        cell=np.tile(30 * np.eye(3), (3, 1, 1)),
        pbc=np.ones((3, 3), dtype=bool),
        offsets=np.array([0, 2, 6, 7]),
        energy=np.zeros(3),
        forces=np.where(np.repeat([True, False, True], [2, 4, 1])[:, None], 0.0, np.nan) * np.ones((7, 3)),
        stress=np.zeros((3, 3, 3)),
        magmoms=np.full(7, np.nan),
        mask={"energy": there, "forces": np.array([True, False, True]), "stress": there, "magmoms": ~there},
        id=np.array(["a", "b", "c"], dtype=object),
        material_id=np.array(["a", "b", "c"], dtype=object),
        fidelity="r2SCAN",
    )


def test_energies_are_per_atom_and_forces_per_component():
    data = _data()
    off = data.with_labels(energy=np.array([2.0, -4.0, 0.5]), forces=np.arange(21.0).reshape(7, 3))
    energy, forces = label_errors("energy", off, data), label_errors("forces", off, data)
    assert energy.difference.tolist() == [1.0, -1.0, 0.5]
    assert energy.structure.tolist() == [0, 1, 2]
    assert forces.difference.tolist() == [0, 1, 2, 3, 4, 5, 18, 19, 20]
    assert forces.structure.tolist() == [0] * 6 + [2] * 3
    assert forces.atom.tolist() == [0, 0, 0, 1, 1, 1, 6, 6, 6]


def test_free_components_choose_by_atom_and_direction():
    data = _data()
    forces = label_errors("forces", data.with_labels(forces=np.arange(21.0).reshape(7, 3)), data)
    free = np.zeros((7, 3), dtype=bool)
    free[1, 2] = free[3, 0] = free[6, 1] = True  # atom 3 has no reference force
    assert forces.free(free).difference.tolist() == [5.0, 19.0]


def test_label_that_one_side_lacks_gives_no_errors():
    data = _data()
    assert len(label_errors("magmoms", data.with_labels(magmoms=np.zeros(7)), data)) == 0
    assert len(label_errors("stress", data.without("stress"), data)) == 0


def test_compositions_pool_their_structures():
    data = _data()
    off = data.with_labels(energy=np.array([2.0, -1.2, 0.5]))
    table = by_composition(
        data, {"energy": label_errors("energy", off, data), "forces": label_errors("magmoms", off, data)}
    )
    assert table == {
        "MgO": {"energy": pytest.approx((1.0 + 0.3) / 2), "forces": None, "n": 2},
        "Si": {"energy": 0.5, "forces": None, "n": 1},
    }


def test_elements_take_forces_of_their_atoms_and_energies_of_their_structures():
    data = _data()
    forces = np.zeros((7, 3))
    forces[1] = [0.3, -0.3, 0.0]
    off = data.with_labels(energy=np.array([2.0, -1.2, 0.5]), forces=forces)
    table = by_element(data, label_errors("energy", off, data), label_errors("forces", off, data))
    assert table["O"] == {"energy_mae": pytest.approx(0.65), "forces_mae": pytest.approx(0.2), "n_structures": 2}
    assert table["Mg"]["forces_mae"] == 0
    assert table["Si"] == {"energy_mae": 0.5, "forces_mae": 0.0, "n_structures": 1}


def test_predictions_of_other_structures_are_refused():
    data = _data()
    with pytest.raises(DataError, match="2 predictions for 3 structures"):
        label_errors("energy", data[[0, 1]], data)
    with pytest.raises(DataError, match="prediction 1 is of 'c'"):
        label_errors("energy", data[[0, 2, 1]], data)
