"""What the writers of Environment pages share: the page with its gates, and the repository that it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from codebase_gardener.knowledge.environments.evidence_by_kind import EnvironmentFacts, FoundEvidence
from codebase_gardener.knowledge.environments.sections import Sheet
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.pages.structure import PAGE_TYPES, Page, Section
from codebase_gardener.knowledge.sources.file_facts import Evidence
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.languages.table import LANGUAGES, is_code
from codebase_gardener.manifests.table import ECOSYSTEMS, Ecosystem, installer_of, read_manifest

__all__ = ["EnvironmentDraft", "EnvironmentPage", "grouped", "unique"]


_MOST_COMMENTS = 200
"""Lines on top of a file that are looked through."""


@dataclass(frozen=True)
class EnvironmentPage:
    """An Environment page and what needs it.

    Attributes:
        page: The page, without edges: those come from Implementations.
        kind: "core" (each Implementation requires it), "backend" or "development".
        packages: Keys of the packages, sorted.
        words: Names of the packages and of the backend as external APIs have them in theirs, sorted.
        gates: Definitions whose code imports these packages or asks whether they are there, sorted.
        purposes: What the packaging file says that they are for: "For the test client".
    """

    page: Page
    kind: str
    packages: tuple[str, ...]
    words: tuple[str, ...] = ()
    gates: tuple[Target, ...] = ()
    purposes: tuple[str, ...] = ()


@dataclass(frozen=True)
class EnvironmentDraft:
    """The repository that pages are written about.

    Attributes:
        repository: With its facts.
        facts: Its evidence.
    """

    repository: RepositoryFacts
    facts: EnvironmentFacts

    @property
    def package(self) -> FoundEvidence | None:
        """Where the main packaging file names the package."""
        return next(iter(self.facts.of_kinds("package")), None)

    @property
    def software(self) -> str:
        """What installers call it, else the repository's name."""
        return self.package.evidence.name if self.package else self.repository.owner_repo

    @property
    def ecosystem(self) -> str:
        """The index that has the package, a key of `ECOSYSTEMS`; "" without a package."""
        return self.package.evidence.text if self.package else ""

    @property
    def installer(self) -> Ecosystem:
        """What installs the package."""
        return ECOSYSTEMS[self.ecosystem] if self.package else Ecosystem()

    @property
    def install(self) -> str:
        """The command that installs it, with `{}` for its name; ""."""
        path = self.package.path if self.package else ""
        manifest = read_manifest(path, self.repository.texts.get(path, ""))
        folder = path.rpartition("/")[0]
        return installer_of(manifest, folder, self.repository.facts) if manifest else ""

    def own(self, others: Sequence[FoundEvidence]) -> list[FoundEvidence]:
        """The package's own declaration, where a page has hardly anything else to show."""
        few = _places(others) < 2
        own = [self.package] if self.package and few else []
        return [*own, *self.more([*others, *own])]

    def more(self, others: Sequence[FoundEvidence]) -> list[FoundEvidence]:
        """The first lines of code, where there are not two lines to show: a manifest may be one line."""
        if _places(others) > 1:
            return []
        files = [one for one in self.repository.facts.values() if one.lines]
        areas = self.repository.areas
        files.sort(key=lambda one: (areas[one.path] != "package", not is_code(one.language), one.path))
        starts = {one.path: self._first_line(one.path, one.language, one.lines) for one in files[:3]}
        rows = [
            FoundEvidence(
                one.path,
                Evidence("language", starts[one.path], starts[one.path], "", one.language, one.language),
            )
            for one in files[:3]
        ]
        if len(files) == 1 and files[0].lines > starts[files[0].path]:
            line = starts[files[0].path] + 1
            rows.append(
                FoundEvidence(
                    files[0].path, Evidence("language", line, line, "", files[0].language, files[0].language)
                )
            )
        shown = {(one.path, one.evidence.start) for one in others}
        return [one for one in rows if (one.path, one.evidence.start) not in shown][:2]

    def _first_line(self, path: str, language: str, last: int) -> int:
        """The first one that is neither blank nor a comment, such as a copyright; 1 where there is none."""
        row = LANGUAGES.get(language)
        marks = ("/*", "*", row.comment) if row and row.comment else ()
        lines = self.repository.lines(path, 1, min(last, _MOST_COMMENTS))
        told = (
            number
            for number, line in enumerate(lines, 1)
            if line.strip() and not line.lstrip().startswith(marks)
        )
        return next(told, 1) if marks else 1

    def written(
        self, subject: str, kind: str, overview: str, description: str, usage: str, bodies: Sequence[str],
        sheet: Sheet, packages: tuple[str, ...], gates: tuple[Target, ...],
    ) -> EnvironmentPage:  # fmt: skip
        """A page, with its sections in the order of `pages.PAGE_TYPES`."""
        sections = tuple(
            Section(head, body) for head, body in zip(PAGE_TYPES["Environment"].sections, bodies, strict=True)
        )
        page = Page(
            type="Environment",
            name=f"{self.repository.owner_repo}_{subject}_Environment",
            title=f"{subject.replace('_', ' ')} Environment",
            overview=overview,
            description=description,
            usage=usage,
            sections=sections,
            sources=sheet.sources,
            domains=tuple(sorted({kind, *packages})),
        )
        return EnvironmentPage(page, kind, packages, gates=gates)


def _places(rows: Sequence[FoundEvidence]) -> int:
    return len({(one.path, one.evidence.start) for one in rows})


def unique(rows: Iterable[FoundEvidence]) -> list[FoundEvidence]:
    """Each piece of evidence once."""
    return list({(row.path, row.evidence.start, row.evidence.text): row for row in rows}.values())


def grouped(
    rows: Iterable[FoundEvidence], key: Callable[[FoundEvidence], tuple[str, ...]]
) -> list[tuple[tuple[str, ...], list[FoundEvidence]]]:
    """Rows grouped, by key."""
    groups: dict[tuple[str, ...], list[FoundEvidence]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return sorted(groups.items())
