import json

import numpy as np
import pytest

import transferkit as tk
from transferkit.errors import ScalingError
from transferkit.scaling.simulation import Truth, simulate

N = np.geomspace(20, 2000, 5)
LAWS = [Truth(0.3, 0.3), Truth(1.5, 0.6)]


@pytest.fixture(scope="module")
def study():
    return simulate(np.random.default_rng(0), LAWS, N, chains=5)


def test_pairs_are_used_where_chains_have_the_same_names(study):
    transfer, scratch = study.errors
    paired = tk.compare_curves(transfer=(N, transfer), scratch=(N, scratch))
    apart = tk.compare_curves(transfer=(N, transfer), scratch=(N, scratch, list("abcde")))
    assert paired.paired
    assert not apart.paired
    assert paired.crossing.size == pytest.approx(apart.crossing.size)
    assert np.log(paired.crossing.interval.high / paired.crossing.interval.low) < np.log(
        apart.crossing.interval.high / apart.crossing.interval.low
    )


def test_chains_are_matched_by_name_not_by_order(study):
    transfer, scratch = study.errors
    turned = tk.compare_curves(transfer=(N, transfer, [0, 1, 2, 3, 4]), scratch=(N, scratch[::-1], [4, 3, 2, 1, 0]))
    straight = tk.compare_curves(transfer=(N, transfer), scratch=(N, scratch))
    assert turned.crossing == straight.crossing


def test_compositions_of_both_curves_are_pairs_too(study):
    laws = [tk.fit_power_law(N, e, compositions=study.compositions(k)) for k, e in enumerate(study.errors)]
    known = tk.compare_curves(transfer=laws[0], scratch=laws[1])
    alone = tk.compare_curves(transfer=(N, study.errors[0]), scratch=(N, study.errors[1]))
    mixed = tk.compare_curves(transfer=laws[0], scratch=(N, study.errors[1]))
    lengths = [np.log(g.crossing.interval.high / g.crossing.interval.low) for g in (alone, known, mixed)]
    assert lengths[0] < lengths[1]
    assert lengths[0] < lengths[2]


def test_laws_may_be_given_and_json_is_plain(study):
    law = tk.fit_power_law(N, study.errors[0])
    gain = tk.compare_curves(transfer=law, scratch=(N, study.errors[1]))
    assert gain.transfer is law
    assert json.loads(json.dumps(gain.to_json()))["crossing"]["size"] == gain.crossing.size
    assert "Chains are paired" in str(gain)
    assert gain.data_factor == gain.data_factor_at(N[-1])


def test_errors_name_the_curve():
    with pytest.raises(ScalingError, match="of 'scratch'"):
        tk.compare_curves(transfer=(N, N**-0.5), scratch=(N[:2], N[:2]))
    with pytest.raises(ScalingError, match="error 0 is not"):
        tk.compare_curves(transfer=(N, N**-0.5), scratch=(N, 2 * N**-0.6)).data_factor_for(0.0)
