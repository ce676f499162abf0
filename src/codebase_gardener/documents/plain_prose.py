"""The words of a paragraph without the marks of Markdown, reStructuredText and HTML."""

from __future__ import annotations

import re

from codebase_gardener.documents.prose import role_free

__all__ = ["MAX_PROSE", "plain_prose"]

MAX_PROSE = 4000
"""Characters of one text that are kept."""

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"``([^`\n]{1,200})``"), r"`\1`"),  # rst literal
    (
        re.compile(r"[:{][\w:.-]{1,40}[:}]`~?([^`<>]{1,200}?)\s*(?:<[^`<>]{1,200}>)?`"),
        r"`\1`",
    ),  # rst and MyST role
    (re.compile(r"`([^`<>]{1,120}?)\s*<[^`<>]{1,300}>`_{1,2}"), r"\1"),  # rst link
    (re.compile(r"!\[[^\]\[]{0,200}\]\([^()\s]{0,500}\)"), ""),  # image
    (
        re.compile(r"\[([^\]\[]{1,200})\]\([^()\s]{0,500}(?: \"[^\"\n]{0,200}\")?\)(?:\{[^{}\n]{0,100}\})?"),
        r"\1",
    ),
    (re.compile(r"\[(`[^`\]\[]{1,120}`)\](?:\[[^\]\[]{0,100}\])?"), r"\1"),  # reference to a symbol
    (re.compile(r"\*\*([^*\n]{1,300})\*\*"), r"\1"),  # bold
    (re.compile(r"(?<![\w*\\])\*([^*\s](?:[^*\n]{0,200}[^*\s])?)\*(?![\w*])"), r"\1"),  # emphasis
    (re.compile(r"\\ "), ""),  # rst: an escaped space joins
    (re.compile(r"\.\. seealso::.*", re.DOTALL), ""),
    (re.compile(r"\.\. version\w{2,12}::[^.]{0,200}\.?"), ""),
    (
        re.compile(r"(?<!`)</?[a-zA-Z][^<>\n]{0,300}>"),
        "",
    ),  # HTML; in code marks it is what the text speaks of
    (
        re.compile(r"(?:^|(?<=\s))>?\s?\[!(?:TIP|NOTE|WARNING|IMPORTANT|CAUTION)\]"),
        "",
    ),  # GitHub's admonitions
    (re.compile(r"(?<=\s)>\s(?=\S)"), ""),  # further lines of a block quote
    (re.compile(r"`~"), "`"),
    (re.compile(r"::(?=\s|$)"), ":"),  # rst: a literal block follows
    (re.compile(r"\{#[\w-]{1,80}\}|\{\.[\w-]{1,60}[^{}]{0,80}\}"), ""),  # attributes of headings and links
)
_SPACES = re.compile(r"\s+")


def plain_prose(text: str) -> str:
    """A text on one line without link targets, roles, tags and bold marks; code marks stay; at most `MAX_PROSE` long.

    Example:
        >>> plain_prose("See :meth:`~App.run` or [the guide](a.md):  ``x``")
        'See `run` or the guide: `x`'
    """
    text = role_free(text[: 2 * MAX_PROSE])
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return _SPACES.sub(" ", text).strip()[:MAX_PROSE]
