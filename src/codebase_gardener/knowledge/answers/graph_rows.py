"""What the graph holds of a repository: rows, each under a name or a key of its kind."""

from __future__ import annotations

import re

import msgspec

from codebase_gardener.knowledge.answers.install_commands import InstallCommand
from codebase_gardener.knowledge.answers.releases import ReleaseNotes
from codebase_gardener.knowledge.answers.switches import NamedSwitch
from codebase_gardener.knowledge.answers.told_commands import ToldCommand
from codebase_gardener.utils.anchors import Anchor

__all__ = [
    "COMMANDS", "INSTALL", "NEEDS", "PARAMETERS", "RELEASES", "SWITCHES", "TOLD", "AreaFolder", "DefinedName",
    "DescribedParameter", "Heir", "Importing", "Input", "Member", "NeededPackage", "Place", "Raised", "Row",
    "Variable", "plain_name",
]  # fmt: skip

NEEDS = frozenset(
    {"package", "release", "runtime", "requirement", "extra", "dev-extra", "group", "listed", "build"}
)
"""Kinds of evidence of packaging files: what `which version` and `which extra` ask for."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Lines, and what stands there: the definition around a call, a passage's title."""

    path: str
    start: int
    end: int
    what: str = ""
    area: str = ""

    @property
    def anchor(self) -> str:
        """`path:Lx-y`; "" of an empty file, which has no lines."""
        return str(Anchor(self.path, self.start, self.end)) if self.end else ""


class Input(msgspec.Struct, frozen=True, array_like=True):
    """A parameter, as `implementation_layout.Parameter`; `anchor` is "" where its own lines are not known."""

    name: str
    type: str
    default: str
    required: bool | None
    description: str
    anchor: str = ""


class DefinedName(msgspec.Struct, frozen=True, tag="definition"):
    """A definition, a constant, a file or a folder.

    Attributes:
        name: Qualified within its file; of a file or folder its path.
        kind: "function", "method", "class", "type", "interface", "constant", "field", "file", "folder", "command".
        place: Its lines, with the area of its file.
        signature: On one line; "" for a file.
        says: The first sentence of its docstring.
        says_at: The lines of its docstring, or of the comment above it; "" without one.
        public: The dotted name that a user imports it by; "".
        imported: The statement that imports it; "".
        inputs, outputs: What goes in and comes out (type, description).
        raises: What its body (a class's constructor) raises, each with its line; and what its docstring says of it.
        callers: Uses of it in the package's own code.
        shown: Passages of documents, examples and tests that use it.
        changes: "deprecated since version 2 …".
        bases: Of a class.
        packages: Optional packages that it, or its file, asks for.
        written: Dotted names that documents and examples call it by: `db.search` where `db` is an instance.
        implemented: Of an interface: what is said in place of the types that implement it; "".
        fails: Where errors are returned: a sentence for each that it makes, or that what it calls returns.
        open_calls: Of a method: how often its name is called on something of unknown type.
        open_at: The first of these places.
    """

    name: str
    kind: str
    place: Place
    signature: str = ""
    says: str = ""
    public: str = ""
    imported: str = ""
    inputs: tuple[Input, ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()
    raises: tuple[Place, ...] = ()
    callers: tuple[Place, ...] = ()
    shown: tuple[Place, ...] = ()
    changes: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    packages: tuple[Place, ...] = ()
    says_at: str = ""
    written: tuple[str, ...] = ()
    implemented: str = ""
    fails: tuple[Place, ...] = ()
    open_calls: int = 0
    open_at: str = ""


class Raised(msgspec.Struct, frozen=True, tag="raised"):
    """A line that raises an error: `place.what` is the definition around it."""

    error: str
    place: Place
    text: str


class NeededPackage(msgspec.Struct, frozen=True, tag="needed"):
    """A line of a packaging file.

    Attributes:
        kind: One of `NEEDS`.
        name: The package, or "Python".
        bound: Of its version; "".
        extra: The extra or group that it belongs to; "".
        place: The line.
        install: Of the repository's own: the command that installs it, with `{}` for its name; "".
        package: What the index calls it, where `name` is only what the packaging file calls it; "".
    """

    kind: str
    name: str
    bound: str
    extra: str
    place: Place
    install: str = ""
    package: str = ""


COMMANDS = "#commands"
"""The key of all of them, beside those of needed packages."""


class Heir(msgspec.Struct, frozen=True, tag="heir"):
    """A type, and one that it extends or implements.

    Attributes:
        base: As it is written; of an interface that is only fulfilled, its name.
        target: The base's path and name; "" for one from outside of the repository.
        name, kind, signature, place: Of the type itself.
    """

    base: str
    target: tuple[str, str]
    name: str
    kind: str
    signature: str
    place: Place


class Member(msgspec.Struct, frozen=True, tag="member"):
    """A public method or field of a type.

    Attributes:
        owner: Path and name of the type.
        kind: "method", "property" (read without a call) or "field".
        name, signature, place: Its own.
        says: The first sentence of its docstring; "".
    """

    owner: tuple[str, str]
    kind: str
    name: str
    signature: str
    says: str
    place: Place


class Importing(msgspec.Struct, frozen=True, tag="importing"):
    """A line of a file that imports a module from outside of the repository."""

    module: str
    place: Place


class AreaFolder(msgspec.Struct, frozen=True, tag="part"):
    """A folder with files of a part of the repository.

    Attributes:
        area: As `area_of` says.
        folder: With a "/" at its end; "" for the root.
        files: How many there are in it and below.
        first: The first of them.
    """

    area: str
    folder: str
    files: int
    first: Place


class Variable(msgspec.Struct, frozen=True, tag="variable"):
    """A variable of the environment that the package's code reads.

    Attributes:
        name: As it is set.
        default: What is taken without it; "".
        place: The line, with the definition around it.
    """

    name: str
    default: str
    place: Place


class DescribedParameter(msgspec.Struct, frozen=True, tag="parameter"):
    """A parameter of the package that its documentation says something of.

    Attributes:
        owner: The name of its definition.
        name: Its own.
        says: What is said of it.
        public: Whether users import the definition.
        anchor: Its line, or the definition's lines.
    """

    owner: str
    name: str
    says: str
    public: bool
    anchor: str


PARAMETERS = "#parameters"
RELEASES, TOLD, INSTALL, SWITCHES = "#releases", "#told", "#install", "#switches"

Row = (
    DefinedName
    | Raised
    | NeededPackage
    | ReleaseNotes
    | ToldCommand
    | InstallCommand
    | Heir
    | Member
    | Importing
    | AreaFolder
    | Variable
    | NamedSwitch
    | DescribedParameter
)


def plain_name(name: str) -> str:
    """A name without case and what joins its words: `get_peft_model`, "get peft model" and `getPeftModel` are one.

    Example:
        >>> plain_name("load_adapter"), plain_name("Load-Adapter"), plain_name("__init__")
        ('loadadapter', 'loadadapter', 'init')
    """
    return re.sub(r"[\s_.\-]+", "", name).lower()
