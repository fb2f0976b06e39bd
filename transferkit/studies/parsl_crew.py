"""Parsl crew: points carried out by pilot jobs of a batch system, through Parsl."""

import sys
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import Any

from parsl.app.app import python_app
from parsl.config import Config
from parsl.dataflow.dflow import DataFlowKernel
from parsl.executors import HighThroughputExecutor
from parsl.executors.high_throughput.errors import ManagerLost, WorkerLost
from parsl.launchers import MpiExecLauncher, SimpleLauncher, SrunLauncher
from parsl.providers import LocalProvider, PBSProProvider, SlurmProvider
from parsl.providers.base import ExecutionProvider

from transferkit.errors import StudyError
from transferkit.studies.cluster import Cluster, Kubernetes
from transferkit.studies.order import EVICTED, LOST, Order, Outcome, carry_out
from transferkit.studies.workers import THREADS

LABEL = "points"
HEARTBEAT, SILENCE = 10, 60
"""Seconds between signs of life of nodes, and without one until a node counts as lost."""


class ParslCrew:
    """Workers that Parsl starts."""

    def __init__(self, cluster: Cluster, study: Path) -> None:
        """Ask for the first block; it may wait in a queue, and points wait with it.

        Raises:
            StudyError: Parsl cannot start, e.g. since the batch system is not here.
        """
        self.cluster = cluster
        self.futures: dict[Future[Outcome], Order] = {}
        try:
            self.kernel = DataFlowKernel(config_of(cluster, study))
        except Exception as error:  # whatever a provider raises
            raise StudyError(f"Parsl cannot start on {cluster.kind}: {type(error).__name__}: {error}") from error
        self.app = python_app(at_node, data_flow_kernel=self.kernel, executors=[LABEL])

    def submit(self, order: Order) -> None:
        """Take an order."""
        self.futures[self.app(order, self.cluster.cores_per_worker)] = order

    def poll(self, timeout: float) -> list[tuple[Order, Outcome]]:
        """What has ended.

        Raises:
            StudyError: no block can be had.
        """
        if (
            not self.futures
        ):  # all points that are left are with another driver; without any future the wait would be none
            time.sleep(timeout)
        done, _ = wait(self.futures, timeout, FIRST_COMPLETED)
        return [(self.futures.pop(future), self._outcome(future)) for future in done]

    def stop(self) -> None:
        """End all blocks; their points write a checkpoint."""
        self.kernel.cleanup()

    def _outcome(self, future: "Future[Outcome]") -> Outcome:
        error = future.exception()
        if error is None:
            return future.result()
        if isinstance(error, WorkerLost):
            return Outcome(LOST, "its worker ended without a word")
        if isinstance(error, ManagerLost):
            return Outcome(EVICTED, "its batch job ended")
        raise StudyError(f"Parsl has no workers left: {type(error).__name__}: {error}") from error


def at_node(order: Order, threads: int) -> Outcome:
    """The point function where Parsl runs it: the same, with this worker's share of the cores."""
    import torch

    torch.set_num_threads(threads)
    return carry_out(order)


def config_of(cluster: Cluster, study: Path) -> Config:
    """What Parsl is told.

    Args:
        cluster: from a file
        study: folder for Parsl's logs and scripts, in ``parsl/``
    """
    executor = HighThroughputExecutor(
        label=LABEL,
        provider=provider_of(cluster),
        address=cluster.address or ("127.0.0.1" if cluster.kind == "local" else None),
        max_workers_per_node=cluster.workers,
        cores_per_worker=1e-3,  # the number of workers is given; threads are set by the point function
        available_accelerators=cluster.gpus_per_node,
        interchange_launch_cmd=[sys.executable, "-m", "transferkit.studies.interchange"],
        heartbeat_period=HEARTBEAT,
        heartbeat_threshold=SILENCE,
        worker_logdir_root=str(study / "parsl"),
        encrypted=cluster.kind != "local",
    )
    return Config(
        executors=[executor],
        run_dir=str(study / "parsl"),
        strategy="htex_auto_scale",
        max_idletime=60,
        usage_tracking=0,
        initialize_logging=True,
    )


def provider_of(cluster: Cluster) -> ExecutionProvider:
    """Whom Parsl asks for blocks."""
    local: Callable[..., ExecutionProvider] = LocalProvider  # neither has type hints
    pbs: Callable[..., ExecutionProvider] = PBSProProvider
    shared: dict[str, Any] = {
        "nodes_per_block": cluster.nodes_per_block,
        "init_blocks": min(cluster.blocks, 1),
        "max_blocks": cluster.blocks,
        "worker_init": environment(cluster),
    }
    if cluster.kind == "local":
        return local(**shared | {"init_blocks": cluster.blocks})
    if cluster.kind == "slurm":
        return SlurmProvider(
            **shared,
            partition=cluster.queue,
            account=cluster.account,
            qos=cluster.qos,
            cores_per_node=cluster.workers * cluster.cores_per_worker,
            gpus_per_node=cluster.gpus_per_node or None,
            walltime=cluster.walltime,
            scheduler_options=cluster.directives,
            exclusive=False,
            launcher=SimpleLauncher()
            if cluster.nodes_per_block == 1
            else SrunLauncher(overrides="--ntasks-per-node=1"),
        )
    if cluster.kind == "pbs":
        gpus = f"ngpus={cluster.gpus_per_node}" if cluster.gpus_per_node else ""
        return pbs(
            **shared,
            queue=cluster.queue,
            account=cluster.account,
            cpus_per_node=cluster.workers * cluster.cores_per_worker,
            select_options=gpus,
            walltime=cluster.walltime,
            scheduler_options=cluster.directives,
            launcher=SimpleLauncher() if cluster.nodes_per_block == 1 else MpiExecLauncher(overrides="--ppn 1"),
        )
    return _kubernetes(cluster.kubernetes or Kubernetes(image=""), cluster.gpus_per_node, shared)


def _kubernetes(pod: Kubernetes, gpus: int, shared: dict[str, Any]) -> ExecutionProvider:
    from parsl.providers import KubernetesProvider

    extra = {"nvidia.com/gpu": str(gpus)} if gpus else {}
    return KubernetesProvider(
        **shared,
        image=pod.image,
        namespace=pod.namespace,
        init_cpu=pod.cpus,
        max_cpu=pod.cpus,
        init_mem=pod.memory,
        max_mem=pod.memory,
        extra_requests=extra,
        extra_limits=extra,
        persistent_volumes=[*pod.volumes.items()],
        service_account_name=pod.service_account,
    )


def environment(cluster: Cluster) -> str:
    """Shell lines before the workers start: threads for whatever reads them, then what the user wrote."""
    threads = [f"export {name}={cluster.cores_per_worker}" for name in THREADS]
    here = [f'export PATH="{Path(sys.executable).parent}:$PATH"'] if cluster.kind == "local" else []
    return "\n".join([*threads, *here, cluster.setup])
