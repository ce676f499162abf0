"""The page of one optional backend."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from packaging.version import InvalidVersion, Version

from codebase_gardener.knowledge.environments.backends import Backend
from codebase_gardener.knowledge.environments.evidence_by_kind import FoundEvidence
from codebase_gardener.knowledge.environments.gates import gates_of
from codebase_gardener.knowledge.environments.optional_packages import Package
from codebase_gardener.knowledge.environments.page_draft import (
    EnvironmentDraft,
    EnvironmentPage,
    grouped,
    unique,
)
from codebase_gardener.knowledge.environments.sections import (
    Sheet,
    filled_command,
    grid,
    install_command,
    marked,
)
from codebase_gardener.knowledge.pages.quoting import inline
from codebase_gardener.knowledge.pages.wording import counted, enumerated
from codebase_gardener.knowledge.sources.file_facts import Evidence
from codebase_gardener.manifests.python import INDEX
from codebase_gardener.manifests.table import ECOSYSTEMS, read_manifest

__all__ = ["backend_page"]

_COMMENT = re.compile(r"#+\s*((?:For|To)\s\S.{1,200})", re.IGNORECASE)


def backend_page(draft: EnvironmentDraft, backend: Backend, name: str) -> EnvironmentPage:
    """One optional backend."""
    sheet, facts = Sheet(draft.repository), draft.facts
    packages = backend.packages
    keys = {one.key for one in packages}
    gates = gates_of(draft.repository, packages)
    rows = _backend_rows(draft, sheet, backend)
    errors = unique(error for one in packages for error in one.errors)
    sites = unique(site for one in packages for site in one.sites)
    bounds = unique(bound for one in packages for bound in one.bounds)
    required = unique(row for one in packages for row in one.required if _of_extra(row, backend))
    defined = unique(row for one in packages for row in one.definitions)
    imports = unique(row for one in packages for row in [*one.imports, *one.erased])
    for_types = bool(imports) and not sites and not any(one.imports for one in packages)
    evidence = [*required, *defined, *bounds, *errors, *sites, *imports]
    purposes = [row for one in required for row in _purpose(draft, one)]
    gated = {gate.path for gate in gates}
    variables = [one for one in facts.of_kinds("environment-variable") if _mentions(one.evidence.name, keys)]
    names = ", ".join(marked(one.name) for one in packages[:6]) + (" and others" if len(packages) > 6 else "")
    purpose = (
        f" for {name.replace('_', ' ')}"
        if not backend.extra and packages[0].key.replace("-", "_") != name.lower()
        else ""
    )
    reach = _reach(draft, len(gates), len(gated))
    overview = f"{names}: used by {marked(draft.software)}{purpose} where installed{reach}."
    if for_types:
        overview = f"{names}: {marked(draft.software)} takes types from it, and nothing else."
    bodies = (
        _backend_system(draft, sheet, backend),
        grid(("Package", "Version", "Where"), rows),
        sheet.variables(variables),
        _backend_install(draft, backend),
        sheet.quotes([*evidence, *draft.own(evidence)]),
        sheet.errors(errors),
        _backend_notes(draft, sheet, backend, bounds, sites, purposes),
    )
    description = _backend_description(draft, sheet, backend, sites)
    usage = "Needed by what calls the code named under Compatibility Notes; without it, the rest works."
    if for_types:
        usage = "Needed where types are checked: no code of the package imports it at run time."
    made = draft.written(
        name, "backend", overview, description, usage, bodies, sheet, tuple(sorted(keys)), gates
    )
    named = keys if backend.extra else keys | {backend.subject}
    words = tuple(sorted(re.sub(r"[^a-z0-9]", "", word.lower()) for word in named))
    return replace(made, words=words, purposes=tuple(row.evidence.value for row in purposes))


def _purpose(draft: EnvironmentDraft, row: FoundEvidence) -> Iterator[FoundEvidence]:
    """The comment right above a requirement of an extra: what its authors say it is for."""
    line = row.evidence.start - 1
    above = draft.repository.lines(row.path, line, line)[0].strip() if line else ""
    said = _COMMENT.fullmatch(above)
    if said and row.evidence.kind == "extra":
        yield FoundEvidence(row.path, Evidence("purpose", line, line, "", row.evidence.name, above, said[1]))


def _reach(draft: EnvironmentDraft, gates: int, files: int) -> str:
    if not gates:
        return ""
    return f"; {counted(gates, 'definition')} in {counted(files, 'file')} ask for it or use it"


def _backend_rows(draft: EnvironmentDraft, sheet: Sheet, backend: Backend) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for one in backend.packages:
        mine = [row for row in one.required if _of_extra(row, backend)]
        found = [*mine, *one.bounds] or one.definitions[:1] or one.sites[:1]
        versions = unique(row for row in found if row.evidence.kind in ("extra", "version"))
        if versions:
            rows += sheet.requirements(versions)
        else:
            rows += [(marked(one.name), "any", sheet.anchor(row)) for row in found[:1]]
    return list(dict.fromkeys(rows))


def _backend_system(draft: EnvironmentDraft, sheet: Sheet, backend: Backend) -> str:
    words = {
        re.sub(r"[^a-z0-9]", "", word) for word in [backend.subject, *(one.key for one in backend.packages)]
    }
    near = [one for one in draft.facts.of_kinds("device", "device-word") if _about(one.path, words)]
    rows = [(marked("Core"), "everything of the Core environment", "—"), *sheet.devices(near)]
    return grid(("Requirement", "Value", "Where"), rows)


def _backend_install(draft: EnvironmentDraft, backend: Backend) -> str:
    if backend.extra and draft.package:
        if extra := draft.installer.extra:
            lines = [filled_command(draft.install, extra.format(draft.software, backend.extra).split(" "))]
            if backend.variants:
                lines.append(f"Nearly the same: extras {', '.join(marked(one) for one in backend.variants)}.")
            return "\n\n".join(lines)
        return (
            install_command(draft.ecosystem, [one.name for one in backend.packages])
            or "See the packaging file."
        )
    by_key, index = {one.key: one for one in backend.packages}, _index(draft, backend)
    commands = []
    for way in backend.alternatives:
        words = [_specified(by_key[key]) if index == INDEX else by_key[key].name for key in way]
        commands.append(install_command(index, words))
    said = "\n\nor\n\n".join(dict.fromkeys(command for command in commands if command))
    unlisted = [one for one in backend.packages if not one.required and one.key not in draft.facts.spelling]
    if unlisted:
        said += "\n\nNo packaging file lists " + ", ".join(marked(one.name) for one in unlisted)
        said += ": the name is the one that the code asks for."
    return said


def _index(draft: EnvironmentDraft, backend: Backend) -> str:
    """Where the packaging file that lists them has its packages; Python's without one: guards are of Python."""
    listing = [row.path for one in backend.packages for row in one.required]
    manifests = (read_manifest(path, draft.repository.texts.get(path, "")) for path in listing)
    return next(
        (one.ecosystem for one in manifests if one is not None and one.ecosystem in ECOSYSTEMS), INDEX
    )


