"""Documents of a version that a newer one stands beside: they tell what no longer holds."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection

__all__ = ["older_documents"]

_NUMBER = r"\d{1,9}(?:[._]\d{1,9}){0,4}"
_VERSION = re.compile(
    rf"(?P<before>.{{1,80}}[-_. ])?(?P<mark>v|version[-_. ]?)(?P<number>{_NUMBER})(?P<any>[._]x)?"
    rf"|(?P<bare>{_NUMBER})[._](?:\d{{1,9}}|x)",
    re.IGNORECASE,
)
"""`v3`, `docs-v3`, `version-1.x`, `2.1`: a whole folder's name."""
_KEPT = "versioned_docs"
"""Docusaurus keeps documents of releases there, beside `docs`."""


def older_documents(documents: Collection[str]) -> frozenset[str]:
    """Those in a folder that is named after a version, where the same folder of a newer one has documents, too.

    That is `docs/v1` beside `docs/v2`, `version-1.x` beside `version-2.x`, `docs-v3` beside `docs`.

    Args:
        documents: Paths of all that is no code of the package, which still hands out its older versions.

    Example:
        >>> sorted(older_documents(["docs-v3/a.md", "docs/a.md", "api/v1/a.md", "api/v2/b.md"]))
        ['api/v1/a.md', 'docs-v3/a.md']
    """
    folders = sorted({path[:at] for path in documents for at in _slashes(path)})
    known = set(folders)
    newest: dict[tuple[str, str], tuple[int, ...]] = defaultdict(tuple)
    versions: dict[str, tuple[tuple[str, str], tuple[int, ...]]] = {}
    older: set[str] = set()
    for folder in folders:
        around, _, name = folder.rpartition("/")
        found = _VERSION.fullmatch(name)
        if name.lower() == _KEPT and f"{around}/docs".lstrip("/") in known:
            older.add(folder)
        if found is None:
            continue
        number = tuple(int(part) for part in re.findall(r"\d+", found["number"] or name))
        series = around, (found["before"] or "").lower()
        versions[folder] = series, number
        newest[series] = max(newest[series], number)
        if found["before"] and f"{around}/{found['before'][:-1]}".lstrip("/") in known:
            older.add(folder)
    older |= {folder for folder, (series, number) in versions.items() if number < newest[series]}
    return frozenset(path for path in documents if any(path[:at] in older for at in _slashes(path)))


def _slashes(path: str) -> list[int]:
    return [found.start() for found in re.finditer("/", path)]
