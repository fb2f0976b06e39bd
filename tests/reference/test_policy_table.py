import json

import numpy as np
import pytest

from transferkit.reference.policy_table import PolicyScore, PolicyTable


def test_compositions_weigh_alike_however_many_frames_they_have():
    errors = np.array([0.1, -0.3, 0.8])
    score = PolicyScore.of("residual", errors, np.array([4, 4, 9]), 2)
    assert score.mean == pytest.approx((0.2 + 0.8) / 2)
    assert score.median == pytest.approx(0.5)
    assert score.rmse == pytest.approx(np.sqrt((0.05 + 0.64) / 2))
    assert (score.n_compositions, score.n_undetermined) == (2, 2)


def _table():
    return PolicyTable(
        [
            PolicyScore("residual", 0.05, 0.04, 0.06, 10, 0),
            PolicyScore("refit", 0.16, 0.1, 0.2, 10, 0),
            PolicyScore("keep", 0.15, 0.1, 0.2, 10, 0),
            PolicyScore.refused("difference", "no labels"),
        ]
    )


def test_warning_beyond_three_times_the_best_states_numbers_and_remedy():
    text = _table().warning("refit")
    assert "0.160 eV/atom" in text
    assert "0.050 eV/atom" in text
    assert "3.2 times" in text
    assert "Set reference.policy to 'residual'" in text
    assert _table().warning("residual") is None
    assert _table().warning("keep") is None


def test_warning_for_what_does_not_apply_or_has_no_score():
    assert "does not apply: no labels" in _table().warning("difference")
    alone = PolicyTable([PolicyScore.of("residual", np.array([]), np.array([]), 1)])
    assert "could not be scored" in alone.warning("residual")
    assert alone.best is None


def test_text_has_one_line_per_policy():
    lines = str(_table()).splitlines()
    assert len(lines) == 2 + 4
    assert "eV/atom" in lines[0]
    assert lines[-1].endswith("not applicable: no labels")


def test_json_is_standard_and_null_where_not_scored():
    text = json.dumps(_table().to_json(), allow_nan=False)
    rows = {row["policy"]: row for row in json.loads(text)["rows"]}
    assert rows["difference"]["mean"] is None
    assert rows["residual"]["mean"] == 0.05
    assert json.loads(text)["best"] == "residual"


def test_a_policy_that_was_compared_with_none_is_not_the_best():
    table = PolicyTable(
        [PolicyScore.of("residual", np.array([]), np.array([]), 4), PolicyScore("keep", 0.2, 0.2, 0.2, 4, 0)]
    )
    assert table.best is None
    assert table.to_json()["best"] is None
    assert table.warning("keep") is None
    assert "could not be scored" in table.warning("residual")
