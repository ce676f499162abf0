"""What a Python package says that it needs: pyproject.toml, setup.cfg, requirements files, environment.yml."""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from codebase_gardener.knowledge.environments.manifest_text import (
    Lines,
    is_development,
    one_line,
    requirement,
)
from codebase_gardener.knowledge.sources.facts import Evidence
from codebase_gardener.utils.anchors import split_lines

__all__ = ["conda_environment", "pyproject", "requirements_file", "setup_cfg"]

_OPERATING_SYSTEM = "Operating System :: "


def pyproject(text: str) -> Iterator[Evidence]:
    """PEP 621 and 735 tables, Poetry's, Flit's and Hatch's older ones, and the build system."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return
    lines = Lines(text)
    yield from _project(_table(data, "project"), lines, _section(text, "project"))
    yield from _groups(_table(data, "dependency-groups"), lines, _section(text, "dependency-groups"), True)
    yield from _poetry(_table(data, "tool", "poetry"), lines, text)
    yield from _flit(_table(data, "tool", "flit", "metadata"), lines, _section(text, "tool.flit.metadata"))
    for name, environment in _table(data, "tool", "hatch", "envs").items():
        if isinstance(environment, dict):
            start = _section(text, f"tool.hatch.envs.{name}")
            yield from _list("group", str(name), environment.get("dependencies"), lines, start)
    yield from _list(
        "build", "", _table(data, "build-system").get("requires"), lines, _section(text, "build-system")
    )


def _project(project: dict[str, Any], lines: Lines, start: int) -> Iterator[Evidence]:
    yield from _name(project.get("name"), project.get("version"), lines, start)
    yield from _python(project.get("requires-python"), lines.of("requires-python", start))
    yield from _list("requirement", "", project.get("dependencies"), lines, lines.of("dependencies", start))
    extras = project.get("optional-dependencies")
    if isinstance(extras, dict):
        yield from _groups(extras, lines, start, False)
    yield from _systems(project.get("classifiers"), lines, start)


def _groups(groups: dict[str, Any], lines: Lines, start: int, development: bool) -> Iterator[Evidence]:
    for name, entries in groups.items():
        kind = "group" if development else "dev-extra" if is_development(name) else "extra"
        yield from _list(kind, name, entries, lines, lines.of(name, start))


def _poetry(poetry: dict[str, Any], lines: Lines, text: str) -> Iterator[Evidence]:
    start = _section(text, "tool.poetry")
    yield from _name(poetry.get("name"), poetry.get("version"), lines, start)
    extras = poetry.get("extras")
    optional: dict[str, str] = {}
    for extra, names in (extras if isinstance(extras, dict) else {}).items():
        for name in names if isinstance(names, list) else []:
            optional.setdefault(str(name), str(extra))
    tables = [("tool.poetry.dependencies", "requirement", "", _table(poetry, "dependencies"))]
    tables.append(("tool.poetry.dev-dependencies", "group", "dev", _table(poetry, "dev-dependencies")))
    for group, row in _table(poetry, "group").items():
        if isinstance(row, dict):
            tables.append(
                (f"tool.poetry.group.{group}.dependencies", "group", group, _table(row, "dependencies"))
            )
    for section, kind, scope, table in tables:
        below = _section(text, section)
        for name, version in table.items():
            line = lines.of(name, below)
            bound = _caret(version.get("version", "") if isinstance(version, dict) else version)
            if name == "python":
                yield from _python(bound, line)
            elif name in optional and not scope:
                found = "dev-extra" if is_development(optional[name]) else "extra"
                yield Evidence(found, line, line, optional[name], name, f"{name}{bound}", bound)
            else:
                yield Evidence(kind, line, line, scope, name, f"{name}{bound}", bound)


def _flit(flit: dict[str, Any], lines: Lines, start: int) -> Iterator[Evidence]:
    yield from _name(flit.get("dist-name") or flit.get("module"), None, lines, start)
    yield from _python(flit.get("requires-python"), lines.of("requires-python", start))
    yield from _list("requirement", "", flit.get("requires"), lines, lines.of("requires", start))
    yield from _groups(_table(flit, "requires-extra"), lines, start, False)


def _caret(version: object) -> str:
    """Poetry's `^1.2` and bare `1.2` in the form that pip writes.

    Example:
        >>> _caret("^1.2"), _caret("~1.2.3"), _caret("0.3.*"), _caret("*")
        ('>=1.2,<2', '>=1.2.3,<1.3', '==0.3.*', '')
    """
    text = version.replace(" ", "") if isinstance(version, str) else ""
    found = re.fullmatch(r"([\^~])(\d+(?:\.\d+)*)", text[:60])
    if found and len(found[2]) < 40:
        parts = [int(part) for part in found[2].split(".")]
        fixed = 1 if found[1] == "~" and len(parts) > 1 else 0
        if found[1] == "^":
            fixed = next((index for index, part in enumerate(parts) if part), len(parts) - 1)
        upper = ".".join(str(part) for part in [*parts[:fixed], parts[fixed] + 1])
        return f">={found[2]},<{upper}"
    if text in ("", "*"):
        return ""
    return one_line(text if text[0] in "<>=!~^" else f"=={text}")


def setup_cfg(text: str) -> Iterator[Evidence]:
    """[metadata], [options] and [options.extras_require] of setuptools."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except (configparser.Error, ValueError):
        return
    source = split_lines(text)
    for section, key, kind, group in _cfg_fields(parser):
        start = _cfg_line(source, section, key)
        value = parser.get(section, key) or ""
        if kind == "package":
            if value and value != "UNKNOWN":
                yield Evidence("package", start, start, "", one_line(value), "PyPI")
        elif kind == "runtime":
            yield from _python(value, start)
        else:
            yield from _cfg_list(source, start, kind, group, value)


