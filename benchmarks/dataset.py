"""Seconds and peak memory of snapshot + dataset.

    python benchmarks/dataset.py [SOURCE]

SOURCE is a directory, archive or git URL; without one the sdist of peft 0.18.0 is fetched with pip.
Targets for peft: at most 30 s, under 1,000 MB.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from codebase_gardener.dataset.assembly import Dataset, generate_dataset
from codebase_gardener.repository.snapshot import take_snapshot

SDIST = "peft==0.18.0"
TARGET_S = 30
TARGET_MB = 1_000


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        source = sys.argv[1] if len(sys.argv) > 1 else _download(Path(folder))
        started = time.perf_counter()
        snapshot = take_snapshot(source)
        read = time.perf_counter()
        dataset = generate_dataset(snapshot)
        done = time.perf_counter()
    _print_rows(dataset)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak_mb = peak / (1024 if sys.platform == "linux" else 1024**2)
    print(f"snapshot {read - started:.1f} s, dataset {done - read:.1f} s, together {done - started:.1f} s")
    print(f"peak memory {peak_mb:.0f} MB (targets for peft: ≤ {TARGET_S} s, < {TARGET_MB} MB)")
    return 0 if done - started <= TARGET_S and peak_mb < TARGET_MB else 1


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
