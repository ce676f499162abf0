"""What questions are answered from: a row for each definition, error, package and file, under its name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from codebase_gardener.knowledge.answers.graph_rows import (
    COMMANDS,
    INSTALL,
    PARAMETERS,
    RELEASES,
    SWITCHES,
    TOLD,
    AreaFolder,
    DefinedName,
    DescribedParameter,
    Heir,
    Importing,
    Member,
    NeededPackage,
    Row,
    Variable,
    plain_name,
)
from codebase_gardener.knowledge.answers.install_commands import InstallCommand
from codebase_gardener.knowledge.answers.releases import ReleaseNotes
from codebase_gardener.knowledge.answers.sorted_rows import SortedRows
from codebase_gardener.knowledge.answers.switches import NamedSwitch
from codebase_gardener.knowledge.answers.told_commands import ToldCommand
from codebase_gardener.utils.progress import Progress, silent

if TYPE_CHECKING:
    from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts

__all__ = ["Graph"]

_DECODE = msgspec.json.Decoder(Row).decode
_ENCODE = msgspec.json.Encoder().encode


class Graph:
    """What is known of a repository, by name.

    Args:
        folder: Where `write` put it.

    Raises:
        NotFoundError: It is not there, or damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._rows = SortedRows(folder / "graph.rows")
        self.names = SortedRows(folder / "names.rows")

    @staticmethod
    def write(folder: Path, repository: RepositoryFacts, progress: Progress = silent) -> None:
        """Gather what is known of a repository; a function of its facts alone."""
        from codebase_gardener.knowledge.answers.graph_gathering import Gathering
        from codebase_gardener.knowledge.apis.context import ApiContext
        from codebase_gardener.knowledge.links.resolution import resolve
        from codebase_gardener.knowledge.writers.prose_pages import repository_names

        rows = Gathering(ApiContext(repository, resolve(repository.facts))).rows(progress)
        SortedRows.write(folder / "graph.rows", ((key, _ENCODE(row).decode()) for key, row in rows))
        names = (name for name in repository_names(repository) if not re.search(r"[\t\n]", name))
        SortedRows.write(folder / "names.rows", ((name, "") for name in names))

    def rows(self, name: str) -> list[Row]:
        """What stands under a name, however its words are joined and whether they are capital."""
        return [_DECODE(text) for text in self._rows.find(plain_name(name))]

    def needed(self, kind: str) -> list[NeededPackage]:
        """The lines of packaging files of one kind."""
        found = (_DECODE(text) for text in self._rows.find(f"#{kind}"))
        return [row for row in found if isinstance(row, NeededPackage)]

    def commands(self) -> list[DefinedName]:
        """The commands that the repository's own code declares."""
        found = (_DECODE(text) for text in self._rows.find(COMMANDS))
        return [row for row in found if isinstance(row, DefinedName)]

    def releases(self) -> list[ReleaseNotes]:
        """What the changelogs say of each release, the main one's newest first."""
        found = (_DECODE(text) for text in self._rows.find(RELEASES))
        return sorted((row for row in found if isinstance(row, ReleaseNotes)), key=lambda row: row.order)

    def told_commands(self) -> list[ToldCommand]:
        """What the repository's own files tell to run, of whoever works on it."""
        found = (_DECODE(text) for text in self._rows.find(TOLD))
        return sorted((row for row in found if isinstance(row, ToldCommand)), key=lambda row: row.order)

    def install_commands(self) -> list[InstallCommand]:
        """What README and documents tell to run to have the repository's own packages."""
        found = (_DECODE(text) for text in self._rows.find(INSTALL))
        return sorted((row for row in found if isinstance(row, InstallCommand)), key=lambda row: row.order)

    def importing(self, package: str) -> list[Importing]:
        """The lines that import a package from outside, of the package's own code first."""
        found = (_DECODE(text) for text in self._rows.find(f"#imports {plain_name(package)}"))
        rows = [row for row in found if isinstance(row, Importing)]
        return sorted(rows, key=lambda row: (row.place.area != "package", row.place.path, row.place.start))

    def parts(self, area: str) -> list[AreaFolder]:
        """Where the files of a part of the repository lie, the folder with the most of them first."""
        found = (_DECODE(text) for text in self._rows.find(f"#part {area}"))
        return sorted(
            (row for row in found if isinstance(row, AreaFolder)), key=lambda row: (-row.files, row.folder)
        )

    def parameters(self) -> Iterator[DescribedParameter]:
        """The parameters of the package's code that are described, in no order."""
        found = (_DECODE(text) for text in self._rows.find(PARAMETERS))
        return (row for row in found if isinstance(row, DescribedParameter))

    def switches(self) -> list[NamedSwitch]:
        """What users switch on by its name, those of one file in its order."""
        found = (_DECODE(text) for text in self._rows.find(SWITCHES))
        rows = [row for row in found if isinstance(row, NamedSwitch)]
        return sorted(rows, key=lambda row: (row.kind, row.path.count("/"), row.path, row.start))

    def variables(self) -> list[Variable]:
        """The variables of the environment that the package's code reads, in order."""
        found = (_DECODE(text) for text in self._rows.find("#variables"))
        rows = [row for row in found if isinstance(row, Variable)]
        return sorted(rows, key=lambda row: (row.place.path, row.place.start, row.name))

    def errors(self) -> list[Heir]:
        """Types that extend an error from outside of the repository: what the language has."""
        found = (_DECODE(text) for text in self._rows.find("#errors"))
        return [row for row in found if isinstance(row, Heir)]

    def heirs(self, base: str) -> list[Heir]:
        """The types that extend or implement one of that name, without what its name is qualified by."""
        found = (_DECODE(text) for text in self._rows.find(f"#heirs {plain_name(base)}"))
        return [row for row in found if isinstance(row, Heir)]

    def bases(self, name: str) -> list[Heir]:
        """What types of that name extend or implement."""
        found = (_DECODE(text) for text in self._rows.find(f"#bases {plain_name(name)}"))
        return [row for row in found if isinstance(row, Heir)]

    def members(self, name: str) -> list[Member]:
        """The public methods and fields of types of that name, in the order of their lines."""
        found = (_DECODE(text) for text in self._rows.find(f"#members {plain_name(name)}"))
        rows = [row for row in found if isinstance(row, Member)]
        return sorted(rows, key=lambda row: (row.place.path, row.place.start))

    def keys(self) -> Iterator[str]:
        """The plain names of all rows."""
        return (key for key in self._rows if not key.startswith("#"))
