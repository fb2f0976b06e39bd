"""Points on pilot jobs: what Parsl is told, and a real study on two local blocks with a worker and a driver killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("parsl", reason="the extra cluster is not installed")

from transferkit.studies.cluster import Cluster, load_cluster
from transferkit.studies.hold import alive, owner
from transferkit.studies.parsl_crew import config_of, environment, provider_of

from . import kills

pytestmark = [  # Parsl leaves the sockets open with which it looks for addresses of this machine
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
EXAMPLES = sorted((Path(__file__).parents[2] / "recipes" / "cluster").glob("*.yaml"))


def test_there_are_examples():
    assert {path.stem for path in EXAMPLES} == {"kubernetes", "local", "pbs", "slurm"}


@pytest.mark.parametrize("path", [p for p in EXAMPLES if p.stem != "kubernetes"], ids=lambda p: p.stem)
def test_examples_become_what_parsl_takes(path, tmp_path):
    cluster = load_cluster(path)
    (executor,) = config_of(cluster, tmp_path).executors
    assert executor.workers_per_node == cluster.workers
    assert executor.available_accelerators == [str(k) for k in range(cluster.gpus_per_node)]
    assert executor.provider.max_blocks == cluster.blocks
    assert executor.provider.nodes_per_block == cluster.nodes_per_block
    assert "OMP_NUM_THREADS" in executor.provider.worker_init
    assert executor.interchange_launch_cmd[-1] == "transferkit.studies.interchange"


def test_batch_systems_are_told_what_the_file_says():
    common = {"gpus_per_node": 4, "cores_per_worker": 8, "walltime": "02:00:00", "account": "abc", "queue": "gpu"}
    slurm = provider_of(Cluster(kind="slurm", qos="normal", directives="#SBATCH --constraint=a100", **common))
    assert (slurm.partition, slurm.account, slurm.qos, slurm.gpus_per_node, slurm.walltime) == (
        "gpu",
        "abc",
        "normal",
        4,
        "02:00:00",
    )
    assert "--constraint=a100" in slurm.scheduler_options
    pbs = provider_of(Cluster(kind="pbs", nodes_per_block=2, **common))
    assert (pbs.queue, pbs.select_options, pbs.cpus_per_node) == ("gpu", "ngpus=4", 32)
    assert "mpiexec" in repr(pbs.launcher).lower()


def test_kubernetes_pods_have_their_gpus(monkeypatch):
    asked = {}
    monkeypatch.setattr("parsl.providers.KubernetesProvider", lambda **options: asked.update(options))
    with pytest.raises(
        Exception, match=r"KubernetesProvider|return value|violates"
    ):  # what is made here is no provider
        provider_of(load_cluster(next(p for p in EXAMPLES if p.stem == "kubernetes")))
    assert asked["extra_limits"]["nvidia.com/gpu"] == "1"
    assert asked["persistent_volumes"]


def test_setup_comes_after_the_threads():
    lines = environment(Cluster(kind="slurm", cores_per_worker=4, setup="module load cuda")).splitlines()
    assert lines[0] == "export OMP_NUM_THREADS=4"
    assert lines[-1] == "module load cuda"


@pytest.mark.slow
def test_two_blocks_a_worker_and_the_driver_killed(tmp_path):
    (tmp_path / "r.yaml").write_text(kills.RECIPE)
    (tmp_path / "two.yaml").write_text("kind: local\nblocks: 2\n")
    folder = tmp_path / "wild"
    command = kills.command(tmp_path / "r.yaml", folder, "--on", str(tmp_path / "two.yaml"))
    subprocess.run(kills.command(tmp_path / "r.yaml", tmp_path / "calm"), check=True, capture_output=True)
    with (tmp_path / "log").open("w") as log:
        driver = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        first, second = _wait(lambda: _owners(folder), 2)
        os.kill(first, signal.SIGKILL)
        done = len(_results(folder))
        _wait(lambda: _results(folder), done + 2)  # the study goes on, also on the other block
        left = _wait(lambda: _owners(folder), 1)
        driver.kill()
        driver.wait()
        deadline = time.monotonic() + 200
        while any(Path(f"/proc/{pid}").exists() for pid in left):  # nobody is left to hold a batch job
            assert time.monotonic() < deadline
            time.sleep(1)
        assert second
        assert len(_results(folder)) < 12
        again = subprocess.run(command, stdout=log, stderr=log, check=False, timeout=900)
    assert again.returncode == 0, (tmp_path / "log").read_text()
    calm, wild = kills.content(tmp_path / "calm"), kills.content(folder)
    assert calm.keys() == wild.keys()
    assert [name for name in calm if calm[name] != wild[name]] == []


def _owners(folder):
    stems = [path.with_name(path.name.removesuffix(".owner.json")) for path in folder.glob("states/*.owner.json")]
    return sorted({owner(stem)["pid"] for stem in stems if alive(stem)})


def _results(folder):
    return sorted(folder.glob("points/*/result.json"))


def _wait(found, number):
    deadline = time.monotonic() + 300
    while len(now := found()) < number:
        assert time.monotonic() < deadline, f"{number} wanted, {now}"
        time.sleep(0.2)
    return now


@pytest.mark.slow
def test_accelerators_are_pinned(tmp_path):
    """Two blocks of one worker: each sees the one that Parsl gave it, as a point does before torch is imported."""
    code = (
        "import sys, json, os\nfrom pathlib import Path\nimport parsl\n"
        "from transferkit.studies.cluster import Cluster\nfrom transferkit.studies.parsl_crew import config_of\n"
        "kernel = parsl.load(config_of(Cluster(kind='local', gpus_per_node=2), Path(sys.argv[1])))\n"
        "@parsl.python_app\ndef seen():\n    import os, time\n    time.sleep(2)\n    return os.environ['CUDA_VISIBLE_DEVICES']\n"
        "print(json.dumps(sorted({f.result() for f in [seen() for _ in range(6)]})))\nkernel.cleanup()\n"
    )
    said = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert json.loads(said.stdout) == ["0", "1"]
