"""How far a fleet and what serves it scale: discrete events with fixed seeds, fed with measured figures.

    python benchmarks/scale.py [--json] [--seconds 24] [--days 3] [--seed 0]    # docs/scale.md
    python benchmarks/scale.py --measure [--projects 10000]     # the registry's figures, of this machine
    python benchmarks/scale.py --check                          # 1 and 2 nodes with real waits against the simulator

10,000 repositories that are grown once a day, 100,000 adapters, 10,000 requests a second whose adapters are drawn as
Zipf has it (exponent 1.1). Every figure says which command measured it, or that it is assumed.
"""

from __future__ import annotations

import argparse
import bisect
import heapq
import itertools
import json
import math
import random
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

ASSUMED = "assumed"
COPIES, QUEUED = 1.5, 1.5
"""Of a hot adapter, so many times the replicas that its requests keep busy; a holder takes so many times its slots."""
DAY_S = 86_400.0


@dataclass(frozen=True)
class Figure:
    """A value with its unit, and the command that measured it."""

    value: float
    unit: str
    source: str


FIGURES = {
    "grow_s": Figure(183, "s", "benchmarks/verdict.py: 7:03 for peft with 5 minutes of training, here with 1 minute"),
    "grow_spread": Figure(0.5, "sigma, log-normal", ASSUMED),
    "place_s": Figure(2, "s a job", f"{ASSUMED}: the aim of benchmarks/fleet.py"),
    "adapter_bytes": Figure(19.5e6, "bytes", "r 16, all linear layers of SmolLM2-135M: 4,884,480 weights in float32"),
    "other_bytes": Figure(10e6, "bytes a grow", f"{ASSUMED}: snapshot, wiki, dataset"),
    "slots": Figure(16, "requests at once", "benchmarks/serve.py: 16 requests over 8 adapters"),
    "answer_s": Figure(6.3, "s for 48 tokens", "benchmarks/serve.py: 16 requests over 8 adapters, 2 cores"),
    "in_memory": Figure(109, "adapters in 2 GB", "benchmarks/serve.py --zipf"),
    "open_s": Figure(0.018, "s from disk", "benchmarks/serve.py: adapter on disk, not in a slot"),
    "on_disk": Figure(5_000, "adapters in 100 GB", f"{ASSUMED}: a replica's disk"),
    "store_latency_s": Figure(0.005, "s a read", ASSUMED),
    "store_bytes_per_s": Figure(1.25e9, "bytes/s", f"{ASSUMED}: 10 Gbit/s, shared by all"),
    "lookup_s": Figure(0.0028, "s of a core", "benchmarks/scale.py --measure: a request's name becomes a version"),
    "listing_s": Figure(0.072, "s of a core", "benchmarks/scale.py --measure: the names of 10,000 projects"),
    "watch_s": Figure(0.0019, "s of a core", "benchmarks/scale.py --measure: one look at a training, 5 a second"),
    "registry_cores": Figure(16, "cores", f"{ASSUMED}: one PostgreSQL"),
    "accelerated": Figure(40, "times", f"{ASSUMED}: an accelerator against 2 cores"),
}  # fmt: skip


@dataclass(frozen=True)
class Load:
    """What is asked for."""

    repositories: int = 10_000
    every_s: float = DAY_S
    adapters: int = 100_000
    requests_per_s: float = 10_000
    zipf: float = 1.1


@dataclass(frozen=True)
class Cluster:
    """What there is.

    Attributes:
        trainers: Nodes that grow, one repository at a time.
        replicas: That answer.
        speed: Of a replica, 2 cores being 1; those that grow have 2 cores.
        lookup_s: A request's time in the registry, of one core.
    """

    trainers: int = 30
    replicas: int = 4_900
    speed: float = 1.0
    lookup_s: float = FIGURES["lookup_s"].value
    figures: dict[str, float] = field(
        default_factory=lambda: {name: one.value for name, one in FIGURES.items()}
    )


class Events:
    """What happens, in order of time; of the same time, in the order in which it was asked for."""

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()

    def at(self, time: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (time, next(self._number), what))

    def run(self, until: float) -> None:
        while self._heap and self._heap[0][0] <= until:
            self.now, _, what = heapq.heappop(self._heap)
            what()
        self.now = until


