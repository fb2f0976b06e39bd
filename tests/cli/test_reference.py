"""The verb reference, with and without a potential."""

R2SCAN = "bundled:gpaw-pbe-r2scan@r2SCAN"


def test_reference_of_labels_alone(run, read):
    found = read("reference", R2SCAN)
    assert found["rank"] <= found["n_elements"] == 45
    assert "O " in run("reference", R2SCAN).stdout


def test_reference_under_a_potential(run, read):
    found = read("reference", R2SCAN, "--model", "toy")
    assert found["policy"] == "residual"
    assert set(found["shift_eV_per_atom"]) >= {"O", "Mg"}
    text = run("reference", R2SCAN, "--model", "toy", "--policy", "refit").stdout
    assert "E0 by refit" in text


def test_reference_refuses_an_unknown_policy(run):
    assert "residual" in run("reference", R2SCAN, "--model", "toy", "--policy", "residuals", code=2).stderr


def test_an_unknown_adapter_names_the_nearest(run):
    assert "Did you mean 'toy'?" in run("reference", R2SCAN, "--model", "toyy", code=2).stderr


def test_trust_and_head_reach_the_potential(run, read, monkeypatch):
    from transferkit import api

    seen, load = {}, api.load

    def noted(*arguments, **options):
        seen.update(options)
        return load(*arguments, **options)

    monkeypatch.setattr(api, "load", noted)
    read("reference", R2SCAN, "--model", "toy", "--trust")
    assert seen["trust"] is True
    assert "default" in run("reference", R2SCAN, "--model", "toy", "--head", "defualt", code=2).stderr


def test_options_of_a_potential_need_one(run):
    said = run("reference", R2SCAN, "--checkpoint", "0.3.0", "--policy", "refit", code=2).stderr
    assert "--checkpoint and --policy say how the E0 of a potential moves" in said
    assert "--model" in said
