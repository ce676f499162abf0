"""npm's packaging file: package.json."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codebase_gardener.manifests.contents import Dependency, Manifest, PackageEntry
from codebase_gardener.manifests.values import LocatedValue, json_values, one_line

__all__ = ["package_json"]

MAX_ENTRIES = 500
MAX_DEPTH = 6
_TABLES = (
    ("dependencies", "requirement", ""),
    ("peerDependencies", "requirement", "peer"),
    ("optionalDependencies", "extra", "optional"),
    ("devDependencies", "group", "dev"),
)
_ALIAS = re.compile(r"npm:(@?[^@\s]+)(?:@(.+))?\Z")
_COMMON = ("types", "import", "require", "module-sync", "node", "default")
"""Conditions of `exports` under which Node.js or TypeScript looks, whatever the program is."""
_SOURCE = re.compile(r"(?<!\.d)\.[cm]?tsx?\Z")
_ENGINES = {"node": "Node.js"}
_MAIN = ("source", "module", "main", "types", "typings")
"""Fields that name the file of the package itself, where there is no `exports`; the source first."""


def package_json(_path: str, text: str) -> Manifest:
    """npm's four tables, `engines`, which peers may be left out, and `exports`."""
    data = json_values(text)
    name, commands = data.at("name"), data.at("bin")
    own = (name.text.rpartition("/")[2],) if commands.text and name.text else ()
    return Manifest(
        "npm",
        name=name,
        version=data.at("version"),
        published=data.at("private").value is not True,
        description=data.at("description").text,
        urls=tuple((label, url) for label, url in _urls(data) if url),
        dependencies=(*_surroundings(data), *_dependencies(data)),
        commands=(*commands.table, *own),
        entries=tuple(dict.fromkeys(_entries(data)))[:MAX_ENTRIES],
    )


def _urls(data: LocatedValue) -> Iterator[tuple[str, str]]:
    url = (data.at("repository", "url") or data.at("repository")).text
    if re.match(r"(github:)?[\w.-]+/[\w.-]+\Z", url):
        url = f"https://github.com/{url.removeprefix('github:')}"
    yield "repository", url
    yield "homepage", data.at("homepage").text


def _surroundings(data: LocatedValue) -> Iterator[Dependency]:
    for engine, row in data.at("engines").table.items():
        if row.text:
            name, text = _ENGINES.get(engine, one_line(engine)), one_line(f"{engine} {row.text}")
            yield Dependency("runtime", "", name, text, row.text, row.start, row.end)
    for row in data.at("os").entries:
        yield Dependency("platform", "", row.text, f"os {row.text}", "", row.start, row.end)


def _dependencies(data: LocatedValue) -> Iterator[Dependency]:
    for key, kind, group in _TABLES:
        for name, row in data.at(key).table.items():
            if not isinstance(row.value, str):
                continue
            spared = group == "peer" and data.at("peerDependenciesMeta", name, "optional").value is True
            alias = _ALIAS.match(row.text)
            bound = (alias[2] or "") if alias else row.text
            bound = "" if bound in ("*", "latest") else bound
            yield Dependency(
                "extra" if spared else kind, "optional" if spared else group, one_line(name),
                one_line(f"{name}@{row.text}"), bound, row.start, row.end, one_line(alias[1]) if alias else "",
            )  # fmt: skip


def _entries(data: LocatedValue) -> Iterator[PackageEntry]:
    name, exports = data.at("name").text, data.at("exports")
    if not name or len(name) > 214:
        return
    has_paths = any(key.startswith(".") for key in exports.table)
    for key, value in (exports.table if has_paths else {".": exports}).items():
        if key.count("*") <= 1 and not key.endswith(".json"):
            files = [""] if value.value is None and "*" in key else _files(value, 0)  # `null` closes a folder
            for file in files:
                yield PackageEntry("javascript", name + key.removeprefix("."), file)
    for field in _MAIN:
        if isinstance(data.at(field).value, str):
            yield PackageEntry("javascript", name, data.at(field).text)
    yield PackageEntry("javascript", name, "")


def _files(entry: LocatedValue, depth: int) -> Iterator[str]:
    """The files of an entry of `exports`, under whatever conditions; those that only some programs get come last."""
    if isinstance(entry.value, str):
        yield entry.text
    elif depth < MAX_DEPTH:
        ordered = sorted(entry.table.items(), key=lambda row: _is_for_some(*row))
        for inner in (*(value for _, value in ordered), *entry.entries):
            yield from _files(inner, depth + 1)


def _is_for_some(condition: str, entry: LocatedValue) -> bool:
    return condition not in _COMMON and not (isinstance(entry.value, str) and _SOURCE.search(entry.text))
