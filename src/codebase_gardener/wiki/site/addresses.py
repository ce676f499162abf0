"""Where each page, document and source file lies in the site: names that any file system and any URL takes."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterable

from codebase_gardener.knowledge.pages.structure import OVERVIEW_FILE

__all__ = ["Addresses", "SITE_FILES", "relative"]

SITE_FILES = ("index.html", "graph.html", "documents.html", "assets")
"""What the site itself needs at its root."""

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_MAX_PART_CHARS = 100
_HASH_CHARS = 10
# https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|\Z)", re.IGNORECASE)


class Addresses:
    """POSIX paths within the site, unique whether or not the file system minds upper and lower case.

    A name that had to be changed carries a hash of what it was, so that two never meet.

    Example:
        >>> places = Addresses(["a.py", 'a"b<.py'])
        >>> places.source("a.py")
        'source/a.py.html'
        >>> places.source('a"b<.py')
        'source/a-b-.py-f6d2ca75bc.html'

    Args:
        sources: Paths of the repository that get a page.
        wiki_files: Paths of the wiki, such as `workflows/x.md`.
    """

    def __init__(self, sources: Iterable[str], wiki_files: Iterable[str] = ()) -> None:
        self._taken = set(SITE_FILES)
        self._wiki_files = {
            file: "index.html" if file == OVERVIEW_FILE else self._place("", file.removesuffix(".md"))
            for file in sorted(wiki_files)
        }
        self._sources = {path: self._place("source/", path) for path in sorted(sources)}

    def source(self, path: str) -> str | None:
        """Of a file of the repository; None where it has no page."""
        return self._sources.get(path)

    def wiki_file(self, file: str) -> str | None:
        """Of a file of the wiki; None where there is none."""
        return self._wiki_files.get(file)

    def _place(self, folder: str, path: str) -> str:
        *parents, name = path.split("/")
        safe = "/".join([*(_safe(part, is_folder=True) for part in parents), _safe(name)])
        place = f"{folder}{safe}.html"
        if place.casefold() in self._taken:
            place = f"{folder}{safe}-{_hash(path)}.html"
        self._taken.add(place.casefold())
        return place


def relative(start: str, target: str) -> str:
    """The link from one file of the site to another.

    Example:
        >>> relative("workflows/a.html", "index.html")
        '../index.html'
    """
    return posixpath.relpath(target, posixpath.dirname(start) or ".")


def _safe(part: str, *, is_folder: bool = False) -> str:
    safe = _UNSAFE.sub("-", part)[:_MAX_PART_CHARS]
    safe = f"_{safe}" if _DEVICES.match(safe) else safe
    odd = safe != part or safe.endswith(".")
    if is_folder:
        odd = odd or safe.casefold().endswith(".html")  # a file may be called that
    return f"{safe}-{_hash(part)}" if odd else safe


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_CHARS]
