"""Prose of documents: as plain text, and the names of code that it mentions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape

from codebase_gardener.documents.code_spans import code_spans, edited

__all__ = ["MAX_PROSE", "box_end", "mentioned_names", "plain_text", "role_free", "tag_free", "without_title"]

MAX_PROSE = 4000
"""Characters of one text that are kept."""

_TAGS = (
    "a|abbr|b|big|blockquote|br|center|cite|code|dd|del|details|dfn|div|dl|dt|em|figure|font|g-emoji|h[1-6]|hr|i|iframe|img"
    "|ins|kbd|li|ol|p|picture|pre|q|s|samp|section|small|source|span|strike|strong|sub|summary|sup|svg|table|tbody|td|th"
    "|thead|tip|tr|u|ul|var|video"
)
_TAG = re.compile(rf"</?(?:{_TAGS})\b[^<>]{{0,1000}}>", re.IGNORECASE)
_CODE = "[\ue000-\uf8ff]"  # what stands for a code span while the marks around are read
_QUOTED = re.compile(r"^[ \t]*>[ \t]?(?:\[!(?:TIP|NOTE|WARNING|IMPORTANT|CAUTION)\])?", re.MULTILINE)
_RST_LINK = re.compile(r"(?<!`)`([^`<>]{1,400}?)(?: ?<[^`<>]{1,300}>)?`_{1,2}(?![\w`])")
_DEFAULT_ROLE = re.compile(r"(?<![`\w])(`)([^`<>\n]{1,200}?)[ \t]<[~!.]?[A-Za-z_][\w.]{0,200}>`(?![`_\w])")
"""`load <pot.Pot.load>`, whose role is the document's own."""
# Each pattern is bounded, so that all of them are linear.
_MARKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"<!--.{0,2000}?-->"), ""),
    (re.compile(r"\[\^[\w-]{1,60}\](?![\w(*+?{]):?"), ""),  # footnotes
    (re.compile(r"!\[[^\[\]]{0,300}\](?:\([^()\s]{0,1000}(?: \"[^\"]{0,200}\")?\)|\[[^\[\]]{0,100}\])"), ""),
    (re.compile(r"\[[ ]?!\[[^\[\]]{0,300}\][ ]?\](?:\([^()\s]{0,1000}\)|\[[^\[\]]{0,100}\])?"), ""),  # badges by name
    # directives of Markdown: `::read-more{to="x"}`, what opens and closes a box
    (re.compile(r"(?<![\w:]):{1,4}[a-z][\w-]{0,40}\{[^{}]{0,400}\}|\A:{2,4}[a-z][\w-]{0,40}(?=\s)|\s:{2,4}\Z"), ""),
    (re.compile(r"\[\[[^\[\]\s][^\[\]]{0,200}\]\]"), ""),  # links of a wiki, Hugging Face's anchors; no "[[ -f x ]]"
    (re.compile(r"\[([^\[\]]{0,500})\]\([^()\s]{0,1000}(?: \"[^\"]{0,200}\")?\)"), r"\1"),
    (re.compile(r"(?<![\w\]])\[([^\[\]]{1,500})\]\[[^\[\]]{0,200}\]"), r"\1"),
    (re.compile(rf"\[({_CODE})\]"), r"\1"),
    (_TAG, ""),
    (re.compile(r"\{:?[ ]?[#.][A-Za-z][^{}]{0,200}\}"), ""),  # attribute lists
    (re.compile(rf"(?<!\w):[a-z][a-z0-9_+-]{{1,40}}:(?!\w|{_CODE})"), ""),  # emoji short codes
    (re.compile(rf"(?::[\w:+-]{{1,40}}:|\{{[\w:+-]{{1,40}}\}})(?={_CODE})"), ""),  # roles
    (re.compile(r"\.\. seealso::.*"), ""),
    (re.compile(r"\.\. version\w{2,12}::[^.]{0,200}\.?"), ""),
    (re.compile(r"(?<=\S)::(?=\s|$)"), ":"),  # rst: a literal block follows
    (re.compile(r"(?<!\w)([A-Z][\w.-]{0,60}?|\|[^|]{1,60}\|)_{1,2}(?=[\s.,;:)]|$)"), r"\1"),  # rst: Link_
    (re.compile(r"(?<![\w\\])(?!__[a-z\d_]{1,40}__)(_{1,2})(?=[^\s_])(.{1,300}?)(?<=[^\s_])\1(?!\w)"), r"\2"),
    (re.compile(r"(?<![\w*\\])(\*{1,3})(?=[^\s*])([^*]{1,300})(?<=\S)\1(?![\w*])"), r"\2"),
    (re.compile(r"\\ "), ""),  # rst: an escaped space joins
    (re.compile(r"\\(?=[!-/:-@\[-`{-~])"), ""),
)  # fmt: skip
_ENTITY = re.compile(r"&#?\w{1,30};")
_SPECIAL = re.compile(r"[`*_<\[{:\\&>]")

_CROSS_REFERENCE = re.compile(r"\]\[([A-Za-z_]\w{0,100}(?:\.\w{1,100}){1,12})\]")
_EXPLICIT = re.compile(r"[^<>]{0,200}<([~!.]?[\w.]{1,200})>")
_NAME = re.compile(r"[~!.@]?([A-Za-z_]\w{0,100}(?:\.[A-Za-z_]\w{0,100}){0,12})(?:\(.{0,200}\))?$", re.DOTALL)

