"""The verdict on a public source archive: `gardener grow` in an empty home, with time, memory and four arms.

    python benchmarks/verdict.py [--package peft==0.18.0] [--minutes 5] [--bases FOLDER] [--json]

Downloads the sdist with pip. Without --bases the embedded base is fetched and converted, as at a first use.
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
    peak = _PeakMemory(process.pid)
    output, _ = process.communicate()
    seconds = time.monotonic() - started
    if process.returncode:
        sys.exit(process.returncode)
    return {"source": source, "seconds": seconds, "peak_bytes": peak.stop(), **json.loads(output)}


class _PeakMemory(threading.Thread):
    """The largest sum of resident memory of a process and all that it started, worker included."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.root, self.peak, self.over = psutil.Process(pid), 0, False
        self.start()

    def run(self) -> None:
        while not self.over:
            self.peak = max(self.peak, self._now())
            time.sleep(0.5)

    def _now(self) -> int:
        try:
            family = [self.root, *self.root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return 0
        total = 0
        for member in family:
            try:
                total += member.memory_info().rss
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
    return "\n".join(rows)


if __name__ == "__main__":
    main()
