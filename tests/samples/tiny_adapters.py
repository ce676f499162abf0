"""Adapters of the tiny base: trained once and copied into each test's home, or made by stock PEFT."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from codebase_gardener.bases.resolution import Base, resolve_base
from codebase_gardener.config.settings import Settings
from codebase_gardener.jobs.submission import adapter_directory
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.registry.rows import Publication, VersionRow
from codebase_gardener.utils.error_handling import NotFoundError
from codebase_gardener.utils.files import publish_dir, tree_bytes
from samples.queued_jobs import queue_job


@dataclass(frozen=True)
class Trained:
    """What a training left, before it is published."""

    artifact: Path
    parity: Path


@pytest.fixture(scope="session")
def base(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Base:
    return resolve_base(str(tiny_base), tmp_path_factory.mktemp("hashes"))


@pytest.fixture(scope="session")
def trained(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Trained]:
    """Trains an adapter, once for each set of options."""
    from codebase_gardener.dataset.user_rows import user_dataset
    from codebase_gardener.dataset.writer import write_dataset
    from codebase_gardener.jobs.directory import JobDirectory
    from codebase_gardener.jobs.spec import JobSpec
    from codebase_gardener.jobs.torch_run import run_job
    from codebase_gardener.training.spec import parse_spec

    dataset = user_dataset([{"prompt": f"f({n}) = ", "completion": f"{n * n}"} for n in range(20)])
    folder = tmp_path_factory.mktemp("dataset") / "rows"
    write_dataset(dataset, folder)
    known: dict[str, Trained] = {}

    def train(**options: Any) -> Trained:
        plain = {
            "dtype": "float32",
            "threads": 1,
            "max_length": 64,
            "steps": 2,
            "r": 4,
            "learning_rate": 0.02,
        }
        spec = parse_spec({**plain, **options})
        key = spec.hash_for("")
        if key not in known:
            directory = JobDirectory(tmp_path_factory.mktemp("job"))
            directory.write_spec(JobSpec(base, folder, dataset.hash, spec, "cpu"))
            run_job(directory, "demo/default@1")
            known[key] = Trained(directory.artifact, directory.parity)
        return known[key]

    return train


@pytest.fixture
def folder(trained: Callable[..., Trained], tmp_path: Path) -> Path:
    """An adapter's folder, to be damaged."""
    return Path(shutil.copytree(trained().artifact, tmp_path / "adapter"))


@pytest.fixture
def manager(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[PeftManager]:
    with PeftManager(settings) as manager:
        yield manager


@pytest.fixture(scope="session")
def ready(base: Base, trained: Callable[..., Trained]) -> Callable[..., VersionRow]:
    """Makes a version ready without a worker: `ready(manager, "demo", "default", seed=1)`."""

    def make(
        manager: PeftManager,
        project: str = "demo",
        name: str = "default",
        *,
        base_hash: str = "",
        **options: Any,
    ) -> VersionRow:
        registry = manager.registry
        try:
            registry.project(project)
        except NotFoundError:
            registry.add_project(project, f"rows:{project}", "rows")
        made = trained(**options)
        number = len(registry.jobs(project, limit=1000))
        job = queue_job(
            registry,
            lambda job_id: manager.settings.jobs_dir / job_id,
            project=project,
            adapter_name=name,
            spec_hash=f"spec {number}",
            dataset_hash="rows",
            base_id=base.id,
            base_hash=base_hash or base.sha256,
        )
        job.directory.mkdir(parents=True)
        assert registry.claim_job(job.id)
        target = adapter_directory(manager.settings.projects_dir, job.ref)
        staged = shutil.copytree(made.artifact, manager.settings.home / "staged")
        manifest = publish_dir(staged, target)
        publication = Publication(target, manifest["files"], tree_bytes(target), options, {"last_loss": 1.0})
        version = registry.publish(job.id, publication, {"tensors_matched": 1})
        registry.set_active(project, name, version.version)
        return registry.version(version.ref)

    return make


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Folder of an adapter that stock PEFT made, with random weights: `stock(base, "dora", seed=1)`."""
    made: dict[str, Path] = {}

    def make(base: Path, kind: str, seed: int = 0, **options: Any) -> Path:
        from samples.stock_adapters import STOCK, save_adapter

        key = f"{base} {kind} {seed} {options}"
        if key not in made:
            made[key] = save_adapter(
                tmp_path_factory.mktemp("stock"), base, {**STOCK.get(kind, {}), **options}, seed
            )
        return made[key]

    return make
