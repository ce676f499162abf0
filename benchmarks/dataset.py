"""Seconds and peak memory of snapshot + dataset.

    python benchmarks/dataset.py [SOURCE] [--copies N]

SOURCE is a directory, archive or git URL; without one the sdist of peft 0.18.0 is fetched with pip. With `--copies` it
is a directory, and the repository holds so many copies of it, as `benchmarks/wiki.py` makes them.
Targets for peft: at most 30 s, under 1,000 MB.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from codebase_gardener.dataset.assembly import Dataset, generate_dataset
from codebase_gardener.repository.snapshot import take_snapshot
from wiki import make_copies

SDIST = "peft==0.18.0"
TARGET_S = 30
TARGET_MB = 1_000


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        arguments = _arguments()
        source = arguments.source or _download(Path(folder))
        if arguments.copies > 1:
            make_copies(Path(source), Path(folder) / "copies", arguments.copies)
            source = str(Path(folder) / "copies")
        started, used = time.perf_counter(), _processor_s()
        snapshot = take_snapshot(source)
        read = time.perf_counter()
        dataset = generate_dataset(snapshot)
        done = time.perf_counter()
    _print_rows(dataset)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak_mb = peak / (1024 if sys.platform == "linux" else 1024**2)
    print(f"snapshot {read - started:.1f} s, dataset {done - read:.1f} s, together {done - started:.1f} s")
    print(f"of the processor {_processor_s() - used:.1f} s")
    print(f"peak memory {peak_mb:.0f} MB (targets for peft: ≤ {TARGET_S} s, < {TARGET_MB} MB)")
    return 0 if done - started <= TARGET_S and peak_mb < TARGET_MB else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source", nargs="?")
    parser.add_argument("--copies", type=int, default=1)
    return parser.parse_args()


def _processor_s() -> float:
    """Seconds of this process and of those that it has waited for."""
    return sum(os.times()[:4])


def _download(folder: Path) -> str:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*command, "--no-build-isolation", "--dest", folder, SDIST], check=True)
    return str(next(folder.glob("*.tar.gz")))


def _print_rows(dataset: Dataset) -> None:
    for task, rows in dataset.report.rows.items():
        print(f"{task:12} {rows['train']:6,} train {rows['heldout']:6,} held out")
    report = dataset.report
    print(
        f"{report.near_duplicates} near-duplicates of held-out functions and {report.exact_duplicates} exact "
        f"duplicates removed; {report.files['heldout']} of {sum(report.files.values())} files held out"
    )


if __name__ == "__main__":
    sys.exit(main())
