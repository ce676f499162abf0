"""Where links of documents lead: files, folders, headings, pages of a wiki; and where they would lead again."""

from __future__ import annotations

import os
import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import quote, unquote

from codebase_gardener.documents.links import Anchors, Link, read_anchors, read_links
from codebase_gardener.knowledge.claims.verdicts import ClaimVerdict
from codebase_gardener.knowledge.pages.structure import PAGE_TYPES
from codebase_gardener.languages.table import LANGUAGES
from codebase_gardener.repository.entries import printable
from codebase_gardener.repository.snapshot import Snapshot

__all__ = ["LinkTargets"]

_LINES = re.compile(r":L?\d+(?:C\d+)?(?:-L?\d+(?:C\d+)?)?\Z")
_LINE_FRAGMENT = re.compile(r"L\d+(?:C\d+)?(?:-L?\d+(?:C\d+)?)?\Z")
_WRITTEN = (*LANGUAGES["markdown"].extensions, ".rst", ".ipynb", ".adoc", ".html")
_STANDS_FOR_FOLDER = ("readme", "index", "__init__", "mod")
_PAGE = re.compile(r"(?:[a-z_]{1,40}::)?([A-Z][A-Za-z]{1,40}):([^\s:|#]{1,200})\Z")
_MAX_ASKED = 200
_MAX_HEADING_BYTES = 5_000_000


@dataclass(frozen=True)
class _Found:
    """What a link means: the file, or why it means none, and what would be written in its place."""

    file: str = ""
    problem: str = ""
    repair: str = ""
    doubt: str = ""


class LinkTargets:
    """A repository as links see it.

    Args:
        snapshot: Its files; those that were left out can be linked to as well.
        on_disk: Its folder where documents are judged against the work tree; None for a revision, an archive, a URL.
        pages: Names of the pages of its wiki, by type; asked once, and only where a link is written as one to a page.
        renamed: What a path that is gone was renamed to; "" where that is not known.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        on_disk: Path | None = None,
        pages: Callable[[], frozenset[tuple[str, str]]] = frozenset,
        renamed: Callable[[str], str] = lambda _: "",
    ) -> None:
        self._root = on_disk
        self._texts = {file.path: file.text for file in snapshot.files}
        self._paths = {*self._texts, *(file.path for file in snapshot.skipped)}
        self._folders = {parent for path in self._paths for parent in _parents(path)}
        self._left_out = tuple(path for path in self._paths if path.endswith("/"))
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_page: dict[str, list[str]] = defaultdict(list)
        for path in sorted(self._paths):
            if not path.endswith("/"):
                self._by_name[posixpath.basename(path).casefold()].append(path)
                for key in _page_keys(path):
                    self._by_page[key.rpartition("/")[2]].append(path)
        self._anchors: dict[str, Anchors] = {}
        self._new_names: dict[str, str] = {}
        self._ask_pages, self._renamed = pages, renamed
        self._pages: frozenset[tuple[str, str]] | None = None

    def judge(self, document: str, text: str) -> list[ClaimVerdict]:
        """A verdict for each link of a document whose place can be known."""
        judge = _Document(self, document, text)
        found = ((link, judge.find(link)) for link in read_links(text))
        return [_verdict(document, link, meant) for link, meant in found if meant is not None]

    def exists(self, path: str) -> bool:
        """Whether a file or folder is there; "" is the repository itself."""
        if path in self._texts or not path:
            return True
        if self._root is not None:
            return _is_there(self._root / path)
        return path in self._paths or path in self._folders or path.startswith(self._left_out)

    def place(self, document: str) -> list[str]:
        """Where a document lies below the repository's folder, as it is named and as it lies; none outside of it."""
        if self._root is None:
            return []
        named = Path(document)
        places = [named.parent.resolve() / named.name, named.resolve()]
        return list(
            dict.fromkeys(
                p.relative_to(self._root).as_posix() for p in places if p.is_relative_to(self._root)
            )
        )

    def same_name(self, path: str) -> list[str]:
        """Files of a path's name: those of its very spelling where there are any."""
        name = posixpath.basename(path)
        found = self._by_name.get(name.casefold(), [])
        return [other for other in found if posixpath.basename(other) == name] or found

    def renamed(self, path: str) -> str:
        """What a path that is gone is called now; "" where that is not known; asked for the first 200 only."""
        if path not in self._new_names:
            known = path.isprintable() and len(self._new_names) < _MAX_ASKED
            self._new_names[path] = self._renamed(path) if known else ""
        found = self._new_names[path]
        return found if found in self._paths else ""

    def anchors(self, path: str) -> Anchors | None:
        """What a fragment may name in a file; None where that is not known."""
        if not path.lower().endswith(LANGUAGES["markdown"].extensions):
            return None
        text = self._texts.get(path)
        if text is None or len(text) > _MAX_HEADING_BYTES:
            return None
        if path not in self._anchors:
            self._anchors[path] = read_anchors(text)
        return self._anchors[path]

    def wiki_pages(self) -> frozenset[tuple[str, str]]:
        """Type and name of each page: of the repository's wiki, and of one among its files."""
        if self._pages is None:
            types = {kind.folder: name for name, kind in PAGE_TYPES.items() if kind.folder}
            own = {
                (types[folder], posixpath.basename(path).removesuffix(".md"))
                for path in self._texts
                if path.endswith(".md") and (folder := posixpath.basename(posixpath.dirname(path))) in types
            }
            self._pages = self._ask_pages() | own
        return self._pages

    def named_pages(self, name: str) -> list[str]:
        """Files that `[[name]]` may mean, as wikis of documents do: by their name, or by the end of their path."""
        wanted = _page_key(name)
        found = self._by_page.get(wanted.rpartition("/")[2], [])
        return [path for path in found if any(f"/{key}".endswith(f"/{wanted}") for key in _page_keys(path))]


