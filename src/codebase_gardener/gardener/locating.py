"""Finding the adapter that a command names, and its base."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.adapters.files import ADAPTER_FILES, CONFIG, check_adapter_files
from codebase_gardener.bases.hub import HUB_ID, fetch_snapshot
from codebase_gardener.bases.resolution import Base
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.utils.error_handling import InvalidInputError, NotFoundError
from codebase_gardener.utils.names import parse_ref

if TYPE_CHECKING:
    from codebase_gardener.gardener.facade import Gardener

__all__ = ["Located", "adapter_folder", "base_of", "locate", "named_base"]


@dataclass(frozen=True)
class Located:
    """An adapter that a command names.

    Attributes:
        label: `project/name@version`, or the folder.
        directory: Where its files are.
        row: Its row, where it is in the registry.
    """

    label: str
    directory: Path
    row: VersionRow | None


def locate(gardener: Gardener, what: str) -> Located:
    """An adapter by its name in the registry, its folder, or its id on the Hugging Face hub, tried in this
    order; what begins with `.`, `/` or `~` is a folder. The hub is asked only where no project has the name
    before the slash.

    Raises:
        NotFoundError: There is none of the three.
        InvalidInputError: It cannot be any of them.
    """
    folder = _path(what)
    if folder.is_absolute() or what.startswith((".", "~")):
        if not _holds_adapter(folder):
            raise NotFoundError(f"{what} holds no {CONFIG}", hint="name the folder that holds an adapter")
        return Located(str(folder), folder.resolve(), None)
    try:
        row = gardener.version(parse_ref(what))
    except (NotFoundError, InvalidInputError) as error:
        if _holds_adapter(folder):
            return Located(str(folder), folder.resolve(), None)
        is_ours = what.partition("/")[0] in {project.name for project in gardener.projects()}
        fetched = None if is_ours or gardener.settings.offline else _on_hub(what)
        if fetched is None:
            raise
        if isinstance(fetched, Path):
            return Located(what, fetched, None)
        raise NotFoundError(
            f"{error.message}; and on the Hugging Face hub: {str(fetched).splitlines()[0]}", hint=error.hint
        ) from fetched
    return Located(str(row.ref), gardener.shared.bring(row.directory, row.files), row)


def _path(what: str) -> Path:
    try:
        return Path(what).expanduser()
    except RuntimeError:  # ~name of a user that is not there
        return Path(what)


def _holds_adapter(folder: Path) -> bool:
    """Not `Path.is_file`, which raises for a name that is too long for a file: it is no folder's."""
    return os.path.isfile(folder / CONFIG)  # noqa: PTH113 - as the docstring says


def adapter_folder(gardener: Gardener, what: str) -> Path:
    """An adapter's files by folder, or by its id on the Hugging Face hub.

    Raises:
        NotFoundError: There is neither.
    """
    folder = _path(what)
    if _holds_adapter(folder):
        return folder
    if folder.is_absolute() or what.startswith((".", "~")) or os.path.isdir(folder):  # noqa: PTH112 - as in `_holds_adapter`
        raise NotFoundError(f"{what} holds no {CONFIG}", hint="name the folder that holds an adapter")
    fetched = _on_hub(what, offline=gardener.settings.offline)
    if isinstance(fetched, Path):
        return fetched
    why = f": {str(fetched).splitlines()[0]}" if fetched else ""
    raise NotFoundError(
        f"no adapter at {what!r}{why}",
        hint="name a folder that holds adapter_config.json and adapter_model.safetensors, or the hub's owner/name",
    )


def _on_hub(what: str, *, offline: bool = False) -> Path | Exception | None:
    """Its folder, why it could not be fetched, or None where this is no id of the hub."""
    if not HUB_ID.fullmatch(what):
        return None
    name, _, revision = what.partition("@")
    try:
        return fetch_snapshot(name, revision or None, ADAPTER_FILES, offline=offline)
    except Exception as error:  # the hub raises a dozen kinds: all mean that it is not to be had
        return error


def base_of(gardener: Gardener, located: Located, base: str | None = None) -> Base:
    """The base that is asked for, else the one that the adapter was trained on or names."""
    if base is None and located.row is not None:
        return gardener.base(located.row.base_id)
    return gardener.base(base or named_base(check_adapter_files(located.directory).config, located.directory))


def named_base(config: Mapping[str, Any], folder: Path) -> str:
    """The base that an adapter's config names.

    Raises:
        InvalidInputError: It names none.
    """
    named = config.get("base_model_name_or_path")
    if not isinstance(named, str) or not named:
        raise InvalidInputError(f"{folder}/{CONFIG} names no base", hint="name it with --base")
    return named
