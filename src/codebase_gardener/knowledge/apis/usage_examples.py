"""Where the authors show an API: quotes of whole statements from docs, examples, docstrings and tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codebase_gardener.documents.facts import Snippet
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.taken_back import stands_in_a_warning
from codebase_gardener.knowledge.apis.words_beside import snippet_around
from codebase_gardener.knowledge.links.uses import Passage, Target, Use
from codebase_gardener.knowledge.pages.citations import dedented
from codebase_gardener.knowledge.pages.wording import AREA_ORDER
from codebase_gardener.languages.python.row import is_python
from codebase_gardener.languages.python.trees import parse_python
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.utils.memo import remembered

__all__ = ["UsageExample", "usage_examples"]

_COMMENTED = re.compile(r"[ \t]*(?:///|//!|\*(?!/))[ \t]?|[ \t]*\Z")
_GOES_ON = re.compile(r"\s*(?:[)\]}.,:|&?]|(?:else|except|finally|catch|elif|end)\b)")
"""What a line begins with that belongs to the one before it."""

_WRAPPED = "if 1:  # the indented lines of a definition"
_MOST_LINES = 15
_MOST_OWN_LINES = 40  # of the example in a definition's own docstring
_MOST_TRIED = 40  # uses of one area that are looked at
_LONGEST_LINE = 200
_MOST_GAP = 5  # lines of comments or blank ones between two statements of a quote
_FAILING = re.compile(
    r"raise|error|warn|invalid|fail|wrong|not_|must|exception"
)  # in lower case: much faster


@dataclass(frozen=True)
class UsageExample:
    """A quote.

    Attributes:
        passage: What it is taken from.
        path, start, end: Its lines.
        text: These lines, with their common indentation taken off.
        language: Of its block.
    """

    passage: Passage
    path: str
    start: int
    end: int
    text: str
    language: str


def usage_examples(target: Target, context: ApiContext, most: int = 3) -> tuple[UsageExample, ...]:
    """Quotes that show a target in use: best first, from different areas and files where there are such."""
    found: list[UsageExample] = []
    for passage, use in _in_turn(_candidates(target, context)):
        if passage.area == "test" and any(each.path == use.path for each in found):
            continue
        if passage.area in ("readme", "docs") and stands_in_a_warning(use, context.repository):
            continue
        example = _quote(passage, use, context)
        if example and not _repeats(example, found):
            found.append(example)
        if len(found) == most:
            break
    return tuple(sorted(found, key=lambda each: AREA_ORDER.index(each.passage.area)))


def _candidates(target: Target, context: ApiContext) -> list[list[tuple[Passage, Use]]]:
    """Per area the uses, best first: calls before mentions, surely resolved ones, with arguments, short ones."""
    areas: dict[str, list[tuple[Passage, Use]]] = {area: [] for area in AREA_ORDER}
    for passage, use in context.uses.get(target, []):
        if passage.area in areas and not use.path.endswith(".ipynb"):
            areas[passage.area].append((passage, use))
    return [sorted(each, key=_worth)[:_MOST_TRIED] for each in areas.values() if each]


def _worth(pair: tuple[Passage, Use]) -> tuple[object, ...]:
    passage, use = pair
    return (
        not use.acts,
        use.how == "name",
        passage.area == "test"
        and bool(_FAILING.search(f"{passage.scope} {passage.title} {use.text}".lower())),
        -min(len(use.keywords), 4),
        use.end - use.start > _MOST_LINES - 5,
        use.path,
        use.start,
    )


def _in_turn(areas: list[list[tuple[Passage, Use]]]) -> Iterator[tuple[Passage, Use]]:
    for index in range(max(map(len, areas), default=0)):
        for each in areas:
            if index < len(each):
                yield each[index]


def _repeats(example: UsageExample, found: list[UsageExample]) -> bool:
    return any(
        (each.path == example.path and each.start <= example.end and example.start <= each.end)
        or each.text == example.text
        for each in found
    )


def _quote(passage: Passage, use: Use, context: ApiContext) -> UsageExample | None:
    facts = context.repository.facts[use.path]
    snippet = snippet_around(use, context.repository)
    language = snippet.language if snippet else facts.language
    spans = (
        _statements(use, context) if language == "python" else _lines_around(passage, use, snippet, context)
    )
    if spans is None:
        return None
    start, end = spans
    lines = context.repository.lines(use.path, start, end)
    if not lines or max(map(len, lines)) > _LONGEST_LINE:
        return None
    return UsageExample(passage, use.path, start, end, dedented(lines), language)


def _lines_around(
    passage: Passage, use: Use, snippet: Snippet | None, context: ApiContext
) -> tuple[int, int] | None:
    """Of code that is not parsed here: a short block, test or function as a whole, else lines up to blank ones."""
    first, last = (snippet.start, snippet.end) if snippet else (passage.start, passage.end)
    if last - first >= _MOST_LINES and not snippet:
        around = _definition_around(use, context)
        first, last = (around.start, around.end) if around else (first, last)
    is_own = passage.area == "docstring" and passage.scope == use.target.name
    if last - first < (_MOST_OWN_LINES if is_own else _MOST_LINES):
        return first, last
    start, end = max(first, use.end - _MOST_LINES + 1), min(last, use.start + _MOST_LINES - 1)
    if use.start < start or use.end > end:
        return None
    lines = _uncommented(context.repository.lines(use.path, start, min(end + 1, last)))
    found = _whole_lines(lines, use.start - start, use.end - start)
    return (found[0] + start, found[1] + start) if found else None


def _uncommented(lines: Sequence[str]) -> list[str]:
    """The lines of an example in a comment without the comment's marks."""
    marked = [_COMMENTED.match(line) for line in lines]
    return (
        [line[mark.end() :] for line, mark in zip(lines, marked, strict=True) if mark]
        if all(marked)
        else list(lines)
    )


