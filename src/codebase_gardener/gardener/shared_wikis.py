"""A project's wiki beside a store. It changes in place here; there, each state is a folder that never changes.

The small object `projects/PROJECT/wiki` names the state that was built last, by whichever machine.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress

from codebase_gardener.store.interface import ArtifactStore
from codebase_gardener.store.shared import SharedFolders
from codebase_gardener.utils.error_handling import NotFoundError
from codebase_gardener.utils.files import MANIFEST, make_folder, seal_dir, sha256_file, staging
from codebase_gardener.wiki.paths import WikiPaths

__all__ = ["bring_wiki", "share_wiki", "wiki_key"]


def wiki_key(store: ArtifactStore, project: str) -> str | None:
    """The key of the state of a project's wiki that was built last; None where there is none.

    Raises:
        StoreError: The store cannot be reached.
    """
    try:
        key = json.loads(store.get(_pointer(project)))["key"]
    except NotFoundError:
        return None
    except (ValueError, LookupError, TypeError):
        return None  # of a build that can be made again
    return key if isinstance(key, str) and key.startswith(f"projects/{project}/wikis/") else None


def share_wiki(shared: SharedFolders, paths: WikiPaths) -> None:
    """Publish the wiki as it is now; nothing without a store or a wiki.

    Raises:
        StoreError: The store cannot be reached.
    """
    if shared.store is None or not paths.folder.is_dir():
        return
    with staging(paths.folder) as staged:
        for file in paths.folder.rglob("*"):
            if file.is_file() and not file.is_symlink():
                make_folder((own := staged / "wiki" / file.relative_to(paths.folder)).parent)
                os.link(file, own)
        for file in (paths.record, paths.overrides):
            if file.is_file():
                shutil.copyfile(file, staged / file.name)
        seal_dir(staged)
        key = f"projects/{paths.project}/wikis/{sha256_file(staged / MANIFEST)[:16]}"
        shared.store.publish(staged, key)
        shared.store.put(_pointer(paths.project), json.dumps({"key": key}).encode())


def bring_wiki(shared: SharedFolders, paths: WikiPaths) -> None:
    """Fetch the wiki where none is here and the store has one.

    Raises:
        StoreError: The store cannot be reached, or what it holds is damaged.
    """
    if shared.store is None or paths.folder.exists():
        return
    key = wiki_key(shared.store, paths.project)
    if key is None:
        return
    with staging(paths.folder) as staged, suppress(NotFoundError):
        shared.store.fetch(key, staged / "state", progress=shared.fetching(key))
        state = staged / "state"
        for file in (paths.record, paths.overrides):
            if (state / file.name).is_file() and not file.exists():
                make_folder(file.parent)
                os.rename(state / file.name, file)
        with suppress(OSError):  # another process was faster
            os.rename(state / "wiki", paths.folder)  # a build writes over no file that has two links


def _pointer(project: str) -> str:
    return f"projects/{project}/wiki"
