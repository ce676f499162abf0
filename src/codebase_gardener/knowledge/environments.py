"""Environment pages: the core, each optional backend, and what developers need."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from packaging.version import InvalidVersion, Version

from codebase_gardener.knowledge.backends import Backend, Package, optional_backends, own_names
from codebase_gardener.knowledge.environment_facts import EnvironmentFacts, Found, key_of
from codebase_gardener.knowledge.environment_gates import gates_of
from codebase_gardener.knowledge.environment_sections import Sheet, code, install_command, table
from codebase_gardener.knowledge.facts import Evidence
from codebase_gardener.knowledge.pages import Page, Section
from codebase_gardener.knowledge.repository_facts import RepositoryFacts
from codebase_gardener.knowledge.resolution import Target
from codebase_gardener.repository.languages import is_code

__all__ = ["EnvironmentPage", "environment_pages"]

_HEADINGS = ("System Requirements", "Dependencies", "Credentials", "Quick Install", "Code Evidence", "Common Errors",
             "Compatibility Notes")  # fmt: skip


@dataclass(frozen=True)
class EnvironmentPage:
    """An Environment page and what needs it.

    Attributes:
        page: The page, without edges: those come from Implementations.
        kind: "core" (each Implementation requires it), "backend" or "development".
        packages: Keys of the packages, sorted.
        words: Names of the packages and of the backend as external APIs have them in theirs, sorted.
        gates: Definitions whose code imports these packages or asks whether they are there, sorted.
    """

    page: Page
    kind: str
    packages: tuple[str, ...]
    words: tuple[str, ...] = ()
    gates: tuple[Target, ...] = ()


def environment_pages(repository: RepositoryFacts) -> tuple[EnvironmentPage, ...]:
    """Core first, then the backends by name, then Development, if anything is needed for that.

    Args:
        repository: With the evidence of `environment_evidence` in its facts.
    """
    facts = EnvironmentFacts(repository)
    writer = _Writer(repository, facts)
    backends, soft = optional_backends(repository, facts)
    pages = [writer.core(backends, soft)]
    pages += [writer.backend(one, name) for one, name in _named(backends, repository)]
    pages += writer.development()
    return tuple(pages)


def _named(backends: list[Backend], repository: RepositoryFacts) -> list[tuple[Backend, str]]:
    """Each with a name that no other has, spelled as the repository's prose does."""
    spelled = _spellings({one.subject for one in backends}, repository)
    taken = {"core", "development"}
    rows = []
    for one in backends:
        name = spelled[one.subject]
        if name.lower() in taken:
            name = f"{name}_{_title(one.packages[0].key)}"
        number = 2
        while name.lower() in taken:
            name, number = f"{name}_{number}", number + 1
        taken.add(name.lower())
        rows.append((one, name))
    return sorted(rows, key=lambda row: row[1].lower())


def _spellings(subjects: Iterable[str], repository: RepositoryFacts) -> dict[str, str]:
    """`deepspeed` as authors write it in documents, comments and messages: DeepSpeed; else in title case."""
    words = {re.sub(r"[^a-z0-9]", "", subject.lower()): subject for subject in sorted(subjects)}
    counts: dict[str, Counter[str]] = {word: Counter() for word in words}
    plain = [re.escape(word) for word in sorted(words, key=len, reverse=True) if word]
    if plain:
        pattern = re.compile(rf"(?<![\w./-])(?:{'|'.join(plain)})(?![\w/-])", re.IGNORECASE)
        for path, text in repository.texts.items():
            if repository.areas.get(path) in ("docs", "package"):
                for found in pattern.findall(text[:300_000]):
                    counts[found.lower()][found] += 1
    spelled = {}
    for word, subject in words.items():
        mixed = [(count, form) for form, count in counts[word].items() if not form.islower()]
        spelled[subject] = max(mixed)[1] if mixed else _title(subject)
    return spelled


def _title(subject: str) -> str:
    """A page's name out of a package's: letters, digits and `_` alone."""
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", subject) if part]
    return "_".join(part if not part.islower() else part.capitalize() for part in parts) or "Optional"


