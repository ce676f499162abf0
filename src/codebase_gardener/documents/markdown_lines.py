"""Lines of Markdown made ready for CommonMark: boxes opened, extensions of site generators read and blanked.

CommonMark knows nothing of MkDocs', MyST's, Docusaurus' and Hugging Face's extensions, and would take the indented
content of a box for code. Every line keeps its number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from codebase_gardener.documents.blocks import ADMONITIONS, Block, indent_of, readable

__all__ = ["PreparedMarkdown", "prepared_markdown"]

MAX_BOXES = 30

_FENCE = re.compile(r"((?:[ \t]|[-*+>][ \t]|>)*)(`{3,}|~{3,}|:{3,})[ \t]*([^`\s][^`]{0,500})?\s*$")
_DIRECTIVE = re.compile(r"\{([\w:+-]{1,60})\}[ \t]*(.{0,400})")
_INDENTED_BOX = re.compile(r"[ \t]*(?:!!!|\?\?\?\+?|===\+?)[ \t]+([\w-]{1,40}|\"[^\"]{1,200}\")")
_SLASHES = re.compile(r"[ \t]*(/{3,})[ \t]*([\w-]{1,40})?")
_LISTING = re.compile(r"[ \t]*:::[ \t]+([A-Za-z_]\w*(?:\.\w+)*)[ \t]*$")
_AUTODOC = re.compile(r"[ \t]*\[\[autodoc\]\][ \t]*([\w.]{1,300})")
_MEMBER = re.compile(r"[ \t]*-[ \t]+[\"']?(\w+)[\"']?[ \t]*$")
_MEMBERS = re.compile(r"[ \t]*members:[ \t]*(.{0,2000})$")
_WORD = re.compile(r"\w+")
_INCLUDES = (
    re.compile(r"[ \t]*\{\*[ \t]*(\S{1,400})"),  # mdx-include of the FastAPI family
    re.compile(r"[ \t]*\{!>?[ \t]*(\S{1,400}?)[ \t]*!\}"),  # markdown-include, mdx_include
    re.compile(r"[ \t]*-{1,}8<-{1,}[ \t]+[\"']([^\"'\s]{1,400})[\"']"),  # pymdownx.snippets
)
_COMPONENT = re.compile(
    r"[ \t]*</?(?:[A-Z][\w.]*|hfoptions?|details|summary|div|tabs?|figure|section)\b[^<>]{0,400}>\s*$"
)
_CODE_DIRECTIVES = frozenset({
    "code", "code-block", "sourcecode", "code-cell", "doctest", "testcode", "testsetup", "testcleanup",
    "click:example", "click:run", "ipython",
})  # fmt: skip
_TEXT_DIRECTIVES = ADMONITIONS | {
    "tab-set", "tab-item", "tabs", "tab", "group-tab", "grid", "grid-item", "card", "div", "only", "container",
    "versionremoved", "rubric", "topic", "sidebar", "epigraph",
}  # fmt: skip


@dataclass
class PreparedMarkdown:
    """Lines for the CommonMark parser, and what was read of them already.

    Attributes:
        lines: As many as the document has.
        blocks: Listings and includes, in order.
        boxes: Of each line in a box, the box's name.
    """

    lines: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    boxes: dict[int, str] = field(default_factory=dict)


@dataclass
class _Box:
    name: str
    mark: str = ""  # of the closing line; "" where the content is indented
    indent: int = 0  # of the content, where that is what holds it together


@dataclass
class _State:
    boxes: list[_Box] = field(default_factory=list)
    fence: str = ""
    fence_depth: int = 0
    colons: bool = False  # the fence is written with colons


def prepared_markdown(lines: list[str]) -> PreparedMarkdown:
    """Reads the extensions line by line; linear in the text."""
    lines = [readable(line) for line in lines]
    done, state = PreparedMarkdown(), _State()
    number = 0
    while number < _front_matter(lines):
        done.lines.append("")
        number += 1
    while number < len(lines):
        line = _within_boxes(lines[number], state)
        for box in state.boxes[-1:]:
            done.boxes[number + 1] = box.name
        if _included(line, number + 1, done):
            done.lines.append("")
        elif state.fence:
            done.lines.append(_fenced(line, state))
        else:
            taken = _listed(lines, number, done)
            done.lines.extend([""] * taken if taken else [_opened(line, state)])
            number += max(taken - 1, 0)
        number += 1
    return done


def _front_matter(lines: list[str]) -> int:
    if not lines or lines[0].rstrip() not in ("---", "+++"):
        return 0
    mark = lines[0].rstrip()
    for number in range(1, min(len(lines), 500)):
        if lines[number].rstrip() == mark:
            return number + 1
    return 0


def _within_boxes(line: str, state: _State) -> str:
    """The line without the indentation of the boxes that it is in; those that it ends are left."""
    if not line.strip():
        return line
    indent = indent_of(line)
    for depth, box in enumerate(state.boxes):
        if not box.mark and indent < box.indent:
            del state.boxes[depth:]
            if state.fence and state.fence_depth > depth:
                state.fence = ""
            break
    indented = sum(4 for box in state.boxes if not box.mark)
    text = line.lstrip()
    return " " * (indent - indented) + text if indented else line


def _fenced(line: str, state: _State) -> str:
    """A line of code, or the one that closes it."""
    text = line.strip(" \t>")
    mark = ":" if state.colons else state.fence[0]
    if len(text) < len(state.fence) or text.strip(mark):
        return line
    line, state.fence, state.colons = line.replace(":", "`"), "", False
    return line


def _included(line: str, number: int, done: PreparedMarkdown) -> bool:
    for pattern in _INCLUDES:
        found = pattern.match(line)
        if found:
            done.blocks.append(Block("include", number, number, found[1]))
            return True
    return False


def _listed(lines: list[str], at: int, done: PreparedMarkdown) -> int:
    """Reads an entry of an API reference; how many lines it takes."""
    line = lines[at]
    found, autodoc = _LISTING.match(line), _AUTODOC.match(line)
    if autodoc:
        end, only = at + 1, []
        while end < len(lines) and (member := _MEMBER.match(lines[end])):
            only.append(member[1])
            end += 1
        every = "all" in only or not only
        names = tuple(name for name in only if name != "all")
        done.blocks.append(Block("listing", at + 1, end, autodoc[1], members=every, only=names))
        return end - at
    if not found or (found[1] in ADMONITIONS and "." not in found[1]):
        return 0
    end = at + 1
    while end < len(lines) and lines[end].strip() and indent_of(lines[end]) > indent_of(line):
        end += 1
    every, names = _options(lines[at + 1 : end])
    done.blocks.append(Block("listing", at + 1, end, found[1], members=every, only=names))
    return end - at


def _options(lines: list[str]) -> tuple[bool, tuple[str, ...]]:
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


def _opened(line: str, state: _State) -> str:
    """The line, blank where it only opens or closes a box; remembers the fence that it opens."""
    indented, slashes, fence = _INDENTED_BOX.match(line), _SLASHES.match(line), _FENCE.match(line)
    if indented and len(state.boxes) < MAX_BOXES:
        content = indent_of(line) + 4 * (1 + sum(not box.mark for box in state.boxes))
        state.boxes.append(_Box(indented[1].strip('"').lower(), indent=content))
        return ""
    if slashes:
        return _marked_box(slashes[1], slashes[2] or "", state)
    if fence:
        return _fence(line, fence, state)
    return "" if _COMPONENT.match(line) else line


def _marked_box(mark: str, name: str, state: _State) -> str:
    """Opens the box, or closes the one with this mark where no name follows."""
    if name:
        if len(state.boxes) < MAX_BOXES:
            state.boxes.append(_Box(name.lower(), mark))
        return ""
    for depth in range(len(state.boxes) - 1, -1, -1):
        if state.boxes[depth].mark == mark:
            del state.boxes[depth:]
            break
    return ""


def _fence(line: str, found: re.Match[str], state: _State) -> str:
    mark, info = found[2], (found[3] or "").strip()
    directive = _DIRECTIVE.match(info)
    name = directive[1].lower() if directive else info.split(" ")[0].lower() if mark[0] == ":" else ""
    if not info and (mark[0] == ":" or any(box.mark == mark for box in state.boxes)):
        return _marked_box(mark, "", state)
    if name in _TEXT_DIRECTIVES or (mark[0] == ":" and not directive):
        return _marked_box(mark, name or "box", state)
    if mark[0] == ":":  # a directive of MyST's colon fences: read as the fence that it stands for
        mark = "`" * len(mark)
        line, state.colons = f"{found[1]}{mark}{info}", True
    state.fence, state.fence_depth = mark, len(state.boxes)
    return line
