"""Rust's packaging file: Cargo.toml."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from codebase_gardener.manifests.contents import Dependency, Manifest, PackageEntry, Switch
from codebase_gardener.manifests.switches import switches_of
from codebase_gardener.manifests.values import LocatedValue, one_line, toml_values

__all__ = ["cargo_toml"]

_TABLES = (
    ("dependencies", "requirement", ""),
    ("dev-dependencies", "group", "dev"),
    ("build-dependencies", "group", "build"),
)


def cargo_toml(_path: str, text: str) -> Manifest:
    """[package], the tables of dependencies (also a workspace's and those of a target, which follows a semicolon).

    An optional one is named by its feature.
    """
    data = toml_values(text)
    package = data.at("package")
    return Manifest(
        "crates.io",
        name=package.at("name"),
        version=package.at("version"),
        description=package.at("description").text,
        urls=tuple((key, url) for key, url in package.texts if key in ("repository", "homepage")),
        dependencies=(*_runtime(package.at("rust-version")), *_dependencies(data)),
        commands=tuple(filter(None, (each.at("name").text for each in data.at("bin").entries))),
        entries=tuple(_entries(data)),
        features=tuple(_switched_on(data.at("features"))),
        switches=(*switches_of("feature", data.at("features"), text), *_implied(data, text)),
    )


def _implied(data: LocatedValue, text: str) -> Iterator[Switch]:
    """The features that optional dependencies are by themselves: those that no feature names as `dep:NAME`."""
    features = data.at("features").table
    named = {part.text for row in features.values() for part in row.entries}
    optional = {
        name: row
        for name, row in data.at("dependencies").table.items()
        if row.at("optional").value is True and name not in features and f"dep:{name}" not in named
    }
    for switch in switches_of("feature", LocatedValue(optional), text):
        yield replace(switch, brings=(f"dep:{switch.name}",))


def _runtime(bound: LocatedValue) -> Iterator[Dependency]:
    if bound.text:
        text = f"rust-version {bound.text}"
        yield Dependency("runtime", "", "Rust", text, f">={bound.text}", bound.start, bound.end)


def _dependencies(data: LocatedValue) -> Iterator[Dependency]:
    features = _features(data.at("features"))
    for key, kind, group in _TABLES:
        tables = [("", data.at(key)), ("", data.at("workspace", key))]
        tables += [(target, rows.at(key)) for target, rows in data.at("target").table.items()]
        for target, name, row in (
            (target, *item) for target, table in tables for item in table.table.items()
        ):
            version = row.text or row.at("version").text
            package = one_line(row.at("package").text)
            package = package if package != name else ""
            called = f"{name} (package {package})" if package else name
            text = one_line(f"{called} {version}{'; ' if target else ''}{target}")
            if kind == "requirement" and row.at("optional").value is True:
                yield Dependency(
                    "extra", features.get(name, name), name, text, version, row.start, row.end, package
                )
            elif row.text or row.table:
                yield Dependency(kind, group, one_line(name), text, version, row.start, row.end, package)


def _features(table: LocatedValue) -> dict[str, str]:
    """Optional dependency to the feature that switches it on."""
    found: dict[str, str] = {}
    for feature, parts in table.table.items():
        for part in parts.entries if feature != "default" else ():
            found.setdefault(part.text.removeprefix("dep:").split("/")[0].rstrip("?"), feature)
    return found


def _switched_on(table: LocatedValue) -> list[str]:
    """`default` with all that it brings, and that brings."""
    found: list[str] = []
    pending = ["default"]
    while pending:
        feature = pending.pop(0)
        if feature not in found:
            found.append(feature)
            pending += [part.text for part in table.at(feature).entries]
    return found


def _entries(data: LocatedValue) -> Iterator[PackageEntry]:
    name = (data.at("lib", "name") or data.at("package", "name")).text
    if re.fullmatch(r"[\w-]{1,100}", name):
        name = name.replace("-", "_")
        yield PackageEntry("rust", name, data.at("lib", "path").text or "src/lib.rs")
        yield PackageEntry("rust", name, "src/main.rs", is_program=True)