class Servers:
    """Servers with one queue: who comes first is served first, by the one that is free first."""

    def __init__(self, count: int, horizon: float) -> None:
        self.count, self.horizon = count, horizon
        self._free = [0.0] * count
        self.busy_s = 0.0

    def serve(self, now: float, seconds: float) -> float:
        """When it is done; calls come in order of time."""
        start = max(now, self._free[0])
        heapq.heapreplace(self._free, start + seconds)
        self.busy_s += max(0.0, min(start + seconds, self.horizon) - min(start, self.horizon))
        return start + seconds

    @property
    def utilisation(self) -> float:
        return self.busy_s / (self.count * self.horizon)


def percentile(values: list[float], share: float) -> float:
    """Of unsorted values; 0 where there are none."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else 0.0


# ---- training


@dataclass(frozen=True)
class FleetResult:
    due: int
    grown: int
    under_way: int
    waiting: int
    utilisation: float
    wait_p50_s: float
    wait_p99_s: float
    makespan_s: float
    stored_bytes_a_day: float


def simulate_fleet(
    load: Load, cluster: Cluster, *, days: float = 3, seed: int = 0, at_once: bool = False
) -> FleetResult:
    """Repositories that are due at their time of each day, one at a time on a node.

    Args:
        load: What is asked for.
        cluster: What there is.
        days: Simulated.
        seed: Of the times.
        at_once: All are due at the start, and once only.
    """
    figures, chance, horizon = cluster.figures, random.Random(seed), days * DAY_S
    due: list[float] = []
    for _ in range(load.repositories):
        first = 0.0 if at_once else chance.uniform(0, load.every_s)
        due += [
            first + n * load.every_s
            for n in range(1 if at_once else math.ceil((horizon - first) / load.every_s))
        ]
    due.sort()
    nodes, store = Servers(cluster.trainers, horizon), Servers(1, horizon)
    stored = figures["adapter_bytes"] + figures["other_bytes"]
    waits, ends, started = [], [], 0
    for time in due:
        spread = chance.lognormvariate(-(figures["grow_spread"] ** 2) / 2, figures["grow_spread"])
        seconds = figures["place_s"] + figures["grow_s"] * spread
        end = nodes.serve(time, seconds)
        if end - seconds <= horizon:
            started += 1
            waits.append(end - seconds - time)
        ends.append(end)
    for end in sorted(ends):
        store.serve(end, stored / figures["store_bytes_per_s"])
    grown = sum(1 for end in ends if end <= horizon)
    return FleetResult(
        due=len(due),
        grown=grown,
        under_way=started - grown,
        waiting=len(due) - started,
        utilisation=nodes.utilisation,
        wait_p50_s=percentile(waits, 0.5),
        wait_p99_s=percentile(waits, 0.99),
        makespan_s=max(ends, default=0.0),
        stored_bytes_a_day=grown / days * stored,
    )


# ---- serving


def requests(load: Load, seed: int) -> Iterator[tuple[float, int]]:
    """Times in seconds, as Poisson has them, with the adapter that each is for: 0 is asked for most."""
    chance, now = random.Random(seed), 0.0
    shares = list(itertools.accumulate(1 / rank**load.zipf for rank in range(1, load.adapters + 1)))
    while True:
        now += chance.expovariate(load.requests_per_s)
        yield now, bisect.bisect_left(shares, chance.random() * shares[-1])


class Holders:
    """The replicas that hold an adapter: added, taken out and drawn in the same time, however many there are."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self._place: dict[int, int] = {}

    def add(self, replica: int) -> None:
        self._place[replica] = len(self.rows)
        self.rows.append(replica)

    def drop(self, replica: int) -> None:
        place, last = self._place.pop(replica), self.rows.pop()
        if last != replica:
            self.rows[place], self._place[last] = last, place


class Replica:
    """Slots that answer, a queue before them, adapters in memory and on disk, each least recently used."""

    def __init__(self, slots: int, in_memory: int, on_disk: int) -> None:
        self.slots = slots
        self.ongoing = 0
        self.free = [0.0] * slots
        self.memory: OrderedDict[int, float] = OrderedDict()  # with when each is open
        self.disk: OrderedDict[int, float] = OrderedDict()
        self.in_memory, self.on_disk = in_memory, on_disk

    def hold(self, adapter: int) -> tuple[str, int | None]:
        """Where it was ("memory", "disk" or "store"), and which one had to leave the memory."""
        if adapter in self.memory:
            self.memory.move_to_end(adapter)
            return "memory", None
        where = "disk" if adapter in self.disk else "store"
        self.disk[adapter] = 0.0
        self.disk.move_to_end(adapter)
        if len(self.disk) > self.on_disk:
            self.disk.popitem(last=False)
        self.memory[adapter] = 0.0
        return where, self.memory.popitem(last=False)[0] if len(self.memory) > self.in_memory else None


