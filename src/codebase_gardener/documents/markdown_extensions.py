"""What site generators add to CommonMark (MkDocs, MyST, Docusaurus, Hugging Face), as rules of markdown-it's parser.

Boxes of marks (`:::note`, `/// note`, a fence of MyST with text) are mdit-py-plugins' containers. Its `admon` ends a
box at two blank lines, which Python-Markdown does not, and knows no tabs (`=== "A"`): these boxes are read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from codebase_gardener.documents.blocks import ADMONITIONS

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock

__all__ = ["extend", "included"]

_DIRECTIVE = re.compile(r"[ \t]*\{([\w:+-]{1,60})\}")
_BOX = re.compile(
    r"(?:!!!|\?\?\?\+?|===\+?)[ \t]+([\w-]{1,40}|(?=\"))(?:[ \t]+[\w-]+)*[ \t]*(?:\"([^\"]{0,200})\")?"
)
_TIP = re.compile(r"<Tip\b([^<>]{0,400})>(.*)", re.IGNORECASE)
_TIP_END = re.compile(r"</Tip>", re.IGNORECASE)
_LISTING = re.compile(r":::[ \t]+([A-Za-z_]\w*(?:\.\w+)*)[ \t]*$")
_AUTODOC = re.compile(r"\[\[autodoc\]\][ \t]*([\w.]{1,300})")
_MEMBER = re.compile(r"[ \t]*-[ \t]+[\"']?(\w+)[\"']?[ \t]*$")
_MEMBERS = re.compile(r"[ \t]*members:[ \t]*(.{0,2000})$")
_WORD = re.compile(r"\w+")
_INCLUDE = re.compile(
    r"[ \t]*(?:\{\*[ \t]*(\S{1,400})"  # mdx-include of the FastAPI family
    r"|\{!>?[ \t]*(\S{1,400}?)[ \t]*!\}"  # markdown-include, mdx_include
    r"|-{1,}8<-{1,}[ \t]+[\"']([^\"'\s]{1,400})[\"'])"  # pymdownx.snippets
)
_COMPONENT = re.compile(
    r"</?(?:[A-Z][\w.]*|hfoptions?|details|summary|div|tabs?|figure|section)\b[^<>]{0,400}>\s*$"
)
_TEXT_DIRECTIVES = ADMONITIONS.keys() | {
    "tab-set", "tab-item", "tabs", "tab", "group-tab", "grid", "grid-item", "card", "div", "only", "container",
    "versionremoved", "rubric", "topic", "sidebar", "epigraph",
}  # fmt: skip


def extend(parser: MarkdownIt) -> None:
    """Gives the parser tokens "box_open", "container_…_open", "listing", "include" and "colon_fence", with lines."""
    from mdit_py_plugins.colon_fence import colon_fence_plugin
    from mdit_py_plugins.container import container_plugin

    ends = ["paragraph", "reference", "blockquote", "list"]
    parser.block.ruler.before("table", "extension", _extension, {"alt": ends})
    container_plugin(parser, "colons", ":", lambda info, _: bool(info.strip()) and _has_text(info, True))
    container_plugin(parser, "slashes", "/", lambda info, _: bool(info.strip()))
    for name, mark in (("backticks", "`"), ("tildes", "~")):
        container_plugin(parser, name, mark, lambda info, _: _has_text(info, False))
    colon_fence_plugin(parser)


def included(line: str) -> str:
    """The path of the file that a line includes; "".

    Example:
        >>> included("{* ../a.py hl[1] *}"), included('--8<-- "b.md"'), included("{! c.md !}"), included("text")
        ('../a.py', 'b.md', 'c.md', '')
    """
    found = _INCLUDE.match(line)
    return next(filter(None, found.groups()), "") if found else ""


def _has_text(info: str, otherwise: bool) -> bool:
    """Whether a directive has text, not code or names, for its content."""
    directive = _DIRECTIVE.match(info)
    return directive[1].lower() in _TEXT_DIRECTIVES if directive else otherwise


def _extension(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    line = _line(state, start)
    for pattern, read in _FORMS.get(line[:1], ()):
        found = pattern.match(line)
        if found and (silent or read(state, start, end, found)):
            return True
    return False


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def _component(state: StateBlock, start: int, end: int, found: re.Match[str]) -> bool:
    """A tag alone on its line opens or closes a part of the page: what is within is Markdown."""
    state.line = start + 1
    return True


def _include(state: StateBlock, start: int, end: int, found: re.Match[str]) -> bool:
    token = state.push("include", "", 0)
    token.content, token.map = included(found[0]), [start, start + 1]
    state.line = start + 1
    return True


def _box(state: StateBlock, start: int, end: int, found: re.Match[str]) -> bool:
    indent, last = state.sCount[start] + 4, start + 1
    for number in range(start + 1, end):
        if not state.isEmpty(number):
            if state.sCount[number] < indent:
                break
            last = number + 1
    _open(state, found[1] or "tab", found[2] or "", start, last, last, indent)
    return True


def _tip(state: StateBlock, start: int, end: int, found: re.Match[str]) -> bool:
    """Up to its end, which is looked for once where there is none."""
    if _TIP_END.search(found[2]):
        last = start
    elif "tip" in state.env:
        return False
    else:
        last = next((number for number in range(start + 1, end) if _TIP_END.search(_line(state, number))), -1)
    if last < 0:
        state.env["tip"] = "without an end"
        return False
    name = "warning" if "warning" in found[1] else "tip"
    said = _TIP_END.sub("", found[2]).strip()
    _open(state, name, "", start, max(last, start + 1), last + 1, state.blkIndent, said)
    return True


def _open(
    state: StateBlock, name: str, title: str, start: int, end: int, last: int, indent: int, said: str = ""
) -> None:
    """Tokens of a box, and of the lines within, which end before `end`; the parser goes on at `last`."""
    token = state.push("box_open", "", 1)
    token.info, token.content, token.map = name, title, [start, last]
    if said:
        state.push("paragraph_open", "p", 1)
        inline = state.push("inline", "", 0)
        inline.content, inline.map = said, [start, start + 1]
        state.push("paragraph_close", "p", -1)
    before = state.parentType, state.lineMax, state.blkIndent
    state.parentType, state.lineMax, state.blkIndent = "box", end, indent
    state.md.block.tokenize(state, start + 1, end)
    state.parentType, state.lineMax, state.blkIndent = before
    state.push("box_close", "", -1)
    state.line = last


def _listing(state: StateBlock, start: int, end: int, found: re.Match[str]) -> bool:
    """mkdocstrings' `::: a.b`, with its options."""
    if found[1] in ADMONITIONS:
        return False
    last = start + 1
    while last < end and not state.isEmpty(last) and state.sCount[last] > state.sCount[start]:
        last += 1
    members, only = _members([_line(state, number) for number in range(start + 1, last)])
    _list(state, found[1], start, last, members, only)
    return True


