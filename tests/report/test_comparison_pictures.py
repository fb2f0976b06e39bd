import json

from transferkit.report.comparison_pictures import curves_picture, pictures_on_test


def test_curves_are_of_the_runs_that_are_there(tmp_path):
    (tmp_path / "a/seed-0").mkdir(parents=True)
    lines = [{"step": k, "valid": {"energy_mae": 0.1 / (k + 1)}} for k in range(3)]
    (tmp_path / "a/seed-0/metrics.jsonl").write_text("\n".join(map(json.dumps, lines)))
    variants = {"a": {"runs": ["a/seed-0", "a/seed-1"]}, "b": {"runs": ["b/seed-0"]}}
    drawn = curves_picture(tmp_path, variants, {"a": "A", "b": "B"})
    assert drawn.alt.endswith("in meV/atom: A 33.3.")
    assert (tmp_path / drawn.file).exists()
    assert curves_picture(tmp_path, {"b": variants["b"]}, {"b": "B"}) is None


def test_differences_are_drawn_only_where_variants_are_paired(tmp_path):
    final = {"final": {"energy": {"mean": 0.05, "interval": None}}}
    row = {"method": "b", "mean_difference": 0.1, "interval": [0.05, 0.2], "p_holm": 0.01}
    content = {"variants": {"a": {"tests": {"t": final}}, "b": {"tests": {"t": final}}}, "baseline": "a"}
    labels = {"a": "A", "b": "B"}
    assert len(pictures_on_test(tmp_path, content, "t", labels)) == 1
    (errors, paired) = pictures_on_test(tmp_path, content | {"paired": {"t": {"energy": [row]}}}, "t", labels)
    assert errors.alt == "Final energy error on t in meV/atom: A 50.0, B 50.0."
    assert "minus that of A" in paired.caption
