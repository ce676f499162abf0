"""PeftManager: create, train, load, unload, list and delete a project's adapters."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.config.settings import EMBEDDED_BASE, Settings, load_settings
from codebase_gardener.models.adapter_metadata import AdapterMetadata
from codebase_gardener.registry.holder import Holder
from codebase_gardener.registry.leases import exclusive, lease, lease_path, project_lease_path
from codebase_gardener.registry.projects import ROWS
from codebase_gardener.registry.rows import JobRow, VersionRow
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.store.shared import SharedFolders
from codebase_gardener.utils.error_handling import (
    AdapterError,
    CodebaseGardenerError,
    ConflictError,
    NotFoundError,
    ResourceError,
)
from codebase_gardener.utils.files import MANIFEST, AlreadyPublishedError, remove_tree
from codebase_gardener.utils.names import AdapterRef, check_name
from codebase_gardener.utils.progress import Progress, silent

if TYPE_CHECKING:
    from codebase_gardener.adapters.handle import AdapterHandle
    from codebase_gardener.adapters.loaded import LoadedAdapters
    from codebase_gardener.adapters.torch_live_base import LiveBase
    from codebase_gardener.bases.resolution import Base
    from codebase_gardener.dataset.prompts import Prompt
    from codebase_gardener.jobs.progress import TrainingProgress
    from codebase_gardener.jobs.trainings import ProgressCallback, Trainings
    from codebase_gardener.models.ollama_memory import BesideOllama
    from codebase_gardener.training.spec import TrainingSpec

__all__ = ["AdapterHandle", "AdapterMetadata", "PeftManager", "TrainingProgress"]

_SHOWN_HERE = {
    "AdapterHandle": "codebase_gardener.adapters.handle",
    "TrainingProgress": "codebase_gardener.jobs.progress",
}


def __getattr__(name: str) -> Any:
    """Load a name that users know from here when it is first used: a wiki's build needs none of what it needs."""
    if name in _SHOWN_HERE:
        return getattr(import_module(_SHOWN_HERE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


_log = logging.getLogger(__name__)
_UNFINISHED = ("queued", "training", "error", "cancelled")
_ALL = 100_000


class PeftManager:
    """A home's adapters. Trainings run in processes of their own; loaded adapters share one base in this one.

    Args:
        settings: Where everything lies and how much memory it may take; read from the environment by default.

    Example:
        >>> import tempfile
        >>> manager = PeftManager(Settings(home=Path(tempfile.mkdtemp())))
        >>> manager.list_adapters()
        []
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or load_settings()
        self.shared = shared_folders(self.settings)
        self.registry = Registry(
            self.settings.database_url,
            home=self.settings.home,
            connections=self.settings.registry_connections,
        )
        self.holder = Holder(self.registry)
        self._loaded: LoadedAdapters | None = None
        self._loading = threading.Lock()

    @property
    def has_loaded(self) -> bool:
        """Whether anybody has asked for a base or an adapter: until then, none is in memory."""
        return self._loaded is not None

    @property
    def loaded(self) -> LoadedAdapters:
        """The adapters in memory, one object for all threads; a wiki's build asks for none."""
        with self._loading:
            if self._loaded is None:
                from codebase_gardener.adapters.loaded import LoadedAdapters

                self._loaded = LoadedAdapters(
                    self.base,
                    device=self.settings.device,
                    dtype=self.settings.inference_dtype,
                    hashes=self.settings.home / "folders.json",
                    max_bytes=self.settings.cache_bytes,
                    max_count=self.settings.cache_count,
                    before_load=self._before_load,
                )
            return self._loaded

    @cached_property
    def trainings(self) -> Trainings:
        """The trainings of the home; a wiki's build asks for none."""
        from codebase_gardener.jobs.trainings import Trainings

        return Trainings(
            self.registry,
            jobs_dir=self.settings.jobs_dir,
            min_free_bytes=self.settings.min_free_bytes,
            storage_bytes=self.settings.project_storage_bytes,
            device=self.settings.device,
            environment=self.settings.for_workers,
            make_room=self._make_room,
        )

    @cached_property
    def _beside(self) -> BesideOllama:
        from codebase_gardener.models.ollama_memory import BesideOllama

        return BesideOllama(self.settings.ollama_url, self.settings.ollama_unload)

    def _make_room(self, error: ResourceError) -> bool:
        return self._beside.make_room(error)

    def _before_load(self, needed_bytes: int) -> None:
        self._beside.before_load(needed_bytes)

    def __enter__(self) -> PeftManager:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Unload everything and close the database."""
        if self._loaded is not None:
            self._loaded.close()
        self.holder.close()
        self.registry.close()

    def create_adapter(
        self,
        project_name: str,
        training_data: Iterable[Mapping[str, Any]] | Path | str,
        adapter_name: str = "default",
        config_override: Mapping[str, Any] | None = None,
        progress_callback: ProgressCallback | None = None,
    ) -> str:
        """Train an adapter on rows of one's own, in the background.

        Args:
            project_name: Made where there is none of the name.
            training_data: Rows as dicts, or a JSONL file: prompt/completion, messages, text, or code chunks.
            adapter_name: A new version of it is trained.
            config_override: Training options (`TrainingSpec`) that differ from the settings; `base` too.
            progress_callback: Called with a `TrainingProgress` at every change, from a thread of its own.

        Returns:
            `project/name@version`, reserved at once. The same data and options give the same version.

        Raises:
            DatasetError: A malformed row, named with its number; nothing is trained.
            InvalidInputError: A name or option that cannot be right.
            ResourceError: Too little memory or disk.
        """
        from codebase_gardener.dataset.user_rows import user_dataset
        from codebase_gardener.dataset.writer import write_dataset
        from codebase_gardener.jobs.spec import JobSpec
        from codebase_gardener.jobs.submission import dataset_directory
        from codebase_gardener.training.encoding import rows_to_train

        check_name(project_name, "project name")
        check_name(adapter_name, "adapter name")
        options = dict(config_override or {})
        base_id = str(options.pop("base", self.settings.base))
        spec = self.spec(options)
        dataset = user_dataset(training_data)
        rows_to_train(dataset)
        folder = dataset_directory(self.settings.projects_dir, project_name, dataset.hash)
        was_there = folder.exists()  # then another training may need it
        try:
            with self.using_project(project_name):
                self.ensure_project(project_name)
                if not was_there:
                    with suppress(AlreadyPublishedError):  # by another process, with the same hash
                        write_dataset(dataset, folder)
                self.shared.share(folder)
                job = self.trainings.submit(
                    project_name,
                    adapter_name,
                    JobSpec(
                        base=self.base(base_id),
                        dataset=folder,
                        dataset_hash=dataset.hash,
                        training=spec,
                        device=self.settings.device,
                    ),
                )
        except BaseException:
            self.clear_unfinished(project_name, None if was_there else folder)
            raise
        if progress_callback is not None:
            follow = self.trainings.follow
            threading.Thread(target=follow, args=(job.id, progress_callback), daemon=True).start()
        return str(job.ref)

    def ensure_project(self, name: str) -> None:
        """Make a project without a repository where there is none of the name."""
        try:
            self.registry.project(name)
        except NotFoundError:
            self.registry.add_project(name, f"{ROWS}:{name}", ROWS)

    def spec(self, options: Mapping[str, Any]) -> TrainingSpec:
        """Training options: those given, over those of the settings, over the defaults."""
        from codebase_gardener.training.spec import parse_spec

        return parse_spec({**self.settings.training, **options})

    def base(self, base_id: str | None = None, progress: Progress = silent) -> Base:
        """A base model by id, fetched where that is needed."""
        from codebase_gardener.bases.resolution import embedded_folder, resolve_base

        name, folder = base_id or self.settings.base, embedded_folder(self.settings.bases_dir)
        is_new = name == EMBEDDED_BASE and not folder.exists() and not self.shared.find(folder)
        found = resolve_base(name, self.settings.bases_dir, offline=self.settings.offline, progress=progress)
        if is_new:
            self.shared.share(folder)
        return found

    def get_training_progress(self, adapter_id: str) -> TrainingProgress:
        """Where a training is, by job id or `project/name@version`."""
        return self.trainings.progress(adapter_id)

    def is_training(self, project_name: str, adapter_name: str = "default") -> bool:
        """Whether a version of the adapter is queued or in training."""
        return self.trainings.is_pending(project_name, adapter_name)

    def version(self, ref: AdapterRef) -> VersionRow:
        """A published version, its files here: fetched where only the store has them.

        Raises:
            NotFoundError: There is none, or its files are neither here nor in the store.
            ConflictError: It is not ready.
        """
        row = self.registry.version(ref)
        self.shared.bring(row.directory, row.files)
        return row

    def load_adapter(
        self,
        project_name: str,
        adapter_name: str = "default",
        version: int | None = None,
        *,
        fallback_to_base: bool = False,
        wait_s: float = 0.0,
    ) -> AdapterHandle:
        """Load an adapter onto its base, or find it loaded.

        Args:
            project_name: The project.
            adapter_name: The adapter.
            version: The default is the active one.
            fallback_to_base: Give the bare base, with a warning, where the adapter cannot be loaded.
            wait_s: How long to wait for room when all loaded adapters are in use.

        Raises:
            NotFoundError, ConflictError: It does not exist, or is not ready.
            AdapterError: Its files are damaged or do not fit.
            ResourceError: No room.
        """
        from codebase_gardener.adapters.loaded import Loadable

        try:
            what = Loadable.of(self.version(AdapterRef(project_name, adapter_name, version)), self.holder)
            with self.loaded.holding(what, wait_s):
                pass
        except (AdapterError, NotFoundError, ConflictError) as error:
            if not fallback_to_base:
                raise
            _log.warning("%s; answering with the base, without an adapter", error)
            return self.base_handle()
        return self.loaded.handle(what, wait_s)

    def load_folder(self, folder: Path, base: str | None = None) -> AdapterHandle:
        """Load an adapter that is in no registry, as its files are now.

        Args:
            folder: With adapter_config.json and adapter_model.safetensors.
            base: Base model; by default the one that the adapter's config names.

        Raises:
            AdapterError: Its files are damaged or do not fit; or its config names no base.
            ResourceError: No room.
        """
        from codebase_gardener.adapters.files import check_adapter_files

        directory = folder.resolve()
        named = base or check_adapter_files(directory).config.get("base_model_name_or_path")
        if not named:
            raise AdapterError(f"{directory} names no base", hint="name it")
        what = self.loaded.folder(directory, self.base(str(named)))
        with self.loaded.holding(what):
            return self.loaded.handle(what, wait_s=0)

    def generate_batch(self, rows: Sequence[tuple[AdapterHandle, Prompt]], **options: Any) -> list[str]:
        """What each adapter says to its prompt; rows of one base are computed together, whatever their adapters.

        Args:
            rows: Handles with prompts.
            **options: Of `Sampling`, and more of transformers' `generate`.
        """
        answers: dict[int, str] = {}
        with ExitStack() as stack:
            groups: dict[int, tuple[LiveBase, list[int]]] = {}
            for number, (handle, _) in enumerate(rows):
                live = stack.enter_context(handle.held())
                groups.setdefault(id(live), (live, []))[1].append(number)
            for live, numbers in groups.values():
                texts = live.generate_batch(
                    [rows[n][1] for n in numbers], [rows[n][0].adapter_id for n in numbers], **options
                )
                answers |= dict(zip(numbers, texts, strict=True))
        return [answers[number] for number in range(len(rows))]

    @contextmanager
    def adapter_context(
        self,
        project_name: str,
        adapter_name: str = "default",
        version: int | None = None,
        *,
        wait_s: float = 0.0,
    ) -> Iterator[AdapterHandle]:
        """An adapter that stays loaded for a block, whoever else unloads it."""
        from codebase_gardener.adapters.loaded import Loadable

        what = Loadable.of(self.version(AdapterRef(project_name, adapter_name, version)), self.holder)
        with self.loaded.holding(what, wait_s):
            yield self.loaded.handle(what, wait_s)

    def base_handle(self, base_id: str | None = None) -> AdapterHandle:
        """The base without any adapter."""
        return self.loaded.base_handle(self.base(base_id))

    def unload_adapter(self, *name: str) -> bool:
        """Take an adapter out of memory: `unload_adapter("name")` or `unload_adapter("project", "name")`.

        Returns:
            Whether one was loaded.

        Raises:
            InvalidInputError: A bare name that two projects have loaded.
            ConflictError: It is in use by a block.
        """
        return self.loaded.unload(*name)

    def get_memory_usage(self) -> dict[str, Any]:
        """Bytes by what holds them, and what is loaded."""
        return self.loaded.memory_usage()

    def list_adapters(self, project_name: str | None = None, limit: int = 50) -> list[AdapterMetadata]:
        """Versions, and trainings that published nothing, newest first."""

        self.trainings.reap()
        rows = [
            *(AdapterMetadata.of_version(row) for row in self.registry.versions(project_name, limit=limit)),
            *(
                AdapterMetadata.of_job(row)
                for row in self.registry.jobs(project_name, states=_UNFINISHED, limit=limit)
            ),
        ]
        return sorted(rows, key=lambda row: row.created_at, reverse=True)[:limit]

    def delete_adapter(
        self, project_name: str, adapter_name: str = "default", version: int | None = None
    ) -> list[str]:
        """Delete a version, or all of them, published or failed.

        Returns:
            The ids of what was deleted.

        Raises:
            NotFoundError: There is none.
            ConflictError: One is in use or in training; then all stand.
        """
        self.trainings.reap()
        versions = [
            row
            for row in self.registry.versions(project_name, adapter_name, limit=_ALL)
            if version in (None, row.version)
        ]
        jobs = [
            job
            for job in self.registry.jobs(project_name, states=_UNFINISHED, limit=_ALL)
            if job.adapter_name == adapter_name and version in (None, job.version)
        ]
        if not versions and not jobs:
            self.registry.version(
                AdapterRef(project_name, adapter_name, version)
            )  # raises with what there is
        return self.delete_all(versions, jobs)

    def delete_all(self, versions: Sequence[VersionRow], jobs: Sequence[JobRow] = ()) -> list[str]:
        """Delete versions, and trainings that published nothing: all of them or, where it raises, none.

        Returns:
            Their ids.

        Raises:
            ConflictError: One is in use or in training.
        """
        with self.registry.spending_reserve(), self._alone(versions, jobs):
            self.registry.delete_all([row.ref for row in versions], [job.id for job in jobs])
            self._remove_files(versions, jobs)
        self.shared.withdraw(row.directory for row in versions)
        return _ids(versions, jobs)

    def delete_project(self, project_name: str) -> list[str]:
        """Delete a project with its adapters, datasets and snapshots: all of it or, where it raises, nothing.

        Returns:
            The ids of its adapters, then its name.

        Raises:
            NotFoundError: There is none.
            ConflictError: One of its adapters is in use or in training.
        """
        self.trainings.reap()
        versions = self.registry.versions(project_name, limit=_ALL)
        jobs = self.registry.jobs(project_name, states=_UNFINISHED, limit=_ALL)
        with self.registry.spending_reserve(), self._alone(versions, jobs), self._project_alone(project_name):
            self.registry.delete_project(project_name)
            self._remove_files(versions, jobs)
            remove_tree(self.settings.projects_dir / project_name, self.settings.home / "trash")
        self.shared.withdraw_all(self.settings.projects_dir / project_name)
        return [*_ids(versions, jobs), project_name]

    def using_project(self, name: str) -> AbstractContextManager[object]:
        """For a block nobody deletes the project, be it there already or not.

        Raises:
            ConflictError: It is being deleted.
        """
        path = project_lease_path(self.settings.home, check_name(name, "project name"))
        return lease(path, f"project {name!r}")

    def _project_alone(self, name: str) -> AbstractContextManager[object]:
        return exclusive(project_lease_path(self.settings.home, name), f"project {name!r}")

    def clear_unfinished(self, name: str, made: Path | None = None) -> None:
        """After a failure: let nothing stay of a project in which there is nothing else.

        Where another process is at work in the project, all is left to it.

        Args:
            name: Of the project.
            made: A folder in it that was to get a row.
        """
        folder, trash = self.settings.projects_dir / name, self.settings.home / "trash"
        with suppress(CodebaseGardenerError), self.registry.spending_reserve(), self._project_alone(name):
            if made is not None and made not in self.registry.known_directories():
                remove_tree(made, trash)
            if self.registry.delete_empty_project(name) and not any(folder.rglob(MANIFEST)):
                remove_tree(folder, trash)

    @contextmanager
    def _alone(self, versions: Sequence[VersionRow], jobs: Sequence[JobRow]) -> Iterator[None]:
        """For a block nobody uses the versions; nothing is deleted before all of them are held."""
        for job in jobs:
            if job.state == "training":
                raise ConflictError(f"{job.ref} is in training", hint=f"first: gardener jobs cancel {job.id}")
        with ExitStack() as leases:
            for row in versions:
                self.loaded.unload_idle(str(row.ref))
                leases.enter_context(exclusive(lease_path(row.directory), str(row.ref)))
            yield

    def _remove_files(self, versions: Sequence[VersionRow], jobs: Sequence[JobRow]) -> None:
        of_versions = [self.settings.jobs_dir / row.job_id for row in versions if row.job_id is not None]
        for folder in (*(row.directory for row in versions), *of_versions, *(job.directory for job in jobs)):
            remove_tree(folder, self.settings.home / "trash")


def shared_folders(settings: Settings) -> SharedFolders:
    """A home's folders beside the store that its settings name."""
    return SharedFolders.open(
        settings.home,
        settings.store,
        cache_bytes=settings.store_cache_bytes,
        grace_s=settings.store_grace_hours * 3600,
    )


def _ids(versions: Sequence[VersionRow], jobs: Sequence[JobRow]) -> list[str]:
    return [*(str(row.ref) for row in versions), *(str(job.ref) for job in jobs)]
