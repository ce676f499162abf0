"""What a packaging file says, whatever its kind."""

from __future__ import annotations

from dataclasses import dataclass

from codebase_gardener.manifests.values import NOTHING, LocatedValue

__all__ = ["Dependency", "Manifest", "PackageEntry", "Switch"]


@dataclass(frozen=True)
class Dependency:
    """Something that the package needs.

    Attributes:
        kind: "runtime" (a language), "platform" (an operating system), "requirement" (plain installation needs it),
            "extra" (users may ask for it), "dev-extra" and "group" (for work on the repository), "listed" (a
            requirements file has it), "build".
        group: The extra, the group or the file that it is of; "" for none.
        name: As the index, or the language, spells it.
        text: The entry on one line.
        version: Its bound; "" for any.
        start, end: Lines of the entry.
        package: What the index calls it, where `name` is only what this package calls it; "".
    """

    kind: str
    group: str
    name: str
    text: str
    version: str
    start: int
    end: int
    package: str = ""


@dataclass(frozen=True)
class PackageEntry:
    """A name under which a packaging file lets others import something of its folder.

    Attributes:
        language: "go", "rust" or "javascript" (which stands for TypeScript, too).
        name: As it is imported: "zod/mini", "github.com/spf13/cobra", "my_crate".
        path: The file or folder it means, relative to the packaging file: "./src/index.ts", "src/lib.rs", "".
        is_program: Whether only the package itself can import it: the file is where a program begins.
    """

    language: str
    name: str
    path: str
    is_program: bool = False


@dataclass(frozen=True)
class Switch:
    """A feature or an extra that users may ask for.

    Attributes:
        kind: "feature" or "extra".
        name: As it is asked for.
        brings: The entries of its list.
        says: The comment above it, on one line; "".
        start, end: Lines of the comment and the entry.
    """

    kind: str
    name: str
    brings: tuple[str, ...]
    says: str
    start: int
    end: int


@dataclass(frozen=True)
class Manifest:
    """What a packaging file says; what it does not say, or cannot be read, is empty.

    Attributes:
        ecosystem: The index of its packages, a key of `table.ECOSYSTEMS`.
        name, version: Of the package.
        published: Whether others can install it under its name.
        description: In a sentence.
        urls: Label and address, in the order of the file.
        dependencies: In the order of their kinds and lines.
        commands: Names of the programs that it installs.
        features: What is switched on where nothing is asked for.
        entries: What it lets others import, best first; of Python, the files themselves tell.
        switches: Features and extras, in the order of the file.
    """

    ecosystem: str
    name: LocatedValue = NOTHING
    version: LocatedValue = NOTHING
    published: bool = True
    description: str = ""
    urls: tuple[tuple[str, str], ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    commands: tuple[str, ...] = ()
    entries: tuple[PackageEntry, ...] = ()
    features: tuple[str, ...] = ()
    switches: tuple[Switch, ...] = ()