@dataclass(frozen=True)
class ServingResult:
    arrived: int
    answered: int
    in_flight: int
    answered_per_s: float
    utilisation: float
    registry_utilisation: float
    store_utilisation: float
    from_memory: float
    from_disk: float
    from_store: float
    wait_p50_s: float
    wait_p99_s: float
    took_mean_s: float


class Serving:
    """Requests come as Poisson has it, their names are looked up, a replica that holds the adapter answers."""

    def __init__(
        self, load: Load, cluster: Cluster, *, seconds: float, warm_s: float, seed: int, affine: bool
    ) -> None:
        figures = cluster.figures
        self.load, self.cluster, self.figures = load, cluster, figures
        self.horizon, self.warm_s, self.affine = seconds, warm_s, affine
        self.chance, self.events = random.Random(seed), Events()
        self.registry = Servers(int(figures["registry_cores"]), seconds)
        self.store = Servers(1, seconds)
        sizes = int(figures["slots"]), int(figures["in_memory"]), int(figures["on_disk"])
        self.replicas = [Replica(*sizes) for _ in range(cluster.replicas)]
        self.holders: dict[int, Holders] = {}
        self.answer_s = figures["answer_s"] / cluster.speed
        self.arrived = self.answered = self.counted = 0
        self.busy_s = 0.0
        self.found = {"memory": 0, "disk": 0, "store": 0}
        self.waits: list[float] = []
        self.took_s: list[float] = []
        self.requests = requests(load, seed + 1)
        self._fill()

    def _fill(self) -> None:
        """As it is after a while: copies as an adapter is asked for, then by rank what still fits; the rest on disks.

        Who starts cold is not asked about.
        """
        count, total = (
            len(self.replicas),
            sum(1 / rank**self.load.zipf for rank in range(1, self.load.adapters + 1)),
        )
        room, place = count * self.figures["in_memory"], 0
        held = 0
        for adapter in range(self.load.adapters):
            share = 1 / (adapter + 1) ** self.load.zipf / total
            for _ in range(min(count, max(1, math.ceil(COPIES * share * count)))):
                if place < room:
                    self.replicas[place % count].memory[adapter] = 0.0
                    self.holders.setdefault(adapter, Holders()).add(place % count)
                    place, held = place + 1, adapter + 1
        for replica in self.replicas:
            others = range(held, self.load.adapters)
            for adapter in self.chance.sample(others, min(len(others), replica.on_disk)):
                replica.disk[adapter] = 0.0
            for adapter in list(reversed(replica.memory)):  # rarest first: these leave first
                replica.memory.move_to_end(adapter)

    def run(self) -> ServingResult:
        self._next()
        self.events.run(self.horizon)
        found = max(1, sum(self.found.values()))
        return ServingResult(
            arrived=self.arrived,
            answered=self.answered,
            in_flight=self.arrived - self.answered,
            answered_per_s=self.counted / (self.horizon - self.warm_s),
            utilisation=self.busy_s
            / (len(self.replicas) * self.figures["slots"] * (self.horizon - self.warm_s)),
            registry_utilisation=self.registry.utilisation,
            store_utilisation=self.store.utilisation,
            from_memory=self.found["memory"] / found,
            from_disk=self.found["disk"] / found,
            from_store=self.found["store"] / found,
            wait_p50_s=percentile(self.waits, 0.5),
            wait_p99_s=percentile(self.waits, 0.99),
            took_mean_s=sum(self.took_s) / max(1, len(self.took_s)),
        )

    def _next(self) -> None:
        time, adapter = next(self.requests)
        self.events.at(time, lambda: self._arrive(adapter))

    def _arrive(self, adapter: int) -> None:
        self._next()
        self.arrived += 1
        now = self.events.now
        known = self.registry.serve(now, self.cluster.lookup_s)
        self.events.at(known, lambda: self._route(adapter, now))

    def _route(self, adapter: int, asked: float) -> None:
        number = self.choose(adapter)
        replica, now = self.replicas[number], self.events.now
        where, left = replica.hold(adapter)
        if where != "memory":
            self.holders.setdefault(adapter, Holders()).add(number)
        if left is not None:
            self.holders[left].drop(number)
        if where != "memory":
            replica.memory[adapter] = self._read(now, where) + self.figures["open_s"]
        start = max(now, replica.memory[adapter], replica.free[0])
        end = start + self.answer_s
        heapq.heapreplace(replica.free, end)
        replica.ongoing += 1
        self.busy_s += max(0.0, min(end, self.horizon) - max(start, self.warm_s))
        if asked >= self.warm_s:
            self.found[where] += 1
            self.waits.append(start - asked)
        self.events.at(end, lambda: self._answered(replica, asked))

    def _read(self, now: float, where: str) -> float:
        """When an adapter lies on the disk."""
        if where == "disk":
            return now
        seconds = self.figures["adapter_bytes"] / self.figures["store_bytes_per_s"]
        return self.store.serve(now, seconds) + self.figures["store_latency_s"]

    def choose(self, adapter: int) -> int:
        """The less loaded of two that hold it; where both are full, or none holds it, of two of all."""
        holders = self.holders.get(adapter)
        if self.affine and holders is not None and holders.rows:
            best = self._less(holders.rows)
            if self.replicas[best].ongoing < QUEUED * self.replicas[best].slots:
                return best
        return self._less(range(len(self.replicas)))

    def _less(self, rows: list[int] | range) -> int:
        one, other = (rows[int(self.chance.random() * len(rows))] for _ in range(2))
        return one if self.replicas[one].ongoing <= self.replicas[other].ongoing else other

    def _answered(self, replica: Replica, asked: float) -> None:
        replica.ongoing -= 1
        self.answered += 1
        self.took_s.append(self.events.now - asked)
        self.counted += self.events.now >= self.warm_s


