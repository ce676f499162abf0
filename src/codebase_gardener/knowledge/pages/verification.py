"""The wiki on disk: what all its files are, writing them, and the verifier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import zip_longest
from pathlib import Path

from codebase_gardener.knowledge.links.resolution import Resolution
from codebase_gardener.knowledge.pages.auditing import Audit, audit
from codebase_gardener.knowledge.pages.findings import Finding
from codebase_gardener.knowledge.pages.indexes import render_indexes
from codebase_gardener.knowledge.pages.rendering import render_pages
from codebase_gardener.knowledge.pages.repo_map import render_repo_map, repo_map_file
from codebase_gardener.knowledge.pages.reports import render_reports
from codebase_gardener.knowledge.pages.structure import Wiki, is_page_file
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.utils.error_handling import NotFoundError

__all__ = ["compare", "derived_files", "render_wiki", "verify"]

MAX_FILE_BYTES = 64 * 2**20


def render_wiki(wiki: Wiki, repository: RepositoryFacts, resolution: Resolution) -> dict[str, str]:
    """Every file of a wiki: pages, indexes, map and reports, by path."""
    pages = render_pages(wiki)
    return pages | derived_files(audit(pages, repository), repository, resolution)


def verify(folder: Path, repository: RepositoryFacts, resolution: Resolution) -> tuple[Finding, ...]:
    """Check a wiki against its repository.

    Pages are judged against the files and the syntax tree; indexes, map and reports are computed anew from the
    pages as they lie there, and compared byte for byte.

    Args:
        folder: The wiki.
        repository: At the commit that the wiki is of.
        resolution: Of the same facts.

    Returns:
        Everything that does not hold, by file and line; nothing where all holds.

    Raises:
        NotFoundError: There is no such folder.
    """
    texts, findings = _markdown_files(folder)
    pages = {file: text for file, text in texts.items() if is_page_file(file)}
    audited = audit(pages, repository)
    others = {file: text for file, text in texts.items() if file not in pages}
    derived = _differences(others, derived_files(audited, repository, resolution))
    return tuple(sorted({*findings, *audited.findings, *derived}))


def compare(folder: Path, expected: Mapping[str, str]) -> tuple[Finding, ...]:
    """Where a wiki differs from a fresh build (from `render_wiki`), byte for byte.

    Raises:
        NotFoundError: There is no such folder.
    """
    texts, findings = _markdown_files(folder)
    return tuple(sorted({*findings, *_differences(texts, expected)}))


def derived_files(audited: Audit, repository: RepositoryFacts, resolution: Resolution) -> dict[str, str]:
    """Indexes, map and reports of audited pages, by path."""
    wiki = audited.wiki
    return {
        **render_indexes(wiki, audited.graph),
        repo_map_file(wiki.owner_repo): render_repo_map(wiki, repository, audited.graph),
        **render_reports(audited, repository, resolution),
    }


def _markdown_files(folder: Path) -> tuple[dict[str, str], list[Finding]]:
    """The Markdown files, and what cannot be one of a wiki."""
    if not folder.is_dir():
        raise NotFoundError(f"{folder} is no wiki: there is no such folder", hint="run `gardener wiki build`")
    texts: dict[str, str] = {}
    findings = []
    for path in sorted(folder.rglob("*")):
        file = path.relative_to(folder).as_posix()
        if path.is_dir() and not path.is_symlink():
            continue
        problem = _problem(path)
        if problem:
            findings.append(Finding(file, 0, "stray", problem))
            continue
        try:
            texts[file] = path.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            findings.append(Finding(file, 0, "form", f"cannot be read: {error}"))
    return texts, findings


def _problem(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        return "no plain file"
    if path.suffix != ".md":
        return "no page, index or report"
    return "too large to be read" if path.stat().st_size > MAX_FILE_BYTES else ""


def _differences(texts: Mapping[str, str], expected: Mapping[str, str]) -> Iterable[Finding]:
    for file in sorted(expected.keys() - texts.keys()):
        yield Finding(file, 0, "missing", "the wiki lacks this file")
    for file in sorted(texts.keys() - expected.keys()):
        yield Finding(file, 0, "stray", "no page, index or report of this wiki")
    for file in sorted(texts.keys() & expected.keys()):
        if texts[file] != expected[file]:
            yield _difference(file, texts[file], expected[file])


def _difference(file: str, text: str, expected: str) -> Finding:
    pairs = enumerate(zip_longest(text.split("\n"), expected.split("\n")), 1)
    line, (found, wanted) = next((number, pair) for number, pair in pairs if pair[0] != pair[1])
    check = "report" if file.startswith("_reports/") else "form" if "/" in file else "index"
    return Finding(file, line, check, f"{_shown(found)}, computed: {_shown(wanted)}")


def _shown(line: str | None) -> str:
    return "the text ends" if line is None else repr(line if len(line) <= 160 else line[:160] + "…")
