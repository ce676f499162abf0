"""`gardener open`, on servers that run, that were killed, and on its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from unittest import mock

import httpx2
import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.page.mounting import mounted_page
from codebase_gardener.serving.addresses import addresses, written
from codebase_gardener.serving.server import ServeOptions, in_background, listen, opened
from codebase_gardener.utils.files import make_folder

from .conftest import Cli


def test_the_running_server_is_opened_at_the_project(cli: Cli) -> None:
    options = ServeOptions(port=0, preload=False)
    with (
        Gardener(Settings(home=cli.home)) as gardener,
        listen(options.host, 0) as listening,
        opened(gardener.manager, gardener.wiki, gardener.current_adapter, options) as answering,
        in_background(answering, listening, None, mounted_page(gardener), preload=False),
    ):
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with written(cli.home, url), mock.patch("webbrowser.open") as shown:
            (cli.home / "servers" / "1").write_text(f"http://127.0.0.1:{unused()}")  # it was killed
            assert cli("open", "--json", "--no-browser").ok().json == {"url": f"{url}/page/projects"}
            assert not shown.called
            assert cli("open", "garden").ok().out == f"{url}/page/projects/garden\n"
            shown.assert_called_once_with(f"{url}/page/projects/garden")


def test_a_server_without_a_page_is_none_to_open(cli: Cli) -> None:
    from codebase_gardener.cli.open import _running

    options = ServeOptions(port=0, preload=False)
    with (
        Gardener(Settings(home=cli.home)) as gardener,
        listen(options.host, 0) as listening,
        opened(gardener.manager, gardener.wiki, gardener.current_adapter, options) as answering,
        in_background(answering, listening, preload=False),
        written(cli.home, f"http://127.0.0.1:{listening.getsockname()[1]}"),
    ):
        assert _running(cli.home) == ""


def test_a_name_that_is_none_is_refused(cli: Cli) -> None:
    with mock.patch("webbrowser.open") as shown:
        cli("open", "../../etc").failed(2, "project name")
    assert not shown.called
    assert not (cli.home / "servers").exists()


@pytest.mark.slow
def test_without_a_server_one_starts_and_ends_by_ctrl_c(cli: Cli) -> None:
    make_folder(cli.home)
    process = subprocess.Popen(
        [sys.executable, "-m", "codebase_gardener.cli.main", "open", "--no-browser"],
        env={**os.environ, **cli.environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        url = process.stdout.readline().strip()
        assert url.endswith("/page/projects")
        answer = httpx2.get(url, timeout=30)
        assert answer.status_code == 200 and "Nothing grows here yet" in answer.text
        assert answer.elapsed.total_seconds() < 1.5, "what the first page needs is loaded before"
        assert [f"{address}/page/projects" for address in addresses(cli.home)] == [url]
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert addresses(cli.home) == []


def unused() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
