"""Links that a Markdown document writes, with where their targets stand, and the names of its headings."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import unquote

from codebase_gardener.documents.code_spans import edited
from codebase_gardener.documents.markdown import markdown_blocks
from codebase_gardener.documents.prose import plain_text
from codebase_gardener.utils.anchors import split_lines

__all__ = ["Anchors", "Link", "read_anchors", "read_links"]

_INLINE = re.compile(
    r"(?<!\\)\]\([ \t]*(?:<(?P<marked>[^<>\n]{1,1000})>|(?P<bare>(?:[^\s()<>]|\([^\s()]{0,200}\)){1,1000}))"
    r"(?=[ \t]*\)|[ \t]+[\"'(]|[ \t]*$)"
)
_REFERENCE = re.compile(
    r"^[> \t]{0,12}\[(?!\^)[^\[\]\n]{1,300}\]:[ \t]*<?(?P<bare>[^\s<>]{1,1000})>?[ \t]*(?:$|[\"'(])"
)
_HTML = re.compile(
    r"<[a-zA-Z][^<>]{0,300}?\s(?:href|src)\s*=\s*(?:\"(?P<marked>[^\"\n]{1,1000})\"|'(?P<bare>[^'\n]{1,1000})')"
)
_WIKI = re.compile(r"(?<![\[\\])\[\[(?P<bare>[\w./#][^\[\]\n]{0,300})\]\](?![(\[:])")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_EXTERNAL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|[{@~$%]")
_TEMPLATE = re.compile(r"\{\{|\{%|\$\{|<%")
_ID = re.compile(
    r"\{[^{}\n]{0,200}?#([\w:.-]{1,200})[^{}\n]{0,200}\}|\b(?:id|name)\s*=\s*[\"']?([^\s\"'<>]{1,200})"
)
_LABEL = re.compile(r"^\s*\(([^()\s]{1,200})\)=\s*$", re.MULTILINE)
_MADE = re.compile(
    r"^\s*(?:::: *[\w.]+\.?\w|import\s.*\bfrom\b)|^\s*(?:\.\. |[`:]{3,} *\{)(?:auto|include|toctree|doxygen)",
    re.MULTILINE,
)
_NUMBERED = re.compile(r"(.+?)[-_](\d{1,4})")


@dataclass(frozen=True)
class Link:
    """One target.

    Attributes:
        target: As written.
        line: 1-based.
        begin: Column of its first character, from 0.
        end: The one after its last.
        is_wiki: Written as `[[target]]`.
    """

    target: str
    line: int
    begin: int
    end: int
    is_wiki: bool = False


@dataclass(frozen=True)
class Anchors:
    """What a fragment may name.

    Attributes:
        names: Of headings and of what is named by hand, how often.
        open: More come from elsewhere: included files, generated references.
    """

    names: Counter[str]
    open: bool

    def has(self, fragment: str) -> bool:
        """Whether a fragment names one; the second of two headings has a number behind.

        Example:
            >>> anchors = read_anchors("# Quick start\\n## `run()`\\n")
            >>> [anchors.has(name) for name in ("quick-start", "run", "quick-start-1", "stop")]
            [True, True, False, False]
        """
        wanted = unquote(fragment).removeprefix("user-content-")
        if self.open or wanted.casefold() in ("", "top") or wanted.startswith((":~:", "fn")):
            return True
        if any(name in self.names for name in _slugs(wanted)):
            return True
        numbered = _NUMBERED.fullmatch(wanted)
        return numbered is not None and any(
            self.names[name] > int(numbered[2]) for name in _slugs(numbered[1])
        )


def read_links(text: str) -> Iterator[Link]:
    r"""Every link to a place of the same tree, in order; none of code, comments and templates.

    Example:
        >>> [link.target for link in read_links("[a](b.md#c) `[x](y)` [[Page]] [w](https://w.org)\n\n[r]: ../d\n")]
        ['b.md#c', 'Page', '../d']
    """
    if not any(mark in text for mark in ("](", "]:", "[[", "href", "src")):
        return
    named = set()
    lines = _without_code(text)
    for line in lines:
        found = re.match(r"\s{0,3}\[([^\[\]]{1,300})\]:", line)
        named |= {found[1].casefold()} if found else set()
    for number, line in enumerate(lines, 1):
        here = []
        for pattern in (_INLINE, _REFERENCE, _HTML, _WIKI):
            for match in (
                pattern.finditer(line) if pattern is not _REFERENCE else filter(None, [pattern.match(line)])
            ):
                group = "bare" if match["bare"] is not None else "marked"
                is_wiki = pattern is _WIKI
                target = match[group]
                if _EXTERNAL.match(target) and not (is_wiki and not target.startswith("http")):
                    continue
                if _TEMPLATE.search(target) or (is_wiki and target.casefold() in named):
                    continue
                here.append(Link(target, number, match.start(group), match.end(group), is_wiki))
        yield from sorted(here, key=lambda link: link.begin)


def read_anchors(text: str) -> Anchors:
    """The names of headings as the usual renderers make them, and those that are written by hand."""
    names: Counter[str] = Counter()
    blocks = markdown_blocks(text)
    for block in blocks:
        if block.kind == "heading":
            title = unescape(block.text)
            names.update(
                {slug for form in (title, plain_text(title), _shown(title)) for slug in _slugs(form)}
            )
    for found in _ID.finditer(text):
        names.update(_slugs((found[1] or found[2]).removeprefix("user-content-")))
    for found in _LABEL.finditer(text):
        names.update(_slugs(found[1]))
    made = any(block.kind in ("include", "listing") for block in blocks) or _MADE.search(text) is not None
    return Anchors(names, made)


def _shown(title: str) -> str:
    """The text of a heading without the targets of its links and tags."""
    title = re.sub(r"!?\[([^\[\]]*)\](?:\([^()]*\)|\[[^\[\]]*\])", r"\1", title)
    return re.sub(r"<[^<>]*>|\{[^{}]*\}", "", title)


def _slugs(title: str) -> set[str]:
    """The words of a heading: punctuation left out (GitHub, MkDocs), or between words (docutils); also in ASCII.

    Example:
        >>> sorted(_slugs("What's new in 2.0?"))
        ['what-s-new-in-2-0', 'whats-new-in-20']
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    forms = set()
    for form in (title, plain):
        words = form.casefold()
        for kept in (re.sub(r"[^\w\s-]", "", words), re.sub(r"\W", " ", words)):
            forms.add(re.sub(r"[\s_-]+", "-", kept).strip("-"))
    return forms - {""}


def _without_code(text: str) -> list[str]:
    """The lines, with blanks where code and comments stand."""
    lines = split_lines(text)
    for block in markdown_blocks(text):
        if block.kind == "code":
            lines[block.start - 1 : block.end] = [""] * (block.end - block.start + 1)
    whole = _COMMENT.sub(lambda found: _blank(found[0]), "\n".join(lines))
    parts = re.split(r"(\n[ \t]*\n)", whole)
    return "".join(edited(part, _blank) for part in parts).split("\n")


def _blank(code: str) -> str:
    return re.sub(r"[^\n]", " ", code)
