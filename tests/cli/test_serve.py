"""`gardener serve`: what it tells, and when."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Cli


@pytest.mark.parametrize("answers", [False, True])
def test_the_address_is_told_when_the_server_answers(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    def run(*given: object, ready: Callable[[], None], **options: object) -> None:
        if answers:
            ready()

    monkeypatch.setattr("codebase_gardener.serving.server.run", run)
    told = cli("serve", "--port", "0", "--engine", "torch").ok().out
    assert ("/v1  models: none yet" in told, "/  the page" in told) == (answers, answers)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--replicas", "2"), "go with --on"),
        (("--max-replicas", "2"), "go with --on"),
        (("--on", "ray", "--replicas", "4", "--max-replicas", "2"), "less than --replicas"),
        (("--on", "ray://head:10001"), "HOST:PORT"),
    ],
)
def test_replicas_are_on_a_cluster(cli: Cli, options: tuple[str, ...], said: str) -> None:
    cli("serve", *options).failed(2, said)
