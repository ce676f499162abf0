"""What packages of other languages say that they need: package.json, go.mod, Cargo.toml, pom.xml, build.gradle."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from codebase_gardener.knowledge.environments.manifest_text import Lines, one_line
from codebase_gardener.knowledge.sources.facts import Evidence
from codebase_gardener.utils.anchors import split_lines

__all__ = ["cargo_toml", "go_mod", "gradle", "package_json", "pom_xml"]

_NPM_TABLES = (
    ("dependencies", "requirement", ""),
    ("peerDependencies", "requirement", "peer"),
    ("optionalDependencies", "extra", "optional"),
    ("devDependencies", "group", "dev"),
)
_CARGO_TABLES = (
    ("dependencies", "requirement", ""),
    ("dev-dependencies", "group", "dev"),
    ("build-dependencies", "group", "build"),
)
_ENGINES = {"node": "Node.js"}


def package_json(text: str) -> Iterator[Evidence]:
    """npm's four tables, `engines`, and which peers may be left out."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(data, dict):
        return
    lines = Lines(text)
    name = data.get("name")
    if isinstance(name, str) and name and data.get("private") is not True:
        line = lines.of("name")
        version = _text(data.get("version"))
        yield Evidence("package", line, line, "", one_line(name), "npm", version)
        if version:
            line = lines.of("version")
            yield Evidence("release", line, line, "", version, f"version {version}")
    for engine, bound in _strings(data.get("engines")):
        line = lines.of(engine, lines.of("engines"))
        yield Evidence("runtime", line, line, "", _ENGINES.get(engine, engine), f"{engine} {bound}", bound)
    for system in data["os"] if isinstance(data.get("os"), list) else []:
        line = lines.of("os")
        yield Evidence("platform", line, line, "", _text(system), f"os {_text(system)}")
    spared = data.get("peerDependenciesMeta")
    spared = spared if isinstance(spared, dict) else {}
    for key, kind, group in _NPM_TABLES:
        start = lines.of(key)
        for package, version in _strings(data.get(key)):
            meta = spared.get(package) if group == "peer" else None
            optional = isinstance(meta, dict) and meta.get("optional") is True
            line = lines.of(package, start)
            bound = "" if version in ("*", "latest") else version
            yield Evidence("extra" if optional else kind, line, line, "optional" if optional else group, package,
                           one_line(f"{package}@{version}"), bound)  # fmt: skip


def go_mod(text: str) -> Iterator[Evidence]:
    """`module`, `go` and `require`, with or without parentheses; what is `// indirect` is left out."""
    block = ""
    for number, line in enumerate(split_lines(text), 1):
        words = line.split("//", 1)[0].split()[:4]
        if not words:
            continue
        if words[0] == ")":
            block = ""
        elif words[-1] == "(":
            block = words[0]
        elif words[0] == "module" and len(words) > 1:
            yield Evidence("package", number, number, "", one_line(words[1].strip('"')), "Go")
        elif words[0] == "go" and len(words) > 1 and not block:
            yield Evidence("runtime", number, number, "", "Go", f"go {words[1]}"[:60], f">={words[1]}"[:60])
        else:
            words = words[1:] if words[0] == "require" and not block else words if block == "require" else []
            if len(words) == 2 and "// indirect" not in line[-200:]:
                version = one_line(words[1])
                yield Evidence("requirement", number, number, "", one_line(words[0]), f"{words[0]} {version}"[:300],
                               f">={version}")  # fmt: skip


