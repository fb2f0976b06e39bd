from transferkit.report.study_lines import lines_section


def test_points_and_slopes_are_shown_in_shown_units(tmp_path):
    points = [{"label": "12", "chain": 0, "x": 0.1, "y": 0.05}, {"label": "120", "chain": 1, "x": 0.05, "y": 0.03}]
    fit = {"slope": 0.7, "intercept": -0.5, "interval": {"pieces": [[0.5, 0.9]]}, "r2": 0.9, "method": "t"}
    told = {
        "title": "a line",
        "quantity": "forces",
        "x": "before",
        "y": "after",
        "lines": [{"label": "g", "points": points, "fit": fit}],
    }
    made = lines_section(tmp_path, told)
    assert made["points"][0] == ["g", "12", "0", "100", "50.0"]
    assert made["fits"] == [["g", "0.700 [0.500, 0.900]", "0.900", "2", "t"]]
    assert "slopes: g 0.70" in made["picture"].alt
