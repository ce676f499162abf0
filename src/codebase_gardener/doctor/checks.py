"""`doctor`: a table of checks, each with what it found and what to do."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.config.settings import EMBEDDED_BASE, Settings
from codebase_gardener.doctor.store_check import StoreFindings, clear, judge
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.jobs.submission import adapter_directory
from codebase_gardener.utils.error_handling import CodebaseGardenerError, ModelError
from codebase_gardener.utils.files import MANIFEST, is_published, remove_tree, tree_bytes
from codebase_gardener.utils.limits import available_bytes, total_bytes

__all__ = ["CHECKS", "REGISTRY_CHECKS", "Examined", "examine", "summary"]

GIB = 1024**3
_MIN_DISK_BYTES = 3 * GIB
_TESTED_PYTHON = (3, 11)
_AT_WORK_S = 3600.0


@dataclass(frozen=True)
class Examined:
    """One check's result.

    Attributes:
        state: "ok", "warning" or "problem".
        fix: What to do, "" where nothing is to be done.
    """

    check: str
    state: str
    found: str
    fix: str = ""

    def as_dict(self) -> dict[str, str]:
        """As JSON holds it."""
        return asdict(self)


def examine(settings: Settings, *, fix: bool = False, adopt: bool = False) -> list[Examined]:
    """Run every check of `CHECKS`, and those of `REGISTRY_CHECKS` where the registry can be opened.

    Args:
        settings: Of the home.
        fix: Clear litter: what no row of the registry owns, and nobody published.
        adopt: Make rows for what is published on disk and has none.
    """
    findings = [_told(name, partial(check, settings)) for name, check in CHECKS.items()]
    try:
        gardener = Gardener(settings)
    except CodebaseGardenerError as error:
        return [*findings, Examined("registry", "problem", error.message, error.hint)]
    with gardener:
        if adopt:
            findings.append(_told("adoption", partial(_adopt, gardener)))
        of_registry = [_told(name, partial(check, gardener, fix)) for name, check in REGISTRY_CHECKS.items()]
    return [*findings, *of_registry]


def _told(name: str, check: Callable[[], Examined]) -> Examined:
    """One check; what it raises is what it found."""
    try:
        return check()
    except CodebaseGardenerError as error:
        return Examined(name, "problem", error.message, error.hint)
    except OSError as error:  # of a home that is none
        return Examined(name, "problem", str(error), "see the check of the home")


def _python(_: Settings) -> Examined:
    found = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    if sys.version_info[:2] == _TESTED_PYTHON:
        return Examined("python", "ok", found)
    tested = ".".join(str(part) for part in _TESTED_PYTHON)
    return Examined("python", "warning", found, f"training is tested in full on Python {tested}")


def _libraries(_: Settings) -> Examined:
    """Installed versions against the bounds of our own metadata."""
    from packaging.requirements import Requirement

    wrong = []
    for line in requires("codebase-gardener") or []:
        requirement = Requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(installed, prereleases=True):
            wrong.append(f"{requirement.name} {installed} (needs {requirement.specifier})")
    if wrong:
        return Examined(
            "libraries", "problem", "; ".join(wrong), "pip install -c constraints.txt codebase-gardener"
        )
    return Examined("libraries", "ok", f"torch {version('torch')}, peft {version('peft')}")


def _device(settings: Settings) -> Examined:
    from codebase_gardener.training.torch_device import measure_gemm, pick_device

    device = pick_device(settings.device)
    rates = measure_gemm(device)
    bf16 = f"bf16 {rates.bfloat16:.0f}" if rates.bfloat16 else "no bf16"
    found = f"{device}: fp32 {rates.float32:.0f} GFLOP/s, {bf16}"
    return Examined("device", "ok", f"{found}; trains in {'bf16' if rates.bf16_pays else 'fp32'}")


def _memory(settings: Settings) -> Examined:
    free, total = available_bytes(), total_bytes()
    found = f"{free / 1e9:.1f} of {total / 1e9:.1f} GB free"
    if free < settings.min_free_bytes:
        return Examined(
            "memory", "problem", found, "close other programs: nothing is trained below min_free_bytes"
        )
    return Examined("memory", "ok", found)


def _disk(settings: Settings) -> Examined:
    free = shutil.disk_usage(_existing(settings.home)).free
    found = f"{free / 1e9:.1f} GB free at {settings.home}"
    if free < _MIN_DISK_BYTES:
        return Examined("disk", "warning", found, "free some space, or set CODEBASE_GARDENER_HOME elsewhere")
    return Examined("disk", "ok", found)


def _home(settings: Settings) -> Examined:
    folder = _existing(settings.home)
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return Examined("home", "ok", f"{settings.home} can be written")
    return Examined(
        "home",
        "problem",
        f"{settings.home} cannot be written",
        "set CODEBASE_GARDENER_HOME to a folder of yours",
    )


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that is there: nothing has made the home yet, perhaps."""
    return next(above for above in (path, *path.parents) if above.exists())


