"""Markdown that reads back: code spans, fenced blocks and tables, whatever text they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from codebase_gardener.documents.code_spans import code_spans, edited
from codebase_gardener.documents.fences import fence_after, opened_fence

__all__ = [
    "EMPTY", "MAY_BE_IT", "MAY_USE_IT", "NONE_FOUND", "NO_CERTAIN_USE", "NO_CHECK", "NO_CODE", "NO_ERROR",
    "NO_VARIABLE", "USED_BY", "USES", "WHY_A_PAGE", "code", "code_texts", "cell", "fence", "fenced", "is_rule",
    "link_free", "open_fence", "outside_fences", "plain", "read_tables", "spoken", "table", "told_table",
    "unescaped", "without_code",
]  # fmt: skip

NONE_FOUND = "None found in the repository."
"""What a section says that has nothing to say."""

NO_VARIABLE = "No environment variable was found that the code reads for this."
NO_ERROR = "The code raises no error of its own for this."
NO_CHECK = "The code checks no version and no platform."
"""What an Environment says that has none."""

NO_CODE = "No use by its name was found in docs, examples or tests."
"""What a page says of a subject that nobody uses."""

NO_CERTAIN_USE = "No use that is certain was found in docs, examples or tests."
"""What it says where some may be, which the line after it tells."""

MAY_USE_IT = "On things of unknown type "
"""What the line begins with that says where its name is called without its type."""

MAY_BE_IT = "Something of its name "
"""What the line begins with that says where such a name is imported from the repository's own code."""

WHY_A_PAGE = "Why it has a page: "
"""What the line begins with that says it."""

USES = "Its code uses "
USED_BY = "The package's own code uses it "
"""What the lines begin with that say which other definitions a subject's code uses, and which use it."""

EMPTY = "—"
"""What a cell of a table says that has nothing to say."""

_CELL_END = re.compile(r"(?<!\\)\|")
_ESCAPED = re.compile(r"\\([\\`*\[\]<>_~&(#])")
_RULE = re.compile(r"\|(?: *:?-+:? *\|)+\s*\Z")
_MARKS = re.compile(r"[\\`*\[\]<>]|(?<![^\W_])_|_(?![^\W_])|~(?=~)|(?<=~)~|&(?=#?\w+;)")


