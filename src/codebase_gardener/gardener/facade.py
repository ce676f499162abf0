"""Gardener: the façade that the command line and programs call."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.config.settings import Settings, load_settings
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.registry.rows import JobRow, ProjectRow, VerdictRow, VersionRow
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.utils.error_handling import (
    CodebaseGardenerError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    SourceError,
)
from codebase_gardener.utils.files import AlreadyPublishedError
from codebase_gardener.utils.names import AdapterRef, check_name
from codebase_gardener.utils.progress import Progress, silent

if TYPE_CHECKING:
    from codebase_gardener.bases.resolution import Base
    from codebase_gardener.dataset.assembly import Dataset
    from codebase_gardener.dataset.taught import Taught
    from codebase_gardener.evaluation.parent import Parent
    from codebase_gardener.knowledge.pages.structure import Page
    from codebase_gardener.repository.patterns import Chosen
    from codebase_gardener.repository.snapshot import Snapshot
    from codebase_gardener.training.spec import TrainingSpec
    from codebase_gardener.training.warm import WarmStart
    from codebase_gardener.wiki.project import ProjectWiki

__all__ = ["DEFAULT_ADAPTER", "REGROWN", "Gardener", "is_worse", "move_mark"]

DEFAULT_ADAPTER = "default"
REGROWN = "regrown"
"""The receipt of a version that stands beside one of another base."""


class Gardener:
    """All that can be done with a home: its projects, datasets, adapters.

    Args:
        settings: Read from the file and the environment by default.

    Example:
        >>> import tempfile
        >>> with Gardener(Settings(home=Path(tempfile.mkdtemp()))) as gardener:
        ...     gardener.projects()
        []
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or load_settings()
        self.manager = PeftManager(self.settings)
        self.registry = self.manager.registry
        self.shared = self.manager.shared

    def __enter__(self) -> Gardener:
        return self

    def __exit__(self, *_: object) -> None:
        self.manager.close()

    # ---- projects and snapshots

    @property
    def chosen(self) -> Chosen:
        """Which files count, by the settings."""
        from codebase_gardener.repository.patterns import Chosen

        return Chosen(**self.settings.repository.model_dump())

    def add(
        self,
        source: str,
        *,
        name: str | None = None,
        revision: str | None = None,
        progress: Progress = silent,
        code: bool = True,
        taken: Snapshot | None = None,
    ) -> tuple[ProjectRow, Snapshot]:
        """Read a repository and make it a project, or read it again.

        Args:
            source: A directory, a git URL, or a source archive.
            name: Of the project; by default that of the directory or archive.
            revision: A commit, branch or tag; by default the working tree.
            progress: Files read.
            code: Whether there must be code in it; a wiki needs none.
            taken: The snapshot, if it was taken just now.

        Raises:
            SourceError: It cannot be read, or has no code.
            ConflictError: The name belongs to another source.
        """
        from codebase_gardener.repository.snapshot import require_code, take_snapshot
        from codebase_gardener.repository.sources import default_name
        from codebase_gardener.repository.store import save_snapshot

        if name is not None:
            check_name(name, "project name")
        snapshot = taken or take_snapshot(
            source,
            revision=revision,
            max_file_bytes=self.settings.max_file_bytes,
            chosen=self.chosen,
            progress=progress,
        )
        if code:
            require_code(snapshot)
        chosen = name or default_name(source)
        folder = self.settings.projects_dir / chosen / "snapshots" / _snapshot_folder(snapshot)
        try:
            with self.manager.using_project(chosen):
                self.registry.check_project_source(chosen, snapshot.source)
                save_snapshot(snapshot, folder)
                self.shared.share(folder)
                project, _ = self.registry.add_snapshot_of(
                    chosen,
                    snapshot.source,
                    snapshot.kind,
                    snapshot_id=folder.name,
                    tree_hash=snapshot.tree_hash,
                    path=folder,
                    commit=snapshot.commit,
                    dirty=snapshot.dirty,
                )
        except BaseException:
            self.manager.clear_unfinished(chosen, folder)
            raise
        return project, snapshot

    def projects(self) -> list[ProjectRow]:
        """All projects, by name."""
        return self.registry.projects()

    def snapshot(self, project: str) -> Snapshot:
        """The snapshot of a project that was taken last."""
        from codebase_gardener.repository.store import load_snapshot

        return load_snapshot(self.shared.bring(self.registry.latest_snapshot(project).path))

    # ---- wiki and dataset

    def wiki(self, project: str) -> ProjectWiki:
        """The wiki of a project, built or not.

        Raises:
            NotFoundError: There is no such project.
        """
        from codebase_gardener.gardener.shared_wikis import bring_wiki
        from codebase_gardener.wiki.project import ProjectWiki

        name = self.registry.project(project).name
        wiki = ProjectWiki(
            self.settings.projects_dir,
            name,
            self.registry,
            max_file_bytes=self.settings.max_file_bytes,
            chosen=self.chosen,
            shared=self.shared,
        )
        bring_wiki(self.shared, wiki.paths)
        return wiki

    def dataset(
        self,
        project: str,
        *,
        file: Path | None = None,
        pages: tuple[Page, ...] | None = None,
        before: Taught | None = None,
        progress: Progress = silent,
    ) -> tuple[Dataset, Path]:
        """Make the dataset of a project's snapshot and its wiki, or find it made.

        A wiki of another state of the source is left out, and a warning of the report says so.

        Args:
            project: Its name.
            file: JSONL rows of one's own, added to those of the repository.
            pages: Of the wiki; by default those that lie there.
            before: What earlier generations were trained on: it is not held out.
            progress: Files done.

        Returns:
            The dataset, and the folder it is published in.

        Raises:
            DatasetError: A malformed row, or nothing to train on.
            VerificationError: A page of the wiki is damaged.
        """
        from codebase_gardener.dataset.assembly import generate_dataset
        from codebase_gardener.dataset.taught import UNTAUGHT
        from codebase_gardener.dataset.user_rows import read_user_rows
        from codebase_gardener.dataset.writer import write_dataset
        from codebase_gardener.jobs.submission import dataset_directory

        own = read_user_rows(file).examples if file is not None else ()
        with self.manager.using_project(project):
            pages, left_out = (pages, "") if pages is not None else self.wiki(project).current_pages()
            dataset = generate_dataset(
                self.snapshot(project),
                user_rows=own,
                pages=pages,
                before=before or UNTAUGHT,
                progress=progress,
            )
            if left_out:
                dataset = dataset.with_warning(left_out)
            folder = dataset_directory(self.settings.projects_dir, project, dataset.hash)
            if not folder.exists():
                with suppress(AlreadyPublishedError):  # by another process, with the same hash
                    write_dataset(dataset, folder)
            self.shared.share(folder)
        return dataset, folder

    # ---- training

    def base(self, base_id: str | None = None, progress: Progress = silent) -> Base:
        """A base model, fetched where that is needed."""
        return self.manager.base(base_id, progress)

    def train(
        self,
        ref: AdapterRef,
        *,
        base: Base,
        dataset: tuple[Dataset, Path],
        training: TrainingSpec,
        warm: WarmStart | None = None,
        snapshot_id: str | None = None,
        nodes: int = 1,
    ) -> JobRow:
        """Queue a training in the background, or find the one that does the same."""
        from codebase_gardener.jobs.spec import JobSpec
        from codebase_gardener.training.encoding import rows_to_train

        rows, folder = dataset
        rows_to_train(rows)
        with self.manager.using_project(ref.project):
            snapshot_id = snapshot_id or self.registry.latest_snapshot(ref.project).snapshot_id
            return self.manager.trainings.submit(
                ref.project,
                check_name(ref.name or DEFAULT_ADAPTER, "adapter name"),
                JobSpec(
                    base=base,
                    dataset=folder,
                    dataset_hash=rows.hash,
                    training=training,
                    device=self.settings.device,
                    commit=rows.report.commit or None,
                    snapshot_id=snapshot_id,
                    warm=warm,
                    nodes=nodes,
                ),
            )

    def spec(self, options: Mapping[str, Any]) -> TrainingSpec:
        """Training options over those of the settings."""
        return self.manager.spec(options)

    # ---- evaluation

    def evaluate(
        self,
        ref: AdapterRef,
        *,
        limit: int,
        dataset: str | None = None,
        dtype: str = "",
        fill_in: bool = True,
        progress: Progress = silent,
    ) -> VerdictRow:
        """Measure an adapter on the held-out functions of its dataset, in four arms, and keep the verdict.

        The newest version becomes active unless it hurt, is worse than the one that it went on from, or was grown again
        on another base and is not better there; an older one is only measured; what hurt is not active.
        A verdict on fewer functions than the one that is known is returned, and neither kept nor acted on.

        Args:
            ref: `project/name`; without a version the newest is measured.
            limit: Held-out functions at most.
            dataset: A project whose held-out files are measured on; by default those of the adapter's own dataset.
            dtype: What is computed in; by default as the setting `inference_dtype` says.
            fill_in: Whether filling in is measured, too: it decides nothing.
            progress: Functions measured, over all arms.

        Raises:
            InvalidInputError: The adapter comes from no dataset, and none is named.
        """
        from codebase_gardener.evaluation.torch_evaluate import evaluate_adapter

        row = self.newest(ref)
        self.shared.bring(row.directory, row.files)
        os.environ.update(self.settings.for_computing)
        folder = self.heldout_dataset(row, dataset)
        verdict = evaluate_adapter(
            row.directory,
            self.base_of(row),
            folder,
            device=self.settings.device,
            dtype=dtype or self.settings.inference_dtype,
            limit=limit,
            snapshot=self._snapshot_of(folder),
            parent=self._parent_of(row),
            fill_in=fill_in,
            progress=progress,
        )
        known = self.registry.latest_verdict(row)
        if known is not None and _functions(known.data) > _functions(verdict.as_dict()):
            # a quick look does not take the place of a longer one
            return replace(known, verdict=verdict.word, data=verdict.as_dict())
        kept = self.registry.add_verdict(row, verdict.word, verdict.as_dict())
        if is_worse(verdict.as_dict()):
            self._go_back(row)
        elif verdict.word == "hurt" or (
            row.ref == self.newest(AdapterRef(row.project, row.adapter_name)).ref
            and not self._is_no_better(row)
        ):
            move_mark(self.registry, row, verdict.word)
        return kept

    def _is_no_better(self, row: VersionRow) -> bool:
        """Whether it was grown again on another base, and is not better than the version on the old one."""
        words = [one.data["word"] for one in self.registry.receipts(row) if one.kind == REGROWN]
        return bool(words) and words[0] != "better"

    def _parent_of(self, row: VersionRow) -> Parent | None:
        """The version that one went on from, where it is there."""
        from codebase_gardener.evaluation.parent import Parent

        parent = self.registry.parent_of(row)
        if parent is None:
            return None
        bodies = None
        with suppress(CodebaseGardenerError):
            from codebase_gardener.dataset.writer import load_dataset

            bodies = load_dataset(self.heldout_dataset(parent)).bodies
        self.shared.bring(parent.directory, parent.files)
        return Parent(str(parent.ref), parent.directory, bodies)

    def _go_back(self, row: VersionRow) -> None:
        """A version that is worse than the one that it went on from is not active; that one is, in its place."""
        if self.registry.active_version(row.project, row.adapter_name) == row.version:
            parent = self.registry.parent_of(row)
            self.registry.set_active(row.project, row.adapter_name, parent.version if parent else None)

    def heldout_dataset(self, row: VersionRow, project: str | None = None) -> Path:
        """The dataset to measure a version on; that of a merged one may lie in another project.

        Raises:
            InvalidInputError: It comes from no dataset, and no project is named.
        """
        from codebase_gardener.jobs.submission import dataset_directory

        if project is not None:
            return self.dataset(project)[1]
        if row.dataset_hash is None:
            raise InvalidInputError(
                f"{row.ref} comes from no dataset: it was imported, or merged of adapters that do not share one",
                hint=f"name the project to measure it on: gardener evaluate {row.ref} --dataset PROJECT",
            )
        projects = [row.project, *(other.name for other in self.projects())]
        folders = [dataset_directory(self.settings.projects_dir, p, row.dataset_hash) for p in projects]
        here = next((folder for folder in folders if folder.exists()), None)
        return here or next((folder for folder in folders if self.shared.find(folder)), folders[0])

    def _snapshot_of(self, dataset: Path) -> Snapshot | None:
        """What a dataset was made of; None where it is not there, or the dataset is of rows of one's own."""
        from codebase_gardener.repository.store import load_snapshot
        from codebase_gardener.utils.files import read_json

        if not (dataset / "dataset.json").exists():  # told where its functions are read
            return None
        commit = read_json(dataset / "dataset.json")["report"]["commit"]
        rows = [row for row in self.registry.list_snapshots() if dataset.is_relative_to(row.path.parents[1])]
        for row in reversed(rows):
            with suppress(SourceError):
                if row.commit not in (None, commit) or not self.shared.find(row.path):
                    continue
                if (snapshot := load_snapshot(row.path)).revision == commit:
                    return snapshot
        return None

    def base_of(self, row: VersionRow) -> Base:
        """The base that a version was trained on.

        Raises:
            ConflictError: It is another one by now.
        """
        base = self.base(row.base_id)
        if base.sha256 != row.base_hash:
            raise ConflictError(
                f"{row.ref} was trained on another base: {row.base_id} has changed since",
                hint="train again on the base as it is now",
            )
        return base

    def version(self, ref: AdapterRef) -> VersionRow:
        """A published version; without a name the current adapter, without a number the active one.

        Raises:
            NotFoundError: There is none.
            ConflictError: It is not ready; or none is active, and the newest hurt.
        """
        return self.registry.version(
            AdapterRef(ref.project, ref.name or self.current_adapter(ref.project), ref.version)
        )

    def newest(self, ref: AdapterRef) -> VersionRow:
        """A published version; without a number the newest one, active or not."""
        name = ref.name or self.current_adapter(ref.project)
        rows = self.registry.versions(ref.project, name, limit=1)
        return rows[0] if rows and ref.version is None else self.version(ref)

    def current_adapter(self, project: str) -> str:
        """The adapter that a project's bare name means: the one that `activate` chose, else the one called default,
        else, where there is none of that name, the newest.

        Raises:
            NotFoundError: There is no such project.
        """
        chosen = self.registry.project(project).current_adapter or DEFAULT_ADAPTER
        for name in (chosen, DEFAULT_ADAPTER, None):
            rows = self.registry.versions(project, name, limit=1)
            if rows:
                return rows[0].adapter_name
        return DEFAULT_ADAPTER

    def activate(self, ref: AdapterRef) -> VersionRow:
        """Make a version the active one, and its adapter the one that the project's bare name means.

        Raises:
            NotFoundError: There is none.
        """
        row = self.newest(ref)
        self.registry.set_active(row.project, row.adapter_name, row.version)
        self.registry.set_current_adapter(row.project, row.adapter_name)
        return self.registry.version(row.ref)

    def deactivate(self, ref: AdapterRef) -> list[str]:
        """Clear the active mark of an adapter, or of all of a project. Returns the ids that had it."""
        self.registry.project(ref.project)
        if ref.name is not None:
            self.newest(ref)  # raises where there is no such adapter
        rows = [row for row in self.registry.versions(ref.project, ref.name, limit=None) if row.active]
        for row in rows:
            self.registry.set_active(row.project, row.adapter_name, None)
        return [str(row.ref) for row in rows]

    # ---- deletion

    def delete(self, ref: AdapterRef, *, keep: int | None = None) -> list[str]:
        """Delete a project, an adapter, a version, or all versions but the newest of an adapter or of each.

        Args:
            ref: What to delete.
            keep: Leave so many newest versions of the adapter, or of each of the project's, and the active one.

        Returns:
            Ids of what was deleted.

        Raises:
            NotFoundError: There is no such thing.
            ConflictError: Something of it is in use or in training; then nothing is deleted.
            InvalidInputError: `keep` with a version.
        """
        if keep is not None:
            return self._prune(ref, keep)
        if ref.name is not None:
            return self.manager.delete_adapter(ref.project, ref.name, ref.version)
        return self.manager.delete_project(ref.project)

    def _prune(self, ref: AdapterRef, keep: int) -> list[str]:
        if ref.version is not None:
            raise InvalidInputError(
                f"{ref} is one version, and keep={keep} counts those of an adapter",
                hint=f"write {ref.project}/{ref.name}, or leave --keep out",
            )
        rows = self.registry.versions(ref.project, ref.name, limit=None)
        if not rows:
            raise NotFoundError(f"{ref} has no versions", hint="see `gardener adapters list`")
        of_adapter: dict[str, list[VersionRow]] = {}
        for row in rows:
            of_adapter.setdefault(row.adapter_name, []).append(row)
        older = [row for newest_first in of_adapter.values() for row in newest_first[keep:]]
        return self.manager.delete_all([row for row in older if not row.active])


def move_mark(registry: Registry, row: VersionRow, word: str) -> None:
    """Make a version active unless it hurt; one that did loses the mark that it may have got untested."""
    if word != "hurt":
        registry.set_active(row.project, row.adapter_name, row.version)
    elif registry.active_version(row.project, row.adapter_name) == row.version:
        registry.set_active(row.project, row.adapter_name, None)


def is_worse(verdict: Mapping[str, Any]) -> bool:
    """Whether a verdict says that the version is worse than the one that it went on from."""
    return bool((verdict.get("parent") or {}).get("word") == "worse")


def _functions(verdict: Mapping[str, Any]) -> int:
    """How many functions a verdict was measured on."""
    return max((int(arm["functions"]) for arm in verdict.get("arms", {}).values()), default=0)


def _snapshot_folder(snapshot: Snapshot) -> str:
    """The same files at another commit are another snapshot: rows name the commit."""
    from codebase_gardener.utils.files import sha256_text

    return sha256_text(f"{snapshot.id} {snapshot.revision}")[:16]