class _Document:
    """Judges the links of one document."""

    def __init__(self, targets: LinkTargets, name: str, text: str) -> None:
        self.targets = targets
        self.name = name
        self.text = text
        self.places = targets.place(name)
        self._own: Anchors | None = None

    def find(self, link: Link) -> _Found | None:
        """What a link means; None where that cannot be known."""
        if link.is_wiki:
            return self._page(link.target)
        written, _, fragment = link.target.partition("#")
        path = _LINES.sub("", unquote(written.partition("?")[0]).replace("\\", "/"))
        if not written:
            return self._heading("", fragment)
        if not self.places:
            return self._outside(path)
        return self._from_root(path) if path.startswith("/") else self._below(path, link.target)

    def _below(self, path: str, target: str) -> _Found | None:
        """Of a path relative to the document, or to the address that a site gives it."""
        written, _, fragment = target.partition("#")
        folders = [posixpath.dirname(place) for place in self.places]
        inside = _inside(posixpath.join(folder, path) for folder in folders)
        if not inside:
            return None  # ../../issues: a page of the host's
        sites = _inside(posixpath.join(posixpath.splitext(place)[0], path) for place in self.places)
        there = next((file for place in (*inside, *sites) if (file := self._there(place)) is not None), None)
        return self._gone(inside[0], target, written) if there is None else self._heading(there, fragment)

    def _there(self, path: str) -> str | None:
        """The file of a path, also of the address that a site gives it."""
        if self.targets.exists(path):
            return path or "."
        stem = path.removesuffix(".html")
        forms = [f"{stem}{extension}" for extension in _WRITTEN] + [f"{stem}/index.md", f"{stem}/README.md"]
        if stem == path and "." in posixpath.basename(path):
            return None
        return next((form for form in forms if self.targets.exists(form)), None)

    def _from_root(self, path: str) -> _Found | None:
        """`/docs/a.md` is the repository's on its host, and anything on a site."""
        path = posixpath.normpath(path).strip("/")
        return _Found(file=path) if not path.startswith("..") and self.targets.exists(path) else None

    def _outside(self, path: str) -> _Found | None:
        """Of a document that lies outside of the repository, or is judged against a revision of it."""
        if self.targets.same_name(path) or _is_there(Path(self.name).parent / path):
            return _Found(file=path)
        return None

    def _heading(self, file: str, fragment: str) -> _Found:
        if not fragment or _LINE_FRAGMENT.match(fragment):
            return _Found(file=file)
        if not file:
            if self._own is None:
                self._own = read_anchors(self.text)
            anchors: Anchors | None = self._own
        else:
            anchors = self.targets.anchors(file)
        if anchors is None or anchors.has(fragment):
            return _Found(file=file)
        near = get_close_matches(unquote(fragment).casefold(), anchors.names, 1)
        more = f"; the nearest is #{near[0]}" if near else ""
        problem = f"no heading of {file or 'this document'} makes #{fragment}{more}"
        return _Found(file=file, problem=problem, doubt="what a heading was renamed to is not certain")

    def _gone(self, path: str, target: str, written: str) -> _Found:
        """A file that is not there: where it went, if that is certain."""
        problem = f"no file {printable(path)}"
        new = self.targets.renamed(path)
        if not new:
            same = self.targets.same_name(path)
            stem = posixpath.splitext(posixpath.basename(path))[0].casefold()
            if len(same) == 1 and same[0].casefold() == path.casefold():
                new = same[0]
            elif len(same) > 1:
                return _Found(
                    problem=problem, doubt=f"{len(same)} files have that name: {', '.join(same[:3])}"
                )
            elif not same:
                return _Found(path, problem=problem, doubt="no file has that name")
            elif stem in _STANDS_FOR_FOLDER:
                return _Found(
                    path, problem=problem, doubt=f"{same[0]} has that name, which stands for its folder"
                )
            else:
                new = same[0]
        return _Found(path, problem=f"{problem}; it is {new}", repair=self._written(new, target, written))

    def _written(self, new: str, target: str, written: str) -> str:
        """The link to a file as this document writes links; what follows its path stays."""
        path = posixpath.relpath(new, posixpath.dirname(self.places[0]) or ".")
        if written.startswith("./") and not path.startswith("."):
            path = f"./{path}"
        path = quote(path, safe="/~+@!$&',;=:-._" + ("" if path.isascii() else path))
        lines = _LINES.search(written)
        rest = target[len(written.partition("?")[0]) :]
        return path + (lines[0] if lines else "") + rest

    def _page(self, target: str) -> _Found | None:
        """`[[Page]]`, `[[Page#Heading|shown]]`, GitHub's `[[shown|Page]]`, and our `[[edge::Type:Name]]`."""
        name, _, fragment = target.partition("#")
        if typed := _PAGE.match(name):
            return self._typed(typed[1], typed[2], target)
        parts = [part.strip() for part in target.split("|")]
        found: _Found | None = None
        for part in parts[:2]:
            name, _, fragment = part.partition("#")
            pages = self.targets.named_pages(name.strip().strip("/")) if name.strip() else [""]
            names = {page for _, page in self.targets.wiki_pages()} if not pages else set()
            if name.strip() in names:
                return _Found(file=name.strip())
            if pages:
                judged = [self._heading(page, fragment) for page in pages]
                found = next((one for one in judged if not one.problem), judged[0])
                if not found.problem:
                    return found
        return found or _Found(problem=f"no page {parts[0]}", doubt="no page has that name")

    def _typed(self, kind: str, name: str, target: str) -> _Found | None:
        if kind not in PAGE_TYPES:
            return None
        pages = self.targets.wiki_pages()
        if not pages:
            return None  # no wiki is known
        if (kind, name) in pages:
            return _Found(file=f"{kind}:{name}")
        other = sorted(page for page in pages if page[1] == name)
        problem = f"the wiki has no page {kind}:{name}"
        if len(other) == 1:
            new = target.replace(f"{kind}:{name}", f"{other[0][0]}:{name}", 1)
            return _Found(problem=f"{problem}; it is {other[0][0]}:{name}", repair=new)
        near = get_close_matches(name, sorted({page[1] for page in pages if page[0] == kind}), 1)
        return _Found(
            problem=problem, doubt=f"the nearest is {kind}:{near[0]}" if near else "no page has that name"
        )


def _verdict(document: str, link: Link, found: _Found) -> ClaimVerdict:
    return ClaimVerdict(
        document=document,
        line=link.line,
        path=link.target,
        file=found.file,
        symbol="",
        definition="",
        claimed=(0, 0),
        actual=None,
        verdict="gone" if found.problem else "exact",
        note=found.problem,
        doubt=found.doubt,
        numbers=((link.begin, link.end),),
        link=True,
        target=found.repair,
    )


def _is_there(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110 - a name that is too long is not there, and no error


def _inside(paths: Iterable[str]) -> list[str]:
    """Those that stay within the repository; "" is its folder."""
    whole = [posixpath.normpath(path) for path in paths]
    return [path.removeprefix(".") if path == "." else path for path in whole if path.split("/")[0] != ".."]


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]


def _page_key(name: str) -> str:
    return re.sub(r"[\s_-]+", "-", name.casefold())


def _page_keys(path: str) -> set[str]:
    """A path as wikis name it: with its extension, and a document's without."""
    stem, extension = posixpath.splitext(path)
    return {_page_key(path), _page_key(stem if extension.lower() in _WRITTEN else path)}
