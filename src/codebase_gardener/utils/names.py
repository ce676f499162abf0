"""Names of projects and adapters, and the ids made of them.

A name becomes a folder, so it can hold nothing that could leave its folder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from codebase_gardener.utils.error_handling import InvalidInputError

__all__ = ["AdapterRef", "check_name", "name_from", "parse_ref", "MAX_NAME_CHARS"]

MAX_NAME_CHARS = 100
_MAX_VERSION_DIGITS = 9  # what a database's integer holds
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*\Z")


@dataclass(frozen=True)
class AdapterRef:
    """What a user writes: `project`, `project/name` or `project/name@version`."""

    project: str
    name: str | None = None
    version: int | None = None

    def __str__(self) -> str:
        adapter = f"/{self.name}" if self.name else ""
        return f"{self.project}{adapter}" + (f"@{self.version}" if self.version else "")


def check_name(name: str, what: str = "name") -> str:
    """Return `name` if it can be a folder's name, else raise.

    Raises:
        InvalidInputError: Empty, too long, or with a character outside letters, digits, `.`, `_`, `-`;
            or with a leading dot or dash.
    """
    if len(name) > MAX_NAME_CHARS:
        raise InvalidInputError(
            f"{what} of {len(name)} characters is too long (at most {MAX_NAME_CHARS})",
            hint="choose a shorter one",
        )
    if not _NAME.match(name):
        raise InvalidInputError(
            f"{what} {name!r} is not allowed",
            hint="use letters, digits, '.', '_' and '-', and begin with a letter, digit or '_'",
        )
    return name


def name_from(text: str) -> str:
    """The nearest allowed name to a directory's or archive's name, or "project" where nothing is left.

    Example:
        >>> name_from(".my repo")
        'my-repo'
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:MAX_NAME_CHARS]
    return name or "project"


def parse_ref(text: str) -> AdapterRef:
    """Parse `project[/name[@version]]`.

    Raises:
        InvalidInputError: A part that is not an allowed name, or a version that is not a positive number.
    """
    path, at, version_text = text.partition("@")
    project, slash, name = path.partition("/")
    check_name(project, "project name")
    if slash:
        check_name(name, "adapter name")
    if at and not (slash and _is_version(version_text)):
        raise InvalidInputError(
            f"{text!r} is not an adapter id", hint="write project/name@version, with a version of 1 or more"
        )
    return AdapterRef(project, name or None, int(version_text) if at else None)


def _is_version(text: str) -> bool:
    plain = text.isascii() and text.isdigit() and len(text) <= _MAX_VERSION_DIGITS
    return plain and int(text) > 0
