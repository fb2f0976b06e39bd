import bz2
import gzip
import re
from pathlib import Path

import numpy as np
import pytest

from transferkit.data.readers import read
from transferkit.data.readers.vasp import read_vasp
from transferkit.errors import DataError

# 1 kbar = 0.1 GPa; tension positive
STRESS = -np.array([[10.0, 1.0, 3.0], [1.0, -20.0, 2.0], [3.0, 2.0, 30.0]]) / 1602.1766208


def run(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / {"outcar": "OUTCAR", "vasprun": "vasprun.xml"}[name]).write_text(text)
    return folder


@pytest.mark.parametrize("kind", ["outcar", "vasprun"])
def test_every_ionic_step_with_units_and_signs(made, tmp_path, kind):
    folder = run(tmp_path / "MnO", **{kind: getattr(made, kind)(steps=3)})
    data = read(next(folder.iterdir()), fidelity="r2SCAN")
    assert len(data) == 3
    assert data.id.tolist() == ["MnO:1", "MnO:2", "MnO:3"]
    assert data.numbers.tolist() == [25, 8] * 3
    assert data.energy.tolist() == pytest.approx([made.energies(k)[1] for k in (1, 2, 3)])
    assert data.columns["free_energy"].tolist() == pytest.approx([made.energies(k)[0] for k in (1, 2, 3)])
    assert np.allclose(data.forces, np.vstack([made.forces(k) for k in (1, 2, 3)]))
    assert np.allclose(data.stress, STRESS, atol=1e-12)
    assert np.allclose(data.cell, [made.CELL * (1 + 0.01 * k) for k in (1, 2, 3)])
    assert np.allclose(data.positions[2:4], made.FRACTIONAL @ made.CELL * 1.02, atol=1e-5)
    assert data.pbc.all()
    assert data.columns["ionic_step"].tolist() == [1, 2, 3]
    assert set(data.material_id) == {"MnO"}


def test_magmoms_are_absolute_and_of_each_step(made, tmp_path):
    data = read(run(tmp_path, outcar=made.outcar(steps=2)), fidelity="r2SCAN")
    assert data.has("magmoms").all()
    assert data.magmoms.tolist() == [4.446, 0.012] * 2


def test_a_run_without_moments_has_none(made, tmp_path):
    data = read(run(tmp_path, outcar=made.outcar(moments=False)), fidelity="r2SCAN")
    assert not data.has("magmoms").any()


@pytest.mark.parametrize(("suffix", "opener"), [(".gz", gzip.open), (".bz2", bz2.open)])
@pytest.mark.parametrize("kind", ["outcar", "vasprun"])
def test_compressed_files(made, tmp_path, suffix, opener, kind):
    name = {"outcar": "OUTCAR", "vasprun": "vasprun.xml"}[kind]
    with opener(tmp_path / (name + suffix), "wt") as stream:
        stream.write(getattr(made, kind)(steps=1))
    assert len(read(tmp_path / (name + suffix), fidelity="PBE")) == 1


def test_a_damaged_archive_is_named(made, tmp_path):
    (tmp_path / "OUTCAR.bz2").write_bytes(bz2.compress(made.outcar().encode())[:200])
    with pytest.raises(DataError, match=r"OUTCAR\.bz2: (cannot be opened or decompressed|.*no ionic step)"):
        read(tmp_path / "OUTCAR.bz2", fidelity="PBE")


def test_a_run_folder_joins_vasprun_and_moments(made, tmp_path):
    data = read(run(tmp_path / "a", outcar=made.outcar(), vasprun=made.vasprun()), fidelity="PBE")
    assert data.has("magmoms").all()
    assert np.allclose(data.positions[:2], made.FRACTIONAL @ made.CELL * 1.01, atol=1e-9)


def test_a_folder_of_runs_is_read_in_order(made, tmp_path):
    run(tmp_path / "set" / "b", outcar=made.outcar(steps=1))
    run(tmp_path / "set" / "a" / "x", vasprun=made.vasprun(steps=2))
    data = read(tmp_path / "set", fidelity="PBE")
    assert data.id.tolist() == ["a/x:1", "a/x:2", "b:1"]
    assert data.columns["run"].tolist() == ["a/x", "a/x", "b"]


def test_files_of_two_runs_in_one_folder_are_refused(made, tmp_path):
    run(tmp_path, outcar=made.outcar(steps=3), vasprun=made.vasprun(steps=2))
    with pytest.raises(DataError, match=r"vasprun\.xml has 2 ionic steps and OUTCAR 3"):
        read(tmp_path, fidelity="PBE")


