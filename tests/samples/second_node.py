"""A second process of a group, started once for several trainings: `python -m samples.second_node`.

Each line of its input is a training: the job's folder, and the address of the first process. It says how each ended
in a line of its output.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.torch_nodes import own_directory
from codebase_gardener.jobs.torch_run import run_job
from codebase_gardener.training.torch_group import join_group
from codebase_gardener.utils.error_handling import CodebaseGardenerError


def main() -> None:
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        directory = JobDirectory(Path(asked["directory"]))
        said = {}
        try:
            with (
                join_group(1, 2, asked["address"]) as group,
                own_directory(directory, directory.spec) as own,
            ):
                try:
                    run_job(own, "demo/default@1", group)
                finally:
                    said["steps"] = [e["step"] for e in own.events.all() if e["kind"] == "step"]
                    said["losses"] = [e["loss"] for e in own.events.all() if e["kind"] == "step"]
                    said["written"] = sorted(
                        p.name for p in (*own.checkpoints.glob("*"), own.artifact) if p.exists()
                    )
        except CodebaseGardenerError as error:
            said["error"] = error.message
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