def code(text: str) -> str:
    """A code span on one line; "" for nothing.

    Example:
        >>> code("a"), code("`b`")
        ('`a`', '`` `b` ``')
    """
    if "`" not in text and text.isprintable() and text == text.strip():
        return f"`{text}`" if text else ""  # by far the most: nothing to do
    text = _one_line(text)
    if not text:
        return ""
    mark = "`" * (_longest_run(text, "`") + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{mark}{pad}{text}{pad}{mark}"


def plain(span: str) -> str:
    """The text of a code span that `code` wrote; other text as it is."""
    mark = re.match(r"`+", span)
    if not mark or len(span) <= 2 * mark.end() or not span.endswith(mark.group()):
        return span
    inner = span[mark.end() : -mark.end()]
    return inner[1:-1] if inner[:1] == inner[-1:] == " " and "`" in (inner[1:2], inner[-2:-1]) else inner


def code_texts(line: str) -> list[str]:
    """What stands in code marks on a line, in order; escaped marks are none.

    Example:
        >>> code_texts("see `a` and `` `b` ``")
        ['a', '`b`']
    """
    return [plain(line[start:end]) for start, end, _ in code_spans(line)]


def without_code(line: str) -> str:
    """A line with spaces for what stands in code marks.

    Example:
        >>> without_code("see `[[a]]`")
        'see        '
    """
    return edited(line, lambda span: " " * len(span)) if "`" in line else line


def fence(text: str, language: str = "") -> str:
    """A fenced block whose fence is longer than any within it."""
    mark = "`" * max(3, _longest_run(text, "`") + 1)
    return f"{mark}{re.sub(r'[^A-Za-z0-9_+.-]', '', language)}\n{text}\n{mark}"


def fenced(text: str) -> tuple[str, str]:
    """Language and content of the first fenced block; ("", "") where there is none."""
    inside: list[str] | None = None
    language = ""
    for line, is_code in _classified(text.split("\n")):
        if is_code and inside is None:
            opened = opened_fence(line, 3)
            inside, language = [], opened.info if opened else ""
        elif is_code and inside is not None:
            inside.append(line)
        elif inside is not None:
            break
    return (language, "\n".join(inside[:-1])) if inside is not None else ("", "")


def link_free(text: str) -> str:
    """Text of the repository as plain words on one line: nothing in it is a link, an image, a tag or code.

    Example:
        >>> link_free("see [[step::Principle:x]] <b>")
        'see \\\\[\\\\[step::Principle:x\\\\]\\\\] \\\\<b\\\\>'
    """
    return _MARKS.sub(r"\\\g<0>", _one_line(text))


def spoken(line: str) -> str:
    """A line of a page without the escapes of Markdown, for where it is shown as it is; code stays in its marks.

    Example:
        >>> spoken(link_free("a custom __init__() <b>")), spoken(r"see `\\_a`")
        ('a custom __init__() <b>', 'see `\\\\_a`')
    """
    return edited(line, str, lambda text: _ESCAPED.sub(r"\1", text)) if "\\" in line else line


def cell(text: str) -> str:
    """The text as a cell of a table: one line, with its pipes escaped; a dash for nothing."""
    return _one_line(text).replace("|", "\\|") or EMPTY


def unescaped(text: str) -> str:
    """What `cell` was given."""
    text = text.strip().replace("\\|", "|")
    return "" if text == EMPTY else text


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; each value is escaped by `cell`."""
    lines = [_row(headings), _row(["---"] * len(headings))]
    lines += [_row([cell(value) for value in row]) for row in rows]
    return "\n".join(lines)


def told_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The same without the columns after the first in which no row says anything.

    Example:
        >>> print(told_table(("Name", "Type", "Says"), [("a", "", "b"), ("c", "", "")]))
        | Name | Says |
        | --- | --- |
        | a | b |
        | c | — |
    """
    every = [tuple(row) for row in rows]
    kept = [at for at in range(len(headings)) if not at or any(row[at] for row in every)]
    return table([headings[at] for at in kept], [[row[at] for at in kept] for row in every])


def read_tables(text: str) -> list[tuple[list[str], list[list[str]]]]:
    """The tables of a text: headings and rows, as given to `table`."""
    found: list[tuple[list[str], list[list[str]]]] = []
    lines = outside_fences(text)
    for index, line in enumerate(lines):
        if index and _RULE.match(line) and lines[index - 1].startswith("|"):
            rows = []
            for row in lines[index + 1 :]:
                if not row.startswith("|"):
                    break
                rows.append(_values(row))
            found.append((_values(lines[index - 1]), rows))
    return found


def is_rule(line: str) -> bool:
    """Whether a line is what stands under a table's head."""
    return _RULE.match(line) is not None


def outside_fences(text: str) -> list[str]:
    """The lines of a text, with "" for those in fenced blocks (fences included)."""
    lines = text.split("\n")
    if "```" not in text and "~~~" not in text:
        return lines
    return ["" if is_code else line for line, is_code in _classified(lines)]


def open_fence(text: str) -> str:
    """The fence of a block that has no end; "" where every block has one."""
    mark = ""
    for line in text.split("\n"):
        mark = fence_after(line, mark)
    return mark


def _classified(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Each line and whether it is part of a fenced block."""
    mark = ""
    for line in lines:
        before, mark = mark, fence_after(line, mark)
        yield line, bool(before or mark)


def _one_line(text: str) -> str:
    """Without line breaks; spaces within a line stay, since a path may have them."""
    lines = text.splitlines()
    if len(lines) == 1:
        return lines[0].strip()
    return " ".join(filter(None, (line.strip() for line in lines)))


def _row(values: Sequence[str]) -> str:
    return f"| {' | '.join(values)} |"


def _values(row: str) -> list[str]:
    return [unescaped(value) for value in _CELL_END.split(row.strip()[1:-1])]


def _longest_run(text: str, mark: str) -> int:
    return max((len(run) for run in re.findall(f"{mark}+", text)), default=0)
