"""Environment pages: the core, each optional backend, and what developers need."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from codebase_gardener.knowledge.environments.backend_pages import backend_page
from codebase_gardener.knowledge.environments.backends import Backend, optional_backends
from codebase_gardener.knowledge.environments.core_pages import core_page, development_pages
from codebase_gardener.knowledge.environments.evidence_by_kind import EnvironmentFacts
from codebase_gardener.knowledge.environments.page_draft import EnvironmentDraft, EnvironmentPage
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.utils.memo import remembered

__all__ = ["environment_pages"]


def environment_pages(repository: RepositoryFacts) -> tuple[EnvironmentPage, ...]:
    """Core first, then the backends by name, then Development, if anything is needed for that.

    Args:
        repository: With the evidence of `environment_evidence` in its facts.
    """
    facts = EnvironmentFacts(repository)
    draft = EnvironmentDraft(repository, facts)
    backends, soft = optional_backends(repository, facts)
    pages = [core_page(draft, backends, soft)]
    pages += [backend_page(draft, one, name) for one, name in _named(backends, repository)]
    pages += development_pages(draft)
    return tuple(
        page for page in pages if len(page.page.sources) > 1
    )  # less only where there are not two lines


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
    pattern = rf"(?<![\w./-])(?:{'|'.join(plain)})(?![\w/-])"
    for path, text in repository.texts.items() if plain else ():
        if repository.areas.get(path) in ("docs", "package"):
            for found in _written(pattern, text):
                counts[found.lower()][found] += 1
    spelled = {}
    for word, subject in words.items():
        mixed = [(count, form) for form, count in counts[word].items() if not form.islower()]
        spelled[subject] = max(mixed)[1] if mixed else _title(subject)
    return spelled


@remembered
def _written(pattern: str, text: str) -> tuple[str, ...]:
    return tuple(re.findall(pattern, text[:300_000], re.IGNORECASE))


def _title(subject: str) -> str:
    """A page's name out of a package's: letters, digits and `_` alone."""
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", subject) if part]
    return "_".join(part if not part.islower() else part.capitalize() for part in parts) or "Optional"
