"""Everything before the first step, and every mistake in it."""

import pytest

from transferkit.errors import RunFolderError
from transferkit.pool import Job
from transferkit.preview.attempts import Attempts
from transferkit.preview.prepare import prepare, state_of
from transferkit.run_folder import claim


def prepared(recipe, tmp_path, **groups):
    attempts = Attempts()
    resolved = recipe(**groups)
    return prepare(Job("", resolved.seed, resolved, tmp_path / "run"), attempts), [
        m["what"] for m in attempts.mistakes()
    ]


def test_a_run_that_can_start(recipe, tmp_path):
    found, mistakes = prepared(recipe, tmp_path)
    assert mistakes == []
    assert found.complete
    assert found.state == "new"
    assert (found.head, sorted(found.need)) == ("default", ["energy", "forces", "stress"])
    assert found.trial().head == "default"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ({"data": {"source": "nowhere.xyz", "fidelity": "PBE"}}, "nowhere.xyz"),
        ({"data": {"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAM"}}, "Did you mean 'r2SCAN'"),
        ({"adapter": {"name": "toy", "checkpoint": "demmo"}}, "Did you mean 'demo'"),
        ({"adapter": {"name": "toy", "head": "r2SCAN"}}, "head"),
        ({"strategy": {"kind": "frozen", "train": ["readuot"]}}, "readuot"),
        ({"tracking": {"wandb": {"mode": "online"}}}, "WANDB_API_KEY"),
        ({"reference": {"policy": "difference", "source_data": "bundled:gpaw-pbe-r2scan@r2SCAN"}}, "difference is zero"),
        ({"reference": {"policy": "difference", "source_data": "nowhere.xyz@PBE"}}, "nowhere.xyz"),
        ({"loss": {"energy": 0, "forces": 0, "stress": 0, "magmoms": 1}}, "magmoms"),
    ],
)  # fmt: skip
def test_mistakes(recipe, tmp_path, monkeypatch, groups, words):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
    found, mistakes = prepared(recipe, tmp_path, **groups)
    assert len(mistakes) == 1, mistakes
    assert words in mistakes[0]
    assert not found.complete or "tracking" in groups


def test_mistakes_do_not_hide_each_other(recipe, tmp_path):
    (tmp_path / "run").write_text("a file")
    _, mistakes = prepared(
        recipe,
        tmp_path,
        data={"source": "nowhere.xyz", "fidelity": "PBE"},
        adapter={"name": "toy", "checkpoint": "demmo"},
    )
    assert [text.partition(":")[0] for text in mistakes] == ["RunFolderError", "DataError", "CheckpointError"]


def test_an_unknown_element_is_found(recipe, tmp_path, monkeypatch):
    from transferkit.adapters.toy import Toy

    load = Toy.load.__func__

    def narrow(cls, *arguments, **options):
        potential = load(cls, *arguments, **options)
        potential.adapter.elements = frozenset({8})
        return potential

    monkeypatch.setattr(Toy, "load", classmethod(narrow))
    _, mistakes = prepared(recipe, tmp_path)
    assert mistakes[0].startswith("MissingReference")


def test_the_state_of_a_folder(recipe, tmp_path):
    claim(tmp_path / "x", recipe(), smoke=False, resume=True)
    assert state_of(tmp_path / "x", recipe(), smoke=False) == "begun"
    (tmp_path / "x" / "result.json").write_text("{}")
    assert state_of(tmp_path / "x", recipe(), smoke=False) == "finished"
    assert state_of(tmp_path / "y", recipe(), smoke=False) == "new"
    with pytest.raises(RunFolderError, match="other options"):
        state_of(tmp_path / "x", recipe(seed=5), smoke=False)


def test_no_energy_of_the_network_is_made_up(recipe, tmp_path):
    pbe = {"source": "bundled:gpaw-pbe-r2scan@PBE", "fidelity": "PBE", "subset": 40}
    found, mistakes = prepared(recipe, tmp_path, data=pbe, adapter={"name": "chgnet", "checkpoint": "0.3.0"})
    assert mistakes == []
    (finding,) = found.cautions
    assert "trained on mp2020 energies" in finding.what
    assert "measured" not in finding.evidence
