"""One training on several nodes: Ray Train starts a process on each, which meet in a group and train one job.

The home has to be visible on each node under the same path: the job's folder, its rows and its base are read there.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ray
from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError, UserCallback
from ray.train.torch import TorchConfig, TorchTrainer

from codebase_gardener.cluster.ray_jobs import asked_of
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.utils.allocator import keep_freed_memory
from codebase_gardener.utils.error_handling import (
    CodebaseGardenerError,
    NodeLostError,
    ResourceError,
    TrainingError,
)

__all__ = ["TellLostNodes", "train_on_nodes"]

_RESTARTS = 3
_TIMEOUT_S = 900  # between two exchanges a node may load its base, or compile its kernels
_ENDED = "nodes_ended.json"


class TellLostNodes(UserCallback):  # type: ignore[misc]  # Ray is untyped
    """Appends a `node_lost` event when a process of the training ends before its time; Ray then starts all anew.

    Args:
        job: The job's folder.
    """

    def __init__(self, job: str) -> None:
        self.job = job

    def after_exception(self, run_context: Any, worker_exceptions: Mapping[int, Exception]) -> None:
        """Say which, and why."""
        why = {
            rank: (str(error).strip().splitlines() or [""])[-1] for rank, error in worker_exceptions.items()
        }
        JobDirectory(Path(self.job)).events.append("node_lost", ranks=sorted(why), why=list(why.values()))


def train_on_nodes(directory: JobDirectory, adapter: str, nodes: int) -> None:
    """Train a job on nodes of the cluster that this process is connected to; the adapter is then in `artifact/`.

    A process that dies does not end it: all begin anew from the last checkpoint, three times at most.

    Args:
        directory: The job's folder.
        adapter: `project/name@version`.
        nodes: How many; each gives the threads that the options name, else all its CPUs, and its GPU if it has one.

    Raises:
        ResourceError: The cluster has fewer nodes.
        CodebaseGardenerError: As `run_job`.
    """
    alive = [node["Resources"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    if len(alive) < nodes:
        raise ResourceError(
            f"the cluster has {len(alive)} nodes, and {nodes} were asked for",
            hint="see `gardener cluster status`; ask for fewer with --nodes",
        )
    spec = directory.spec
    on_gpu = spec.device != "cpu" and sum(bool(resources.get("GPU")) for resources in alive) >= nodes
    asked = asked_of(spec, has_accelerators=on_gpu)
    cpus = spec.training.threads or int(min(resources["CPU"] for resources in alive))
    with tempfile.TemporaryDirectory(prefix="gardener-ray-") as reports:
        trainer = TorchTrainer(
            _node,
            train_loop_config={"job": str(directory.path), "adapter": adapter},
            torch_config=TorchConfig(backend="nccl" if on_gpu else "gloo", timeout_s=_TIMEOUT_S),
            scaling_config=ScalingConfig(
                num_workers=nodes,
                use_gpu=on_gpu,
                resources_per_worker={"CPU": cpus, "memory": asked["memory"], "GPU": int(on_gpu)},
                placement_strategy="SPREAD",
            ),
            run_config=RunConfig(
                name=directory.job_id,
                storage_path=reports,  # of Ray's own reports: checkpoints are the job's
                failure_config=FailureConfig(max_failures=_RESTARTS),
                callbacks=[TellLostNodes(str(directory.path))],
                worker_runtime_env={"env_vars": _computing()},
            ),
        )
        (directory.path / _ENDED).unlink(missing_ok=True)
        try:
            ended = trainer.fit().return_value
        except TrainingFailedError as error:
            raise TrainingError(
                f"the training on {nodes} nodes ended: {(str(error).strip().splitlines() or [''])[-1]}",
                hint=f"go on from the last checkpoint with: gardener jobs resume {directory.job_id} --on auto",
            ) from error
        finally:
            (directory.path / _ENDED).unlink(missing_ok=True)
    if ended:
        raise TrainingError(ended["message"], hint=ended["hint"])


def _computing() -> dict[str, str]:
    """What this process was told about computing, for those on the nodes."""
    names = ("TORCHINDUCTOR_CACHE_DIR",)
    return {"HF_HUB_OFFLINE": "1"} | {name: os.environ[name] for name in names if name in os.environ}


def _node(asked: Mapping[str, str]) -> dict[str, str] | None:
    """What runs on each node. An error that all nodes meet together is returned, any other ends them all."""
    from codebase_gardener.jobs.torch_nodes import own_directory
    from codebase_gardener.jobs.torch_run import run_job
    from codebase_gardener.training.torch_group import Group
    from codebase_gardener.utils.files import read_json, write_json

    os.umask(0o077)
    keep_freed_memory()
    directory, group = JobDirectory(Path(asked["job"])), Group()
    before = directory.path / _ENDED  # what cannot go better the next time is not tried again
    if ended := group.told(read_json(before) if group.is_first and before.exists() else None):
        return dict(ended)
    try:
        if group.is_first:
            run_job(directory, asked["adapter"], group)
        else:
            with own_directory(directory, directory.spec) as own:
                run_job(own, asked["adapter"], group)
    except NodeLostError:
        raise
    except CodebaseGardenerError as error:
        told = {"message": error.message, "hint": error.hint}
        if error.context.get("on_all_nodes"):
            return told
        write_json(before, told)
        raise
    return None
