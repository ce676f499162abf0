"""Which version is active after `regrow`; what is trained and measured is made up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.evaluation import torch_evaluate
from codebase_gardener.evaluation.metrics import Measurement
from codebase_gardener.gardener import regrowing
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.growing import GrowPlan
from codebase_gardener.registry.rows import Publication, VersionRow
from codebase_gardener.training.spec import parse_spec
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.files import publish_dir
from codebase_gardener.utils.names import AdapterRef
from codebase_gardener.utils.progress import Quiet
from samples.queued_jobs import queue_job

OLD = AdapterRef("geometry", "default", 1)
NEW = AdapterRef("geometry", "default", 2)


class Bench:
    """A version of the tiny base, and what a training and a measuring would say."""

    def __init__(self, gardener: Gardener, source: Path, other: Path) -> None:
        self.gardener, self.other = gardener, other
        gardener.add(str(source), name="geometry")
        self.dataset, _ = gardener.dataset("geometry")
        self.nats, self.word = 10.0, "helped"
        self.trained: list[Any] = []
        self.plans: list[GrowPlan] = []
        self.publish(gardener.base(), {"r": 2, "steps": 3, "minutes": 2.0})
        gardener.activate(OLD)

    def publish(self, base: Any, options: dict[str, Any]) -> VersionRow:
        registry, home = self.gardener.registry, self.gardener.settings.home
        job = queue_job(
            registry,
            lambda job_id: home / "jobs" / job_id,
            project="geometry",
            spec_hash=base.sha256,
            dataset_hash=self.dataset.hash,
            base_id=base.pinned,
            base_hash=base.sha256,
        )
        assert registry.claim_job(job.id)
        job.directory.mkdir(parents=True)
        (job.directory / "file").write_text("x")
        publish_dir(job.directory, home / job.id)
        spec = parse_spec(options).model_dump(mode="json")
        return registry.publish(job.id, Publication(home / job.id, {}, 0, spec), {})

    def train(self, _: Any, old: VersionRow, base: Any, dataset: Any, spec: Any, reporter: Any) -> VersionRow:
        if not self.trained:
            self.publish(base, spec.model_dump())
            self.trained.append((dataset[0].hash, spec))
        return self.gardener.registry.version(NEW)

    def measure(self, adapters: Any, *_: Any, **__: Any) -> list[list[Measurement]]:
        def arm(nats: float, tokens: int) -> list[Measurement]:
            return [Measurement(f"f{n}.py", nats, tokens, 30, next_line=False) for n in range(16)]

        assert [base.path for _, base in adapters] == [self.gardener.base().path, self.other]
        return [arm(10.0, 9), arm(self.nats, 4)]

    def verdict(self, *_: Any, **__: Any) -> Any:
        data = {"word": self.word, "arms": {"base": {"functions": 16}}}
        return SimpleNamespace(word=self.word, as_dict=lambda: data)

    def regrow(self, **more: Any) -> regrowing.Regrown:
        return regrowing.regrow(
            self.gardener, OLD, str(self.other), Quiet(), show_plan=self.plans.append, **more
        )

    @property
    def active(self) -> int | None:
        return self.gardener.registry.active_version("geometry", "default")


@pytest.fixture
def bench(
    settings: Settings,
    small_repository: Path,
    make_base: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Bench]:
    with Gardener(settings) as gardener:
        made = Bench(gardener, small_repository, make_base(1))
        monkeypatch.setattr(regrowing, "_trained", made.train)
        monkeypatch.setattr(torch_evaluate, "measure_across", made.measure)
        monkeypatch.setattr(torch_evaluate, "evaluate_adapter", made.verdict)
        yield made


@pytest.mark.parametrize(
    ("nats", "word", "activate", "active"),
    [
        (8.0, "helped", False, 2),
        (8.0, "hurt", False, 1),  # better than the old one, and worse than nothing
        (10.0, "helped", False, 1),
        (12.0, "helped", False, 1),
        (12.0, "helped", True, 2),
    ],
)
def test_only_what_is_better_or_asked_for_is_active(
    bench: Bench, nats: float, word: str, activate: bool, active: int
) -> None:
    bench.nats, bench.word = nats, word
    made = bench.regrow(activate=activate)
    assert bench.active == active
    assert (made.version.ref, made.version.active, made.was_there) == (NEW, active == 2, False)
    if not activate:
        bench.gardener.evaluate(NEW, limit=32)
        assert bench.active == active, "a later evaluation does not change that"
    assert bench.regrow().was_there


def test_rows_and_options_are_those_of_the_version(bench: Bench) -> None:
    made = bench.regrow(options={"minutes": 7.0})
    ((rows, spec),) = bench.trained
    assert rows == bench.dataset.hash
    assert (spec.r, spec.steps, spec.minutes) == (2, 3, 7.0)
    assert str(OLD) in bench.plans[0].start
    assert made.beside["old"]["name"] == str(OLD)


def test_none_is_active_where_none_was(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker marks the first version that it makes."""
    bench.gardener.deactivate(AdapterRef("geometry", "default"))
    bench.nats = 12.0
    train = bench.train

    def and_mark(*arguments: Any) -> VersionRow:
        row = train(*arguments)
        bench.gardener.registry.set_active("geometry", "default", row.version)
        return bench.gardener.registry.version(row.ref)

    monkeypatch.setattr(regrowing, "_trained", and_mark)
    bench.regrow()
    assert bench.active is None


def test_the_same_base_is_refused(bench: Bench) -> None:
    bench.other = bench.gardener.base().path
    with pytest.raises(InvalidInputError, match="of that base already"):
        bench.regrow()


def test_options_that_do_not_fit_the_memory_give_way(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regrowing, "free_on", lambda device: 0)
    base = bench.gardener.base(str(bench.other))
    wanted = parse_spec({"r": 2, "batch_tokens": 4096}).model_dump()
    spec, _ = regrowing._spec(bench.gardener, base, 10, wanted)
    assert spec.r == 2
    assert spec.batch_tokens < 4096