def _whole_lines(lines: Sequence[str], first: int, last: int) -> tuple[int, int] | None:
    """First and last of the lines around some that are whole by their indents: the outermost that are few enough.

    Args:
        lines: The most that can be quoted, and the next one where there is one.
        first, last: Those that are to be among them.

    Example:
        >>> lines = ["    old()", "}", "", "loop {", "    new()", "}", "", "more()"]
        >>> _whole_lines(lines, 4, 4)
        (3, 5)
    """
    indents = [len(line) - len(line.lstrip()) for line in lines]
    begins = [bool(line.strip()) and not _GOES_ON.match(line) for line in lines]

    def before(at: int, level: int) -> int | None:
        return next((n for n in range(at, -1, -1) if begins[n] and indents[n] <= level), None)

    def after(at: int, level: int) -> int:
        return next(
            (n for n in range(at, len(lines)) if lines[n].strip() and indents[n] < level + begins[n]),
            len(lines),
        )

    for level in sorted(
        {indents[at] for at in range(first + 1) if begins[at] and indents[at] <= indents[first]}
    ):
        start, end = before(first, level), after(last + 1, level)
        if start is None or end - start > _MOST_LINES:
            continue
        while start and lines[start - 1].strip() and (above := before(start - 1, level)) is not None:
            if indents[above] < level or end - above > _MOST_LINES:
                break
            start = above
        while end < len(lines) and lines[end - 1].strip() and indents[end] == level:
            if after(end + 1, level) - start > _MOST_LINES:
                break
            end = after(end + 1, level)
        while not lines[end - 1].strip():
            end -= 1
        return start, end - 1
    return None


def _statements(use: Use, context: ApiContext) -> tuple[int, int] | None:
    """The lines to quote: a short block as a whole, else statements around the use."""
    snippet = snippet_around(use, context.repository)
    if snippet and snippet.end - snippet.start < _MOST_LINES:
        return snippet.start, snippet.end
    if snippet:
        code, offset = snippet.code, snippet.start - 1
    elif is_python(use.path):
        code, offset = _code_around(use, context)
    else:
        return None
    window = _whole_statements(code, use.start - offset, use.end - offset)
    return (window[0] + offset, window[1] + offset) if window else None


@remembered
def _whole_statements(code: str, start: int, end: int) -> tuple[int, ...]:
    """First and last line of the whole statements around lines of code; nothing where it is no Python."""
    tree = parse_python(code)
    if isinstance(tree, str):
        return ()
    if code.startswith(_WRAPPED) and tree.body and isinstance(tree.body[0], ast.If):
        tree = ast.Module(tree.body[0].body, [])
    return _window(tree, start, end) or ()


def _code_around(use: Use, context: ApiContext) -> tuple[str, int]:
    """The text of the smallest definition around a use, or of its file, and what its lines lack."""
    smallest = _definition_around(use, context)
    if smallest is None:
        return context.repository.texts[use.path], 0
    lines = context.repository.lines(use.path, smallest.start, smallest.end)
    indented = lines[0][:1].isspace()
    return "\n".join([_WRAPPED, *lines] if indented else lines), smallest.start - (2 if indented else 1)


def _definition_around(use: Use, context: ApiContext) -> Symbol | None:
    symbols = context.repository.facts[use.path].symbols
    around = (each for each in symbols if each.start <= use.start and use.end <= each.end)
    return min(around, key=lambda each: each.end - each.start, default=None)


def _window(tree: ast.Module, start: int, end: int) -> tuple[int, int] | None:
    """First and last line of the whole statements around lines, at most 15 lines."""
    body = _spans(tree.body)
    nodes = tree.body
    while True:
        at = next((i for i, (first, last) in enumerate(body) if first <= start and end <= last), None)
        if at is None:
            return None
        node = nodes[at]
        first, last = body[at]
        inner = _body_with(node, start, end)
        if inner and (
            last - first >= _MOST_LINES
            or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        ):
            nodes, body = inner, _spans(inner)
            continue
        return _grown(body, at) if last - first < _MOST_LINES else None


def _grown(body: list[tuple[int, int]], at: int) -> tuple[int, int]:
    """A statement with its neighbours: those before it first, since they make what it needs."""
    first, last = body[at]
    before, after = at - 1, at + 1
    while before >= 0 and last - body[before][0] < _MOST_LINES and first - body[before][1] <= _MOST_GAP:
        first = body[before][0]
        before -= 1
    while after < len(body) and body[after][1] - first < _MOST_LINES and body[after][0] - last <= _MOST_GAP:
        last = body[after][1]
        after += 1
    return first, last


def _body_with(node: ast.stmt, start: int, end: int) -> list[ast.stmt]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list) and block:
            first, last = _spans([block[0]])[0][0], _spans([block[-1]])[0][1]
            if first <= start and end <= last:
                return block
    for handler in [*getattr(node, "handlers", []), *getattr(node, "cases", [])]:
        found = _body_with(handler, start, end)
        if found:
            return found
    return []


def _spans(body: list[ast.stmt]) -> list[tuple[int, int]]:
    return [
        (
            min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))]),
            node.end_lineno or node.lineno,
        )
        for node in body
        if hasattr(node, "lineno")
    ]