def _base(settings: Settings) -> Examined:
    """The base as it lies here; nothing is fetched."""
    name = settings.base
    later = Examined(
        "base model", "warning", f"{name} is not fetched yet", "the first grow or train fetches it"
    )
    embedded = settings.bases_dir.glob(f"{EMBEDDED_BASE}-*")
    if name == EMBEDDED_BASE and not any(is_published(folder) for folder in embedded):
        return later
    try:
        base = resolve_base(name, settings.bases_dir, offline=True)
    except ModelError as error:
        if isinstance(error.__cause__, FileNotFoundError) and not settings.offline:  # not in the hub's cache
            return later
        raise
    return Examined("base model", "ok", f"{base.title}, weights {base.sha256[:16]}")


def _registry(gardener: Gardener, _: bool) -> Examined:
    """Every page of it is read: the first one alone says nothing of the others."""
    database = gardener.registry.database
    damage = database.damage()
    if damage:
        return Examined(
            "registry",
            "problem",
            f"{database.shown_url} is damaged: {damage}",
            "move the file away; then gardener doctor --adopt makes it again from what is on disk",
        )
    return Examined("registry", "ok", f"{database.shown_url} can be read, all of it")


def _trainings(gardener: Gardener, _: bool) -> Examined:
    gardener.manager.trainings.reap()
    failed = gardener.registry.jobs(states=("error",), limit=1000)
    if failed:
        return Examined(
            "trainings",
            "warning",
            f"{len(failed)} failed",
            f"gardener jobs show {failed[0].id}; resume or delete it",
        )
    return Examined("trainings", "ok", "none failed")


def _files(gardener: Gardener, _: bool) -> Examined:
    gone = [row for row in gardener.registry.rows_without_files() if not _is_stored(gardener, row.directory)]
    damaged = [
        row
        for row in gardener.registry.versions(limit=None)
        if row.directory.exists() and not is_published(row.directory, check_hashes=True)
    ]
    bad = sorted({str(row.ref) for row in [*gone, *damaged]})
    states = sorted(
        {
            row.project
            for row in gardener.registry.list_snapshots()
            if not is_published(row.path, check_hashes=True)
            and (row.path.exists() or not _is_stored(gardener, row.path))
        }
    )
    if not bad and not states:
        found = "every adapter and snapshot has its files, with their hashes"
        return Examined("registry against files", "ok", found)
    fixes = ["delete and train again"] if bad else []
    fixes += [f"gardener add SOURCE --name {project}" for project in states]
    names = ", ".join([*bad, *(f"a snapshot of {project}" for project in states)])
    return Examined(
        "registry against files", "problem", f"files missing or changed: {names}", "; ".join(fixes)
    )


def _is_stored(gardener: Gardener, folder: Path) -> bool:
    """Whether the store has a folder that is not here: it is fetched when it is wanted."""
    key = gardener.shared.key(folder)
    return key is not None and gardener.shared.store is not None and gardener.shared.store.exists(key)


def _store(gardener: Gardener, fix: bool) -> Examined:
    store = gardener.shared.store
    if store is None:
        return Examined("registry against store", "ok", "no store is set: this home stands alone")
    found = judge(gardener, store)
    copies = _copies_of_deleted(gardener)
    if fix and not found.is_foreign:
        clear(store, found)
        for folder in copies:
            remove_tree(folder, gardener.settings.home / "trash")
    return _told_of_store(store.url, found, len(copies), fix)


def _told_of_store(url: str, found: StoreFindings, copies: int, fix: bool) -> Examined:
    check = "registry against store"
    if found.missing or found.other:
        bad = [
            *(f"{key} is not there" for key in found.missing),
            *(f"{key} has other files" for key in found.other),
        ]
        fixes = ["on the machine that has them: gardener store sync --to-store"] if found.missing else []
        fixes += ["delete what has other files and train it again"] if found.other else []
        return Examined(check, "problem", f"{url}: {len(bad)} wrong: {', '.join(bad[:3])}", "; ".join(fixes))
    if found.is_foreign:
        return Examined(
            check,
            "problem",
            f"{url}: no row names any of its {len(found.unnamed)} or more folders",
            "is it the right registry (CODEBASE_GARDENER_REGISTRY_URL)? Nothing is cleared; after a lost registry: "
            "gardener store sync --from-store, then gardener doctor --adopt",
        )
    if not (found.unnamed or found.unnamed_blobs or copies):
        return Examined(check, "ok", f"{url} has what rows name, and nothing else that is old")
    words = (
        f"{len(found.unnamed)} folders that no row names, {len(found.unnamed_blobs)} files that no folder names "
        f"({found.litter_bytes / 1e6:.1f} MB), {copies} copies here of what was deleted elsewhere"
    )
    if fix:
        return Examined(check, "ok", f"{url}: cleared {words}")
    return Examined(check, "warning", f"{url}: {words}", "gardener doctor --fix")


