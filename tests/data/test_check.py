import numpy as np

from transferkit.data.check import check


def test_good_data_give_no_warning(r2scan, pbe):
    assert check(r2scan) == []
    assert check(pbe) == []


def test_warnings_come_first(r2scan):
    data = r2scan[[*range(len(r2scan)), 0]].with_labels(energy=np.append(r2scan.energy, r2scan.energy[0]) / 27.211386)
    found = check(data)
    assert [f.severity for f in found] == sorted((f.severity for f in found), reverse=True)
    assert found[0].what == "the energies look like Hartree"
    assert "1 exact duplicate" in [f.what for f in found]


def test_partial_labels_are_noted(r2scan):
    from transferkit.data.structures import concatenate

    data = concatenate([r2scan[:5].without("stress"), r2scan[5:8]])
    (found,) = check(data)
    assert found.what == "stress is there for some structures only"
    assert found.where == tuple(r2scan.id[:5])
    assert "5 of 8" in found.evidence


def test_no_structures(r2scan):
    assert check(r2scan[:0])[0].what == "there are no structures"
