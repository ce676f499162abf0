"""The verdict on a public source archive: `gardener grow` in an empty home, with time, memory and four arms.

    python benchmarks/verdict.py [--package peft==0.18.0] [--minutes 5] [--bases FOLDER] [--json]

Downloads the sdist with pip. Without --bases the embedded base is fetched and converted, as at a first use.

The last line says what proof and evaluation take of the training's time. Where the machine has other work, compare
seconds of the processor: with `OMP_NUM_THREADS=1`, as threads that wait for one another use it up.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--package", default="peft==0.18.0")
    parser.add_argument("--source", help="grow this instead of a package")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--bases", type=Path, help="a home's bases folder, to leave out the first conversion")
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = options.source or str(_sdist(options.package, Path(folder)))
        figures = _grow(source, options.minutes, Path(folder) / "home", options.bases)
    print(json.dumps(figures, indent=1) if options.as_json else _lines(figures))


def _sdist(package: str, folder: Path) -> Path:
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--no-binary",
        ":all:",
        package,
    ]
    subprocess.run([*command, "--dest", str(folder)], check=True, stderr=subprocess.DEVNULL)
    return next(folder.glob("*.tar.gz"))


def _grow(source: str, minutes: float, home: Path, bases: Path | None) -> dict[str, Any]:
    home.mkdir()
    if bases:
        (home / "bases").symlink_to(bases.resolve())
    started = time.monotonic()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "codebase_gardener.cli.main",
            "grow",
            source,
            "--minutes",
            str(minutes),
            "--json",
        ],
        env={**os.environ, "CODEBASE_GARDENER_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    peak = _Family(process.pid)
    output, _ = process.communicate()
    seconds, ended = time.monotonic() - started, time.time()
    if process.returncode:
        sys.exit(process.returncode)
    figures = {"source": source, "seconds": seconds, "peak_bytes": peak.stop(), **json.loads(output)}
    (log,) = home.glob("jobs/*/events.jsonl")
    events = [json.loads(line) for line in log.read_text().splitlines()]
    return {**figures, "parts": _parts(events, peak, ended)}


def _parts(events: list[dict[str, Any]], family: _Family, ended: float) -> dict[str, dict[str, float]]:
    """Seconds of the clock and of the processor from one event to the next.

    Args:
        events: Of the only job.
        family: What was seen of all processes meanwhile.
        ended: When `grow` had ended, by the clock.
    """
    at = {event["kind"]: event["time"] for event in reversed(events)}  # the first of each kind
    edges = {
        "first step": (at["started"], at["step"]),
        "training": (at["step"], at["trained"]),
        "proof": (at["trained"], at["ready"]),
        "evaluation": (at["ready"], ended),
    }
    return {
        name: {"seconds": until - since, "processor_seconds": family.spent(until) - family.spent(since)}
        for name, (since, until) in edges.items()
    }


class _Family(threading.Thread):
    """A process and all that it started, worker included: their most memory, and what they use of the processor."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.root, self.peak, self.over = psutil.Process(pid), 0, False
        self._processor: dict[tuple[int, float], float] = {}  # of each process, also of those that have ended
        self._spent: list[tuple[float, float]] = [(time.time(), 0.0)]
        self.start()

    def run(self) -> None:
        while not self.over:
            self.peak = max(self.peak, self._now())
            self._spent.append((time.time(), sum(self._processor.values())))
            time.sleep(0.2)

    def spent(self, when: float) -> float:
        """Seconds of the processor until then, of all of them."""
        return next((seconds for at, seconds in self._spent if at >= when), self._spent[-1][1])

    def _now(self) -> int:
        try:
            family = [self.root, *self.root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return 0
        total = 0
        for member in family:
            try:
                with member.oneshot():
                    total += member.memory_info().rss
                    used = member.cpu_times()
                    self._processor[member.pid, member.create_time()] = used.user + used.system
            except psutil.Error:
                continue
        return total

    def stop(self) -> int:
        self.over = True
        return self.peak


def _lines(figures: dict[str, Any]) -> str:
    verdict = figures["verdict"]
    rows = [
        f"{name:<20} {arm['nats_per_token']:.3f} nats/token  next line {arm['next_line']:.1%}"
        for name, arm in verdict["arms"].items()
    ]
    decisive = verdict["difference"]
    rows.append(
        f"{verdict['word']}: {decisive['nats_per_token']:+.3f} ({decisive['low']:+.3f} to {decisive['high']:+.3f})"
    )
    metrics = figures["metrics"]
    rows.append(
        f"{figures['seconds']:.0f} s in all, {figures['peak_bytes'] / 1e9:.1f} GB at most, "
        f"{metrics['steps']} steps at {metrics['tokens_per_s']:.0f} tokens/s"
    )
    rows.append(
        ", ".join(f"{name} {_both(part)} s" for name, part in figures["parts"].items())
        + " (of the processor)"
    )
    rows.append(f"proof and evaluation: {_both(_shares(figures['parts']), 100)} % of the training")
    return "\n".join(rows)


def _shares(parts: dict[str, dict[str, float]]) -> dict[str, float]:
    """What proof and evaluation take of the training, its first step included."""
    training = [parts["first step"], parts["training"]]
    return {
        unit: (parts["proof"][unit] + parts["evaluation"][unit]) / sum(part[unit] for part in training)
        for unit in parts["proof"]
    }


def _both(part: dict[str, float], factor: float = 1.0) -> str:
    return f"{part['seconds'] * factor:.1f} ({part['processor_seconds'] * factor:.1f})"


if __name__ == "__main__":
    main()
