"""Which version is active after an evaluation; what the evaluation finds is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.evaluation import torch_evaluate
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.registry.rows import Publication, VersionRow
from codebase_gardener.utils.files import publish_dir
from codebase_gardener.utils.names import AdapterRef, parse_ref
from samples.queued_jobs import queue_job

DEMO = AdapterRef("demo")


@pytest.fixture
def gardener(settings: Settings) -> Iterator[Gardener]:
    with Gardener(settings) as gardener:
        gardener.registry.add_project("demo", "rows:demo", "rows")
        yield gardener


def trained(gardener: Gardener) -> VersionRow:
    """A version as `train` leaves it: active only if there was none."""
    registry, base = gardener.registry, gardener.base()
    number = len(registry.versions("demo"))
    job = queue_job(
        registry,
        lambda job_id: gardener.settings.jobs_dir / job_id,
        spec_hash=f"spec {number}",
        dataset_hash="rows",
        base_id=base.id,
        base_hash=base.sha256,
    )
    assert registry.claim_job(job.id)
    job.directory.mkdir(parents=True)
    (job.directory / "file").write_text("x")
    target = gardener.settings.home / job.id
    publish_dir(job.directory, target)
    version = registry.publish(job.id, Publication(target, {}, 0), {})
    if registry.active_version("demo", "default") is None:
        registry.set_active("demo", "default", version.version)
    return version


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def give(word: str, functions: int = 8) -> None:
        data = {"word": word, "arms": {"base": {"functions": functions}}}
        verdict: Any = SimpleNamespace(word=word, as_dict=lambda: data)
        monkeypatch.setattr(torch_evaluate, "evaluate_adapter", lambda *_, **__: verdict)

    return give


@pytest.mark.parametrize(("word", "active"), [("helped", 2), ("unchanged", 2), ("hurt", 1)])
def test_the_newest_version_is_measured_and_becomes_active_unless_it_hurt(
    word: str, active: int, gardener: Gardener, found: Callable[[str], None]
) -> None:
    trained(gardener)
    newest = trained(gardener)
    found(word)
    gardener.evaluate(DEMO, limit=1)
    verdict = gardener.registry.latest_verdict(newest)
    assert verdict is not None
    assert verdict.verdict == word
    assert gardener.registry.active_version("demo", "default") == active


def test_a_verdict_on_fewer_functions_is_shown_and_changes_nothing(
    gardener: Gardener, found: Callable[..., None]
) -> None:
    version = trained(gardener)
    found("helped", functions=32)
    gardener.evaluate(DEMO, limit=32)
    found("hurt", functions=4)
    assert gardener.evaluate(DEMO, limit=4).verdict == "hurt"
    kept = gardener.registry.latest_verdict(version)
    assert kept is not None
    assert kept.verdict == "helped"
    assert gardener.registry.active_version("demo", "default") == 1


def test_an_older_version_is_only_measured(gardener: Gardener, found: Callable[[str], None]) -> None:
    first, _ = trained(gardener), trained(gardener)
    found("helped")
    gardener.evaluate(parse_ref("demo/default@2"), limit=1)
    gardener.evaluate(first.ref, limit=1)
    assert gardener.registry.active_version("demo", "default") == 2


def test_a_version_that_hurt_is_not_active(gardener: Gardener, found: Callable[[str], None]) -> None:
    first = trained(gardener)
    found("hurt")
    gardener.evaluate(first.ref, limit=1)
    assert gardener.registry.active_version("demo", "default") is None
    assert gardener.newest(DEMO).ref == first.ref
