"""Java's packaging files: pom.xml, build.gradle."""

from __future__ import annotations

import re

from codebase_gardener.manifests.contents import Dependency, Manifest
from codebase_gardener.manifests.values import NOTHING, LocatedValue, one_line, xml_values
from codebase_gardener.utils.anchors import split_lines

__all__ = ["gradle", "pom_xml"]

_JAVA = ("maven.compiler.release", "maven.compiler.source", "java.version")
_GRADLE = re.compile(
    r"\s*(implementation|api|compileOnly|runtimeOnly|testImplementation|androidTestImplementation|testRuntimeOnly)"
    r"[ (]+[\"']([\w.-]+:[\w.-]+)(?::([\w.+-]+))?[\"']"
)


def pom_xml(_path: str, text: str) -> Manifest:
    """Maven's dependencies, also those that a project manages for its modules, and the Java version."""
    project = xml_values(text).at("project")
    properties = project.at("properties")
    artifact, url = project.at("artifactId"), project.at("scm", "url").text
    group = project.at("groupId").text or project.at("parent", "groupId").text
    named = artifact.text and group
    managed = project.at("dependencyManagement", "dependencies", "dependency")
    return Manifest(
        "Maven",
        name=LocatedValue(f"{group}:{artifact.text}", artifact.start, artifact.end) if named else NOTHING,
        version=project.at("version") or project.at("parent", "version"),
        description=project.at("description").text,
        urls=(("repository", url),) if url else (),
        dependencies=(
            *(Dependency("runtime", "", "Java", f"{tag} {row.text}", f">={row.text}", row.start, row.end)
              for tag, row in properties.table.items() if tag in _JAVA),
            *(_artifact(row, properties)
              for row in (*project.at("dependencies", "dependency").rows, *managed.rows) if row.at("artifactId").text),
        ),
    )  # fmt: skip


def _artifact(row: LocatedValue, properties: LocatedValue) -> Dependency:
    artifact, version, scope = (row.at(tag).text for tag in ("artifactId", "version", "scope"))
    if version.startswith("${"):
        version = properties.at(version[2:-1]).text
    kind, group = "requirement", ""
    if scope in ("test", "provided"):
        kind, group = "group", scope
    elif row.at("optional").text == "true":
        kind, group = "extra", artifact
    name = f"{row.at('groupId').text}:{artifact}"
    text = f"{name}:{version}" if version else name
    return Dependency(kind, group, name, text, version, row.start, row.end)


def gradle(_path: str, text: str) -> Manifest:
    """Dependencies that a build.gradle(.kts) writes as strings, one a line."""
    found = []
    for number, line in enumerate(split_lines(text), 1):
        row = _GRADLE.match(line[:400])
        if row:
            kind, group = ("group", "test") if "est" in row[1] else ("requirement", "")
            found.append(Dependency(kind, group, row[2], one_line(line), row[3] or "", number, number))
    return Manifest("Maven", dependencies=tuple(found))