def test_two_outcars_in_one_folder_are_refused(made, tmp_path):
    run(tmp_path, outcar=made.outcar())
    (tmp_path / "OUTCAR.2").write_text(made.outcar())
    with pytest.raises(DataError, match="2 OUTCAR files in one run folder"):
        read(tmp_path, fidelity="PBE")


@pytest.mark.parametrize("kind", ["outcar", "vasprun"])
def test_an_unconverged_step_names_file_and_step(made, tmp_path, kind):
    text = made.outcar(converged=False) if kind == "outcar" else made.vasprun(loops=60)
    folder = run(tmp_path, **{kind: text})
    with pytest.raises(DataError) as caught:
        read(folder, fidelity="PBE")
    for part in (str(next(folder.iterdir())), "ionic step 1 is not converged", "NELM", "bad_steps='leave out'"):
        assert part in str(caught.value)


@pytest.mark.parametrize("kind", ["outcar", "vasprun"])
def test_a_broken_off_file_names_the_step_and_what_it_lacks(made, tmp_path, kind):
    text = made.outcar(steps=3, cut="after forces") if kind == "outcar" else made.vasprun(steps=3, cut=True)
    folder = run(tmp_path / "x", **{kind: text})
    with pytest.raises(DataError, match=r"ionic step 3 is incomplete: it lacks .*energy.* the file breaks off"):
        read(folder, fidelity="PBE")
    data = read_vasp(folder, fidelity="PBE", bad_steps="leave out")
    assert data.columns["ionic_step"].tolist() == [1, 2]


def test_a_file_cut_anywhere_is_never_read_in_silence(made, tmp_path):
    text = made.outcar(steps=2)
    whole = read(run(tmp_path / "x", outcar=text), fidelity="PBE").hash
    lines = text.splitlines(keepends=True)
    # the electronic loops before are lines that nobody reads; every third cut is enough
    for k in range(1, len(lines) - 1, 3):
        folder = run(tmp_path / "x", outcar="".join(lines[:k]))
        try:
            data = read(folder, fidelity="PBE")
        except DataError:
            continue
        # readable are only the two ends of complete steps
        assert len(data) == (2 if data.hash == whole else 1)
        following = "".join(lines[k:])
        assert len(data) == 2 or "Iteration      2(   1)" in following


def test_leaving_out_every_step_leaves_nothing(made, tmp_path):
    folder = run(tmp_path, outcar=made.outcar(converged=False))
    with pytest.raises(DataError, match="no usable ionic step is left"):
        read_vasp(folder, fidelity="PBE", bad_steps="leave out")


def test_a_missing_path_is_named(tmp_path):
    with pytest.raises(DataError, match="no such file or folder"):
        read_vasp(tmp_path / "OUTCAR", fidelity="PBE")


@pytest.mark.shared
def test_real_outcars_agree_with_their_text_and_with_ase(shared, tmp_path):
    from ase.io import read as ase_read

    from transferkit.data.readers import from_ase

    source = shared / "data/tmo_r2scan/V_oxides/VO_R/OUTCAR.bz2"
    text = bz2.decompress(source.read_bytes()).decode(errors="replace")
    data = read(source, fidelity="r2SCAN")
    assert len(data) == text.count("TOTAL-FORCE")
    printed = np.array([line.split()[2:] for line in re.findall(r"^  in kB  .*$", text, re.MULTILINE)], dtype=float)
    assert np.allclose(data.stress[:, 0, 0], -printed[:, 0] / 1602.1766208)
    assert np.allclose(data.stress[:, 1, 2], -printed[:, 4] / 1602.1766208)
    zero = re.findall(r"energy  without entropy=.*energy\(sigma->0\) =\s*(\S+)", text)
    assert data.energy.tolist() == [float(v) for v in zero]
    tables = text.split(" magnetization (x)")[1:]
    for step in range(len(data)):
        rows = tables[step].splitlines()[4 : 4 + int(data.n_atoms[step])]
        moments = [abs(float(row.split()[-1])) for row in rows]
        assert data.magmoms[data.offsets[step] : data.offsets[step + 1]].tolist() == moments
    (tmp_path / "OUTCAR").write_text(text)
    oracle = from_ase(ase_read(tmp_path / "OUTCAR", ":", format="vasp-out"), fidelity="r2SCAN")
    for name in ("positions", "cell", "energy", "forces", "stress", "magmoms"):
        assert np.allclose(getattr(data, name), getattr(oracle, name), atol=1e-12), name


@pytest.mark.shared
def test_a_folder_of_real_runs(shared):
    data = read(shared / "data/tmo_r2scan/Cr_oxides", fidelity="r2SCAN")
    assert data.has("magmoms").all()
    assert len(set(data.columns["run"])) == len(list((shared / "data/tmo_r2scan/Cr_oxides").rglob("OUTCAR.bz2")))
    assert np.median(np.abs(data.stress)) < 0.1
