"""`gardener mcp` as an assistant meets it: a process of its own, spoken to by the SDK's client over its pipes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.utils.error_handling import InvalidInputError, NotFoundError, ResourceError
from codebase_gardener.utils.progress import Quiet
from codebase_gardener.wiki.tools import WikiTools, serve_wiki
from samples.written_garden import write_repository

pytestmark = pytest.mark.slow

GROW = "Implementation:garden_grow"
SERVE = ["-m", "codebase_gardener.cli.main", "mcp"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("mcp")
    write_repository(root / "garden")
    with Gardener(Settings(home=root / "home")) as gardener:
        build_wiki(gardener, str(root / "garden"), Quiet())
    return root / "home"


@pytest.fixture
def gardener(home: Path) -> Iterator[Gardener]:
    with Gardener(Settings(home=home)) as opened:
        yield opened


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "CODEBASE_GARDENER_HOME": str(home)}


def talk(home: Path, act: Callable[[Any], Awaitable[None]]) -> None:
    from mcp import Client, StdioServerParameters

    async def run() -> None:
        server = StdioServerParameters(command=sys.executable, args=[*SERVE, "garden"], env=environment(home))
        with anyio.fail_after(60):
            async with Client(server) as client:
                await act(client)

    anyio.run(run)


def test_an_assistant_finds_reads_and_follows_pages(home: Path, gardener: Gardener) -> None:
    expected = json.loads(json.dumps({**gardener.wiki("garden").verify(Quiet()).as_dict(), "not_listed": 0}))

    async def act(client: Any) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"search", "page", "neighbours", "verify"}
        assert all(tool.description and tool.annotations.read_only_hint for tool in tools.values())

        found = await client.call_tool("search", {"query": "let a plant grow", "k": 3})
        hits = found.structured_content["result"]
        assert GROW in [hit["id"] for hit in hits]
        assert len(hits) <= 3

        page = (await client.call_tool("page", {"id": GROW})).structured_content
        assert "src/garden/growing.py:L6-9" in page["text"]
        assert page["stale"] == []

        near = (await client.call_tool("neighbours", {"id": GROW})).structured_content["result"]
        assert {"implements", "requires_env"} <= {each["edge"] for each in near}
        assert all(each["title"] and each["overview"] for each in near)

        report = (await client.call_tool("verify", {})).structured_content
        assert report == expected

        for name, arguments, words in (
            ("page", {"id": "Principle:nothing"}, "there is no page"),
            ("search", {"query": "x", "k": 0}, "ask for 1 to 50"),
        ):
            failed = await client.call_tool(name, arguments)
            assert failed.is_error
            assert words in failed.content[0].text

    talk(home, act)


def test_standard_output_carries_nothing_but_the_protocol(home: Path) -> None:
    asked = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }  # fmt: skip
    called = {
        "jsonrpc": "2.0",
        "id": 2,
        "method": "tools/call",
        "params": {"name": "verify", "arguments": {}},
    }
    started = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    with subprocess.Popen(
        [sys.executable, *SERVE, "garden"], env=environment(home), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        lines = []
        for message, answered in ((asked, True), (started, False), (called, True)):
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
            if answered:
                lines.append(process.stdout.readline())
        process.stdin.close()
        lines += process.stdout.readlines()
        assert process.wait(30) == 0
    answers = [json.loads(line) for line in lines]
    assert [answer["id"] for answer in answers] == [1, 2]
    assert answers[0]["result"]["serverInfo"]["name"] == "codebase-gardener"
    report = json.loads(answers[1]["result"]["content"][0]["text"])
    assert report["checked"]["pages"] > 10


def test_a_wiki_that_is_built_again_is_seen(tmp_path: Path) -> None:
    write_repository(tmp_path / "garden")
    with Gardener(Settings(home=tmp_path / "home")) as gardener:
        build_wiki(gardener, str(tmp_path / "garden"), Quiet())
        tools = WikiTools(gardener.wiki("garden"))
        assert not any("uproot" in hit["id"] for hit in tools.search("uproot a plant"))
        growing = tmp_path / "garden/src/garden/growing.py"
        growing.write_text(
            growing.read_text() + '\n\ndef uproot(plant: Plant) -> None:\n    """Uproot a plant."""\n'
        )
        init = tmp_path / "garden/src/garden/__init__.py"
        init.write_text(
            init.read_text()
            .replace("grow, prune", "grow, prune, uproot")
            .replace("'prune'", "'prune', 'uproot'")
        )
        assert tools.verify()["built_from"] != tools.verify()["revision"]
        build_wiki(gardener, "garden", Quiet())
        assert any("uproot" in hit["id"] for hit in tools.search("uproot a plant"))
        assert tools.verify()["built_from"] == tools.verify()["revision"]


def test_wrong_arguments(gardener: Gardener) -> None:
    with pytest.raises(NotFoundError):
        WikiTools(gardener.wiki("nosuch"))
    with pytest.raises(InvalidInputError, match="k is 99"):
        WikiTools(gardener.wiki("garden")).search("x", k=99)


def test_without_the_sdk_the_error_names_the_extra(
    gardener: Gardener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name == "mcp" or name.startswith("mcp.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)  # as if it were not installed
    with pytest.raises(ResourceError) as raised:
        serve_wiki(gardener.wiki("garden"))
    assert raised.value.hint == "pip install -c constraints.txt '.[mcp]'"
