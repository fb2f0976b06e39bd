from transferkit.report.data_pictures import data_pictures


def test_words_for_the_figures_give_elements_and_ranges():
    found = {
        "elements": {"O": {"compositions": 31}, "Mg": {"compositions": 20}},
        "referenced_energy": [0.1, None, -0.2],
        "max_force": [None, None, None],
        "volume_per_atom": [9.0, 10.0, 11.0],
    }
    drawn = data_pictures(found)
    assert drawn["composition"].alt.endswith("most often: O in 31, Mg in 20.")
    assert drawn["composition"].file == ""
    assert "energy after a constant per element (meV/atom) from -200 to 100" in drawn["distributions"].alt
    assert "force" not in drawn["distributions"].alt


def test_nothing_known_draws_nothing():
    assert data_pictures({}) == {"composition": None, "distributions": None}
    assert data_pictures({"elements": {}, "volume_per_atom": [None]}) == {"composition": None, "distributions": None}
