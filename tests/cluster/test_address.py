"""Where a cluster is, and that nothing needs Ray before one is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from codebase_gardener.cluster.address import ClusterFolder, cluster_address, environment_for_ray, set_for_ray
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError, NotFoundError
from codebase_gardener.utils.files import FileLock, write_json

WITHOUT_RAY = """
import sys
sys.modules["ray"] = None
sys.argv = ["gardener", *{arguments}]
from codebase_gardener.cli.main import main
main()
"""


def without_ray(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = WITHOUT_RAY.format(arguments=list(arguments))
    return subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)


def test_auto_is_what_up_left_else_what_ray_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(NotFoundError, match="no cluster is known"):
        cluster_address(tmp_path, "auto")
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    assert cluster_address(tmp_path, "auto") == "10.0.0.1:6379"
    folder = ClusterFolder.of(tmp_path)
    write_json(folder.state, {"address": "127.0.0.1:7"})
    with FileLock(folder.lock):  # of the process that holds the nodes
        assert cluster_address(tmp_path, "ray") == cluster_address(tmp_path, "auto") == "127.0.0.1:7"
    assert cluster_address(tmp_path, "auto") == "10.0.0.1:6379"  # that one was killed
    assert cluster_address(tmp_path, "ray://head:10001") == "ray://head:10001"
    for wrong in ("head", "ray://head", ":1", "ray://"):
        with pytest.raises(InvalidInputError, match="is no address"):
            cluster_address(tmp_path, wrong)


def test_the_token_is_its_owner_s_and_what_the_user_set_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    folder = ClusterFolder.of(tmp_path)
    assert "RAY_AUTH_MODE" not in environment_for_ray(tmp_path)
    folder.make_token()
    token = folder.token.read_text()
    folder.make_token()
    assert folder.token.read_text() == token
    assert len(token) == 64
    assert folder.token.stat().st_mode & 0o777 == 0o600
    told = environment_for_ray(tmp_path)
    assert (told["RAY_AUTH_MODE"], told["RAY_AUTH_TOKEN_PATH"]) == ("token", str(folder.token))
    assert token not in told.values()
    assert "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER" not in environment_for_ray(tmp_path, "ray://head:10001")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", "/etc/token")
    assert environment_for_ray(tmp_path).get("RAY_AUTH_TOKEN_PATH", "/etc/token") == "/etc/token"


def test_what_comes_too_late_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", ModuleType("ray"))
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "1")
    monkeypatch.setattr(
        "codebase_gardener.cluster.address.environment_for_ray",
        lambda *_: {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"},
    )
    with pytest.raises(ConflictError, match="imported Ray before"):
        set_for_ray(tmp_path, "127.0.0.1:1")
    assert os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] == "1"


@pytest.mark.slow
def test_without_ray_only_a_cluster_is_missing() -> None:
    assert without_ray("--help").returncode == 0
    assert without_ray("jobs", "list").returncode == 0
    told = without_ray("cluster", "up", "--local", "1")
    assert told.returncode == 9
    assert "pip install -c constraints.txt '.[cluster]'" in told.stderr
    assert without_ray("jobs", "resume", "x", "--on", "ray://head:10001").returncode == 9
