"""What a store costs: a 20 MB adapter published, beside a plain upload by the library; and one opened.

    python benchmarks/store.py [--json] [--rounds 9] [--url s3://BUCKET/PREFIX]

Without --url, SeaweedFS is started on loopback (`scripts/seaweedfs.sh`). Both uploads send bytes that were never sent
before, by turns. "opened" is what every use of a version does first, where its folder is here and a store is set;
"local" is the same without a store. "cached" is a folder that is fetched while its bytes are in the local cache;
"fetched": they are not.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import obstore

from codebase_gardener.store.blob_cache import BlobCache
from codebase_gardener.store.object_store import ObjectStore
from codebase_gardener.store.opening import open_remote, parse_store_url
from codebase_gardener.store.shared import SharedFolders
from codebase_gardener.utils.files import publish_dir, read_json

SCRIPT = Path(__file__).parents[1] / "scripts" / "seaweedfs.sh"
PORT = 28333
SIZES = {
    "adapter_model.safetensors": 16_500_000,
    "tokenizer.json": 3_500_000,
    "adapter_config.json": 1_000,
    "gardener.json": 4_000,
    "README.md": 2_000,
    "tokenizer_config.json": 500,
}
MOST_TIMES, MOST_MS = 1.5, 5.0


def main() -> int:
    arguments = _arguments()
    with _service(arguments.url) as url, tempfile.TemporaryDirectory() as scratch:
        result = _measured(url, Path(scratch), arguments.rounds)
    print(json.dumps(result) if arguments.json else "\n".join(f"{k:24} {v:8.2f}" for k, v in result.items()))
    return int(result["publish / plain"] > MOST_TIMES or result["opened, more ms"] > MOST_MS)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--url", help="a store; its keys are the environment's")
    return parser.parse_args()


@contextmanager
def _service(url: str | None) -> Iterator[str]:
    if url is not None:
        yield f"{url}/{uuid4().hex}"
        return
    os.environ.update(
        AWS_ACCESS_KEY_ID="gardener",
        AWS_SECRET_ACCESS_KEY="gardener-secret",
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{PORT}",
        AWS_REGION="us-east-1",
        PYTHON=sys.executable,
    )
    with tempfile.TemporaryDirectory(prefix="s3-") as directory:
        subprocess.run([SCRIPT, "start", directory, str(PORT)], check=True)
        try:
            yield f"s3://garden/{uuid4().hex}"
        finally:
            subprocess.run([SCRIPT, "stop", directory], check=True)


def _measured(url: str, scratch: Path, rounds: int) -> dict[str, float]:
    home = scratch / "home"
    store = ObjectStore(url, BlobCache(home / "cache" / "blobs", 1 << 40))
    remote = open_remote(parse_store_url(url))
    shared, alone = SharedFolders(home, store), SharedFolders(home, None)
    times: dict[str, list[float]] = {
        name: [] for name in ("publish", "plain", "opened", "local", "cached", "fetched")
    }
    for number in range(-1, rounds):  # the first one makes the connections
        folder, key = _folder(scratch / f"a{number}"), f"projects/bench/adapters/a/{number + 2}"
        other = _folder(scratch / f"b{number}")
        first, second = (
            ("publish", lambda folder=folder, key=key: store.publish(folder, key)),
            ("plain", lambda other=other, key=key: _plain(remote, other, key)),
        )
        for name, work in (first, second) if number % 2 else (second, first):
            _timed(times[name], work)
        files = read_json(folder / "manifest.json")["files"]
        _timed(times["fetched"], lambda key=key: store.fetch(key, home / key))
        shutil.rmtree(home / key)
        _timed(times["cached"], lambda key=key: store.fetch(key, home / key))
        _timed(times["opened"], lambda key=key, files=files: shared.bring(home / key, files))
        _timed(times["local"], lambda key=key, files=files: alone.bring(home / key, files))
        shutil.rmtree(home / key)
        for made in (folder, other):
            shutil.rmtree(made)
    median = {name: statistics.median(taken[1:]) * 1e3 for name, taken in times.items()}
    ratios = [a / b for a, b in zip(times["publish"][1:], times["plain"][1:], strict=True)]
    return {
        **{f"{name} ms": taken for name, taken in median.items()},
        "publish / plain": statistics.median(ratios),
        "opened, more ms": median["opened"] - median["local"],
    }


def _folder(target: Path) -> Path:
    staged = target.with_name(f"{target.name}.new")
    staged.mkdir()
    for name, size in SIZES.items():
        (staged / name).write_bytes(os.urandom(size))
    publish_dir(staged, target)
    return target


def _plain(remote: obstore.store.ObjectStore, folder: Path, key: str) -> None:
    for file in sorted(folder.iterdir()):
        obstore.put(remote, f"plain/{key}/{file.name}", file)


def _timed(taken: list[float], work: Callable[[], object]) -> None:
    begun = time.perf_counter()
    work()
    taken.append(time.perf_counter() - begun)


if __name__ == "__main__":
    sys.exit(main())
