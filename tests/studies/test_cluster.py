"""Cluster files: read, checked, every mistake with its line."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from transferkit.errors import RecipeError
from transferkit.studies import cluster as module
from transferkit.studies.cluster import Cluster, cluster_crew, load_cluster

EXAMPLES = sorted((Path(__file__).parents[2] / "recipes" / "cluster").glob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_examples_are_valid(path):
    found = load_cluster(path)
    assert found.kind == path.stem
    assert path.read_text().startswith("#")


def test_workers_follow_gpus():
    assert Cluster(kind="local").workers == 1
    assert Cluster(kind="slurm", gpus_per_node=4).workers == 4
    assert Cluster(kind="slurm", workers_per_node=3).workers == 3


def test_all_mistakes_at_once(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("kind: slrum\nblock: 3\nwalltime: 4h\nworkers_per_node: 0\nkubernetes:\n  imag: x\n")
    with pytest.raises(RecipeError) as caught:
        load_cluster(path)
    text = str(caught.value)
    for line in (
        "has 6 mistakes",
        "line 1, kind: 'slrum' is not a choice. Did you mean 'slurm'?",
        "line 2, block: unknown option. Did you mean 'blocks'?",
        "line 3, walltime: '4h' is no time of the form HH:MM:SS",
        "line 4, workers_per_node: should be greater than 0, and is 0",
        "line 6, kubernetes.imag: unknown option. Did you mean 'image'?",
        "kubernetes.image: is missing. Container image",
    ):
        assert line in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind: kubernetes\n", "belong together"),
        ("kind: slurm\ngpus_per_node: 2\nworkers_per_node: 4\n", "4 workers share 2 GPUs"),
        ("kind: pbs\nqos: high\n", "qos is Slurm's"),
        ("- kind\n", "holds no options"),
        ("kind: [\n", "is not YAML"),
        ("kind: local\nkind: pbs\n", "given twice"),
    ],
)
def test_one_mistake(tmp_path, text, words):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=words):
        load_cluster(path)


def test_a_missing_file_names_the_examples(tmp_path):
    with pytest.raises(RecipeError, match="recipes/cluster/"):
        load_cluster(tmp_path / "none.yaml")


def test_without_parsl_it_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "c.yaml").write_text("kind: local\n")
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "parsl" else find_spec(name))
    with pytest.raises(RecipeError, match=r"needs parsl, not installed here: pip install 'transferkit\[cluster\]'"):
        cluster_crew(tmp_path / "c.yaml", tmp_path)