_ROLE = r"(?::[A-Za-z][\w.+-]{0,40}(?::[A-Za-z][\w.+-]{0,40}){0,2}:|\{[A-Za-z][\w:.+-]{0,40}\})"
_ROLES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(_ROLE + r"`~[.!]?(?:\w{1,100}\.){1,12}(\w[^`<>\n]{0,200})`"), r"`\1`"),  # {meth}`~a.B.run`
    (
        re.compile(
            r"[:{](?:\w{1,20}:)?(?:ref|doc|term|numref|any)[:}]`([^`<>\n]{1,200}?)[ \t]*<[^`<>\n]{1,300}>`"
        ),
        r"\1",
    ),
    (re.compile(_ROLE + r"`([^`<>\n]{1,200}?)[ \t]*<[^`<>\n]{1,300}>`"), r"`\1`"),  # {func}`it <a.b>`
    (re.compile(_ROLE + r"`[~!.]?([^`<>\n]{1,300})`"), r"`\1`"),
    # rst: what is escaped after a mark joins it, as in `Option`\s
    (re.compile(r"(?<![\w`])(`{1,2}[^\s`](?:[^`\n]{0,200}[^\s`])?`{1,2})\\ ?(?=[A-Za-z])"), r"\1"),
)
_BOX = re.compile(r"(?:(:::+|```+)\{?[\w-]+\}?|!!!|\?\?\?\+?|===\+? \"|\.\. [\w-]+::)[^\n]*\n")
_OUTSIDE = re.compile(r"^(?=[^\s])", re.MULTILINE)
_TITLE = re.compile(
    r"\s{0,40}(?:([=\-~^*#+_\"'`.:])\1{2,200}[ \t]*\n)?[^\n]{1,200}\n"
    r"[ \t]*([=\-~^*#+_\"'`.:])\2{2,200}[ \t]*(?:\n|\Z)\s*"
)


def role_free(text: str) -> str:
    """Without the roles of reStructuredText and MyST; what they name stays in code marks, short where they say so.

    Example:
        >>> role_free("Use {meth}`~click.Context.close`, :class:`App` or several `Option`\\\\s.")
        'Use `close`, `App` or several `Option`s.'
    """
    if "`" in text:
        for pattern, kept in _ROLES:
            text = pattern.sub(kept, text)
    return text


def tag_free(lines: Sequence[str]) -> list[str]:
    """Without the tags of HTML outside of code, and without the lines that held nothing else.

    Example:
        >>> tag_free(['<p align="center">', "A <em>pot</em>, <br/>", "", "</p>", "`<b>`"])
        ['A pot, ', '', '`<b>`']
    """
    mark = "\0"  # where a tag was

    def without(prose: str) -> str:
        return _TAG.sub(lambda tag: mark + "\n" * tag[0].count("\n") + mark, prose.replace(mark, ""))

    found = edited("\n".join(lines), str, without).split("\n")
    return [one.replace(mark, "") for one in found if mark not in one or one.replace(mark, "").strip()]


def without_title(text: str) -> str:
    """Without an underlined title at its beginning, where more follows.

    Example:
        >>> without_title("requests.api\\n~~~~~~~~~~~~\\n\\nIt calls.")
        'It calls.'
    """
    found = _TITLE.match(text)
    return text[found.end() :] or text if found else text


def box_end(text: str) -> int:
    """Where the text after a box of MkDocs, MyST or Sphinx begins; 0 where the text begins with none, or is one.

    Example:
        >>> text = "!!! note\\n    Hot.\\n\\nIt boils."
        >>> text[box_end(text) :], box_end("It boils.")
        ('It boils.', 0)
    """
    opened = _BOX.match(text)
    if not opened:
        return 0
    if mark := opened[1]:
        closed = re.compile(rf"^{mark}[ \t]*$", re.MULTILINE).search(text, opened.end())
        end = closed.end() if closed else len(text)
    else:
        outside = _OUTSIDE.search(text, opened.end())
        end = outside.start() if outside else len(text)
    return end if text[end:].strip() else 0


def plain_text(text: str, *, code_marks: bool = False) -> str:
    """On one line, without marks, links' targets, images, HTML and roles; at most `MAX_PROSE` long.

    Args:
        text: A heading, a paragraph or a description, in Markdown or reStructuredText.
        code_marks: Whether code keeps its marks, one backtick on each side.

    Example:
        >>> plain_text("![logo](a.png) The [`App`](x.md) *class*"), plain_text("Call :meth:`~A.run`::", code_marks=True)
        ('The App class', 'Call `run`:')
    """
    text = " ".join(_QUOTED.sub("", text[: 2 * MAX_PROSE]).split())
    if not _SPECIAL.search(text):
        return text[:MAX_PROSE]
    codes: dict[int, str] = {}

    def hidden(span: str) -> str:
        inner = re.sub(r"^[~!](?=[A-Za-z_])", "", span.strip("`").strip())
        codes[0xE000 + len(codes)] = f"`{inner}`" if code_marks else inner
        return chr(0xE000 + len(codes) - 1)

    text = edited(_RST_LINK.sub(r"\1", _DEFAULT_ROLE.sub(r"\1\2\1", role_free(text))), hidden)
    for pattern, kept in _MARKS:
        text = pattern.sub(kept, text)
    text = _ENTITY.sub(lambda entity: unescape(entity[0]), text).translate(codes)
    return " ".join(text.split())[:MAX_PROSE]


def mentioned_names(text: str) -> Iterator[str]:
    """Names in code marks and roles that look like identifiers, dotted names or calls, as often as they stand there.

    Example:
        >>> list(mentioned_names("Call `get_model()` or :meth:`~Flask.route`, not `a + b`."))
        ['get_model', 'Flask.route']
    """
    for start, end, marks in code_spans(text):
        inner = text[start + marks : end - marks].strip()
        explicit = _EXPLICIT.fullmatch(inner)
        name = _NAME.match(explicit[1] if explicit else inner)
        if name and len(name[1]) > 1:
            yield name[1]
    for reference in _CROSS_REFERENCE.finditer(text):
        yield reference[1]
