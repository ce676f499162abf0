"""Docstrings in their three styles (Google, NumPy, Sphinx), read by griffe: what they say of inputs and outputs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from codebase_gardener.documents.fences import fence_after
from codebase_gardener.documents.prose import box_end, without_title
from codebase_gardener.documents.sentences import first_sentence, takes_back, told_alone
from codebase_gardener.utils.memo import remembered

__all__ = ["DocumentedValue", "Documentation", "documentation"]

_LONGEST = 50_000  # characters of a docstring that are read
_CHANGE = re.compile(r"\.\. (versionadded|versionchanged|deprecated|versionremoved)::[ \t]*(.*)")
_CHANGES = {
    "versionadded": "added in version",
    "versionchanged": "changed in version",
    "deprecated": "deprecated since version",
    "versionremoved": "removed in version",
}
_NUMPY = re.compile(r"^(?:Parameters|Returns|Yields|Raises|Attributes|Examples?)[ \t]*\n-{3,}", re.MULTILINE)
_SPHINX = re.compile(
    r"^[ \t]*:(?:param|parameter|arg|returns?|rtype|raises?|type|ivar|keyword)\b", re.MULTILINE
)
_GOOGLE_HEADING = re.compile(
    r"^((?:(?:Keyword |Other )?(?:Args|Arguments|Parameters|Params)|Raises|Exceptions|Returns|Yields|Attributes):)"
    r"[ \t]*\n[ \t]*\n(?=[ \t]+\S)",
    re.MULTILINE | re.IGNORECASE,
)
"""A heading with an empty line below it, which griffe takes for prose."""
_DEFAULT = re.compile(r",?\s*(?:\*?defaults? (?:to|is|=)\*?:?|default[:=])\s*(.+)$", re.IGNORECASE)
_OPTIONAL = re.compile(r",?\s*[`*]*optional[`*]*", re.IGNORECASE)
_ASIDE = re.compile(r"(?:Note|Warning|Caution|Deprecated|TODO|\.\. )\b", re.IGNORECASE)
_DEPRECATED = re.compile(r"\s*Deprecated:\s+(\S.*)", re.DOTALL)
_LINK_TARGET = re.compile(r"^[ \t]*\[[^\[\]\n]{1,200}\]:[ \t]+\S{1,1000}[ \t]*(?:\n|\Z)", re.MULTILINE)
"""Where a link of the text leads: no prose."""
_EXAMPLE = re.compile(
    r"(?:\*\*|#+ *)?(?:code )?(?:usage )?examples?(?: of use| usage)?\W{0,4}$", re.IGNORECASE
)
_LISTED = re.compile(
    r"(?P<indent>[ \t]*)(?P<mark>[-*+][ \t]+)?[*`]{0,3}(?P<name>\*{0,2}[A-Za-z_]\w*)[*`]{0,3}"
    r"(?:[ \t]*\([^()\n]{1,60}\))?[*`]{0,2}[ \t]*(?::|--|–|—|-(?=[ \t]))[*`]{0,2}[ \t]+(?P<says>\S.*)"
)
"""A line that may tell of a parameter without any style: "name: text", "- **name** - text"."""
_BEGINS = re.compile(
    rf"{_LISTED.pattern}|[ \t]*(?:[-*+][ \t]|\d+[.)][ \t]|[:@`#>~=\-]|\.\. |\w[\w ]*:[ \t]*$)"
)
_ITEM = r"[\w.~\"'`*\-]+(?:\[(?:[^\[\]]|\[(?:[^\[\]]|\[[^\[\]]*\])*\])*\])?"
_TYPE = re.compile(rf"{_ITEM}(?:(?:\s*[|,]\s*|\s+(?:or|of)\s+){_ITEM}){{0,6}}")


@dataclass(frozen=True)
class DocumentedValue:
    """A parameter, a return value, an attribute or an error, as a docstring tells of it.

    Attributes:
        name: "" for a return value; the class of an error.
        type: As written, without marks; "" where it is not told.
        default: As written; "".
        optional: Whether it says so.
        description: On one line.
    """

    name: str
    type: str = ""
    default: str = ""
    optional: bool = False
    description: str = ""


@dataclass(frozen=True)
class Documentation:
    """What a docstring says.

    Attributes:
        summary: Its first sentence, with the next one where that takes it back; "" where it only leads to what follows.
        text: What follows in prose (several paragraphs), without sections on parameters and the like.
        parameters, returns, yields, raises, attributes: By section.
        changes: "added in version 0.8 …", in order.
        listed: Lines below the first that begin with a word and what it is: parameters, where they have such names.
    """

    summary: str = ""
    text: str = ""
    parameters: tuple[DocumentedValue, ...] = ()
    returns: tuple[DocumentedValue, ...] = ()
    yields: tuple[DocumentedValue, ...] = ()
    raises: tuple[DocumentedValue, ...] = ()
    attributes: tuple[DocumentedValue, ...] = ()
    changes: tuple[str, ...] = ()
    listed: tuple[DocumentedValue, ...] = ()

    @property
    def deprecation(self) -> str:
        """What it says where a paragraph calls the API deprecated: "Use another."; "" elsewhere."""
        found = next(filter(None, map(_DEPRECATED.match, self.text.split("\n\n"))), None)
        return first_sentence(found[1]) if found else ""

    def parameter(self, name: str) -> DocumentedValue | None:
        """What it says of a parameter, with or without its stars."""
        wanted = name.lstrip("*")
        told = (*self.parameters, *self.listed)
        return next((value for value in told if value.name.lstrip("*\\") == wanted), None)


@remembered
def documentation(docstring: str | None) -> Documentation:
    """Read a docstring (cleaned, as `Symbol.docstring` is); nothing that stands in it raises."""
    if not docstring or not docstring.strip():
        return Documentation()
    text, changes = _without_changes(_LINK_TARGET.sub("", docstring[:_LONGEST]))
    try:
        found = _sections(text)
    except Exception:  # a parser of others, over a stranger's text
        found = _Sections(texts=[text])
    summary, rest = _split(_without_examples("\n\n".join(found.texts)))
    return Documentation(
        summary,
        rest,
        **{kind: tuple(values) for kind, values in found.values.items()},
        changes=tuple(changes),
        listed=tuple(_listed(text)),
    )


def _listed(text: str) -> Iterator[DocumentedValue]:
    """Each such line with the deeper ones below it.

    One inside a paragraph that no list's mark begins, and that goes on where it began, is of that: "two values:",
    "y - x. It returns", "nothing where".
    """
    name, told, depth = "", [""], -1
    lines = [*text.split("\n"), "", ""]
    for above, line, following in zip(lines, lines[1:], lines[2:], strict=False):
        found = _LISTED.match(line)
        is_inside = found and not found["mark"] and not name and above.strip()
        if found and is_inside and _goes_on(found["indent"], following):
            found = None
        goes_on = depth >= 0 and line.strip() and len(line) - len(line.lstrip()) > depth
        if goes_on and not (found and len(found["indent"]) <= depth):
            told.append(line.strip())
            continue
        if name:
            yield DocumentedValue(name, description=" ".join(told))
        name, told, depth = (
            (found["name"], [found["says"].strip()], len(found["indent"])) if found else ("", [], -1)
        )


def _goes_on(indent: str, following: str) -> bool:
    """Whether the line below one is of the same paragraph, and begins nothing of its own."""
    here = following[: len(following) - len(following.lstrip())]
    return bool(following.strip()) and len(here) <= len(indent) and not _BEGINS.match(following)


@dataclass
class _Sections:
    texts: list[str] = field(default_factory=list)
    values: dict[str, list[DocumentedValue]] = field(default_factory=dict)


def _sections(text: str) -> _Sections:
    found = _Sections()
    for section in _parsed(text):
        kind, value = section.kind.value, section.value
        if kind == "text":
            found.texts.append(value)
        elif kind == "admonition" and "example" not in value.annotation.lower():
            found.texts.append(f"{section.title or value.annotation}: {value.description}")
        elif kind in _KINDS:
            found.values.setdefault(_KINDS[kind], []).extend(_values(kind, value))
    return found


_KINDS = {
    "parameters": "parameters",
    "other parameters": "parameters",
    "returns": "returns",
    "yields": "yields",
    "raises": "raises",
    "attributes": "attributes",
}


def _parsed(text: str) -> list[Any]:
    from griffe import Docstring, parse_google, parse_numpy, parse_sphinx

    parse: Callable[..., list[Any]] = parse_google
    options: dict[str, Any] = {"warnings": False}
    if _SPHINX.search(text):
        parse = parse_sphinx
    elif _NUMPY.search(text):
        parse = parse_numpy
    else:
        text = _GOOGLE_HEADING.sub(r"\1\n", text)
        options["returns_named_value"] = False
    return parse(Docstring(text), **options)


def _values(kind: str, values: list[Any]) -> Iterator[DocumentedValue]:
    for value in values:
        annotation = "" if value.annotation is None else str(value.annotation)
        description = " ".join(str(value.description or "").split())
        if kind == "raises":
            yield DocumentedValue(annotation.strip("`~ "), description=description)
            continue
        name = str(getattr(value, "name", "") or "")
        if kind in ("returns", "yields"):
            name, annotation, description = _output(name, annotation, description)
        type_, default, optional = _annotation(annotation)
        yield DocumentedValue(
            name, type_, default or str(getattr(value, "default", None) or ""), optional, description
        )


def _output(name: str, annotation: str, description: str) -> tuple[str, str, str]:
    """A line such as "Note: a list" is no type and its description."""
    if annotation and not _TYPE.fullmatch(annotation.strip()):
        return "", "", f"{annotation}: {description}" if description else annotation
    if annotation and not description and " " in annotation.strip() and "[" not in annotation:
        return "", "", annotation
    return name, annotation, description


def _annotation(written: str) -> tuple[str, str, bool]:
    r"""Type, default and whether it is optional.

    Example:
        >>> _annotation("`bool`, *optional*, defaults to `False`"), _annotation("[`~peft.PeftConfig`]")
        (('bool', 'False', True), ('peft.PeftConfig', '', False))
    """
    default = ""
    found = _DEFAULT.search(written)
    if found:
        default, written = found[1].strip().strip("`*").rstrip(".`"), written[: found.start()]
    without = _OPTIONAL.sub("", written)
    type_ = re.sub(r"\[`([^`]*)`\]", r"\1", without).replace("`", "").replace("~", "")
    return " ".join(type_.split()).strip(" ,*"), default, without != written or bool(default)


def _without_changes(text: str) -> tuple[str, list[str]]:
    """The text without its `versionadded` blocks, and these on one line each."""
    kept: list[str] = []
    changes: list[str] = []
    inside = -1
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip())
        found = _CHANGE.match(line.lstrip())
        if found:
            inside = indent
            changes.append(f"{_CHANGES[found[1]]} {found[2].strip()}".strip())
        elif inside >= 0 and (not line.strip() or indent > inside):
            changes[-1] = f"{changes[-1]} {line.strip()}".strip()
        else:
            inside = -1
            kept.append(line)
    return "\n".join(kept), changes


def _without_examples(text: str) -> str:
    """The text without its "Example:" parts: pages quote examples from the source, with their lines."""
    kept: list[str] = []
    inside, mark = False, ""
    for line in text.split("\n"):
        bare = line.strip()
        before, mark = mark, fence_after(bare, mark)
        if before or mark:
            if inside:
                continue
        elif _EXAMPLE.match(bare) and (bare.endswith(":") or not (kept and kept[-1].strip())):
            inside = True  # what ends a sentence is no heading
            continue
        elif inside and (not bare or line[:1].isspace() or bare.startswith((">>>", "..."))):
            continue
        else:
            inside = False
        kept.append(line)
    return "\n".join(kept)


def _split(text: str) -> tuple[str, str]:
    """First sentence, and what follows it."""
    text = without_title(text).strip()
    if end := box_end(text):  # what it is stands after the box
        summary, after = _split(text[end:])
        return summary, "\n\n".join(part for part in (after, text[:end].rstrip()) if part)
    paragraph, _, rest = text.partition("\n\n")
    if _ASIDE.match(paragraph) and rest.strip():  # a caveat before the sentence that says what it is
        summary, after = _split(rest)
        return summary, "\n\n".join(part for part in (paragraph, after) if part)
    summary = first_sentence(text)
    after = " ".join(paragraph.split())[len(summary) :].strip()
    if takes_back(following := first_sentence(after)):
        summary, after = f"{summary} {following}", after[len(following) :].strip()
    said = told_alone(summary) if summary.endswith(":") else summary
    return said, "\n\n".join(part for part in (after, rest.strip("\n")) if part.strip())
