"""The pages Core (what plain installation needs) and Development."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from codebase_gardener.knowledge.environments.backends import Backend
from codebase_gardener.knowledge.environments.build_conditions import build_condition_notes
from codebase_gardener.knowledge.environments.evidence_by_kind import FoundEvidence, key_of
from codebase_gardener.knowledge.environments.features import feature_table
from codebase_gardener.knowledge.environments.needs_of_parts import needs_of_parts
from codebase_gardener.knowledge.environments.optional_packages import Package, own_names
from codebase_gardener.knowledge.environments.page_draft import (
    EnvironmentDraft,
    EnvironmentPage,
    grouped,
)
from codebase_gardener.knowledge.environments.sections import (
    Sheet,
    called,
    condition_of,
    filled_command,
    grid,
    install_command,
    marked,
    named_with_extras,
)
from codebase_gardener.knowledge.links.python.entities import NO_PACKAGES
from codebase_gardener.knowledge.pages.markup import NO_CHECK, NO_ERROR, fence
from codebase_gardener.knowledge.pages.wording import counted, enumerated
from codebase_gardener.knowledge.sources.file_facts import Evidence
from codebase_gardener.languages.python.row import is_python

__all__ = ["core_page", "development_pages"]


def core_page(draft: EnvironmentDraft, backends: list[Backend], soft: list[Package]) -> EnvironmentPage:
    """What plain installation needs."""
    facts, sheet = draft.facts, Sheet(draft.repository)
    required, runtimes = (
        facts.of_kinds("requirement") or _imports(draft, backends, soft),
        facts.of_kinds("runtime"),
    )
    system = _system(draft, sheet)
    dependencies = sheet.requirements(required)
    elsewhere = {id(error) for one in backends for package in one.packages for error in package.errors}
    errors = [found for found in facts.of_kinds("raise") if id(found) not in elsewhere]
    checks = facts.of_kinds("version-check", "version")
    checks = [one for one in checks if key_of(one.evidence.name) in facts.core | {"python"}]
    bounds = " ".join(f"{one.evidence.name} {one.evidence.value}".strip() for one in runtimes[:1])
    partly = needs_of_parts(draft.repository, facts, required)
    everywhere = [one for one in required if one.evidence.name not in partly and not condition_of(one)]
    bound = {one.evidence.name for one in required if condition_of(one)} - {
        one.evidence.name for one in everywhere
    }
    needs = counted(len(everywhere), "package") if everywhere else "no other package"
    first = f"{marked(bounds)} and " if bounds else ""
    more = f"; parts of it need {len(partly)} more" if partly else ""
    more += f"; {len(bound - partly.keys())} more under a condition" if bound - partly.keys() else ""
    overview = f"What {marked(draft.software)} needs wherever it runs: {first}{needs}{more}."
    own = [draft.package] if draft.package else []
    evidence = [
        *own,
        *facts.of_kinds("release"),
        *runtimes,
        *required,
        *_strong(facts.of_kinds("device")),
        *checks,
    ]
    bodies = (
        system,
        _dependencies(draft, sheet, dependencies, partly) if dependencies else _no_dependencies(draft),
        sheet.variables([one for one in _variables(draft) if one not in _of_scripts(draft)]),
        "\n\n".join(filter(None, (_core_install(draft, backends), feature_table(draft, sheet)))),
        sheet.quotes([*evidence, *draft.more(evidence)]),
        sheet.errors(_ranked(errors, facts.core)),
        _core_notes(draft, sheet, checks, soft),
    )
    description = _core_description(draft, sheet, backends)
    return draft.written(
        "Core", "core", overview, description,
        "Every Implementation of this repository needs it, but for types that only the compiler knows.", bodies, sheet,
        tuple(sorted(facts.core)), (),
    )  # fmt: skip


def _imports(draft: EnvironmentDraft, backends: list[Backend], soft: list[Package]) -> list[FoundEvidence]:
    """Where no packaging file tells: the first import of each module from outside that is no option.

    Of Python alone: what comes with other languages, and what a file names of its own, looks alike there.
    """
    if draft.package or draft.facts.of_kinds("listed", "requirement"):
        return []
    spared = {key for one in backends for package in one.packages for key in (package.key, package.name)}
    spared |= {one.key for one in soft} | own_names(draft.repository, draft.facts)
    first: dict[str, FoundEvidence] = {}
    for path, file in draft.repository.facts.items():
        if is_python(path) and draft.repository.areas[path] in ("package", "scripts", "other"):
            for one in file.imports:
                name = one.module.partition(".")[0]
                if name and not one.level and key_of(name) not in spared and name not in NO_PACKAGES:
                    evidence = Evidence("import", one.line, one.line, one.scope, name, f"import {one.module}")
                    first.setdefault(name, FoundEvidence(path, evidence))
    return [first[name] for name in sorted(first)]


def _core_description(draft: EnvironmentDraft, sheet: Sheet, backends: list[Backend]) -> str:
    lines = []
    if draft.package:
        version = draft.package.evidence.value
        named = f"{marked(draft.software)}{' ' + marked(version) if version else ''}"
        lines.append(
            f"The package is {named} ({draft.ecosystem}), declared at {sheet.anchor(draft.package)}."
        )
    else:
        lines.append("No packaging file names a package.")
    if backends:
        own = (
            "has an Environment page of its own"
            if len(backends) == 1
            else "have Environment pages of their own"
        )
        lines.append(f"{counted(len(backends), 'optional backend')} {own}.")
    if draft.facts.others:
        names = [f"{marked(one.evidence.name)} ({sheet.anchor(one)})" for one in draft.facts.others[:20]]
        lines.append(f"The repository also holds {enumerated(names, len(draft.facts.others))}.")
    return "\n\n".join(lines)


def _dependencies(
    draft: EnvironmentDraft,
    sheet: Sheet,
    rows: list[tuple[str, ...]],
    partly: Mapping[str, list[FoundEvidence]],
) -> str:
    """With the parts that alone need some of them."""
    notes = []
    for name, imports in partly.items():
        folders = [marked(one) for one in dict.fromkeys(row.path.rpartition("/")[0] for row in imports)]
        by = f"by {enumerated(folders[:5], len(folders))} alone"
        if all(draft.repository.facts[row.path].left_out for row in imports):
            by = "only where a build asks for it"
        notes.append(f"- {marked(name)}: imported {by} ({sheet.anchors(imports, 3)}).")
    return "\n".join([grid(("Package", "Version", "Where"), rows), *([""] if notes else []), *notes])


def _no_dependencies(draft: EnvironmentDraft) -> str:
    if draft.package and draft.facts.of_kinds("extra", "dev-extra", "group", "build"):
        return "The packaging files name none that it always needs."
    if draft.package:
        return "The packaging files name no dependency."
    if any(map(is_python, draft.repository.facts)):
        return "No packaging file and no import names one."
    return "No packaging file names one."


def _system(draft: EnvironmentDraft, sheet: Sheet) -> str:
    facts = draft.facts
    rows = [
        (marked(one.evidence.name), marked(one.evidence.value), sheet.anchor(one))
        for one in facts.of_kinds("runtime")
    ]
    declared = [
        one for one in facts.of_kinds("platform") if one.evidence.text.startswith(("Operating System", "os "))
    ]
    rows += [("Operating system", marked(one.evidence.name), sheet.anchor(one)) for one in declared]
    rows += sheet.devices(facts.of_kinds("device", "device-word"))
    if not rows:
        return "Nothing in the repository says."
    return grid(("Requirement", "Value", "Where"), rows)


def _core_install(draft: EnvironmentDraft, backends: list[Backend]) -> str:
    plain = filled_command(draft.install, [draft.software] if draft.package else [])
    if declaration := draft.installer.declaration:
        group, _, artifact = draft.software.partition(":")
        plain = fence(declaration.format(group, artifact), "xml")
    extras = [marked(one.extra) for one in backends if one.extra]
    more = f"\n\nExtras with a page of their own: {', '.join(extras)}." if extras else ""
    return (plain or "The repository is used as it is checked out: no installer is named.") + more


def _core_notes(
    draft: EnvironmentDraft, sheet: Sheet, checks: list[FoundEvidence], soft: list[Package]
) -> str:
    notes = []
    by_bound = grouped(checks, lambda one: (key_of(one.evidence.name), one.evidence.name, one.evidence.value))
    for (_, name, value), rows in by_bound:
        said = (
            "other versions are refused"
            if rows[0].evidence.kind == "version"
            else "the code takes another path"
        )
        notes.append(f"- {marked(f'{name} {value}')}: {said} ({sheet.anchors(rows, 3)}).")
    asked = [
        one
        for one in draft.facts.of_kinds("platform")
        if one.evidence.scope or "Operating" not in one.evidence.text
    ]
    asked = [one for one in asked if not one.evidence.text.startswith(("Operating System", "os "))]
    for (name,), rows in grouped(asked, lambda one: (one.evidence.name,)):
        notes.append(f"- Platform {marked(name)}: the code asks for it at {sheet.anchors(rows, 3)}.")
    notes += build_condition_notes(draft.facts.of_kinds("build-condition"), sheet)
    notes += [
        f"- {marked(one.name)} is used where it is installed ({sheet.anchors(one.sites, 3)})." for one in soft
    ]
    return "\n".join(notes) or NO_CHECK


def _strong(devices: list[FoundEvidence]) -> list[FoundEvidence]:
    """The first place of each device."""
    return list({one.evidence.name: one for one in reversed(devices)}.values())[::-1]


def _ranked(errors: list[FoundEvidence], core: set[str]) -> list[FoundEvidence]:
    """Import errors first, and those that name a package of the core."""

    def rank(found: FoundEvidence) -> tuple[bool, bool, str, int]:
        words = {key_of(word) for word in re.findall(r"[\w.-]+", found.evidence.text)}
        imports = found.evidence.name in ("ImportError", "ModuleNotFoundError")
        return not imports, not words & core, found.path, found.evidence.start

    return sorted(errors, key=rank)


def _variables(draft: EnvironmentDraft) -> list[FoundEvidence]:
    return draft.facts.of_kinds("environment-variable")


def _of_scripts(draft: EnvironmentDraft) -> list[FoundEvidence]:
    """The variables that scripts alone read; none where no page tells what work on the repository needs."""
    areas = draft.repository.areas
    elsewhere = {one.evidence.name for one in _variables(draft) if areas[one.path] != "scripts"}
    return [one for one in _variables(draft) if one.evidence.name not in elsewhere] if _groups(draft) else []


def _groups(draft: EnvironmentDraft) -> list[FoundEvidence]:
    """What work on the repository needs, but for the package itself."""
    own = key_of(draft.software)
    found = draft.facts.of_kinds("dev-extra", "group", "build")
    return [one for one in found if key_of(one.evidence.name) != own]


def development_pages(draft: EnvironmentDraft) -> list[EnvironmentPage]:
    """One page for all groups and extras of development; none where there are none."""
    groups = _groups(draft)
    if not groups:
        return []
    sheet = Sheet(draft.repository)
    rows = []
    for (_, name, version), found in grouped(
        groups, lambda one: (key_of(one.evidence.name), named_with_extras(one), one.evidence.value)
    ):
        scopes = sorted({one.evidence.scope or "build" for one in found})
        bound = marked(version) if version else "any"
        rows.append((called(name, found), bound, ", ".join(map(marked, scopes)), sheet.anchors(found, 2)))
    scopes = sorted({one.evidence.scope for one in groups if one.evidence.scope})
    overview = f"What work on {marked(draft.software)} itself needs: {counted(len(rows), 'package')}."
    bodies = (
        grid(
            ("Requirement", "Value", "Where"), [(marked("Core"), "everything of the Core environment", "—")]
        ),
        grid(("Package", "Version", "Groups", "Where"), rows),
        sheet.variables(_of_scripts(draft)),
        _development_install(draft, groups),
        sheet.quotes([*groups, *draft.own(groups)]),
        NO_ERROR,
        "Users of the package need none of this.",
    )
    keys = tuple(sorted({key_of(one.evidence.name) for one in groups}))
    asked = f"The packaging files list them under {enumerated([marked(one) for one in scopes], len(scopes))}."
    said = asked if scopes else "The packaging files list them for building."
    return [draft.written("Development", "development", overview, said,
                       "Needed to change the repository, not to use it.", bodies, sheet, keys, ())]  # fmt: skip


def _development_install(draft: EnvironmentDraft, groups: Sequence[FoundEvidence]) -> str:
    scopes = sorted({one.evidence.scope for one in groups if one.evidence.scope})
    extras = sorted({one.evidence.scope for one in groups if one.evidence.kind == "dev-extra"})
    installer = draft.installer
    if installer.editable and extras:
        words = [installer.editable, installer.extra.format(".", ",".join(extras))]
        return install_command(draft.ecosystem, words)
    if installer.develop:
        return fence(installer.develop.format(manager=draft.repository.package_manager), "shell")
    return f"Groups: {', '.join(marked(one) for one in scopes) or 'build'}."