def cargo_toml(text: str) -> Iterator[Evidence]:
    """[package], the tables of dependencies (also a workspace's); an optional one is named by its feature."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return
    lines = Lines(text)
    package = data.get("package")
    package = package if isinstance(package, dict) else {}
    if isinstance(package.get("name"), str):
        line = lines.of("name")
        version = _text(package.get("version"))
        yield Evidence("package", line, line, "", one_line(package["name"]), "crates.io", version)
        if version:
            line = lines.of("version", line)
            yield Evidence("release", line, line, "", version, f"version {version}")
    if isinstance(package.get("rust-version"), str):
        line = lines.of("rust-version")
        bound = one_line(package["rust-version"])
        yield Evidence("runtime", line, line, "", "Rust", f"rust-version {bound}", f">={bound}")
    features = _features(data.get("features"))
    for key, kind, group in _CARGO_TABLES:
        found = re.search(rf"^\[(?:workspace\.)?{key}", text, re.MULTILINE)
        start = text.count("\n", 0, found.start()) + 1 if found else 1
        for name, row in _crates(data, key):
            version = row if isinstance(row, str) else _text(row.get("version"))
            optional = isinstance(row, dict) and row.get("optional") is True and kind == "requirement"
            line = lines.of(name, start)
            yield Evidence("extra" if optional else kind, line, line, features.get(name, name) if optional else group,
                           one_line(name), one_line(f"{name} {version}"), one_line(version))  # fmt: skip


def _crates(data: dict[str, Any], key: str) -> Iterator[tuple[str, Any]]:
    workspace = data.get("workspace")
    for table in (data.get(key), workspace.get(key) if isinstance(workspace, dict) else None):
        if isinstance(table, dict):
            yield from ((name, row) for name, row in table.items() if isinstance(row, str | dict))


def _features(table: object) -> dict[str, str]:
    """Optional dependency to the feature that switches it on."""
    found: dict[str, str] = {}
    for feature, parts in table.items() if isinstance(table, dict) else ():
        for part in parts if isinstance(parts, list) else []:
            if isinstance(part, str) and feature != "default":
                found.setdefault(part.removeprefix("dep:").split("/")[0].rstrip("?"), str(feature))
    return found


_TAG = re.compile(r"<(/?)([A-Za-z][\w.-]{0,60})[^<>]{0,500}>([^<\n]{0,300})")


def pom_xml(text: str) -> Iterator[Evidence]:
    """Maven's dependencies and Java version, by tags alone: no entity or DTD is ever looked at."""
    path: list[str] = []
    properties: dict[str, str] = {}
    current: dict[str, str] = {}
    own: dict[str, str] = {}
    starts: list[int] = []
    line, offset = 1, 0
    text = _without_comments(text)
    for found in _TAG.finditer(text):
        line += text.count("\n", offset, found.start())
        offset = found.start()
        tag, value = found[2], one_line(found[3])
        if found[1]:
            if tag == "dependency" and path[-2:] == ["dependencies", "dependency"] and "plugin" not in path:
                yield from _artifact(current, properties, starts[-1], line)
            while path and path.pop() != tag:
                starts.pop()
            if starts:
                starts.pop()
            continue
        if found[0].split(">", 1)[0].endswith("/"):
            continue
        path.append(tag)
        starts.append(line)
        if tag == "dependency":
            current = {}
        if path[:2] == ["project", "properties"] and len(path) == 3:
            properties[tag] = value
            if tag in ("maven.compiler.release", "maven.compiler.source", "java.version"):
                yield Evidence("runtime", line, line, "", "Java", f"{tag} {value}", f">={value}")
        elif len(path) == 2 and tag in ("artifactId", "groupId", "version"):
            own[tag] = value
            if "artifactId" in own and "groupId" in own and tag != "version":
                yield Evidence("package", line, line, "", f"{own['groupId']}:{own['artifactId']}", "Maven")
        elif len(path) > 1 and path[-2] == "dependency":
            current[tag] = value


def _without_comments(text: str) -> str:
    """The text with its comments blank, line by line the same; one that never ends takes the rest."""
    parts, place = [], 0
    while (start := text.find("<!--", place)) >= 0:
        end = text.find("-->", start)
        parts += [text[place:start], "\n" * text.count("\n", start, end if end >= 0 else len(text))]
        place = end + 3 if end >= 0 else len(text)
    return "".join([*parts, text[place:]])


def _artifact(row: dict[str, str], properties: dict[str, str], start: int, end: int) -> Iterator[Evidence]:
    if not row.get("artifactId"):
        return
    version = row.get("version", "")
    if version.startswith("${"):
        version = properties.get(version[2:-1], "")
    scope = row.get("scope", "")
    kind = (
        "group"
        if scope in ("test", "provided")
        else "extra"
        if row.get("optional") == "true"
        else "requirement"
    )
    name = f"{row.get('groupId', '')}:{row['artifactId']}"
    group = scope if kind == "group" else row["artifactId"] if kind == "extra" else ""
    yield Evidence(kind, start, end, group, name, f"{name}:{version}" if version else name, version)


_GRADLE = re.compile(
    r"\s*(implementation|api|compileOnly|runtimeOnly|testImplementation|androidTestImplementation|testRuntimeOnly)"
    r"[ (]+[\"']([\w.-]+:[\w.-]+)(?::([\w.+-]+))?[\"']"
)


def gradle(text: str) -> Iterator[Evidence]:
    """Dependencies that a build.gradle(.kts) writes as strings, one a line."""
    for number, line in enumerate(split_lines(text), 1):
        found = _GRADLE.match(line[:400])
        if found:
            kind = "group" if "est" in found[1] else "requirement"
            group = "test" if kind == "group" else ""
            yield Evidence(kind, number, number, group, found[2], one_line(line), found[3] or "")


def _text(value: object) -> str:
    return one_line(value) if isinstance(value, str) else ""


def _strings(table: object) -> Iterator[tuple[str, str]]:
    if isinstance(table, dict):
        yield from (
            (one_line(name), one_line(value)) for name, value in table.items() if isinstance(value, str)
        )
