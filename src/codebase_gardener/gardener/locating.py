"""Finding the adapter that a command names, and its base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.models.adapter_files import CONFIG, check_adapter_files
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.training.base import Base
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.names import parse_ref

if TYPE_CHECKING:
    from codebase_gardener.gardener.gardener import Gardener

__all__ = ["Located", "base_of", "locate", "named_base"]


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
    """An adapter by its folder, or by its name in the registry.

    Raises:
        NotFoundError: There is neither.
        InvalidInputError: It is no name.
    """
    folder = Path(what).expanduser()
    if (folder / CONFIG).is_file() or folder.is_absolute() or what.startswith("."):
        return Located(str(folder), folder.resolve(), None)
    row = gardener.version(parse_ref(what))
    return Located(str(row.ref), row.directory, row)


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