def _cfg_fields(parser: configparser.RawConfigParser) -> Iterator[tuple[str, str, str, str]]:
    wanted = (
        ("metadata", "name", "package", ""),
        ("options", "python_requires", "runtime", ""),
        ("options", "install_requires", "requirement", ""),
    )
    yield from (row for row in wanted if parser.has_option(row[0], row[1]))
    if parser.has_section("options.extras_require"):
        for extra in parser.options("options.extras_require"):
            yield "options.extras_require", extra, "dev-extra" if is_development(extra) else "extra", extra


def _cfg_line(source: list[str], section: str, key: str) -> int:
    inside = False
    for number, line in enumerate(source, 1):
        if line.startswith("["):
            inside = line.strip() == f"[{section}]"
        elif inside and re.match(rf"{re.escape(key)}\s*[=:]", line, re.IGNORECASE):
            return number
    return 1


def _cfg_list(source: list[str], start: int, kind: str, group: str, value: str) -> Iterator[Evidence]:
    number = start
    for entry in value.splitlines():
        if not entry.strip():
            continue
        while number <= len(source) and entry.strip() not in source[number - 1]:
            number += 1
        found = requirement(kind, group, entry.strip(), min(number, len(source)))
        if found and not entry.startswith("#"):
            yield found


def requirements_file(path: str, text: str) -> Iterator[Evidence]:
    """A requirements file of pip, without what it includes; its name tells whether it is for development."""
    name = path.rpartition("/")[2].removesuffix(".txt")
    kind = "group" if is_development(path) else "listed"
    for number, line in enumerate(split_lines(text), 1):
        entry = line.split(" #", 1)[0].strip()
        if not entry or entry.startswith(("#", "-", ".", "/", "git+", "http:", "https:")):
            continue
        found = requirement(kind, name, entry.rstrip("\\").split(" --hash", 1)[0], number)
        if found:
            yield found


def conda_environment(text: str) -> Iterator[Evidence]:
    """`dependencies:` of an environment.yml, with its `pip:` list; read line by line."""
    inside = False
    for number, line in enumerate(split_lines(text), 1):
        if re.match(r"\S", line) and not line.startswith(("-", "#")):
            inside = line.startswith("dependencies:")
            continue
        found = re.match(r"\s*-\s+[\"']?([A-Za-z0-9][^#\"'\n]{0,200})", line[:300]) if inside else None
        if not found or found[1].strip() in ("pip:", "pip"):
            continue
        entry = re.sub(r"^([\w.-]+)\s*=(?=[\d.]+)", r"\1==", found[1].strip().rpartition("::")[2])
        if re.match(r"python\b(?!-)", entry):
            yield from _python(entry.removeprefix("python").replace("==", "=="), number)
        else:
            row = requirement("listed", "environment", re.sub(r"(==[\d.]+)=.*", r"\1", entry), number)
            if row:
                yield row


def _table(data: dict[str, Any], *keys: str) -> dict[str, Any]:
    for key in keys:
        found = data.get(key)
        if not isinstance(found, dict):
            return {}
        data = found
    return data


def _section(text: str, name: str) -> int:
    """Line of `[name]`, else 1."""
    found = re.search(rf"^\[{re.escape(name)}\]", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _list(kind: str, group: str, entries: object, lines: Lines, start: int) -> Iterator[Evidence]:
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, str):
            start = lines.of(entry, start)
            found = requirement(kind, group, entry, start)
            if found:
                yield found


def _name(name: object, version: object, lines: Lines, start: int) -> Iterator[Evidence]:
    if isinstance(name, str) and name:
        line = lines.of(name, start)
        said = one_line(version) if isinstance(version, str) else ""
        yield Evidence("package", line, line, "", one_line(name), "PyPI", said)
        if said:
            line = lines.of("version", start)
            yield Evidence("release", line, line, "", said, f"version {said}")


def _python(bound: object, line: int) -> Iterator[Evidence]:
    if isinstance(bound, str) and bound.strip():
        yield Evidence("runtime", line, line, "", "Python", one_line(bound), one_line(bound).replace(" ", ""))


def _systems(classifiers: object, lines: Lines, start: int) -> Iterator[Evidence]:
    for entry in classifiers if isinstance(classifiers, list) else []:
        if isinstance(entry, str) and entry.startswith(_OPERATING_SYSTEM):
            line = lines.of(entry, start)
            yield Evidence("platform", line, line, "", entry.rpartition(" :: ")[2], one_line(entry))
