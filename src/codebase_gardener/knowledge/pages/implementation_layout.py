"""The fixed layout of an Implementation's Code Reference and I/O Contract, written and read back.

Indexes and reports are computed from the pages on disk, so what they say of an API must be readable from its page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from codebase_gardener.knowledge.pages.markup import (
    NONE_FOUND,
    code,
    fence,
    fenced,
    outside_fences,
    plain,
    read_tables,
    table,
    told_table,
)
from codebase_gardener.knowledge.pages.structure import Page, Section
from codebase_gardener.utils.anchors import Anchor
from codebase_gardener.utils.memo import remembered

__all__ = [
    "NOTHING_RETURNED",
    "CodeReference",
    "IoContract",
    "Output",
    "Parameter",
    "RaisedError",
    "called_name",
    "code_reference",
    "io_contract",
    "parse_anchor",
    "read_code_reference",
    "read_io_contract",
]

NOTHING_RETURNED = "Returns nothing."
"""What the only output says, where the signature has no result."""

_INPUTS = ("Name", "Type", "Default", "Required", "Description")
_OUTPUTS = ("Type", "Description")
_REQUIRED: dict[bool | None, str] = {True: "yes", False: "no", None: ""}
_IS_REQUIRED = {"yes": True, "no": False}
_DOCUMENTED = ", documented at "
_EXTERNAL, _OF_HERE = "External: ", "A program of this repository: "
_ANCHOR = re.compile(r"(.+):L(\d{1,9})-(\d{1,9})\Z", re.DOTALL)


@dataclass(frozen=True)
class CodeReference:
    """Where an API stands and how it is written.

    Attributes:
        location: Its lines; None for what comes from outside.
        external: The package or program that it comes from, where `location` is None: "transformers".
        is_own: Whether that is a program of the repository.
        signature: As it stands in the source.
        import_statement: How a user gets it; "" where nothing is imported.
        call: How it is called, on one line.
        dependencies: Packages from outside that it needs, in order.
        language: Of the blocks of code.
        quoted: The lines that `signature` is a quote of (dedented), else None.
        documented: The comment that describes it, where that stands outside of `location`, else None.
    """

    location: Anchor | None
    external: str
    signature: str
    import_statement: str
    call: str
    dependencies: tuple[str, ...] = ()
    language: str = "python"
    quoted: Anchor | None = None
    documented: Anchor | None = None
    is_own: bool = False


@dataclass(frozen=True)
class Parameter:
    """A row of Inputs; texts are on one line, "" where nothing is known; `required` is None where that is not.

    `place` are the lines that declare it, where the parser knows them; no page shows them.
    """

    name: str
    type: str
    default: str
    required: bool | None
    description: str
    place: Anchor | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Output:
    """A row of Outputs."""

    type: str
    description: str


@dataclass(frozen=True)
class RaisedError:
    """A row of Raises: an error, and the anchors of the lines that raise it, as the page has them."""

    error: str
    where: str


@dataclass(frozen=True)
class IoContract:
    """What goes in, what comes out, and what is raised instead."""

    inputs: tuple[Parameter, ...]
    outputs: tuple[Output, ...]
    raises: tuple[RaisedError, ...] = ()


def parse_anchor(text: str) -> Anchor | None:
    """The anchor that `str(anchor)` wrote, else None.

    Example:
        >>> parse_anchor("a.py:L3-4")
        Anchor(path='a.py', start=3, end=4)
    """
    found = _ANCHOR.match(text)
    return Anchor(found[1], int(found[2]), int(found[3])) if found else None


def called_name(call: str, name: str = "") -> str:
    """What a call calls, without its arguments; of an object's method with its type, whatever the object is called.

    Args:
        call: As it is written.
        name: Of the API by its page; "" for one from outside.

    Example:
        >>> called_name("e.Start(address)", "Echo.Start"), called_name("new Echo(options)", "Echo")
        ('Echo.Start', 'new Echo')
    """
    last = name.rpartition(".")[2]
    if "." in name and re.search(rf"\.{re.escape(last)}(?!\w)", call):
        return name
    return call.partition("(")[0].strip()


def code_reference(reference: CodeReference) -> Section:
    """The section "Code Reference"."""
    outside = (_OF_HERE if reference.is_own else _EXTERNAL) + code(reference.external)
    where = code(str(reference.location)) if reference.location else outside
    where += f"{_DOCUMENTED}{code(str(reference.documented))}" if reference.documented else ""
    quoted = f"From {code(str(reference.quoted))}:\n\n" if reference.quoted else ""
    needs = ", ".join(map(code, reference.dependencies))
    parts = {
        "Source Location": where,
        "Signature": quoted + _block(reference.signature, reference.language),
        "Import": _block(reference.import_statement, reference.language),
        "API Call": code(reference.call) or NONE_FOUND,
        **({"External Dependencies": needs} if needs else {}),
    }
    return Section("Code Reference", "\n\n".join(f"### {name}\n\n{body}" for name, body in parts.items()))


def io_contract(contract: IoContract) -> Section:
    """The section "I/O Contract"."""
    inputs = [
        (code(row.name), code(row.type), code(row.default), _REQUIRED[row.required], row.description)
        for row in contract.inputs
    ]
    outputs = [(code(row.type), row.description) for row in contract.outputs]
    raises = [(code(row.error), row.where) for row in contract.raises]
    return Section(
        "I/O Contract",
        "### Inputs\n\n"
        + (told_table(_INPUTS, inputs) if inputs else NONE_FOUND)
        + "\n\n### Outputs\n\n"
        + (told_table(_OUTPUTS, outputs) if outputs else NONE_FOUND)
        + (f"\n\n### Raises\n\n{table(('Error', 'Where'), raises)}" if raises else ""),
    )


def read_code_reference(page: Page) -> CodeReference | None:
    """What `code_reference` was given; None where the section is missing or of another layout."""
    return _read_code_reference(_body(page, "Code Reference"))


@remembered
def _read_code_reference(body: str) -> CodeReference | None:
    parts = _parts(body)
    if parts.keys() - {"External Dependencies"} != {"Source Location", "Signature", "Import", "API Call"}:
        return None
    (where, _, documented), signature = parts["Source Location"].partition(_DOCUMENTED), parts["Signature"]
    language, _ = fenced(parts["Import"])
    return CodeReference(
        location=parse_anchor(plain(where)),
        external=plain(outside[1]) if (outside := re.match(f"(?:{_EXTERNAL}|{_OF_HERE})(.+)", where)) else "",
        signature=fenced(signature)[1],
        import_statement=fenced(parts["Import"])[1],
        call="" if parts["API Call"] == NONE_FOUND else plain(parts["API Call"]),
        dependencies=_dependencies(parts.get("External Dependencies", NONE_FOUND)),
        language=fenced(signature)[0] or language or "python",
        quoted=_quoted(signature),
        documented=parse_anchor(plain(documented)),
        is_own=where.startswith(_OF_HERE),
    )


def read_io_contract(page: Page) -> IoContract | None:
    """What `io_contract` was given; None where the section is missing or of another layout."""
    return _read_io_contract(_body(page, "I/O Contract"))


@remembered
def _read_io_contract(body: str) -> IoContract | None:
    parts = _parts(body)
    if parts.keys() - {"Raises"} != {"Inputs", "Outputs"}:
        return None
    raises = _rows(parts.get("Raises", ""), ("Error", "Where"))
    inputs = _rows(parts["Inputs"], _INPUTS)
    outputs = _rows(parts["Outputs"], _OUTPUTS)
    return IoContract(
        tuple(
            Parameter(plain(row[0]), plain(row[1]), plain(row[2]), _IS_REQUIRED.get(row[3]), row[4])
            for row in inputs
        ),
        tuple(Output(plain(row[0]), row[1]) for row in outputs),
        tuple(RaisedError(plain(row[0]), row[1]) for row in raises),
    )


def _block(text: str, language: str) -> str:
    return fence(text, language) if text else NONE_FOUND


def _body(page: Page, heading: str) -> str:
    return next((section.body for section in page.sections if section.heading == heading), "")


def _parts(body: str) -> dict[str, str]:
    """The parts of a section by their headings of level 3."""
    parts: dict[str, list[str]] = {}
    inside: list[str] = []
    for line, visible in zip(body.split("\n"), outside_fences(body), strict=True):
        if visible.startswith("### "):
            inside = parts.setdefault(visible[4:].strip(), [])
        else:
            inside.append(line)
    return {name: "\n".join(lines).strip() for name, lines in parts.items()}


def _rows(text: str, headings: Sequence[str]) -> list[list[str]]:
    """The rows of the first table, with "" for the columns that it leaves out."""
    tables = read_tables(text)
    shown, rows = tables[0] if tables else ([], [])
    return [
        [row[shown.index(name)] if name in shown else "" for name in headings]
        for row in rows
        if len(row) == len(shown)
    ]


def _dependencies(text: str) -> tuple[str, ...]:
    return (
        () if text == NONE_FOUND else tuple(plain(name.strip()) for name in text.split(",") if name.strip())
    )


def _quoted(text: str) -> Anchor | None:
    first = text.split("\n", 1)[0].strip()
    if not (first.startswith("From ") and first.endswith(":")):
        return None
    return parse_anchor(plain(first[5:-1]))