def _autodoc(state: StateBlock, start: int, end: int, found: re.Match[str]) -> bool:
    """Hugging Face's `[[autodoc]] A`, with the members that it names."""
    last, only = start + 1, []
    while last < end and (member := _MEMBER.match(_line(state, last))):
        only.append(member[1])
        last += 1
    names = tuple(name for name in only if name != "all")
    _list(state, found[1], start, last, "all" in only or not only, names)
    return True


def _list(state: StateBlock, name: str, start: int, end: int, members: bool, only: tuple[str, ...]) -> None:
    token = state.push("listing", "", 0)
    token.content, token.map, token.meta = name, [start, end], {"members": members, "only": only}
    state.line = end


def _members(lines: list[str]) -> tuple[bool, tuple[str, ...]]:
    """mkdocstrings' `members:`: all where it is absent or true, none where false, else those listed."""
    for number, line in enumerate(lines):
        found = _MEMBERS.match(line)
        if not found:
            continue
        value = found[1].strip()
        if value in ("true", "false", "null", "[]"):
            return value in ("true", "null"), ()
        if value:
            return False, tuple(_WORD.findall(value))
        names = []
        for member in map(_MEMBER.match, lines[number + 1 :]):
            if not member:
                break
            names.append(member[1])
        return False, tuple(names)
    return True, ()


_Reader = Callable[["StateBlock", int, int, re.Match[str]], bool]
_FORMS: dict[str, tuple[tuple[re.Pattern[str], _Reader], ...]] = {
    "!": ((_BOX, _box),),
    "?": ((_BOX, _box),),
    "=": ((_BOX, _box),),
    ":": ((_LISTING, _listing),),
    "[": ((_AUTODOC, _autodoc),),
    "{": ((_INCLUDE, _include),),
    "-": ((_INCLUDE, _include),),
    "<": ((_TIP, _tip), (_COMPONENT, _component)),
}
"""By the first character of a line."""
