"""How much of what a library's own API reference lists the wiki would choose without having seen it.

    python benchmarks/wiki_apis.py SOURCE…

For each SOURCE (a directory or an sdist) the documents that are API reference are left out, the APIs are ranked, and
the first N are compared with the N functions, classes and methods that those documents list: entries only, and with the
public documented members of classes that are listed with all members. "Found of all entries" counts entries that are
no code (data, signals, modules) as missed, at their full number. Plain use (passages of docs and tests that use a name)
is ranked the same way for comparison. Target: at least 60 % each for flask and click.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from codebase_gardener.knowledge.apis.candidates import Candidate, listed_targets, reference_documents
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.surface import ranked, threshold
from codebase_gardener.knowledge.extraction import extract
from codebase_gardener.knowledge.links.resolution import resolve
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.repository.snapshot import take_snapshot

TARGET = 0.6


def main() -> int:
    sources = sys.argv[1:]
    if not sources:
        print(__doc__)
        return 2
    print(
        "| repository | reference pages | entries | of them code | found | found of all entries | with members | found "
        "| plain use: entries, with members | pages |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    shares = [share for source in sources for share in _measured(source)]
    return 0 if all(share >= TARGET for share in shares) else 1


def _measured(source: str) -> list[float]:
    full = _context(source, frozenset())
    pages = reference_documents(full.repository.facts.values())
    entries, expanded = listed_targets(full, pages)
    without = _context(source, frozenset(pages))
    scored = ranked(without)
    order = [without.target(each.candidate.symbol) for each in scored]
    plain = [
        without.target(each.candidate.symbol)
        for each in sorted(scored, key=lambda each: -_plain_use(each.candidate))
    ]
    names = {listing.name for path in pages for listing in full.repository.facts[path].listings}
    strict = len(set(order[: len(names)]) & entries) / max(1, len(names))
    shares = [_share(order, entries), _share(order, expanded)]
    used = [_share(plain, entries), _share(plain, expanded)]
    count = sum(each.score >= threshold(each.candidate) for each in scored)
    print(
        f"| {Path(source).name} | {len(pages)} | {len(names)} | {len(entries)} | {shares[0]:.0%} | {strict:.0%} "
        f"| {len(expanded)} | {shares[1]:.0%} | {used[0]:.0%}, {used[1]:.0%} | {count} |"
    )
    return shares if entries else []


def _context(source: str, left_out: frozenset[str]) -> ApiContext:
    snapshot = take_snapshot(source)
    files = tuple(file for file in snapshot.files if file.path not in left_out)
    facts = {file.path: extract(file) for file in files}
    return ApiContext(RepositoryFacts("benchmark", replace(snapshot, files=files), facts), resolve(facts))


def _share(order: list[Target], wanted: set[Target]) -> float:
    return len(set(order[: len(wanted)]) & wanted) / len(wanted) if wanted else 0.0


def _plain_use(candidate: Candidate) -> int:
    return candidate.readme + candidate.docs + candidate.tests


if __name__ == "__main__":
    raise SystemExit(main())