def simulate_serving(
    load: Load,
    cluster: Cluster,
    *,
    seconds: float = 40,
    warm_s: float = 15,
    seed: int = 0,
    affine: bool = True,
) -> ServingResult:
    """Requests for a while.

    Args:
        load: What is asked for.
        cluster: What there is.
        seconds: Simulated.
        warm_s: Of these, before anything is counted.
        seed: Of what is drawn.
        affine: Whether a replica that holds the adapter is asked first; else two of all are compared.
    """
    return Serving(load, cluster, seconds=seconds, warm_s=warm_s, seed=seed, affine=affine).run()


# ---- the table


MACHINES = {
    "2 cores each": (1.0, 1.0),
    "an accelerator each": (FIGURES["accelerated"].value, 1.0),
    "an accelerator each, 20 GB of adapters": (FIGURES["accelerated"].value, 10.0),
}
"""Their speed, and how many times the adapters of `in_memory` each holds."""


def table(load: Load, *, seconds: float, days: float, seed: int) -> dict[str, Any]:
    """The whole scale: what grows, what serves on machines of three kinds, and what all share."""
    figures = {name: one.value for name, one in FIGURES.items()}
    trainers = math.ceil(load.repositories / load.every_s * (figures["place_s"] + figures["grow_s"]) / 0.8)
    cores = math.ceil(load.requests_per_s * figures["lookup_s"] / 0.7)
    rows = []
    for name, (speed, times) in MACHINES.items():
        own = {**figures, "registry_cores": cores, "in_memory": figures["in_memory"] * times}
        replicas = math.ceil(load.requests_per_s * figures["answer_s"] / figures["slots"] / speed / 0.8)
        cluster = Cluster(trainers=trainers, replicas=replicas, speed=speed, figures=own)
        serving = simulate_serving(load, cluster, seconds=seconds, warm_s=seconds / 2, seed=seed)
        rows.append(
            {"machines": name, "replicas": replicas, "registry_cores": cores, "serving": asdict(serving)}
        )
    fleet = simulate_fleet(load, Cluster(trainers=trainers), days=days, seed=seed)
    return {
        "load": asdict(load),
        "figures": {name: asdict(one) for name, one in FIGURES.items()},
        "trainers": trainers,
        "fleet": asdict(fleet),
        "rows": rows,
        "limits": limits(load, figures),
        "stored_bytes": load.adapters * figures["adapter_bytes"],
    }


def limits(load: Load, figures: dict[str, float]) -> list[dict[str, Any]]:
    """What all machines share: how much of it is asked for, and the load at which it is used up."""
    cores, bandwidth = figures["registry_cores"], figures["store_bytes_per_s"]
    grows_per_s = load.repositories / load.every_s
    watched = grows_per_s * figures["grow_s"] * 5 * figures["watch_s"]  # looked at five times a second
    written = grows_per_s * (figures["adapter_bytes"] + figures["other_bytes"])
    shared = [
        (
            "registry, all projects listed for each request",
            load.requests_per_s * figures["listing_s"] / cores,
        ),
        ("registry, a request's name looked up", load.requests_per_s * figures["lookup_s"] / cores),
        ("registry, trainings watched", watched / cores),
        ("store, what is grown written", written / bandwidth),
        ("store, every request a read", load.requests_per_s * figures["adapter_bytes"] / bandwidth),
    ]
    return sorted(
        ({"what": what, "utilisation": share, "breaks_at": 1 / share} for what, share in shared),
        key=lambda row: -row["utilisation"],
    )


