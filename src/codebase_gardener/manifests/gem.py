"""Ruby's packaging file: NAME.gemspec, read line by line and never run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codebase_gardener.manifests.contents import Dependency, Manifest
from codebase_gardener.manifests.values import NOTHING, LocatedValue, one_line
from codebase_gardener.utils.anchors import split_lines

__all__ = ["gemspec"]

_LONGEST_LINE = 2_000
_STRING = re.compile(r"\"([^\"#\\]{1,300})\"|'([^'\\]{1,300})'|%q\{([^{}\\]{1,300})\}")
_SET = re.compile(r"\s*[a-z_]\w*\.([a-z_]+)\s*=\s*(.*)")
_NEEDS = re.compile(r"\s*[a-z_]\w*\.add_(?:(runtime|development)_)?dependency[\s(]+(.*)")
_WORDS = re.compile(r"%[wW][\[({]([^\])}]{1,500})[\])}]")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


def gemspec(_path: str, text: str) -> Manifest:
    """What is set to a plain string, and the dependencies; what is computed is left out."""
    given: dict[str, LocatedValue] = {}
    dependencies: list[Dependency] = []
    commands: tuple[str, ...] = ()
    for number, line in enumerate(split_lines(text), 1):
        if needs := _NEEDS.match(line[:_LONGEST_LINE]):
            dependencies += _dependency(needs[1], needs[2], number)
        elif found := _SET.match(line[:_LONGEST_LINE]):
            key, value = found[1], found[2]
            words = _strings(value)
            if key == "executables":
                listed = _WORDS.search(value)
                commands = tuple(listed[1].split() if listed else words)
            elif key == "required_ruby_version" and words:
                dependencies.insert(0, _needed("runtime", "", "Ruby", words, number))
            elif words and value.startswith(("'", '"', "%q")):
                given.setdefault(key, LocatedValue(one_line(words[0]), number, number))
    return Manifest(
        "RubyGems",
        name=given.get("name", NOTHING),
        version=given.get("version", NOTHING),
        description=(given.get("summary") or given.get("description") or NOTHING).text,
        urls=(("homepage", given["homepage"].text),) if "homepage" in given else (),
        dependencies=tuple(dependencies),
        commands=commands,
    )


def _dependency(kind: str | None, entry: str, number: int) -> Iterator[Dependency]:
    words = _strings(entry)
    if words and entry.startswith(("'", '"', "%q")) and _NAME.fullmatch(words[0]):
        of_work = kind == "development"
        group = "development" if of_work else ""
        yield _needed("group" if of_work else "requirement", group, words[0], words[1:], number)


def _needed(kind: str, group: str, name: str, bounds: list[str], number: int) -> Dependency:
    version = one_line(",".join(bound.replace(" ", "") for bound in bounds))
    return Dependency(kind, group, name, one_line(f"{name} {version}"), version, number, number)


def _strings(text: str) -> list[str]:
    return [next(filter(None, found.groups())) for found in _STRING.finditer(text)]
