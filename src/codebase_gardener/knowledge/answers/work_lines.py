"""Answers for whoever works on the repository: what its tests need, how they are run, how its documents are built."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from codebase_gardener.knowledge.answers.lines import GraphLine
from codebase_gardener.knowledge.answers.told_commands import ToldCommand
from codebase_gardener.knowledge.overview.tasks import PROGRAMS, handles_files
from codebase_gardener.knowledge.pages.wording import enumerated
from codebase_gardener.utils.anchors import Anchor

if TYPE_CHECKING:
    from codebase_gardener.knowledge.answers.graph_rows import NeededPackage

__all__ = ["WORK_KINDS", "need_lines", "work_lines"]

WORK_KINDS = ("extra", "dev-extra", "group", "listed")
_MOST = 15
_OF_A_FILE = 5
_NAMES = 12
_WORK = re.compile(r"\b(?:dev|develop\w*|contribut\w*|hacking|work\w*)\b", re.IGNORECASE)
_ROOT = re.compile(
    r"test|doc|lint|type|format|bench|cover|commit|build|compile|dev|contribut|work", re.IGNORECASE
)
_DEVELOPMENT = ("dev", "contribut", "work")
_WORDS = {
    "test": r"(?<![A-Za-z])(?:(?:py|vi|unit|doc|c|next|run)?tests?|jest|mocha)(?![a-z])",
    "doc": r"(?<![A-Za-z])(?:mk)?docs?(?![a-z])|documentation|sphinx",
    "lint": r"lint|(?<![A-Za-z])(?:ruff check|flake8|clippy|pre-commit)",
    "type": r"(?<![A-Za-z])(?:typ(?:es?|ing|e-?check\w*)(?![a-z])|mypy|pyright|tsc\b)",
    "build": r"(?<![A-Za-z])(?:build|compile)",
    "compile": r"(?<![A-Za-z])(?:build|compile)",
    "format": r"(?<![A-Za-z])(?:format|fmt|prettier|black\b)",
}
"""How files call it, where its root alone says too much or too little."""
_VERSION = re.compile(r"(?<![\w.])(?:py|pypy|python|node|go)?\d+(?:\.\d+)*(?![\w.])")
"""Of a language, in the name of an environment."""
_RUNNING = PROGRAMS | {"run", "r", "exec", "e", "s"}
_DOCUMENT = re.compile(r"\.(?:md|mdx|rst|txt|adoc)\Z")
_INSTALLS = re.compile(r"\binstall(?![a-z])|\bsync\b|\bnpm ci\b|\bmod download\b")
_RUNS_ALL = re.compile(r"(?:^|/)\.github/(?:workflows|actions)/|(?:^|/)\.gitlab-ci|(?:^|/)\.circleci/")


def work_lines(
    told: Sequence[ToldCommand], packages: Sequence[NeededPackage], wanted: str
) -> Iterator[GraphLine]:
    """How it is done: what guides and build files tell to run; then the packages that it needs.

    Args:
        told: As `Graph.told_commands` gives them.
        packages: Of `WORK_KINDS`.
        wanted: "the tests", "docs", "linters", "development".
    """
    commands = list(_commands(told, wanted))
    yield from commands
    if commands:
        yield from _needs(packages, wanted)


def need_lines(
    told: Sequence[ToldCommand], packages: Sequence[NeededPackage], wanted: str
) -> Iterator[GraphLine]:
    """What it needs: the extras, groups and files of packages; then how it is done."""
    needs, commands = list(_needs(packages, wanted)), list(_commands(told, wanted))
    if commands and not needs:
        yield GraphLine(f"no packaging file names an extra or a group for {wanted}")
        paths = {row.path for row in told if row.kind == "command" and _is_about(row, _root(wanted))}
        installs = [row for row in told if row.path in paths and _INSTALLS.search(row.command)]
        yield from (GraphLine(_said(row), row.anchor) for row in installs[:_OF_A_FILE])
    yield from (*needs, *commands)


def _root(wanted: str) -> str:
    """What its names have in common: "test" of `tests`, `pytest`, `testing`."""
    found = _ROOT.search(wanted)
    return found[0].lower() if found else wanted.lower()


def _commands(told: Sequence[ToldCommand], wanted: str) -> Iterator[GraphLine]:
    root = _root(wanted)
    if root in _DEVELOPMENT:
        fitting = [row for row in told if row.kind != "file" and not _RUNS_ALL.search(row.path)]
        fitting = [row for row in fitting if row.command or not row.says or _WORK.search(row.says)]
    else:
        fitting = [row for row in told if _is_about(row, root)]
        by_name = {row.path for row in fitting if row.kind == "command" and _words(root).search(row.command)}
        fitting = [row for row in fitting if _is_told(row, by_name, root)]
        own = {row.path for row in fitting if not _RUNS_ALL.search(row.path)}
        fitting = [row for row in fitting if row.path in own or not own]
        fitting = _plainest_first(fitting, root)
    of_file: dict[str, int] = {}
    shown = 0
    for row in fitting:
        of_file[row.path] = of_file.get(row.path, 0) + 1
        if shown == _MOST:
            yield GraphLine(f"and more in `{row.path}`", row.anchor)
            return
        if of_file[row.path] <= (_MOST if root in _DEVELOPMENT else _OF_A_FILE):
            shown += 1
            yield GraphLine(_said(row), row.anchor)


def _plainest_first(rows: Sequence[ToldCommand], root: str) -> list[ToldCommand]:
    """Those with the fewest words besides what is asked for, one for each version, and each command once.

    What builds the documents is no test of the code.
    """
    about = [row for row in rows if root == "doc" or not _words("doc").search(row.command)] or list(rows)
    once: dict[str, ToldCommand] = {}
    for row in about:
        once.setdefault(row.command or row.anchor, row)
    kept: dict[tuple[str, str], ToldCommand] = {}
    for row in once.values():
        kept.setdefault((row.path, _VERSION.sub("", row.command) or row.anchor), row)
    return sorted(kept.values(), key=lambda row: _besides(row, root))


def _besides(row: ToldCommand, root: str) -> int:
    """The words of a command that are neither programs nor what is asked for; of documents whether there are any."""
    parts = [word for word in re.findall(r"[\w./]+", row.command) if word not in _RUNNING]
    count = sum(not _words(root).search(word) for word in parts)
    return min(count, 1) if _DOCUMENT.search(row.path) else count


def _words(root: str) -> re.Pattern[str]:
    return re.compile(_WORDS.get(root, rf"(?<![A-Za-z]){root}"), re.IGNORECASE)


def _is_told(row: ToldCommand, by_name: set[str], root: str) -> bool:
    """Whether what a build file runs is told: not where another command of the file has the name."""
    is_document = row.kind != "command" or bool(_DOCUMENT.search(row.path))
    return is_document or row.path not in by_name or bool(_words(root).search(row.command))


def _is_about(row: ToldCommand, root: str) -> bool:
    words = _words(root)
    if row.kind == "file":
        return bool(words.match(row.path.rpartition("/")[2]) or words.search(row.says))
    is_named = not handles_files(row.command) and words.search(row.command)  # not by a file's name
    return bool(is_named or words.search(row.says))


def _said(row: ToldCommand) -> str:
    if row.kind == "file":
        return f"the script `{row.path}`{f': {row.says}' if row.says else ''}"
    if row.kind == "section":
        return f"told in `{row.path}`{f', under “{row.says}”' if row.says else ''}"
    return f"`{row.command}`{f': {row.says}' if row.says not in ('', row.command) else ''}"


def _needs(packages: Sequence[NeededPackage], wanted: str) -> Iterator[GraphLine]:
    root = _root(wanted)
    groups: dict[tuple[str, str, str], list[NeededPackage]] = {}
    for row in packages:
        groups.setdefault((row.place.path, row.kind, row.extra), []).append(row)
    named = {key: rows for key, rows in groups.items() if root in _name(key).lower()}
    named = named or {key: rows for key, rows in groups.items() if re.search(r"(?<![A-Za-z])dev", _name(key))}
    told = named or {
        key: each
        for key, rows in groups.items()
        if (each := [row for row in rows if root in row.name.lower()])
    }
    depth = min((path.count("/") for path, _, _ in told), default=0)  # examples have their own
    told = {key: rows for key, rows in told.items() if key[0].count("/") == depth or key[1] == "listed"}
    for (path, kind, extra), rows in sorted(told.items(), key=lambda item: (item[0][0].count("/"), item[0])):
        different = dict.fromkeys(f"`{row.name}`" for row in rows)
        names = enumerated(list(different)[:_NAMES], len(different))
        what = (
            f"the file `{path}`"
            if kind == "listed"
            else f"the {'group' if kind == 'group' else 'extra'} [{extra}]"
        )
        lines = Anchor(path, min(row.place.start for row in rows), max(row.place.end for row in rows))
        yield GraphLine(f"{what}: {names}", str(lines))


def _name(key: tuple[str, str, str]) -> str:
    path, kind, extra = key
    return path if kind == "listed" else extra