class _Writer:
    """Writes the pages of one repository."""

    def __init__(self, repository: RepositoryFacts, facts: EnvironmentFacts) -> None:
        self._repository = repository
        self._facts = facts
        packages = facts.of("package")
        self._package = packages[0] if packages else None
        self._software = self._package.evidence.name if self._package else repository.owner_repo
        self._ecosystem = self._package.evidence.text if self._package else ""

    def core(self, backends: list[Backend], soft: list[Package]) -> EnvironmentPage:
        """What plain installation needs."""
        facts, sheet = self._facts, Sheet(self._repository)
        required, runtimes = facts.of("requirement") or self._imports(backends, soft), facts.of("runtime")
        system = self._system(sheet)
        dependencies = sheet.requirements(required)
        elsewhere = {id(error) for one in backends for package in one.packages for error in package.errors}
        errors = [found for found in facts.of("raise") if id(found) not in elsewhere]
        checks = facts.of("version-check", "version")
        checks = [one for one in checks if key_of(one.evidence.name) in facts.core | {"python"}]
        bounds = " ".join(f"{one.evidence.name} {one.evidence.value}".strip() for one in runtimes[:1])
        needs = _count(len(required), "package") if required else "no other package"
        overview = f"What {code(self._software)} needs wherever it runs: {code(bounds) + ' and ' if bounds else ''}{needs}."
        own = [self._package] if self._package else []
        evidence = [*own, *facts.of("release"), *runtimes, *required, *_strong(facts.of("device")), *checks]
        bodies = (
            system,
            table(("Package", "Version", "Where"), dependencies) if dependencies else self._no_dependencies(),
            sheet.variables(facts.of("environment-variable")),
            self._core_install(backends),
            sheet.quotes(evidence if len(evidence) > 1 else [*evidence, *self._languages()]),
            sheet.errors(_ranked(errors, facts.core)),
            self._core_notes(sheet, checks, soft),
        )
        description = self._core_description(sheet, backends)
        return self._page(
            "Core", "core", overview, description,
            "Every Implementation of this repository needs it.", bodies, sheet,
            tuple(sorted(facts.core)), (),
        )  # fmt: skip

    def _imports(self, backends: list[Backend], soft: list[Package]) -> list[Found]:
        """Where no packaging file tells: the first import of each module from outside that is no option."""
        if self._package or self._facts.of("listed", "requirement"):
            return []
        spared = {key for one in backends for package in one.packages for key in (package.key, package.name)}
        spared |= {one.key for one in soft} | own_names(self._repository, self._facts)
        first: dict[str, Found] = {}
        for path, file in self._repository.facts.items():
            if self._repository.areas[path] in ("package", "scripts", "other"):
                for one in file.imports:
                    name = one.module.partition(".")[0]
                    if name and not one.level and key_of(name) not in spared and name not in sys.stdlib_module_names:
                        evidence = Evidence("import", one.line, one.line, one.scope, name, f"import {one.module}")
                        first.setdefault(name, Found(path, evidence))
        return [first[name] for name in sorted(first)]

    def _languages(self) -> list[Found]:
        """The first lines of code: what there is to see where no file tells anything about its needs."""
        files = [one for one in self._repository.facts.values() if one.lines]
        files.sort(key=lambda one: (self._repository.areas[one.path] != "package", not is_code(one.language), one.path))
        rows = [Found(one.path, Evidence("language", 1, 1, "", one.language, one.language)) for one in files[:2]]
        if len(files) == 1 and files[0].lines > 1:
            rows.append(Found(files[0].path, Evidence("language", 2, 2, "", files[0].language, files[0].language)))
        return rows

    def _core_description(self, sheet: Sheet, backends: list[Backend]) -> str:
        lines = []
        if self._package:
            version = self._package.evidence.value
            named = f"{code(self._software)}{' ' + code(version) if version else ''}"
            lines.append(
                f"The package is {named} ({self._ecosystem}), declared at {sheet.anchor(self._package)}."
            )
        else:
            lines.append("No packaging file names a package.")
        if backends:
            lines.append(f"{len(backends)} optional backends have Environment pages of their own.")
        if self._facts.others:
            names = ", ".join(
                f"{code(one.evidence.name)} ({sheet.anchor(one)})" for one in self._facts.others[:20]
            )
            more = len(self._facts.others) - 20
            lines.append(f"The repository also holds {names}{f' and {more} more' if more > 0 else ''}.")
        return "\n\n".join(lines)

    def _no_dependencies(self) -> str:
        return "The packaging files name no dependency." if self._package else "No packaging file and no import names one."

    def _system(self, sheet: Sheet) -> str:
        facts = self._facts
        rows = [
            (code(one.evidence.name), code(one.evidence.value), sheet.anchor(one))
            for one in facts.of("runtime")
        ]
        declared = [
            one for one in facts.of("platform") if one.evidence.text.startswith(("Operating System", "os "))
        ]
        rows += [("Operating system", code(one.evidence.name), sheet.anchor(one)) for one in declared]
        rows += sheet.devices(facts.of("device", "device-word"))
        if not rows:
            return "Nothing in the repository says."
        return table(("Requirement", "Value", "Where"), rows)

    def _core_install(self, backends: list[Backend]) -> str:
        plain = install_command(self._ecosystem, [self._software] if self._package else [])
        if self._ecosystem == "Maven":
            group, _, artifact = self._software.partition(":")
            plain = f"```xml\n<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId></dependency>\n```"
        extras = [code(one.extra) for one in backends if one.extra]
        more = f"\n\nExtras with a page of their own: {', '.join(extras)}." if extras else ""
        return (plain or "The repository is used as it is checked out: no installer is named.") + more

    def _core_notes(self, sheet: Sheet, checks: list[Found], soft: list[Package]) -> str:
        notes = []
        grouped = _by(checks, lambda one: (key_of(one.evidence.name), one.evidence.name, one.evidence.value))
        for (_, name, value), rows in grouped:
            said = (
                "other versions are refused"
                if rows[0].evidence.kind == "version"
                else "the code takes another path"
            )
            notes.append(f"- {code(f'{name} {value}')}: {said} ({sheet.anchors(rows, 3)}).")
        asked = [
            one
            for one in self._facts.of("platform")
            if one.evidence.scope or "Operating" not in one.evidence.text
        ]
        asked = [one for one in asked if not one.evidence.text.startswith(("Operating System", "os "))]
        for (name,), rows in _by(asked, lambda one: (one.evidence.name,)):
            notes.append(f"- Platform {code(name)}: the code asks for it at {sheet.anchors(rows, 3)}.")
        for one in soft:
            notes.append(f"- {code(one.name)} is used where it is installed ({sheet.anchors(one.sites, 3)}).")
        return "\n".join(notes) or "The code checks no version and no platform."

    def backend(self, backend: Backend, name: str) -> EnvironmentPage:
        """One optional backend."""
        sheet, facts = Sheet(self._repository), self._facts
        packages = backend.packages
        keys = {one.key for one in packages}
        gates = gates_of(self._repository, packages)
        rows = self._backend_rows(sheet, backend)
        errors = _unique(error for one in packages for error in one.errors)
        sites = _unique(site for one in packages for site in one.sites)
        bounds = _unique(bound for one in packages for bound in one.bounds)
        required = _unique(row for one in packages for row in one.required if _of_extra(row, backend))
        defined = _unique(row for one in packages for row in one.definitions)
        imports = _unique(row for one in packages for row in one.imports)
        gated = {gate.path for gate in gates}
        variables = [one for one in facts.of("environment-variable") if _mentions(one.evidence.name, keys)]
        names = ", ".join(code(one.name) for one in packages[:6]) + (
            " and others" if len(packages) > 6 else ""
        )
        purpose = (
            f" for {name.replace('_', ' ')}"
            if not backend.extra and _title(packages[0].key).lower() != name.lower()
            else ""
        )
        overview = f"{names}: used by {code(self._software)}{purpose} where installed{self._reach(len(gates), len(gated))}."
        bodies = (
            self._backend_system(sheet, backend),
            table(("Package", "Version", "Where"), rows),
            sheet.variables(variables),
            self._backend_install(backend),
            sheet.quotes([*required, *defined, *bounds, *errors, *sites, *imports, *self._own(required)]),
            sheet.errors(errors),
            self._backend_notes(sheet, backend, bounds, sites),
        )
        description = self._backend_description(sheet, backend, sites)
        usage = "Needed by what calls the code named under Compatibility Notes; without it, the rest works."
        made = self._page(name, "backend", overview, description, usage, bodies, sheet, tuple(sorted(keys)), gates)
        named = keys if backend.extra else keys | {backend.subject}
        return replace(made, words=tuple(sorted(re.sub(r"[^a-z0-9]", "", word.lower()) for word in named)))

    def _own(self, others: Sequence[Found]) -> list[Found]:
        """The package's own declaration, where a page has hardly anything else to show."""
        few = len({(one.path, one.evidence.start) for one in others}) < 2
        return [self._package] if self._package and few else []

    def _reach(self, gates: int, files: int) -> str:
        if not gates:
            return ""
        return f"; {_count(gates, 'definition')} in {_count(files, 'file')} ask for it or use it"

    def _backend_rows(self, sheet: Sheet, backend: Backend) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = []
        for one in backend.packages:
            mine = [row for row in one.required if _of_extra(row, backend)]
            found = [*mine, *one.bounds] or one.definitions[:1] or one.sites[:1]
            versions = _unique(row for row in found if row.evidence.kind in ("extra", "version"))
            if versions:
                rows += sheet.requirements(versions)
            else:
                rows += [(code(one.name), "any", sheet.anchor(row)) for row in found[:1]]
        return list(dict.fromkeys(rows))

    def _backend_system(self, sheet: Sheet, backend: Backend) -> str:
        words = {re.sub(r"[^a-z0-9]", "", word) for word in [backend.subject, *(one.key for one in backend.packages)]}
        near = [one for one in self._facts.of("device", "device-word") if _about(one.path, words)]
        rows = [(code("Core"), "everything of the Core environment", "—"), *sheet.devices(near)]
        return table(("Requirement", "Value", "Where"), rows)

    def _backend_install(self, backend: Backend) -> str:
        if backend.extra and self._package:
            if self._ecosystem == "PyPI":
                lines = [install_command("PyPI", [f"{self._software}[{backend.extra}]"])]
                if backend.variants:
                    lines.append(
                        f"Nearly the same: extras {', '.join(code(one) for one in backend.variants)}."
                    )
                return "\n\n".join(lines)
            return (
                install_command(self._ecosystem, [one.name for one in backend.packages])
                or "See the packaging file."
            )
        by_key = {one.key: one for one in backend.packages}
        commands = []
        for way in backend.alternatives:
            words = [_specified(by_key[key]) for key in way]
            commands.append(install_command("PyPI", words))
        said = "\n\nor\n\n".join(dict.fromkeys(command for command in commands if command))
        unlisted = [
            one for one in backend.packages if not one.required and one.key not in self._facts.spelling
        ]
        if unlisted:
            said += "\n\nNo packaging file lists " + ", ".join(code(one.name) for one in unlisted)
            said += ": the name is the one that the code asks for."
        return said

    def _backend_description(self, sheet: Sheet, backend: Backend, sites: Sequence[Found]) -> str:
        how = f"the extra {code(backend.extra)}" if backend.extra else "guards in the code"
        lines = [f"An optional backend, known by {how}."]
        functions = sorted({name for one in backend.packages for name in one.functions})
        if functions:
            lines.append(f"The code asks with {', '.join(code(name) for name in functions)}.")
        if len(backend.alternatives) > 1:
            ways = " or ".join(" with ".join(code(key) for key in way) for way in backend.alternatives)
            lines.append(f"One of these is enough: {ways}.")
        return "\n\n".join(lines)

    def _backend_notes(
        self, sheet: Sheet, backend: Backend, bounds: Sequence[Found], sites: Sequence[Found]
    ) -> str:
        notes = []
        for (name, value), rows in _by(bounds, lambda one: (one.evidence.name, one.evidence.value)):
            notes.append(
                f"- {code(f'{name} {value}')}: other versions are refused ({sheet.anchors(rows, 3)})."
            )
        keys = {one.key for one in backend.packages}
        checks = [
            one for one in self._facts.of("version-check") if self._facts.canonical(one.evidence.name) in keys
        ]
        for (name, value), rows in _by(checks, lambda one: (one.evidence.name, one.evidence.value)):
            notes.append(
                f"- {code(f'{name} {value}')}: the code takes another path ({sheet.anchors(rows, 3)})."
            )
        for (path,), rows in _by(sites, lambda one: (one.path,)):
            scopes = sorted({one.evidence.scope for one in rows if one.evidence.scope})
            inside = f" in {', '.join(code(scope) for scope in scopes[:4])}" if scopes else ""
            more = f" and {len(scopes) - 4} more" if len(scopes) > 4 else ""
            notes.append(f"- {code(path)} asks for it{inside}{more} ({sheet.anchors(rows, 2)}).")
        known = {one.path for one in sites}
        imports = [row for one in backend.packages for row in one.imports if row.path not in known]
        for (path,), rows in _by(imports, lambda one: (one.path,)):
            notes.append(f"- {code(path)} imports it ({sheet.anchors(rows, 2)}).")
        return "\n".join(notes) or "No code asks for it by this name: only the packaging file names it."

    def development(self) -> list[EnvironmentPage]:
        """One page for all groups and extras of development; none where there are none."""
        own = key_of(self._software)
        groups = [one for one in self._facts.of("dev-extra", "group", "build") if key_of(one.evidence.name) != own]
        if not groups:
            return []
        sheet = Sheet(self._repository)
        rows = []
        for (_, name, version), found in _by(
            groups, lambda one: (key_of(one.evidence.name), one.evidence.name, one.evidence.value)
        ):
            scopes = sorted({one.evidence.scope or "build" for one in found})
            rows.append((code(name), code(version) if version else "any", ", ".join(code(one) for one in scopes),
                         sheet.anchors(found, 2)))  # fmt: skip
        scopes = sorted({one.evidence.scope for one in groups if one.evidence.scope})
        overview = f"What work on {code(self._software)} itself needs: {_count(len(rows), 'package')}."
        bodies = (
            table(
                ("Requirement", "Value", "Where"), [(code("Core"), "everything of the Core environment", "—")]
            ),
            table(("Package", "Version", "Groups", "Where"), rows),
            sheet.variables([]),
            self._development_install(groups),
            sheet.quotes([*groups, *self._own(groups)]),
            "The code raises no error of its own for this.",
            "Users of the package need none of this.",
        )
        keys = tuple(sorted({key_of(one.evidence.name) for one in groups}))
        return [self._page("Development", "development", overview, "Tests, documentation, checks and building.",
                           "Needed to change the repository, not to use it.", bodies, sheet, keys, ())]  # fmt: skip

    def _development_install(self, groups: Sequence[Found]) -> str:
        scopes = sorted({one.evidence.scope for one in groups if one.evidence.scope})
        extras = sorted({one.evidence.scope for one in groups if one.evidence.kind == "dev-extra"})
        if self._ecosystem == "PyPI" and extras:
            return install_command("PyPI", ["-e", f".[{','.join(extras)}]"])
        commands = {"npm": "npm install", "Go": "go mod download", "crates.io": "cargo build"}
        found = commands.get(self._ecosystem)
        return (
            f"```shell\n{found}\n```"
            if found
            else f"Groups: {', '.join(code(one) for one in scopes) or 'build'}."
        )

    def _page(
        self, subject: str, kind: str, overview: str, description: str, usage: str, bodies: Sequence[str],
        sheet: Sheet, packages: tuple[str, ...], gates: tuple[Target, ...],
    ) -> EnvironmentPage:  # fmt: skip
        sections = tuple(Section(head, body) for head, body in zip(_HEADINGS, bodies, strict=True))
        page = Page(
            type="Environment",
            name=f"{self._repository.owner_repo}_{subject}_Environment",
            title=f"{subject.replace('_', ' ')} Environment",
            overview=overview,
            description=description,
            usage=usage,
            sections=sections,
            sources=sheet.sources,
            domains=tuple(sorted({kind, *packages})),
        )
        return EnvironmentPage(page, kind, packages, gates=gates)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _about(path: str, words: set[str]) -> bool:
    """Whether a file is named after one of the words: bnb.py, loftq_utils.py."""
    stem = re.sub(r"[^a-z0-9]", "", path.rpartition("/")[2].partition(".")[0].lower())
    return any(len(word) > 2 and word in stem for word in words)


