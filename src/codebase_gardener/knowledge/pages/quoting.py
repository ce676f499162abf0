"""Text of the repository inside a page: it is data, so it can neither open a section nor make a link of the wiki."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codebase_gardener.documents.blocks import without_indent
from codebase_gardener.documents.code_spans import edited
from codebase_gardener.documents.docstrings import Documentation
from codebase_gardener.documents.fences import closes_fence, opened_fence
from codebase_gardener.documents.prose import role_free
from codebase_gardener.documents.sentences import before_open_bracket
from codebase_gardener.knowledge.pages.markup import fence

__all__ = ["inline", "safe_markdown", "summary_quote"]

_LONGEST = 20_000  # characters of a text that are looked at
_LONGEST_LINE = 1_000
_DEEPEST = 12  # columns before a fence

_CLEANERS: tuple[tuple[re.Pattern[str], str], ...] = (
    # what it is, what remains of it; each is linear in the length of a line
    (re.compile(r"\[`[~!]?([^`]{1,300})`\](?:\[[^\[\]\s]{0,200}\])?(?!\()"), r"`\1`"),  # [`Pot`][clay::Pot]
    (re.compile(r"`([^`<>]{1,200}) <(https?://[^`<>\s]{1,300})>`_{1,2}"), r"[\1](\2)"),  # rst's links
    (re.compile(r"(?<!`)`([^`]{1,200})`_{1,2}(?![\w`])"), r"\1"),
    (re.compile(r"<a\s[^<>]{0,300}>([^<>]{0,300})</a>"), r"\1"),
    (re.compile(r"<Tip(?: warning=\{true\})?>|</Tip>"), ""),
    (re.compile(r"\[!(?:TIP|NOTE|WARNING|IMPORTANT|CAUTION)\]\s*"), ""),
    (re.compile(r"^(\s*)\.\. (note|warning|tip|important|caution|seealso|deprecated|versionadded|versionchanged)::\s*"),
     r"\1\2: "),
    (re.compile(r"^(\s*)\.\. [\w:-]{1,40}::\s*"), r"\1"),
)  # fmt: skip
_SIGNS = ("`", "<", "[!", ".. ")
"""Without one of them no cleaner finds anything."""
_DIRECTIVE = re.compile(r"\s{0,40}\.\. (?:code-block|sourcecode|code|parsed-literal|testcode)::")
_COUNTED = re.compile(r"\s{0,12}#\.\s+")
_BULLET = re.compile(r"\s+[-*+]\s")
_RUN = re.compile(r"(\\*)(`+)")


def safe_markdown(text: str, most_lines: int = 60) -> str:
    """A text of the repository as a block quote.

    Code blocks stay code blocks; headings, HTML, images, links of the wiki and anchors lose their meaning.

    Args:
        text: Docstring or section of a document.
        most_lines: Those that are shown; the quote says how many follow.
    """
    lines = text[:_LONGEST].strip("\n").split("\n")
    shown = list(_quoted(lines[:most_lines]))
    while shown and not shown[-1]:
        shown.pop()
    if len(lines) > most_lines:
        shown += ["", f"… ({len(lines) - most_lines} further lines)"]
    return "\n".join(f"> {line}".rstrip() for line in shown)


def inline(text: str, most: int = 400) -> str:
    """A text on one line, safe inside a sentence of a page; cut at a word where it is longer than `most`.

    Example:
        >>> inline("Use :class:`~peft.LoraConfig` <b>now</b>, [[step::X]]")
        'Use `LoraConfig` \\\\<b>now\\\\</b>, \\\\[\\\\[step::X]]'
    """
    looked_at = 4 * most + 400  # characters: what is cleaned away may be more than what is left
    whole = " ".join(text[: 2 * looked_at].split())
    line = _cleaned(whole[:looked_at].rpartition(" ")[0] if len(whole) > looked_at else whole)
    if len(line) > most:
        line = before_open_bracket(line[:most].rpartition(" ")[0])
    elif len(whole) <= looked_at:
        return _escaped(line)
    return _escaped(line.rstrip(" ,;:") + " …")


def summary_quote(says: Documentation, most: int = 400) -> str:
    """What a docstring says first, in quotation marks, with what it is deprecated for; "" where it says nothing.

    Example:
        >>> summary_quote(Documentation("Boils.", "Deprecated: Use heat."))
        '“Boils.” It is deprecated: “Use heat.”'
    """
    if not says.summary:
        return ""
    taken_back = f" It is deprecated: “{inline(says.deprecation, most)}”" if says.deprecation else ""
    since = next((one for one in says.changes if one.startswith("deprecated")), "")
    return f"“{inline(says.summary, most)}”{taken_back or (f' It is {inline(since, most)}' if since else '')}"


def _quoted(lines: list[str]) -> Iterator[str]:
    at = 0
    counts: dict[int, int] = {}
    while at < len(lines):
        end = _block_end(lines, at)
        if _DIRECTIVE.match(lines[at]):
            at += 1
        elif end:
            body = [line for line in lines[at:end] if not opened_fence(line, _DEEPEST)]
            yield from fence(
                "\n".join(_inert(line.rstrip()[:_LONGEST_LINE]) for line in without_indent(body))
            ).split("\n")
            at = end
        else:
            line = _numbered(lines[at], counts)
            if _COUNTED.match(lines[at]) and at and lines[at - 1].strip():
                yield ""
            yield _line(line)
            at += 1


def _numbered(line: str, counts: dict[int, int]) -> str:
    """An item that reStructuredText counts itself with its number, and a bullet in it as deep as it stands.

    Args:
        line: Of a text.
        counts: Of each column, the items that the open list there has so far; it is brought up to date.
    """
    item, indent = _COUNTED.match(line), _indent(line)
    if line.strip():
        for column in [one for one in counts if one >= indent + bool(item)]:
            del counts[column]
    if item:
        counts[indent] = counts.get(indent, 0) + 1
        return f"{line[:indent]}{counts[indent]}. {line[item.end() :]}"
    return f"    {line}" if counts and _BULLET.match(line) else line


def _block_end(lines: list[str], at: int) -> int:
    """One past the last line of the code block that begins at a line; 0 if none does."""
    if opened := opened_fence(lines[at], _DEEPEST):
        for end in range(at + 1, len(lines)):
            if closes_fence(lines[end], opened.mark):
                return end + 1
        return len(lines)  # as Markdown has it: one that is not closed runs to the end
    if lines[at].lstrip().startswith(">>>"):
        return next((end for end in range(at, len(lines)) if not lines[end].strip()), len(lines))
    before = next((line for line in reversed(lines[:at]) if line.strip()), "")
    indent = _indent(lines[at])
    literal = before.rstrip().endswith("::") or _DIRECTIVE.match(before)
    if not (literal and lines[at].strip() and indent > _indent(before)):
        return 0
    end = at
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) >= indent):
        end += 1
    while not lines[end - 1].strip():
        end -= 1
    return end


def _line(line: str) -> str:
    text = line.rstrip()[:_LONGEST_LINE]
    body = _cleaned(text).lstrip()
    if re.fullmatch(r"([=\-~^*_#])\1{2,}\s*", body):
        return "\\" + body
    if body.startswith(("#", ">")):
        body = "\\" + body
    if body.endswith("::"):
        body = body[:-1]
    indent = _indent(text)
    if body.startswith(("- ", "* ")):
        return " " * min(max(indent - 4, 0), 6) + _escaped(body)
    return " " * min(indent, 3) + _escaped(body)


def _cleaned(line: str) -> str:
    if not any(sign in line for sign in _SIGNS):
        return line
    line = role_free(line)
    for pattern, kept in _CLEANERS:
        line = pattern.sub(kept, line)
    return line


def _escaped(line: str) -> str:
    """Outside of code marks `<`, images and wiki links are escaped; a run of backticks without a partner, too."""
    return edited(line, _inert, _neutral)


def _neutral(text: str) -> str:
    if not any(sign in text for sign in "<`[]"):
        return text
    text = re.sub(r"<(?=[A-Za-z/!?])", r"\\<", text)
    text = _RUN.sub(_escaped_run, text)
    text = text.replace("[[", "\\[\\[").replace("![", "!\\[")
    return re.sub(r"\]\((?!https?://)", r"]\\(", text)


def _escaped_run(run: re.Match[str]) -> str:
    is_escaped = len(run[1]) % 2  # the first of them
    return run[1] + "`" * is_escaped + "\\`" * (len(run[2]) - is_escaped)


def _inert(code: str) -> str:
    """Code in which no link of the wiki and no anchor is left."""
    code = code.replace("[[", "[ [") if "::" in code else code
    return re.sub(r":L(?=\d)", ": L", code)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
