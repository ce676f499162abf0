"""Two nodes of one CPU, and who trains on them: `python -m samples.ray_nodes`, started once for several trainings.

Each line of its input is a training: the job's folder, on how many nodes, and at which step one of the processes that
train is killed (0: none). It says how each ended in a line of its output. A process of its own, since a program has one
Ray at a time.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from codebase_gardener.cluster.local import down, running, up
from codebase_gardener.cluster.placing import on_cluster
from codebase_gardener.config.settings import Settings
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.utils.error_handling import CodebaseGardenerError


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        up(home, 2, environment={})
        try:
            with on_cluster(Settings(home=home), "auto"):
                print("ready", flush=True)
                for line in sys.stdin:
                    print(json.dumps(train(home, **json.loads(line))), flush=True)
        finally:
            down(home)


def train(home: Path, job: str, nodes: int, kill_at: int) -> dict[str, str]:
    """Train a job; gives the error that it ended with, if there is one."""
    from codebase_gardener.cluster.ray_training import train_on_nodes

    directory = JobDirectory(Path(job))
    if kill_at:
        threading.Thread(target=kill_one, args=(home, directory, kill_at), daemon=True).start()
    try:
        train_on_nodes(directory, "demo/default@1", nodes)
    except CodebaseGardenerError as error:
        return {"error": type(error).__name__, "message": error.message, "hint": error.hint}
    return {}


def kill_one(home: Path, directory: JobDirectory, step: int) -> None:
    """Kill one of the processes that train, once a step has been told."""
    while not any(event["kind"] == "step" and event["step"] >= step for event in directory.events.all()):
        time.sleep(0.05)
    family = psutil.Process(running(home).pid).children(recursive=True)
    nodes = [process for process in family if "RayTrainWorker" in " ".join(process.cmdline())]
    nodes[-1].kill()


if __name__ == "__main__":
    main()
