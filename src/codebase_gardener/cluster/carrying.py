"""What a node with a home of its own needs of a job, and leaves for the next one: through the registry and the store.

A job's folder has the same key in the store as in the home (`jobs/ID`). A checkpoint is sent after what belongs to it:
whoever finds one finds all.
"""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from pathlib import Path

from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.config.settings import Settings
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.mirror import mark_as_here, write_spec
from codebase_gardener.models.peft_manager import shared_folders
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.utils.error_handling import (
    ConflictError,
    NotFoundError,
    RegistryError,
    StoreError,
)
from codebase_gardener.utils.files import is_published, write_atomic

__all__ = ["Carrier"]

_log = logging.getLogger(__name__)
_STEP = re.compile(r"(?:checkpoint|step)-(\d+)")
_SMALL = ("plan.json", "best/looks.json")


class Carrier:
    """Between a job's folder in this home and the other machines.

    Args:
        settings: Of this machine.
        registry: That has the job.
        job: Claimed by this node.
    """

    def __init__(self, settings: Settings, registry: Registry, job: JobRow) -> None:
        self._settings, self._registry, self._job = settings, registry, job
        self._shared = shared_folders(settings)
        self._tells = bool(
            settings.registry_url
        )  # else the registry lies in this home, which others have, too
        self._offset, self._seq, self._sent = 0, 0, -1

    def arrive(self) -> JobDirectory:
        """Bring spec, rows, base, parent and the newest checkpoint here, each only where it is not here.

        Raises:
            NotFoundError: Something is neither here nor in the store.
            StoreError: The store cannot be reached, or holds what cannot be right.
            ModelError: The base cannot be fetched.
        """
        directory = write_spec(self._registry, self._job)
        mark_as_here(directory)
        self._offset = directory.events.read()[1]
        self._seq = self._registry.last_job_event(self._job.id)
        spec = directory.spec
        self._shared.bring(spec.dataset)
        if spec.warm is not None:
            self._shared.bring(spec.warm.directory)
        if not self._shared.find(spec.base.path):
            base = resolve_base(spec.base.id, self._settings.bases_dir, offline=self._settings.offline)
            directory.move(spec.device, base, spec.nodes)
        self._bring_checkpoint(directory)
        return directory

    def _bring_checkpoint(self, directory: JobDirectory) -> None:
        store, key = self._shared.store, self._shared.key(directory.path)
        if store is None or key is None:
            return
        there = {_step(found): found for found in store.keys(f"{key}/checkpoints")}
        here = {
            _step(folder.name)
            for folder in directory.checkpoints.glob("checkpoint-*")
            if is_published(folder)
        }
        if not there or max(there) <= max(here, default=-1):
            return
        for found in (there[max(there)], *store.keys(f"{key}/best")):
            store.fetch(found, self._shared.folder(found))
        for name in _SMALL:
            with suppress(NotFoundError):
                write_atomic(directory.path / name, store.get(f"{key}/{name}"))

    def send(self, directory: JobDirectory) -> None:
        """Send what is new; what cannot be sent now is sent with the next."""
        try:
            self._send_events(directory)
            self._send_checkpoint(directory)
        except (RegistryError, StoreError, ConflictError, FileNotFoundError) as error:
            _log.warning("job %s: %s", self._job.id, error)  # a checkpoint may go while it is read

    def _send_events(self, directory: JobDirectory) -> None:
        if not self._tells:
            return
        events, offset = directory.events.read(self._offset)
        if events:
            self._registry.append_job_events(self._job.id, list(enumerate(events, self._seq + 1)))
        self._offset, self._seq = offset, self._seq + len(events)

    def _send_checkpoint(self, directory: JobDirectory) -> None:
        store, key = self._shared.store, self._shared.key(directory.path)
        whole = {
            _step(folder.name): folder
            for folder in directory.checkpoints.glob("checkpoint-*")
            if is_published(folder)
        }
        if store is None or key is None or max(whole, default=-1) <= self._sent:
            return
        newest = max(whole)
        best = [folder for folder in directory.best.glob("step-*") if is_published(folder)]
        for name in _SMALL:
            if (directory.path / name).exists():
                store.put(f"{key}/{name}", (directory.path / name).read_bytes())
        for folder in (*best, whole[newest]):
            self._shared.share(folder)
        self._sent = newest
        kept = {self._shared.key(folder) for folder in (*best, whole[newest])}
        for old in [*store.keys(f"{key}/checkpoints"), *store.keys(f"{key}/best")]:
            if old not in kept:
                store.delete(old)

    def forget(self, directory: JobDirectory) -> None:
        """Take checkpoints out of the store: the job is ready."""
        with suppress(StoreError):
            self._shared.withdraw_all(directory.path)


def _step(name: str | Path) -> int:
    found = _STEP.search(str(name).rpartition("/")[2])
    return int(found[1]) if found else -1