def markdown(found: dict[str, Any]) -> list[str]:
    """The lines of docs/scale.md's tables."""
    fleet, rows = found["fleet"], found["rows"]
    stored = f"{fleet['stored_bytes_a_day'] / 1e9:,.0f} GB"
    lines = [
        "| growing | |", "|---|---:|",
        f"| nodes of 2 cores | {found['trainers']:,}, busy {fleet['utilisation']:.0%} |",
        "| due, grown, under way, waiting | "
        + ", ".join(f"{fleet[name]:,}" for name in ("due", "grown", "under_way", "waiting"))
        + " |",
        f"| waits for a node, p50 / p99 | {fleet['wait_p50_s']:.0f} / {fleet['wait_p99_s']:.0f} s |",
        f"| machine hours a day | {24 * found['trainers']:,} |",
        f"| written to the store a day | {stored} |",
        f"| adapters in the store | {found['stored_bytes'] / 1e12:.2f} TB |",
        "", "| serving | " + " | ".join(row["machines"] for row in rows) + " |", "|---|" + "---:|" * len(rows),
    ]  # fmt: skip
    lines += [f"| {name} | " + " | ".join(map(cell, rows)) + " |" for name, cell in CELLS.items()]
    lines += ["", "| what all machines share | used at this load | breaks at |", "|---|---:|---:|"]
    for limit in found["limits"]:
        lines.append(
            f"| {limit['what']} | {limit['utilisation']:.1%} | {limit['breaks_at']:,.3g} × the load |"
        )
    return [*lines, "", "| figure | value | from |", "|---|---:|---|", *figure_rows()]


def figure_rows() -> list[str]:
    """A row for each figure that the simulator is fed with."""
    return [f"| `{name}` | {one.value:,g} {one.unit} | {one.source} |" for name, one in FIGURES.items()]


CELLS: dict[str, Callable[[dict[str, Any]], str]] = {
    "replicas": lambda row: f"{row['replicas']:,}",
    "machine hours a day": lambda row: f"{24 * row['replicas']:,}",
    "slots busy": lambda row: f"{row['serving']['utilisation']:.0%}",
    "answers a second": lambda row: f"{row['serving']['answered_per_s']:,.0f}",
    "adapter in memory / on disk / in the store": lambda row: _places(row["serving"]),
    "waits for its slot, p50 / p99": lambda row: _waits(row["serving"]),
    "the store's bandwidth": lambda row: f"{row['serving']['store_utilisation']:.0%}",
    "cores of the registry": lambda row: (
        f"{row['registry_cores']}, busy {row['serving']['registry_utilisation']:.0%}"
    ),
}


def _places(serving: dict[str, Any]) -> str:
    return " / ".join(f"{serving[f'from_{where}']:.1%}" for where in ("memory", "disk", "store"))


def _waits(serving: dict[str, Any]) -> str:
    return f"{1000 * serving['wait_p50_s']:.1f} / {1000 * serving['wait_p99_s']:,.0f} ms"


def main() -> int:
    arguments = _arguments()
    load = Load(
        repositories=arguments.repositories, adapters=arguments.adapters, requests_per_s=arguments.requests
    )
    if arguments.measure:
        from scale_measured import registry_figures

        found: dict[str, Any] = registry_figures(arguments.projects)
    elif arguments.check:
        from scale_measured import check

        found = check()
    else:
        found = table(load, seconds=arguments.seconds, days=arguments.days, seed=arguments.seed)
        if not arguments.json:
            print(
                f"{load}, {arguments.days:g} days, {arguments.seconds:g} s of serving, seed {arguments.seed}"
            )
            print("\n".join(markdown(found)))
            return 0
    print(json.dumps(found, indent=1))
    return int(arguments.check and found["worst"] > 0.15)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=24, help="simulated, of serving")
    parser.add_argument("--days", type=float, default=3, help="simulated, of the fleet")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repositories", type=int, default=Load.repositories)
    parser.add_argument("--adapters", type=int, default=Load.adapters)
    parser.add_argument("--requests", type=float, default=Load.requests_per_s, help="a second")
    parser.add_argument("--measure", action="store_true", help="the registry's figures, of this machine")
    parser.add_argument("--projects", type=int, default=10_000, help="with --measure")
    parser.add_argument("--check", action="store_true", help="against 1 and 2 nodes with real waits")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
