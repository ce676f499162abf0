"""Code of a document as it can be parsed: its language, without prompts and output, on the file's lines."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from msgspec import structs

from codebase_gardener.documents.facts import Snippet
from codebase_gardener.languages.engine.code import tree_code
from codebase_gardener.languages.facts import Binding, Import
from codebase_gardener.languages.python.code import python_code, snippet_code
from codebase_gardener.languages.python.trees import parse_python
from codebase_gardener.languages.table import ALIASES, GRAMMARS

__all__ = ["LANGUAGE_NAMES", "MAX_TREE_CHARS", "analysed", "snippet"]

_Placed = TypeVar("_Placed", Import, Binding)

MAX_CODE_CHARS = 20_000
MAX_TREE_CHARS = 6_000
"""Of a snippet that tree-sitter reads: a run of opening brackets takes it time that grows with the square."""

LANGUAGE_NAMES = ALIASES | {
    "python-traceback": "pytb", "pytb": "pytb",
    "txt": "text", "none": "text", "plain": "text", "plaintext": "text", "output": "text",
}  # fmt: skip
"""Other names of languages: Pygments' aliases, GitHub's (linguist) and Sphinx's directives."""

_INTERACTIVE = re.compile(r"[ \t]*(?:>>>|In \[\d{1,6}\]:)(?: |$)")
_CONTINUED = re.compile(r"[ \t]*(?:\.\.\.|\s{0,6}\.{3,8}:)(?: |$)")
_SHELL_PROMPT = re.compile(
    r"[ \t]*(?:\([\w.-]{1,40}\) ?)?(?:[\w.-]{1,40}@[\w.-]{1,40}:?[\w~/.-]{0,80} ?)?[$%] (?=\S)"
)
_WINDOWS_PROMPT = re.compile(r"[ \t]*(?:\([\w.-]{1,40}\) ?)?(?:PS ?|[A-Z]:[\w\\.-]{0,80})?> (?=\S)")
_SHELL_WORDS = re.compile(
    r"(?:sudo|pip3?|pipx|python3?|uvx?|conda|mamba|poetry|hatch|tox|nox|git|npm|npx|yarn|pnpm|cargo|go|make|cmake|docker"
    r"|kubectl|brew|apt(?:-get)?|cd|export|source|curl|wget|mkdir)[ \t]+[\w./\"'-]"
)
_PROMPT_MAY_BE_ANGLE = ("console", "shell-session", "powershell", "ps1con", "doscon", "cmd", "bat", "text")
_INI_SECTION = re.compile(r"\s*\[[\w. :\"'-]{1,80}\]\s*$")


def snippet(
    start: int, lines: Sequence[str], label: str, *, title: str, scope: str = "", end: int = 0
) -> Snippet | None:
    """A snippet from the lines of a block of code; None where nothing is left of it.

    Args:
        start: The first line's number, 1-based, in the file.
        lines: Without the block's indentation.
        label: The language as the document writes it; "" where it does not say.
        title: Nearest heading, or the symbol.
        scope: Qualified name of the symbol whose docstring it is in.
        end: The last line's number, where the file does not have one line for each of these (a notebook may not).
    """
    first, last = 0, len(lines)
    while first < last and not lines[first].strip():
        first += 1
    while first < last and not lines[last - 1].strip():
        last -= 1
    kept = _within_limit(lines[first:last])
    if not kept:
        return None
    if label == "?python" and not _is_python("\n".join(kept)):
        return None
    language = _language(label.removeprefix("?"), kept)
    code = "\n".join(_plain(kept, language, label))
    if not code.strip():
        return None
    if end and end - start + 1 != len(lines):
        return analysed(Snippet(start, end, language, title, scope, code))
    return analysed(Snippet(start + first, start + first + len(kept) - 1, language, title, scope, code))


def analysed(found: Snippet) -> Snippet:
    """With imports, bindings and references, on the lines of the file, where it is in a language that is read."""
    code = snippet_code(found.code) if found.language == "python" else None
    if code is not None:
        said = python_code(code, found.start)
    elif found.language in GRAMMARS and len(found.code) <= MAX_TREE_CHARS:
        said = tree_code(found.code, found.language, found.start)
    else:
        return found
    return replace(
        found,
        imports=tuple(_within(one, found.end) for one in said.imports),
        bindings=tuple(_within(one, found.end) for one in said.bindings),
        references=tuple(
            structs.replace(one, start=min(one.start, found.end), end=min(one.end, found.end))
            if one.end > found.end
            else one
            for one in said.references
        ),
    )


def _within(one: _Placed, last: int) -> _Placed:
    """On the last line at most: a notebook may hold a whole cell on one."""
    return structs.replace(one, line=last) if one.line > last else one


def _within_limit(lines: Sequence[str]) -> list[str]:
    kept, size = [], 0
    for line in lines:
        size += len(line) + 1
        if size > MAX_CODE_CHARS:
            break
        kept.append(line)
    return kept


def _language(label: str, lines: Sequence[str]) -> str:
    named = LANGUAGE_NAMES.get(label.strip().lower(), label.strip().lower())
    if named and named != "text":
        return named
    if any(_INTERACTIVE.match(line) for line in lines):
        return "python"
    if _SHELL_PROMPT.match(lines[0]) or _SHELL_WORDS.match(lines[0]):
        return "shell"
    if named:
        return named
    return "python" if not _INI_SECTION.match(lines[0]) and _is_python("\n".join(lines)) else ""


def _is_python(code: str) -> bool:
    """Whether it parses and does something: an import, a call, an assignment or a definition."""
    tree = parse_python(code)
    if isinstance(tree, str):
        return False
    telling = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.AsyncFunctionDef,
               ast.ClassDef, ast.Call)  # fmt: skip
    return any(isinstance(node, telling) for node in ast.walk(tree))


def _plain(lines: list[str], language: str, label: str) -> list[str]:
    if language == "python" and any(_INTERACTIVE.match(line) for line in lines):
        return _session(lines)
    if language == "shell":
        return _commands(lines, windows=label.strip().lower() in _PROMPT_MAY_BE_ANGLE)
    return lines


def _session(lines: list[str]) -> list[str]:
    """An interactive session: prompts off, output blank, so that each line keeps its number."""
    kept, inside = [], False
    for line in lines:
        prompt = _INTERACTIVE.match(line) or (_CONTINUED.match(line) if inside else None)
        inside = prompt is not None
        kept.append(line[prompt.end() :] if prompt else "")
    return kept


def _commands(lines: list[str], *, windows: bool) -> list[str]:
    """A terminal session: prompts off, output blank; all lines where nothing has a prompt."""
    prompts = [_SHELL_PROMPT.match(line) for line in lines]
    if not any(prompts) and windows:
        prompts = [_WINDOWS_PROMPT.match(line) for line in lines]
    if not any(prompts):
        return lines
    kept, continued = [], False
    for line, prompt in zip(lines, prompts, strict=True):
        shown = line[prompt.end() :] if prompt else line.removeprefix("> ") if continued else ""
        continued = shown.rstrip().endswith("\\")
        kept.append(shown)
    return kept