def _strong(devices: list[Found]) -> list[Found]:
    """The first place of each device."""
    return list({one.evidence.name: one for one in reversed(devices)}.values())[::-1]


def _unique(rows: Iterable[Found]) -> list[Found]:
    return list({(row.path, row.evidence.start, row.evidence.text): row for row in rows}.values())


def _by(
    rows: Iterable[Found], key: Callable[[Found], tuple[str, ...]]
) -> list[tuple[tuple[str, ...], list[Found]]]:
    """Rows grouped, by key."""
    groups: dict[tuple[str, ...], list[Found]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return sorted(groups.items())


def _ranked(errors: list[Found], core: set[str]) -> list[Found]:
    """Import errors first, and those that name a package of the core."""

    def rank(found: Found) -> tuple[bool, bool, str, int]:
        words = {key_of(word) for word in re.findall(r"[\w.-]+", found.evidence.text)}
        imports = found.evidence.name in ("ImportError", "ModuleNotFoundError")
        return not imports, not words & core, found.path, found.evidence.start

    return sorted(errors, key=rank)


def _of_extra(row: Found, backend: Backend) -> bool:
    return not backend.extra or row.evidence.scope == backend.extra


def _mentions(variable: str, keys: set[str]) -> bool:
    """Whether a variable has a package's name in it."""
    words = re.sub(r"[^a-z0-9]+", "-", variable.lower())
    return any(f"-{key}-" in f"-{words}-" for key in keys if len(key) > 2)


def _specified(package: Package) -> str:
    """ "gptqmodel>=2.0.0": the name and the lowest bound that the code accepts."""
    bounds = [one.evidence.value for one in package.bounds if one.evidence.value.startswith((">=", "=="))]
    return f"{package.name}{max(bounds, key=_version, default='')}"


def _version(bound: str) -> Version:
    try:
        return Version(bound.lstrip("<>=!~"))
    except InvalidVersion:
        return Version("0")
