"""Documents that are translations of others in the repository: they say nothing that those do not say."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from codebase_gardener.repository.scripts import LATIN

__all__ = ["translations"]

_CODES = """
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el
    eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja
    jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb
    nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq
    sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu cn
"""
_ISO_639_1 = frozenset(_CODES.split())
"""And `cn`, which many write for `zh`. English is what the others are translations of."""
_REGION = r"(?:[-_](?:[A-Za-z]{2}|[A-Za-z]{4}|\d{3}))?"
_FOLDER = re.compile(rf"(?:^|/)([a-z]{{2}}){_REGION}/")
_SUFFIX = re.compile(rf"[._-]([a-z]{{2}}){_REGION}(?=\.[a-z]+\Z)", re.IGNORECASE)
_OF_LOCALES = re.compile(r"(?:^|/)(?:i18n|l10n|locales?|translations?)/\Z", re.IGNORECASE)
_README = re.compile(r"(?:^|/)readme[^/]*\Z", re.IGNORECASE)
_DOCUMENT = re.compile(r"\.(?:md|mdx|markdown|rst|txt|html?|ipynb|adoc)\Z", re.IGNORECASE)


def translations(paths: Collection[str], scripts: Mapping[str, str] | None = None) -> frozenset[str]:
    """Documents that are translations, by where they lie, and those in another script than the main README.

    `docs/de/a.md` beside `docs/en/a.md` is one; `docs/de/a.md` beside `docs/a.md` where most of `docs/de/` has such a
    neighbour; `i18n/de/…/a.md` where there is another `a.md`; `a.de.md` beside `a.md` or in a folder below it. What is
    in Latin letters is none for that: much is in English where the README is not.

    Args:
        paths: Of all files.
        scripts: Of each document, by path (`script_of`); of those left out, Latin.

    Example:
        >>> sorted(translations({"docs/en/a.md", "docs/de/a.md", "README.md", "README_zh-CN.md", "go/README.md"}))
        ['README_zh-CN.md', 'docs/de/a.md']
    """
    documents = {path for path in paths if _DOCUMENT.search(path)}
    places: dict[str, list[str]] = defaultdict(list)
    for path in documents:
        places[path.rpartition("/")[2]].append(path)
    found = set(_in_another_script(documents, scripts or {}))
    beside: dict[str, list[bool]] = defaultdict(list)
    of_folder: dict[str, list[str]] = defaultdict(list)
    for path in documents:
        suffix = _SUFFIX.search(path)
        if (
            suffix
            and _is_code(suffix[1])
            and _has_above(path[: suffix.start()] + path[suffix.end() :], documents)
        ):
            found.add(path)
        for folder in _FOLDER.finditer(path):
            if not _is_code(folder[1]):
                continue
            before, after = path[: folder.start(1)], path[folder.end() :]
            if f"{before}en/{after}" in documents or f"{before}en-US/{after}" in documents:
                found.add(path)
            elif _OF_LOCALES.search(before):
                if any(not other.startswith(before) for other in places[path.rpartition("/")[2]]):
                    found.add(path)
            else:
                beside[path[: folder.end()]].append(before + after in documents)
                of_folder[path[: folder.end()]].append(path)
    for folder_path, has_neighbour in beside.items():
        if sum(has_neighbour) >= 2 and sum(has_neighbour) * 2 >= len(has_neighbour):
            found.update(of_folder[folder_path])
    return frozenset(found)


def _in_another_script(documents: Collection[str], scripts: Mapping[str, str]) -> Iterator[str]:
    readmes = [path for path in documents if _README.search(path)]
    if not readmes:
        return
    main = scripts.get(min(readmes, key=lambda path: (path.count("/"), len(path), path)), LATIN)
    for path in documents:
        if scripts.get(path, LATIN) not in (LATIN, main):
            yield path


def _has_above(path: str, documents: Collection[str]) -> bool:
    """Whether a document lies there, or one of its name in a folder around."""
    folder, _, name = path.rpartition("/")
    while f"{folder}/{name}".lstrip("/") not in documents:
        if not folder:
            return False
        folder = folder.rpartition("/")[0]
    return True


def _is_code(word: str) -> bool:
    return word.lower() in _ISO_639_1
