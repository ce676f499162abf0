"""Which section of a document shows an example file."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Mapping

from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts

__all__ = ["is_translation", "shown_in"]


def shown_in(repository: RepositoryFacts) -> Mapping[str, str]:
    """Title of the section that includes each example file: "First steps: The app"; by the example's path."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for path in repository.facts:
        by_name[posixpath.basename(path)].append(path)
    found: dict[str, tuple[tuple[object, ...], str]] = {}
    for path, facts in repository.facts.items():
        if repository.areas[path] == "tests" or is_translation(path, repository):
            continue
        whole = next((heading.title for heading in facts.headings if heading.title), "")
        for include in facts.includes:
            title = f"{whole}: {include.title}" if whole and include.title not in ("", whole) else whole
            for example in _meant(path, include.path, by_name):
                rank = (path, include.line)
                if title and (example not in found or rank < found[example][0]):
                    found[example] = (rank, title)
    return {example: title for example, (_, title) in sorted(found.items())}


def _meant(document: str, written: str, by_name: Mapping[str, list[str]]) -> list[str]:
    """The file that a document includes: relative to it, or to a root that only its tool knows."""
    candidates = by_name.get(posixpath.basename(written), [])
    relative = posixpath.normpath(posixpath.join(posixpath.dirname(document), written))
    if relative in candidates:
        return [relative]
    tail = re.sub(r"^(?:\.{0,2}/)+", "", written)
    return [path for path in candidates if path == tail or path.endswith(f"/{tail}")][:1]


def is_translation(path: str, repository: RepositoryFacts) -> bool:
    """Whether it says again, in another language, what another document says."""
    return path in repository.translations
