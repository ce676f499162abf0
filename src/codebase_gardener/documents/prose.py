"""Prose of documents: as plain text, and the names of code that it mentions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codebase_gardener.documents.code_spans import code_spans, edited

__all__ = ["mentioned_names", "plain_text", "role_free", "without_title"]

MAX_PROSE_CHARS = 20_000

_TAGS = (
    "a|abbr|b|big|blockquote|br|center|cite|code|dd|del|details|div|dl|dt|em|figure|font|g-emoji|h[1-6]|hr|i|iframe|img"
    "|ins|kbd|li|ol|p|picture|pre|q|s|samp|section|small|source|span|strike|strong|sub|summary|sup|svg|table|tbody|td|th"
    "|thead|tr|u|ul|var|video"
)
# Each pattern is bounded, so that all of them are linear.
_MARKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"<!--.{0,2000}?-->", re.DOTALL), ""),
    (re.compile(r"!\[[^\[\]\n]{0,300}\](?:\([^()\s]{0,1000}(?:[ \t]\"[^\"\n]{0,200}\")?\)|\[[^\[\]\n]{0,100}\])"), ""),
    (re.compile(r"\[\[[^\[\]\n]{1,200}\]\]"), ""),  # Hugging Face's anchors
    (re.compile(r"\[([^\[\]]{0,500})\]"
                r"(?:\([^()\s]{0,1000}(?:[ \t]\"[^\"\n]{0,200}\")?\)|\[[^\[\]\n]{0,200}\])"), r"\1"),
    (re.compile(r"\[(`[^`\n]{1,200}`)\]"), r"\1"),
    (re.compile(rf"</?(?:{_TAGS})\b[^<>]{{0,1000}}>", re.IGNORECASE), ""),
    (re.compile(r"\{[ \t]*[#.:][^{}\n]{0,200}\}"), ""),  # attribute lists
    (re.compile(r"(?<!\w):[a-z][a-z0-9_+-]{1,40}:(?![\w`])"), ""),  # emoji short codes
    (re.compile(r"(?::[\w:+-]{1,40}:|\{[\w:+-]{1,40}\})(?=`)"), ""),  # roles
    (re.compile(r"(?<=`)[~!](?=[A-Za-z_])"), ""),
    (re.compile(r"``([^`\n]{1,500})``_{0,2}"), r"\1"),
    (re.compile(r"`([^`<>\n]{1,400}?)[ \t]*(?:<[^`<>\n]{1,400}>)?`_{0,2}"), r"\1"),
    (re.compile(r"(?<![\w*])\*{1,3}(?=\S)|(?<=\S)\*{1,3}(?![\w*])"), ""),
    (re.compile(r"(?<!\w)_{1,2}(?=[^\W_])|(?<=[^\W_])_{1,2}(?!\w)"), ""),
)  # fmt: skip
_MARKED = re.compile(r"[`*_<\[{:\\&]")
_SPACE = re.compile(r"\s+")
_HIDDEN = {ord("_"): "\ue000", ord("*"): "\ue001"}  # in code they are no emphasis
_SHOWN = {0xE000: "_", 0xE001: "*"}
_ENTITIES = {
    "&nbsp;": " ",
    "&amp;": "&",
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&mdash;": "—",
    "&ndash;": "–",
}

_CROSS_REFERENCE = re.compile(r"\]\[([A-Za-z_]\w{0,100}(?:\.\w{1,100}){1,12})\]")
_EXPLICIT = re.compile(r"[^<>]{0,200}<([~!.]?[\w.]{1,200})>")
_NAME = re.compile(r"[~!.@]?([A-Za-z_]\w{0,100}(?:\.[A-Za-z_]\w{0,100}){0,12})(?:\(.{0,200}\))?$", re.DOTALL)

_ROLE = r"(?::[A-Za-z][\w.+-]{0,40}(?::[A-Za-z][\w.+-]{0,40}){0,2}:|\{[A-Za-z][\w:.+-]{0,40}\})"
_ROLES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(_ROLE + r"`~[.!]?(?:\w{1,100}\.){1,12}(\w[^`<>\n]{0,200})`"), r"`\1`"),  # {meth}`~a.B.run`
    (
        re.compile(r"\{[A-Za-z][\w:.+-]{0,40}\}`([^`<>\n]{1,200}?)[ \t]*<[^`<>\n]{1,300}>`"),
        r"\1",
    ),  # {ref}`it <a-b>`
    (re.compile(_ROLE + r"`[~!.]?([^`<>\n]{1,300})`"), r"`\1`"),
    # rst: what is escaped after a mark joins it, as in `Option`\s
    (re.compile(r"(?<![\w`])(`{1,2}[^\s`](?:[^`\n]{0,200}[^\s`])?`{1,2})\\ ?(?=[A-Za-z])"), r"\1"),
)
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


def without_title(text: str) -> str:
    """Without an underlined title at its beginning, where more follows.

    Example:
        >>> without_title("requests.api\\n~~~~~~~~~~~~\\n\\nIt calls.")
        'It calls.'
    """
    found = _TITLE.match(text)
    return text[found.end() :] or text if found else text


def plain_text(text: str) -> str:
    """On one line, without marks, links' targets, images, HTML and roles.

    Example:
        >>> plain_text("# ![logo](a.png) The [`App`](x.md) *class*".lstrip("# "))
        'The App class'
    """
    text = text[:MAX_PROSE_CHARS]
    if not _MARKED.search(text):
        return _SPACE.sub(" ", text).strip()
    text = edited(role_free(text), lambda span: span.translate(_HIDDEN))
    for pattern, kept in _MARKS:
        text = pattern.sub(kept, text)
    text = text.translate(_SHOWN)
    for entity, character in _ENTITIES.items():
        text = text.replace(entity, character)
    return _SPACE.sub(" ", text.replace("\\", "")).strip()


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
