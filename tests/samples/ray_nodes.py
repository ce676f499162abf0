"""Two nodes of one CPU, and who trains on them: `python -m samples.ray_nodes`, started once for several trainings.

Each line of its input is a training: the job's folder, on how many nodes, and at which step one of the processes that
train is killed (0: none). It says how each ended in a line of its output. A process of its own, since a program has one
Ray at a time.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.utils.error_handling import CodebaseGardenerError

ENVIRONMENT = {
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_raylet_start_wait_time_s": "300",  # this and the next two: a busy machine starts, though slowly
    "RAY_agent_register_timeout_ms": "300000",
    "RAY_worker_register_timeout_seconds": "300",
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "300",
}


def main() -> None:
    os.environ.update(ENVIRONMENT, RAY_AUTH_TOKEN=secrets.token_hex(32))
    import ray
    from ray.cluster_utils import Cluster

    from codebase_gardener.cluster.ray_training import train_on_nodes

    with tempfile.TemporaryDirectory(prefix="rn", dir="/tmp") as folder:  # short: sockets lie in it
        cluster = Cluster()
        try:
            for number in range(2):
                head = {"include_dashboard": False, "temp_dir": folder} if number == 0 else {}
                cluster.add_node(
                    node_ip_address="127.0.0.1", num_cpus=1, object_store_memory=80_000_000, **head
                )
            ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
            print("ready", flush=True)
            for line in sys.stdin:
                asked = json.loads(line)
                directory, said = JobDirectory(Path(asked["job"])), {}
                if asked["kill_at"]:
                    threading.Thread(target=kill_one, args=(directory, asked["kill_at"]), daemon=True).start()
                try:
                    train_on_nodes(directory, "demo/default@1", asked["nodes"])
                except CodebaseGardenerError as error:
                    said = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
                print(json.dumps(said), flush=True)
        finally:
            ray.shutdown()
            cluster.shutdown()


def kill_one(directory: JobDirectory, step: int) -> None:
    """Kill one of the processes that train, once a step has been told."""
    while not any(event["kind"] == "step" and event["step"] >= step for event in directory.events.all()):
        time.sleep(0.05)
    family = psutil.Process().children(recursive=True)
    nodes = [process for process in family if "RayTrainWorker" in " ".join(process.cmdline())]
    nodes[-1].kill()


if __name__ == "__main__":
    main()
