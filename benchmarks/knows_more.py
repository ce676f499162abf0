"""What an adapter, retrieved code and the memory make of code that is held out, and of code that came later.

    python benchmarks/knows_more.py PATH@REV… [--minutes 5] [--cursors 24] [--home FOLDER]

Each PATH is a git clone; its adapter is grown at REV. Of each come the loss on held-out functions as
`gardener evaluate` measures it, and exact next lines at an editor's cursors (`gardener evaluate --full`) in held-out
functions and in those that are new since REV. What lies in the home already is not done again.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_ARMS = ("base", "base + retrieval", "base + retrieval + memory", "adapter", "adapter + retrieval + memory")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repositories", nargs="+", metavar="PATH@REV")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--cursors", type=int, default=24)
    parser.add_argument("--home", type=Path, default=Path("knows-more-home"))
    options = parser.parse_args()
    home = options.home.absolute()
    cuts: list[float] = []
    gains: list[tuple[float, float]] = []
    _row("repository", "asked", *_ARMS)
    _row(*["---"] * (2 + len(_ARMS)))
    for repository in options.repositories:
        path, _, revision = repository.rpartition("@")
        name = Path(path).name
        grown = ["grow", path, "--revision", revision, "--minutes", str(options.minutes)]
        _told(home, name, grown)
        measured = _told(home, name, ["evaluate", f"{name}/default"])["verdict"]["arms"]  # on 32 functions
        losses = {arm: each["nats_per_token"] for arm, each in measured.items()}
        _row(f"{name} at {revision}", "nats/token, held out", *(f"{losses[arm]:.3f}" for arm in _ARMS))
        cuts.append(1 - losses[_ARMS[-1]] / losses["base"])
        full = ["evaluate", f"{name}/default", "--full", "--cursors", str(options.cursors)]
        for asked, more in (("held out", ()), (f"new since {revision}", ("--since", revision))):
            editing = _told(home, name, [*full, *more])["editing"]
            exact = {arm: 100 * each["loss"]["next_line"] for arm, each in editing["arms"].items()}
            _row(
                name,
                f"next line exact, {editing['cursors']} {asked}",
                *(f"{exact[arm]:.1f} %" for arm in _ARMS),
            )
            gains.append((exact[_ARMS[-1]] - exact["base"], exact[_ARMS[-1]] - exact["base + retrieval"]))
    over_base, over_retrieval = (statistics.median(each) for each in zip(*gains, strict=True))
    print(
        f"\nMedians: held-out loss of the base cut by {statistics.median(cuts):.0%}; exact next line "
        f"{over_base:+.1f} points over the base, {over_retrieval:+.1f} over base + retrieval."
    )


def _row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def _told(home: Path, name: str, arguments: Sequence[str]) -> dict[str, Any]:
    """What a command tells as JSON; kept beside the home, so that a run that was stopped goes on."""
    options = "-".join(each.strip("-").replace("/", "_") for each in arguments if not Path(each).is_dir())
    kept = home / f"{name}-{options}.json"
    if not kept.exists():
        home.mkdir(parents=True, exist_ok=True)
        said = subprocess.run(
            [sys.executable, "-m", "codebase_gardener.cli.main", *arguments, "--json"],
            env={**os.environ, "CODEBASE_GARDENER_HOME": str(home)},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
        kept.write_text(said)
    told: dict[str, Any] = json.loads(kept.read_text())
    return told


if __name__ == "__main__":
    main()
