"""A file that names many repositories: each a table with the options of `grow` and how often it is due.

minutes = 5                 # of what stands above the repositories: for those that do not say

[[repository]]
source = "~/src/click"      # a directory, a git URL, or a source archive; relative to this file
name = "click"              # of the project; by default that of the directory or archive
revision = "8.1.7"
base = "Qwen/Qwen2.5-Coder-1.5B"
minutes = 10
every = "1d"                # due again a day after it was grown
fresh = true                # begin from nothing each time
training = {r = 8}          # any option of `gardener train`
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from codebase_gardener.manifests.values import LocatedValue, toml_values
from codebase_gardener.repository.git_trees import check_revision
from codebase_gardener.repository.sources import default_name, is_git_url
from codebase_gardener.training.spec import parse_spec
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.names import check_name

__all__ = ["FleetEntry", "read_fleet"]

_MAX_BYTES = 4_000_000
_MAX_CHARS = 4096
_UNITS_S = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_EVERY = re.compile(r"(\d{1,5})([mhdw])")
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)")
_EXAMPLE = 'write [[repository]] and below it a line such as source = "~/src/click"'

_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "source": ((str,), 'a text, such as source = "~/src/click"'),
    "name": ((str,), 'a text, such as name = "click"'),
    "revision": ((str,), 'a text, such as revision = "v1.0"'),
    "base": ((str,), 'a text, such as base = "Qwen/Qwen2.5-Coder-1.5B"'),
    "minutes": ((int, float), "a number, such as minutes = 5"),
    "every": ((str,), 'a number with m, h, d or w, such as every = "1d"'),
    "fresh": ((bool,), "true or false, such as fresh = true"),
    "training": ((dict,), "a table of options of gardener train, such as training = {r = 8}"),
}
_SHARED = ("base", "minutes", "every", "fresh", "training")
"""What may stand above the repositories, for all of them."""


@dataclass(frozen=True)
class FleetEntry:
    """A repository of a fleet.

    Attributes:
        name: Of the project.
        source: A directory's absolute path, a git URL, or an archive's path.
        revision: A commit, branch or tag; None for the working tree.
        base: The base model; None for the setting's.
        options: Of the training; minutes among them.
        fresh: Whether it begins from nothing each time.
        every_s: Seconds after which it is due again; None: once it is grown it is done, until its entry changes.
        where: The file with the line of its table.
    """

    name: str
    source: str
    revision: str | None = None
    base: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    fresh: bool = False
    every_s: int | None = None
    where: str = ""

    @property
    def asked(self) -> dict[str, Any]:
        """What decides whether it has been grown as it is asked for: all but schedule and place."""
        names = ("source", "revision", "base", "fresh")
        return {
            **{name: getattr(self, name) for name in names},
            "options": dict(sorted(self.options.items())),
        }


def read_fleet(
    file: Path,
    *,
    base: str | None = None,
    minutes: float | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> tuple[FleetEntry, ...]:
    """The repositories of a file, in its order.

    Args:
        file: As the module says.
        base, minutes: For those that say nothing, before what stands above the repositories.
        defaults: Training options of the settings, with which those of an entry have to agree.

    Raises:
        InvalidInputError: It cannot be read, or something in it cannot be right: with its line, and what to write.
    """
    if minutes is not None:
        parse_spec({"minutes": minutes})
    found = _parsed(file)
    reader = _Reader(file, found, defaults or {})
    flags = {
        name: LocatedValue(value)
        for name, value in (("base", base), ("minutes", minutes))
        if value is not None
    }
    reader.check_keys(found, (*_SHARED, "repository"), "above the repositories")
    tables = found.table.get("repository", LocatedValue([]))
    if not isinstance(tables.value, list) or not all(isinstance(row.value, dict) for row in tables.value):
        reader.refuse(tables, "repository is not an array of tables", _EXAMPLE)
    if not tables.value:
        reader.refuse(found, "there is no repository in it", _EXAMPLE)
    shared = {**{name: found.table[name] for name in _SHARED if name in found.table}, **flags}
    entries: dict[str, FleetEntry] = {}
    for row in tables.entries:
        entry = reader.entry(row, shared)
        if before := entries.get(entry.name):
            reader.refuse(
                row.table.get("name", row),
                f"the project {entry.name} is that of {before.where}, too",
                f'give one of them another name: name = "{entry.name}-2"',
            )
        entries[entry.name] = entry
    return tuple(entries.values())


def _parsed(file: Path) -> LocatedValue:
    text = _text(file)
    try:
        return toml_values(text)
    except (ValueError, RecursionError) as error:
        said = str(error) or "it is nested too deep"
        at = _AT_LINE.search(said)
        raise InvalidInputError(
            f"{file}{f':{at[1]}' if at else ''} is not valid TOML: {_AT_LINE.sub('', said)}", hint=_EXAMPLE
        ) from None


def _text(file: Path) -> str:
    hint = "name a TOML file of repositories; docs/commands.md shows one, under gardener grow"
    try:
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                raise InvalidInputError(f"{file} is no file", hint=hint)
            raw = opened.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InvalidInputError(
            f"{file} cannot be read: {getattr(error, 'strerror', None) or error}", hint=hint
        ) from None
    if len(raw) > _MAX_BYTES:
        raise InvalidInputError(f"{file} is larger than {_MAX_BYTES:,} bytes", hint=hint)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InvalidInputError(f"{file}:{line} is not UTF-8", hint="save it as UTF-8") from None


class _Reader:
    """What is the same for all entries of a file."""

    def __init__(self, file: Path, found: LocatedValue, defaults: Mapping[str, Any]) -> None:
        self.file, self.found, self.defaults = file, found, defaults
        self.folder = file.absolute().parent

    def refuse(self, value: LocatedValue, what: str, hint: str) -> NoReturn:
        raise InvalidInputError(
            f"{self.file}:{value.start}: {what}",
            hint=hint,
            context={"file": str(self.file), "line": value.start},
        )

    def check_keys(self, table: LocatedValue, known: tuple[str, ...], place: str) -> None:
        for key, value in table.table.items():
            if key not in known:
                near = get_close_matches(key, known, 1)
                meant = f"write {near[0]}; " if near else ""
                self.refuse(value, f"{key[:40]!r} is no key {place}", f"{meant}there are {', '.join(known)}")

    def entry(self, row: LocatedValue, shared: Mapping[str, LocatedValue]) -> FleetEntry:
        self.check_keys(row, tuple(_KINDS), "of a repository")
        own = row.table
        said = {key: self._checked(key, value) for key, value in {**shared, **own}.items()}
        if "source" not in said:
            self.refuse(row, "a repository without a source", 'write source = "~/src/click"')
        with self._at(own["source"]):
            source = self._source(own["source"].value)
        name = said.get("name") or default_name(source)
        with self._at(own.get("name", row)):
            check_name(name, "project name")
        revision = said.get("revision")
        if revision is not None:
            with self._at(own["revision"]):
                check_revision(revision)
        training = {**self._table("training", shared), **self._table("training", own)}
        if "minutes" in said:
            training["minutes"] = said["minutes"]
        with self._at(own.get("training", own.get("minutes", row))):
            parse_spec({**self.defaults, **training})
        return FleetEntry(
            name=name,
            source=source,
            revision=revision,
            base=self._base(said.get("base")),
            options=training,
            fresh=said.get("fresh", False),
            every_s=self._seconds(own.get("every", shared.get("every"))),
            where=f"{self.file}:{row.start}",
        )

    def _checked(self, key: str, value: LocatedValue) -> Any:
        kinds, words = _KINDS[key]
        if type(value.value) not in kinds:
            self.refuse(value, f"{key} is not right", f"write {words}")
        if isinstance(value.value, str) and not (
            0 < len(value.value.strip()) <= len(value.value) <= _MAX_CHARS and value.value.isprintable()
        ):
            self.refuse(value, f"{key} is empty, too long, or holds control characters", f"write {words}")
        return value.value

    def _table(self, key: str, within: Mapping[str, LocatedValue]) -> dict[str, Any]:
        if key not in within:
            return {}
        self._checked(key, within[key])
        return dict(_plain(within[key]))

    def _source(self, source: str) -> str:
        return source if is_git_url(source) else self._beside(source)

    def _base(self, base: str | None) -> str | None:
        return self._beside(base) if base is not None and base.startswith((".", "~")) else base

    def _beside(self, path: str) -> str:
        """A path as this file means it: relative to its own folder."""
        try:
            return os.path.normpath(self.folder / Path(path).expanduser())
        except RuntimeError as error:  # no home of that name
            raise InvalidInputError(f"{path!r}: {error}", hint="write the whole path") from None

    def _seconds(self, every: LocatedValue | None) -> int | None:
        if every is None:
            return None
        found = _EVERY.fullmatch(every.value)
        if found is None or int(found[1]) == 0:
            self.refuse(every, f"every = {every.value[:40]!r} is no time", f"write {_KINDS['every'][1]}")
        return int(found[1]) * _UNITS_S[found[2]]

    def _at(self, value: LocatedValue) -> _At:
        return _At(self, value)


class _At:
    """What another room says of a value, with its line."""

    def __init__(self, reader: _Reader, value: LocatedValue) -> None:
        self.reader, self.value = reader, value

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, InvalidInputError):
            self.reader.refuse(self.value, error.message, error.hint)


def _plain(value: LocatedValue) -> Iterator[tuple[str, Any]]:
    """A table without its lines."""
    for key, each in value.table.items():
        yield key, _constant(each)


def _constant(value: LocatedValue) -> Any:
    if isinstance(value.value, dict):
        return dict(_plain(value))
    return [_constant(each) for each in value.value] if isinstance(value.value, list) else value.value
