"""Two programs that compute at once: what is left of the speed of each, by how OpenMP's idle threads wait.

    python benchmarks/together.py [--seconds 8] [--rounds 2]

Each program has a thread for each core and does what a training step does by turns: a product of 1,024 x 1,024 in
float32 and ten small operations. For each way of waiting it runs alone, then twice at once. Rates are products a
second of one program; processor seconds a product say what waiting costs, and stay true on a machine that others use.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

WAYS: dict[str, dict[str, str]] = {
    "as it comes": {},
    "GOMP_SPINCOUNT=0": {"GOMP_SPINCOUNT": "0"},
    "GOMP_SPINCOUNT=1000": {"GOMP_SPINCOUNT": "1000"},
    "GOMP_SPINCOUNT=10000": {"GOMP_SPINCOUNT": "10000"},
    "OMP_WAIT_POLICY=passive": {"OMP_WAIT_POLICY": "passive"},
}
"""Environment variables of libgomp, which torch's wheel for the CPU brings."""

_OWN = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=8.0, help="of each run")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--run", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        print(json.dumps(_computed(options.run)))
        return 0
    print(f"load before: {os.getloadavg()[0]:.1f}, cores: {len(os.sched_getaffinity(0))}")
    found: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for _ in range(options.rounds):
        for way in options.only:
            for programs in (1, 2):
                found.setdefault((way, programs), []).extend(_at_once(programs, WAYS[way], options.seconds))
    print(f"{'':26}{'alone':>22}{'two at once':>22}{'kept':>8}")
    for way in options.only:
        (alone, alone_cpu), (both, both_cpu) = (_medians(found[way, programs]) for programs in (1, 2))
        print(
            f"{way:26}{alone:>10.1f}/s {alone_cpu:>7.1f} ms{both:>10.1f}/s {both_cpu:>7.1f} ms{both / alone:>8.0%}"
        )
    return 0


def _medians(runs: list[tuple[float, float]]) -> tuple[float, float]:
    rate, cpu_ms = (statistics.median(column) for column in zip(*runs, strict=True))
    return rate, cpu_ms


def _at_once(programs: int, variables: dict[str, str], seconds: float) -> list[tuple[float, float]]:
    """Products a second, and processor milliseconds a product, of each."""
    environment = {name: value for name, value in os.environ.items() if name not in _OWN} | variables
    command = [sys.executable, __file__, "--run", str(seconds)]
    children = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(programs)
    ]
    return [tuple(json.loads(child.communicate()[0])) for child in children]


def _computed(seconds: float) -> tuple[float, float]:
    """In a process of its own."""
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    x, small = torch.randn(1024, 1024), torch.randn(256, 256)

    def once() -> None:
        torch.mm(x, x)
        for _ in range(10):
            small.mul(0.5)

    until = time.monotonic() + 2  # the other one starts meanwhile
    while time.monotonic() < until:
        once()
    count, begun, cpu = 0, time.monotonic(), time.process_time()
    while time.monotonic() < begun + seconds:
        once()
        count += 1
    return count / (time.monotonic() - begun), (time.process_time() - cpu) / count * 1e3


if __name__ == "__main__":
    sys.exit(main())
