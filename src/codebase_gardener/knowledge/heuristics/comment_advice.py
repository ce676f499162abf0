"""Evidence in comments: blocks with a mark such as NOTE or HACK, and blocks that give a reason."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from codebase_gardener.knowledge.sources.file_facts import Evidence
from codebase_gardener.languages.python.messages import one_line
from codebase_gardener.languages.python.node_search import nodes_on
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import FAMILIES, LANGUAGES, family_of

__all__ = ["DOCUMENTATION", "MARKS", "comment_evidence"]

MARKS = (
    "TODO",
    "FIXME",
    "XXX",
    "HACK",
    "NOTE",
    "WARNING",
    "WARN",
    "IMPORTANT",
    "CAUTION",
    "BUG",
    "PERF",
    "SAFETY",
    "TIP",
)
"""What a comment may begin with: in capitals, or with a capital and a colon. Source: `wiki-format`, and PEP 350."""

_MARK = re.compile(
    rf"(?:({'|'.join(MARKS)})\b|({'|'.join(mark.capitalize() for mark in MARKS)})(?=\s*(?:\([^)]*\))?:)|"
    r"(Note|NB|N\.B\.)(?=:|,| that\b| this\b))(?:\s*\([^)\n]{0,60}\))?\s*[:,-]?\s*(?:that\b\s*)?"
)
_REASON = re.compile(
    r"\b(?:because|the reason|otherwise|work(?:s)?[ -]?around|this is (?:needed|necessary|required|important)|"
    r"we (?:need|have) to|in order to|to avoid|prevents?|so that|careful|numerical\w*|unstable|deadlock|"
    r"faster|slower|expensive|memory|incompatib\w+|backwards? compat\w+)\b",
    re.IGNORECASE,
)
_LICENCE = re.compile(
    r"copyright|licen[cs]ed? under|spdx|all rights reserved|warrant(?:y|ies)", re.IGNORECASE
)
_TOOL = re.compile(r"\s*(?:type:|noqa|pylint|pragma|fmt:|ruff|isort|mypy|pyright|flake8|eslint|prettier|!|-\*-|"
                   r"go:|nolint|region|endregion|=====|-----|#####|coding)")  # fmt: skip
_STRINGS = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
_MAX_BLOCK = 40
DOCUMENTATION = "documentation"
"""The value of a comment that speaks to those who use what it stands at."""


def comment_evidence(
    language: str, lines: Sequence[str], tree: ast.Module | None, symbols: Sequence[Symbol]
) -> Iterator[Evidence]:
    """Comment blocks worth keeping, in the order of their lines; what stands in strings is no comment."""
    mark = LANGUAGES[language].comment
    if not mark:
        return
    comments = _comments(lines, mark, slashes=mark == "//")
    inside = _lines_in_strings(tree, sorted(comments)) if tree is not None else frozenset()
    scopes, documentation = _Scopes(symbols), _documentation(language, lines, symbols)
    for start, end, words in _blocks(comments, inside):
        found = _MARK.match(words)
        name = next((one for one in found.groups() if one), "").upper().replace(".", "") if found else ""
        text = one_line(words[found.end() :] if found else words)
        if text and (name or (end > start and _gives_reason(text))) and not _LICENCE.search(text):
            documents = any(first <= start <= last for first, last in documentation)
            yield Evidence(
                "comment", start, end, scopes.of(start), "NOTE" if name == "NB" else name, text,
                DOCUMENTATION if documents else "",
            )  # fmt: skip


def _documentation(language: str, lines: Sequence[str], symbols: Sequence[Symbol]) -> list[tuple[int, int]]:
    """First and last line of each comment that speaks to callers: a definition's, and that of the package."""
    found = [
        (symbol.docstring_start, symbol.docstring_end)
        for symbol in symbols
        if 0 < symbol.docstring_start < symbol.start
    ]
    family = FAMILIES.get(family_of(language))
    package = family.package_comment if family else ""
    at = next((at for at, line in enumerate(lines) if package and line.startswith(package)), 0)
    if at and lines[at - 1].strip():
        found.append((1, at))
    return found


def _gives_reason(text: str) -> bool:
    return len(text) >= 80 and _REASON.search(text) is not None


def _comments(lines: Sequence[str], mark: str, *, slashes: bool) -> dict[int, tuple[int, bool, str]]:
    """Line number: indentation, whether the line is nothing but the comment, and its words."""
    found: dict[int, tuple[int, bool, str]] = {}
    in_block = False
    for number, line in enumerate(lines, 1):
        stripped = line.lstrip()
        indent = len(line) - len(stripped)
        if slashes and (in_block or stripped.startswith("/*")):
            body = stripped.removeprefix("/*").partition("*/")[0].lstrip("*").strip()
            in_block = "*/" not in stripped
            found[number] = (indent - (0 if stripped.startswith("/*") else 1), True, body)
        elif stripped.startswith(mark):
            found[number] = (indent, True, stripped.lstrip(mark[0] + "!:").strip())
        elif mark in line and (words := _trailing(line, mark)) is not None:
            found[number] = (indent, False, words)
    return {number: one for number, one in found.items() if not _TOOL.match(one[2])}


def _trailing(line: str, mark: str) -> str | None:
    """A comment behind code, where it begins with a mark of ours."""
    if len(line) > 2000:
        return None
    bare = _STRINGS.sub(lambda string: " " * len(string[0]), line)
    at = bare.find(mark)
    words = line[at + len(mark) :].lstrip(mark[0] + " ").strip() if at >= 0 else ""
    return words if words and _MARK.match(words) else None


def _lines_in_strings(tree: ast.Module, lines: Sequence[int]) -> frozenset[int]:
    """Lines that begin inside a string."""
    inside: set[int] = set()
    for found in nodes_on(tree, lines):
        node = found.node
        if isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
        ):
            inside.update(range(node.lineno + 1, (node.end_lineno or node.lineno) + 1))
    return frozenset(inside)


def _blocks(
    comments: dict[int, tuple[int, bool, str]], inside: frozenset[int]
) -> Iterator[tuple[int, int, str]]:
    """Runs of comment lines of one indentation; a mark begins a new one."""
    start, previous, margin, words = 0, -1, -1, [""]
    for number, (indent, whole, text) in sorted(comments.items()):
        if number in inside:
            continue
        joined = whole and number == previous + 1 and indent == margin and text and not _MARK.match(text)
        if joined and start and number - start < _MAX_BLOCK:
            words.append(text)
        else:
            if start:
                yield start, previous, " ".join(words)
            start, words = (number, [text]) if text else (0, [""])
        previous, margin = number, indent
    if start:
        yield start, previous, " ".join(words)


class _Scopes:
    """The innermost symbol around a line, or that the comment there documents; lines are asked for in order."""

    def __init__(self, symbols: Sequence[Symbol]) -> None:
        self._symbols = sorted(symbols, key=lambda one: (_begin(one), -one.end))
        self._at, self._open = 0, list[Symbol]()

    def of(self, line: int) -> str:
        while self._at < len(self._symbols) and _begin(self._symbols[self._at]) <= line:
            self._open.append(self._symbols[self._at])
            self._at += 1
        while self._open and self._open[-1].end < line:
            self._open.pop()
        return self._open[-1].qualified_name if self._open else ""


def _begin(symbol: Symbol) -> int:
    """Its first line; that of its documentation where that stands above."""
    return min(symbol.start, symbol.docstring_start or symbol.start)