def _backend_description(
    draft: EnvironmentDraft, sheet: Sheet, backend: Backend, sites: Sequence[FoundEvidence]
) -> str:
    how = f"the extra {marked(backend.extra)}" if backend.extra else "guards in the code"
    if backend.extra and _index(draft, backend) == "npm":  # which has no extras
        how = "the packaging file, which says that it may be left out"
    lines = [f"An optional backend, known by {how}."]
    functions = sorted({name for one in backend.packages for name in one.functions})
    if functions:
        lines.append(f"The code asks with {', '.join(marked(name) for name in functions)}.")
    if len(backend.alternatives) > 1:
        ways = " or ".join(" with ".join(marked(key) for key in way) for way in backend.alternatives)
        lines.append(f"One of these is enough: {ways}.")
    return "\n\n".join(lines)


def _backend_notes(
    draft: EnvironmentDraft,
    sheet: Sheet,
    backend: Backend,
    bounds: Sequence[FoundEvidence],
    sites: Sequence[FoundEvidence],
    purposes: Sequence[FoundEvidence],
) -> str:
    notes = []
    for (name, value), rows in grouped(bounds, lambda one: (one.evidence.name, one.evidence.value)):
        notes.append(f"- {marked(f'{name} {value}')}: other versions are refused ({sheet.anchors(rows, 3)}).")
    keys = {one.key for one in backend.packages}
    checks = [
        one
        for one in draft.facts.of_kinds("version-check")
        if draft.facts.canonical(one.evidence.name) in keys
    ]
    for (name, value), rows in grouped(checks, lambda one: (one.evidence.name, one.evidence.value)):
        notes.append(
            f"- {marked(f'{name} {value}')}: the code takes another path ({sheet.anchors(rows, 3)})."
        )
    for (path,), rows in grouped(sites, lambda one: (one.path,)):
        scopes = sorted({one.evidence.scope for one in rows if one.evidence.scope})
        inside = f" in {enumerated([*map(marked, scopes[:4])], len(scopes))}" if scopes else ""
        notes.append(f"- {marked(path)} asks for it{inside} ({sheet.anchors(rows, 2)}).")
    known = {one.path for one in sites}
    imports = [row for one in backend.packages for row in one.imports if row.path not in known]
    for (path,), rows in grouped(imports, lambda one: (one.path,)):
        notes.append(f"- {marked(path)} imports it ({sheet.anchors(rows, 2)}).")
    erased = [row for one in backend.packages for row in one.erased]
    for (path,), rows in grouped(erased, lambda one: (one.path,)):
        notes.append(f"- {marked(path)} imports types of it alone ({sheet.anchors(rows, 2)}).")
    for row in purposes:
        name, said = marked(row.evidence.name), inline(row.evidence.value, 200)
        notes.append(f"- The packaging file says what {name} is for: “{said}” ({sheet.anchor(row)}).")
    return "\n".join(notes) or "No code asks for it by this name: only the packaging file names it."


def _about(path: str, words: set[str]) -> bool:
    """Whether a file is named after one of the words: bnb.py, loftq_utils.py."""
    stem = re.sub(r"[^a-z0-9]", "", path.rpartition("/")[2].partition(".")[0].lower())
    return any(len(word) > 2 and word in stem for word in words)


def _of_extra(row: FoundEvidence, backend: Backend) -> bool:
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