def _copies_of_deleted(gardener: Gardener) -> list[Path]:
    """What came from the store, and is neither there any more nor in the registry."""
    from codebase_gardener.gardener.adopting import unregistered

    shared = gardener.shared
    return [
        folder
        for folder in unregistered(gardener)
        if shared.was_brought(folder) and not _is_stored(gardener, folder)
    ]


def _adopt(gardener: Gardener) -> Examined:
    from codebase_gardener.gardener.adopting import adopt

    done = adopt(gardener)
    words = f"{len(done.adopted)} adopted{': ' if done.adopted else ''}{', '.join(done.adopted[:5])}"
    if done.lost:
        words += f"; trainings that cannot be resumed, to be begun anew: {', '.join(done.lost)}"
    if done.refused:
        return Examined("adoption", "problem", f"{words}; not adopted: {'; '.join(done.refused)}")
    return Examined("adoption", "ok", words)


def _unregistered(gardener: Gardener, _: bool) -> Examined:
    """What is published on disk and unknown to the registry: it was lost, or another one is named."""
    from codebase_gardener.gardener.adopting import unregistered

    copies = _copies_of_deleted(gardener)
    found = [folder for folder in unregistered(gardener) if folder not in copies]
    if not found:
        return Examined("files against registry", "ok", "all that is published has its row")
    names = ", ".join(f"{path.parent.name}/{path.name}" for path in found[:3])
    where = gardener.registry.database.shown_url
    return Examined(
        "files against registry",
        "problem",
        f"{len(found)} published folders are unknown to the registry {where}: {names}",
        "is it the right registry (CODEBASE_GARDENER_REGISTRY_URL, CODEBASE_GARDENER_HOME)? If so: "
        "gardener doctor --adopt",
    )


def _litter(gardener: Gardener, fix: bool) -> Examined:
    found = list(_unowned(gardener))
    if not found:
        return Examined("litter", "ok", "none")
    size = sum(tree_bytes(path) if path.is_dir() else path.stat().st_size for path in found)
    words = f"{len(found)} leftovers, {size / 1e6:.1f} MB: {', '.join(path.name for path in found[:3])}"
    if not fix:
        return Examined("litter", "warning", words, "gardener doctor --fix")
    trash = gardener.settings.home / "trash"
    for path in found:
        if path.parent == trash:
            shutil.rmtree(path)
        else:
            remove_tree(path, trash)
    return Examined("litter", "ok", f"cleared {words}")


def _unowned(gardener: Gardener) -> list[Path]:
    """What no row owns and nobody works on: of killed stagings, half-done deletions, failed publications."""
    settings = gardener.settings
    found = [*settings.home.glob("trash/*"), *settings.jobs_dir.glob("*")]
    found += settings.bases_dir.glob(".staging-*")
    projects = {row.name for row in gardener.projects()}
    if not projects and any(settings.projects_dir.glob("*/*")):
        return []  # the registry was lost, or it is another one: then nothing is known to be litter
    for project in settings.projects_dir.glob("*"):
        if project.name not in projects:
            found.append(project)
            continue
        found += project.glob("adapters/*/[0-9]*")
        for place in ("*", "adapters/*"):
            found += project.glob(f"{place}/.*.????????")  # stagings that a kill left
    owned = _owned(gardener)  # read last: what got its row meanwhile is owned
    trash = settings.home / "trash"
    return [
        path for path in found if path not in owned and not _holds_published(path, trash) and _is_old(path)
    ]


def _holds_published(path: Path, trash: Path) -> bool:
    """Whether somebody published something in it: that is never litter, whoever has forgotten it."""
    return path.parent != trash and path.is_dir() and next(path.rglob(MANIFEST), None) is not None


def _owned(gardener: Gardener) -> set[Path]:
    """What a row owns; an adapter that is published but not proven yet belongs to its job."""
    jobs = gardener.registry.jobs(limit=None)
    unproven = {adapter_directory(gardener.settings.projects_dir, job.ref) for job in jobs}
    return gardener.registry.known_directories() | unproven


def _is_old(path: Path) -> bool:
    """Whether nothing in it has changed for a while: until then somebody may be at work in it."""
    try:
        newest = max(entry.lstat().st_mtime for entry in (path, *path.rglob("*")))
    except FileNotFoundError:  # somebody is
        return False
    return time.time() - newest > _AT_WORK_S


CHECKS: dict[str, Callable[[Settings], Examined]] = {
    "python": _python,
    "libraries": _libraries,
    "device": _device,
    "memory": _memory,
    "disk": _disk,
    "home": _home,
    "base model": _base,
}
REGISTRY_CHECKS: dict[str, Callable[[Gardener, bool], Examined]] = {
    "registry": _registry,
    "trainings": _trainings,
    "registry against files": _files,
    "files against registry": _unregistered,
    "registry against store": _store,
    "litter": _litter,
}


def summary(findings: list[Examined]) -> dict[str, Any]:
    """For `--json`."""
    return {"ok": all(f.state != "problem" for f in findings), "checks": [f.as_dict() for f in findings]}
