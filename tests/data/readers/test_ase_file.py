import pytest
from ase.build import bulk
from ase.io import write

from transferkit.data.readers.ase_file import ase_frames, trouble
from transferkit.errors import DataError


def test_every_frame_comes_in_order_also_with_an_at_sign_in_the_name(tmp_path):
    frames = [bulk("MgO", "rocksalt", a=a) for a in (4.1, 4.2)]
    write(tmp_path / "a@b.extxyz", frames)
    read = ase_frames(tmp_path / "a@b.extxyz")
    assert [round(atoms.cell.volume, 3) for atoms in read] == [round(atoms.cell.volume, 3) for atoms in frames]


def test_a_broken_frame_is_named_with_what_is_before_it(tmp_path):
    path = tmp_path / "a.xyz"
    path.write_text("1\n\nMg 0 0 0\n2\n\nMg 0 0 0\n")
    with pytest.raises(DataError, match=r"frame 1 cannot be read .*number of atoms.*the 1 frames before it are fine"):
        ase_frames(path)
    path.write_text("1\n\nMg 0 0 zero\n")
    with pytest.raises(DataError, match=r"frame 0 cannot be read .*'zero'") as caught:
        ase_frames(path)
    assert "before it" not in str(caught.value)


def test_a_key_that_is_no_symbol_is_an_error_of_another_kind():
    assert "cannot be read (KeyError: 7)" in trouble(KeyError(7), 0)
    assert "no permission" in trouble(PermissionError("a"), 0)
