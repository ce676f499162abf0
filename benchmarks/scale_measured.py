"""What the simulator of scale.py is fed with and checked against, on this machine.

The check runs 1 and 2 nodes whose compute is replaced by waits: node processes that work off a registry's jobs, each
with its transactions and its published files; and replicas with slots and caches in one event loop.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from queue import Empty

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.jobs import queue
from codebase_gardener.registry import schema
from codebase_gardener.registry.rows import Publication
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.utils.files import publish_dir
from codebase_gardener.utils.names import AdapterRef
from scale import FIGURES, Cluster, Load, requests, simulate_fleet, simulate_serving

STAMP = "2026-11-21T08:36:59.123456+00:00"
FILE_BYTES = 2_000_000
JOBS, WAIT_S = 10, 3.0
SLOTS, ANSWER_S, OPEN_S, IN_MEMORY, ADAPTERS, LOAD, SECONDS = 4, 1.0, 0.1, 20, 200, 0.7, 30.0


# ---- the registry's figures


def registry_figures(projects: int) -> dict[str, object]:
    """Processor time of what a request and a training ask the registry (SQLite), with so many projects in it."""
    with tempfile.TemporaryDirectory() as folder, Gardener(Settings(home=Path(folder))) as gardener:
        registry = gardener.registry
        _fill(registry, projects)
        name = f"p-{projects // 2}"
        job = _queued(registry, Path(folder), name)

        def look_up() -> None:
            adapter = gardener.current_adapter(name)
            registry.version(AdapterRef(name, adapter))
            registry.latest_snapshot(name)

        def watch() -> None:
            queue.reap(registry)
            queue.idle_devices(registry)
            registry.job(job)

        return {
            "projects": projects,
            "lookup_s": _cpu_s(look_up, 200),
            "listing_s": _cpu_s(lambda: [row.name for row in registry.projects()], 10),
            "watch_s": _cpu_s(watch, 200),
        }


def _fill(registry: Registry, projects: int) -> None:
    from registry import VERSION

    made = [
        {"name": f"p-{n}", "source": f"/src/{n}", "kind": "git", "created_at": STAMP} for n in range(projects)
    ]
    with registry.database.write() as connection:
        ids = (
            connection.execute(schema.projects.insert().returning(schema.projects.c.id), made).scalars().all()
        )
        keys = [{"project_id": number, "created_at": STAMP} for number in ids]
        connection.execute(
            schema.adapters.insert(), [{**key, "name": "default", "next_version": 2} for key in keys]
        )
        one = {**VERSION, "active": True, "adapter_name": "default", "version": 1}
        versions = [{**one, **key, "directory": f"/v/{key['project_id']}"} for key in keys]
        connection.execute(schema.versions.insert(), versions)
    for number in (0, projects // 2):
        registry.add_snapshot_of(f"p-{number}", f"/src/{number}", "git", snapshot_id=f"s{number}", tree_hash="0" * 64,
                                 path=Path("/nowhere"), commit=None, dirty=False)  # fmt: skip


def _cpu_s(call: Callable[[], object], runs: int) -> float:
    call()
    begun = time.process_time()
    for _ in range(runs):
        call()
    return (time.process_time() - begun) / runs


def _queued(registry: Registry, home: Path, project: str) -> str:
    return registry.reserve_job(
        project, "default", lambda job_id: home / "jobs" / job_id, spec_hash=project, dataset_hash="rows",
        base_id="tiny", base_hash="0" * 64, device="node:cpu", commit=None, snapshot_id=None,
    ).id  # fmt: skip


# ---- the check


def check() -> dict[str, object]:
    """Measured and simulated, and the largest difference of any of them, as a share of the measured."""
    rows = [*(_fleet_row(nodes) for nodes in (1, 2)), *(_serving_row(replicas) for replicas in (1, 2))]
    return {
        "rows": rows,
        "worst": max(abs(float(row["simulated"]) / float(row["measured"]) - 1) for row in rows),
    }


def _fleet_row(nodes: int) -> dict[str, float | str]:
    """Seconds for all jobs; the overhead of one is measured alone, without a wait."""
    with tempfile.TemporaryDirectory() as folder:
        overhead = statistics.median(
            end - begin for begin, end in _spans(Path(folder) / "alone", 1, JOBS, 0.0)
        )
        spans = _spans(Path(folder) / "all", nodes, JOBS, WAIT_S)
    measured = max(end for _, end in spans) - min(begin for begin, _ in spans)
    figures = {name: one.value for name, one in FIGURES.items()}
    figures |= {"grow_s": WAIT_S, "grow_spread": 0.0, "place_s": overhead}
    found = simulate_fleet(Load(repositories=JOBS), Cluster(nodes, 1, figures=figures), at_once=True)
    words = f"fleet, {JOBS} jobs of {WAIT_S:g} s as waits, {nodes} node(s): seconds"
    return {"what": words, "measured": measured, "simulated": found.makespan_s, "overhead_s": overhead}


def _spans(home: Path, nodes: int, jobs: int, wait_s: float) -> list[tuple[float, float]]:
    """When each job began and ended."""
    home.mkdir()
    with Registry(home / "registry.sqlite") as registry:
        for number in range(jobs):
            registry.add_project(f"p-{number}", f"/src/{number}", "git")
    spawn = multiprocessing.get_context("spawn")
    names, ready, spans = spawn.Queue(), spawn.Barrier(nodes), spawn.Queue()
    for number in range(jobs):
        names.put(f"p-{number}")
    processes = [
        spawn.Process(target=_node, args=(home, n, names, ready, spans, wait_s)) for n in range(nodes)
    ]
    for process in processes:
        process.start()
    found = [spans.get(timeout=600) for _ in range(jobs)]
    for process in processes:
        process.join()
    with Registry(home / "registry.sqlite") as registry:
        assert all(registry.version(AdapterRef(f"p-{n}", "default", 1)) for n in range(jobs)), (
            "one is missing"
        )
    return found


def _node(
    home: Path,
    number: int,
    names: Queue[str],
    ready: Barrier,
    spans: Queue[tuple[float, float]],
    wait_s: float,
) -> None:
    """One node: claims, waits as long as a training takes, publishes."""
    with Registry(home / "registry.sqlite") as registry:
        ready.wait(timeout=300)
        while True:
            try:
                project = names.get(timeout=0.2)
            except Empty:
                return
            begun = time.time()
            job = registry.reserve_job(
                project, "default", lambda job_id: home / "jobs" / job_id, spec_hash=project, dataset_hash="rows",
                base_id="tiny", base_hash="0" * 64, device=f"node-{number}:cpu", commit=None, snapshot_id=None,
            )  # fmt: skip
            assert registry.claim_job(job.id)
            time.sleep(wait_s)
            staged = home / f"staged-{number}"
            staged.mkdir()
            (staged / "adapter_model.safetensors").write_bytes(bytes(FILE_BYTES))
            target = home / "adapters" / project
            manifest = publish_dir(staged, target)
            registry.publish(job.id, Publication(target, manifest["files"], FILE_BYTES, {}, {}), {})
            spans.put((begun, time.time()))


def _serving_row(replicas: int) -> dict[str, float | str]:
    """The mean time of an answer at 70 % of what the replicas can do."""
    load = Load(adapters=ADAPTERS, requests_per_s=LOAD * replicas * SLOTS / ANSWER_S)
    figures = {name: one.value for name, one in FIGURES.items()}
    figures |= {
        "slots": SLOTS,
        "answer_s": ANSWER_S,
        "open_s": OPEN_S,
        "in_memory": IN_MEMORY,
        "on_disk": ADAPTERS,
    }
    found = simulate_serving(
        load, Cluster(1, replicas, lookup_s=0.0, figures=figures), seconds=SECONDS, warm_s=0
    )
    measured = asyncio.run(_serve(load, replicas))
    words = f"serving, answers of {ANSWER_S:g} s as waits, {replicas} replica(s): mean seconds an answer"
    return {"what": words, "measured": measured, "simulated": found.took_mean_s}


class _Replica:
    """Slots as a semaphore, an adapter's opening as a wait."""

    def __init__(self, number: int, replicas: int) -> None:
        self.slots = asyncio.Semaphore(SLOTS)
        self.ongoing = 0
        own = [a for a in range(ADAPTERS) if a % replicas == number][:IN_MEMORY]
        self.held: OrderedDict[int, asyncio.Future[None] | None] = OrderedDict.fromkeys(own)

    async def answer(self, adapter: int) -> None:
        self.ongoing += 1
        try:
            await self._open(adapter)
            async with self.slots:
                await asyncio.sleep(ANSWER_S)
        finally:
            self.ongoing -= 1

    async def _open(self, adapter: int) -> None:
        if adapter in self.held:
            self.held.move_to_end(adapter)
            if (opening := self.held[adapter]) is not None:
                await opening
            return
        self.held[adapter] = opening = asyncio.ensure_future(asyncio.sleep(OPEN_S))
        if len(self.held) > IN_MEMORY:
            self.held.popitem(last=False)
        await opening


async def _serve(load: Load, replicas: int) -> float:
    """The mean time of the answers that end in time."""
    nodes = [_Replica(number, replicas) for number in range(replicas)]
    begun, took, tasks = time.perf_counter(), [], []

    async def one(adapter: int, due: float) -> None:
        holders = [node for node in nodes if adapter in node.held and node.ongoing < SLOTS]
        await min(holders or nodes, key=lambda node: node.ongoing).answer(adapter)
        ended = time.perf_counter() - begun
        if ended <= SECONDS:
            took.append(ended - due)

    for due, adapter in requests(load, 1):
        if due > SECONDS:
            break
        await asyncio.sleep(max(0.0, due - (time.perf_counter() - begun)))
        tasks.append(asyncio.create_task(one(adapter, due)))
    await asyncio.gather(*tasks)
    return sum(took) / len(took)
