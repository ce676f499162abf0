"""The blocks of reStructuredText, with their lines: of documents, of MyST's `eval-rst` and of docstrings.

docutils would run directives and knows only those that are installed. A scan line by line is enough here, and linear.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from codebase_gardener.documents.blocks import Block, indent_of, readable, without_indent
from codebase_gardener.documents.fences import closes_fence, opened_fence
from codebase_gardener.documents.rst_directives import CODE, INCLUDES, MODULES, SKIPPED, TEXT, listed_as

__all__ = ["RstContext", "rst_blocks"]

_DIRECTIVE = re.compile(r"[ \t]*\.\.[ \t]+([A-Za-z][\w:+.-]{0,60}?)[ \t]?::(?:[ \t]+(.*))?$")
_EXPLICIT = re.compile(r"[ \t]*\.\.(?:[ \t]|$)")
_TARGET = re.compile(r"[ \t]*(?:\.\.[ \t]+(?:_|\[)|__[ \t])")
_OPTION = re.compile(r"[ \t]+:([\w-]{1,60}):(?=[ \t]|$)[ \t]*(.*)$")
_UNDERLINE = re.compile(r"([!-/:-@\[-`{-~])\1+[ \t]*$")
_BULLET = re.compile(r"[ \t]*(?:[-*+•]|\(?(?:\d{1,6}|[A-Za-z]|#)[.)])[ \t]+")
_ITEM = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)]|#\.)[ \t]+(?=\S)")
_TABLE = re.compile(r"\||\+[-=]{3}|={2,}[ \t]+=")
_INDENTED_BOX = re.compile(r"(?:!!!|\?\?\?\+?)[ \t]+([\w-]{1,40})[ \t]*(?:\"([^\"]{0,200})\")?")
_MARKED_BOX = re.compile(
    r"(?:<(Tip)\b[^<>]{0,200}>|:{3,}[ \t]*\{?([\w-]{1,40})\}?[ \t]*(.*)|/{3,}[ \t]+([\w-]{1,40})[ |]*(.*))$"
)
_QUOTED_BOX = re.compile(r">[ \t]*\[!(\w{1,20})\]")
_BOX_MARKS = ("!!! ", "???", "<Tip", "</Tip", ":::", "///", "> [!")
_MAX_BOX_LINES = 200
_DOCTEST = re.compile(r"[ \t]*>>>(?: |$)")
_EXAMPLE = re.compile(r"[ \t]*(?:Code )?(?:Examples?|(?:Example |Sample )?[Uu]sage)[ \t]*:[ \t]*$")
_OBJECT_NAME = re.compile(r"[~!]?([A-Za-z_][\w.]{0,300}(?:::[\w.]{1,200})?)")
_WORD = re.compile(r"\w+")
_FIELD = re.compile(r":[A-Za-z][\w -]{0,60}:(?:[ \t]|$)")


@dataclass
class RstContext:
    """What a directive says about all that follows it.

    Attributes:
        module: The current module; "" if none is set.
        language: Of literal blocks, as `highlight` sets it; "" if it is to be guessed.
        styles: Underlines of headings in the order in which they came.
    """

    module: str = ""
    language: str = ""
    styles: list[str] = field(default_factory=list)


def rst_blocks(
    lines: Sequence[str], first_line: int = 1, *, context: RstContext | None = None, docstring: bool = False
) -> list[Block]:
    """All blocks in the order of their lines.

    Args:
        lines: Of the document, or of a piece of it.
        first_line: The number of the first of them in the file.
        context: Read and written; shared by the pieces of a document.
        docstring: With fences and boxes of Markdown, and sections "Example:" whose content is plain code.
    """
    readable_lines = [readable(line) for line in lines]
    scanner = _Scanner(readable_lines, first_line, context or RstContext(), docstring)
    at = 0
    while at < len(scanner.lines):
        at = scanner.step(at)
    return scanner.found


class _Scanner:
    def __init__(self, lines: list[str], first_line: int, context: RstContext, docstring: bool) -> None:
        self.lines = lines
        self.first_line = first_line
        self.context = context
        self.docstring = docstring
        self.found: list[Block] = []
        self.owners: list[tuple[int, str]] = []  # classes whose directive is open, by indentation

    def step(self, at: int) -> int:
        """Reads what begins on a line; the line that follows it."""
        line = self.lines[at]
        if not line.strip():
            return at + 1
        self._leave(indent_of(line))
        directive = _DIRECTIVE.match(line)
        if directive:
            return self._directive(at, directive[1].lower(), (directive[2] or "").strip())
        if _TARGET.match(line):
            return self._target_end(at)
        if _EXPLICIT.match(line):  # a comment
            return self._content_end(at)
        if _DOCTEST.match(line):
            return self._session(at)
        if self.docstring:
            special = self._fence(at) or self._example(at) or self._markdown_box(at) or self._heading(at)
        else:
            special = self._fields(at) or self._heading(at)
        return special or self._paragraph(at)

    def _fields(self, at: int) -> int:
        """After a document's own fields such as ":Version: 5.6", which are for programs; 0 where there is none."""
        end = at
        while _FIELD.match(self._line(end)) or (end > at and self._line(end)[:1] in (" ", "\t")):
            end += 1
        return end if end > at else 0

    def _leave(self, indent: int) -> None:
        while self.owners and self.owners[-1][0] >= indent:
            self.owners.pop()

    def _content_end(self, at: int) -> int:
        """After the lines that are indented deeper than this one."""
        indent, end = indent_of(self.lines[at]), at + 1
        while end < len(self.lines) and (not self.lines[end].strip() or indent_of(self.lines[end]) > indent):
            end += 1
        return end

    def _target_end(self, at: int) -> int:
        """After a target or a note and what of it goes on, indented, on the next lines."""
        indent, end = indent_of(self.lines[at]), at + 1
        while self._line(end).strip() and indent_of(self.lines[end]) > indent:
            end += 1
        return end

    def _options(self, at: int) -> tuple[dict[str, str], int]:
        """Options of a directive, and the line after them; a value may go on where it is indented deeper."""
        options: dict[str, str] = {}
        indent, end = indent_of(self.lines[at]), at + 1
        name, depth = "", 0
        while end < len(self.lines) and indent_of(self.lines[end]) > indent:
            option = _OPTION.match(self.lines[end])
            if option:
                name, depth = option[1], indent_of(self.lines[end])
                options[name] = option[2].strip()
            elif name and indent_of(self.lines[end]) > depth and self.lines[end].strip():
                options[name] += " " + self.lines[end].strip()
            else:
                break
            end += 1
        return options, end

    def _directive(self, at: int, name: str, argument: str) -> int:
        kind = listed_as(name)
        end = self._options(at)[1]
        if name in CODE:
            label = CODE[name] or argument.partition(" ")[0] or self.context.language
            content, end = end, self._content_end(at)
            self._add_code(min(content, end), end, label)
        elif name in MODULES:
            self.context.module = "" if argument == "None" else argument
        elif name in INCLUDES:
            end = self._content_end(at)
            if argument and not argument.startswith("<"):
                self._add("include", at, at, argument)
        elif kind:
            end = self._listing(at, kind, argument, is_class=name.endswith(("class", "exception")))
        elif name in SKIPPED:
            end = self._skipped(at, name, argument)
        elif name in TEXT:
            title = argument if name == "admonition" else ""
            self._add("box", at, self._content_end(at) - 1, title, label=name)
            end = self._text_of_box(at, argument) if argument and not title else end
        return end

    def _skipped(self, at: int, name: str, argument: str) -> int:
        end = self._content_end(at)
        if name == "highlight":
            self.context.language = "" if argument in ("default", "python", "python3") else argument
        if name == "autosummary":
            for number in range(self._options(at)[1], end):
                entry = _OBJECT_NAME.match(self.lines[number].strip())
                if entry:
                    self._add("listing", number, number, self._in_module(entry[1]))
        return end

    def _text_of_box(self, at: int, argument: str) -> int:
        end, indent = at + 1, indent_of(self.lines[at])
        while end < len(self.lines) and self.lines[end].strip() and indent_of(self.lines[end]) > indent:
            if _OPTION.match(self.lines[end]) or _DIRECTIVE.match(self.lines[end]):
                break
            end += 1
        text = "\n".join([argument, *(line.strip() for line in self.lines[at + 1 : end])])
        self._add("paragraph", at, end - 1, text)
        return self._literal(end, indent) if text.endswith("::") else self._after_options(end)

    def _after_options(self, at: int) -> int:
        while at < len(self.lines) and _OPTION.match(self.lines[at]):
            at += 1
        return at

    def _listing(self, at: int, kind: str, argument: str, *, is_class: bool) -> int:
        options, end = self._options(at)
        named = _OBJECT_NAME.match(argument)
        if not named:
            return end
        explicit, name = "::" in named[1], named[1].replace("::", ".").strip(".")
        if kind == "auto-module":
            self.context.module = name
        elif self.owners:
            owner = self.owners[-1][1]
            name = name if name.startswith(owner + ".") else f"{owner}.{name.rpartition('.')[2]}"
        elif not explicit and not _is_absolute(kind, name):
            name = self._in_module(name)
        if is_class:
            self.owners.append((indent_of(self.lines[at]), name))
        members = options.get("members")
        only = tuple(_WORD.findall(members or ""))
        self._add("listing", at, at, name, members=members is not None and not only, only=only)
        return end

    def _in_module(self, name: str) -> str:
        module = self.context.module
        return name if not module or name.startswith(module + ".") else f"{module}.{name}"

    def _heading(self, at: int) -> int:
        """A title between lines of punctuation, or above one; 0 where there is none."""
        line = self.lines[at]
        over, below = _UNDERLINE.match(line), self._line(at + 1)
        if over and (len(line.rstrip()) >= 4 or line.rstrip() not in ("::", "..")):
            under = _UNDERLINE.match(self._line(at + 2))
            if below.strip() and under and under[1] == over[1]:
                return self._titled(at, at + 2, below, over[1] * 2)
            return at + 1 if not below.strip() else 0  # a transition
        under = _UNDERLINE.match(below)
        if not under or (below.rstrip() in ("::", "..")):
            return 0
        if len(below.rstrip()) < min(len(line.rstrip()), 4) or indent_of(line):
            return 0
        return self._titled(at, at + 1, line, under[1])

    def _titled(self, at: int, last: int, title: str, style: str) -> int:
        styles = self.context.styles
        if style not in styles:
            styles.append(style)
        self._add("heading", at, last, title.strip(), level=styles.index(style) + 1)
        return last + 1

    def _line(self, at: int) -> str:
        return self.lines[at] if at < len(self.lines) else ""

    def _session(self, at: int) -> int:
        """A doctest up to a blank line, together with those that follow it after blank lines alone."""
        indent, end = indent_of(self.lines[at]), at
        following = at
        while following < len(self.lines) and _DOCTEST.match(self.lines[following]):
            if indent_of(self.lines[following]) != indent:
                break
            end = following
            while end < len(self.lines) and self.lines[end].strip() and indent_of(self.lines[end]) >= indent:
                if self.docstring and opened_fence(self.lines[end]):
                    break
                end += 1
            following = end
            while following < len(self.lines) and not self.lines[following].strip():
                following += 1
        self._add_code(at, end, "doctest")
        return end

    def _fence(self, at: int) -> int:
        """Code between fences; 0 where none begins."""
        fence, end = opened_fence(self.lines[at]), at + 1
        if not fence:
            return 0
        while end < len(self.lines) and not closes_fence(self.lines[end], fence.mark):
            end += 1
        self._add_code(at + 1, end, fence.language)
        return end + 1

    def _example(self, at: int) -> int:
        """Plain code below "Example:"; 0 where what stands there is marked as code, or is none."""
        if not _EXAMPLE.match(self.lines[at]):
            return 0
        end = self._content_end(at)
        content = self.lines[at + 1 : end]
        marked = any(_DOCTEST.match(line) or opened_fence(line) or _DIRECTIVE.match(line)
                     or line.rstrip().endswith("::") for line in content)  # fmt: skip
        if marked or not any(line.strip() for line in content):
            return 0
        self._add_code(at + 1, end, "?python")
        return end

    def _markdown_box(self, at: int) -> int:
        """A box as Markdown writes it, whose content is read as all else; 0 where none begins or ends."""
        line = self.lines[at].strip()
        if not line.startswith(_BOX_MARKS):
            return 0
        if indented := _INDENTED_BOX.match(line):
            self._add("box", at, self._content_end(at) - 1, indented[2] or "", label=indented[1].lower())
        elif marked := _MARKED_BOX.match(line):
            name = "warning" if marked[1] and "warning" in line else marked[1] or marked[2] or marked[4]
            last = self._closing(at, "</Tip>" if marked[1] else line[:3])
            self._add("box", at, last, (marked[3] or marked[5] or "").strip(), label=name.lower())
        elif quoted := _QUOTED_BOX.match(line):
            end = at + 1
            while end < len(self.lines) and self.lines[end].lstrip().startswith(">"):
                self.lines[end] = self.lines[end].replace(">", " ", 1)
                end += 1
            self._add("box", at, end - 1, "", label=quoted[1].lower())
            self.lines[at] = " " * quoted.end() + line[quoted.end() :]
            return at if self.lines[at].strip() else at + 1
        return at + 1

    def _closing(self, at: int, mark: str) -> int:
        """The line that ends a box; the box's own where none does."""
        following = range(at + 1, min(at + _MAX_BOX_LINES, len(self.lines)))
        return next((number for number in following if self.lines[number].strip().startswith(mark)), at)

    def _paragraph(self, at: int) -> int:
        indent, end = indent_of(self.lines[at]), at + 1
        while end < len(self.lines) and self.lines[end].strip() and indent_of(self.lines[end]) >= indent:
            line = self.lines[end]
            if _DIRECTIVE.match(line) or _DOCTEST.match(line) or (self.docstring and opened_fence(line)):
                break
            if _ITEM.match(line) or (self.docstring and (_EXAMPLE.match(line) or _is_mark(line))):
                break
            end += 1
        text = "\n".join(line.strip() for line in self.lines[at:end])
        literal = text.endswith("::")
        shown = _without_colons(text) if literal else text
        if shown:
            item = _ITEM.match(shown)
            kind = "row" if _TABLE.match(shown) else "item" if item else "paragraph"
            mark = item[0].strip() if item else ""
            self._add(kind, at, end - 1, shown[item.end() :] if item else shown, label=mark)
        if not literal:
            return end
        bullet = _BULLET.match(self.lines[end - 1])
        return self._literal(end, bullet.end() if bullet else indent_of(self.lines[end - 1]))

    def _literal(self, at: int, indent: int) -> int:
        """The block below `::`, if the next text is indented deeper."""
        end = at
        while end < len(self.lines) and (not self.lines[end].strip() or indent_of(self.lines[end]) > indent):
            end += 1
        self._add_code(at, end, self.context.language)
        return end if end > at else at

    def _add_code(self, at: int, end: int, label: str) -> None:
        lines = without_indent(self.lines[at:end])
        while lines and not lines[-1]:
            lines.pop()
        skipped = next((number for number, line in enumerate(lines) if line), len(lines))
        if skipped < len(lines):
            text = "\n".join(lines[skipped:])
            self._add("code", at + skipped, at + len(lines) - 1, text, label=label)

    def _add(
        self, kind: str, at: int, last: int, text: str, *, level: int = 0, label: str = "", members: bool = False,
        only: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        while last > at and not self.lines[last].strip():
            last -= 1
        start = self.first_line + at
        self.found.append(Block(kind, start, self.first_line + last, text, level, label, members, only))


def _is_mark(line: str) -> bool:
    return line.lstrip().startswith(_BOX_MARKS)


def _without_colons(text: str) -> str:
    """As docutils shows it: `text::` keeps one colon, `text ::` none."""
    kept = text.removesuffix("::")
    return kept.rstrip() if not kept or kept[-1].isspace() else kept + ":"


def _is_absolute(kind: str, name: str) -> bool:
    """As in `sphinx.ext.autodoc`: a dotted module-level name says its module, a member's has class and module."""
    return {"auto": 1, "auto-member": 2}.get(kind, 99) <= name.count(".")
