"""Go's packaging file: go.mod."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from codebase_gardener.manifests.contents import Dependency, Manifest, PackageEntry
from codebase_gardener.manifests.values import NOTHING, LocatedValue, one_line
from codebase_gardener.utils.anchors import split_lines

__all__ = ["go_mod"]


def go_mod(_path: str, text: str) -> Manifest:
    """`module`, `go`, `require` and `replace`, with or without parentheses; what is `// indirect` is left out."""
    name, dependencies = NOTHING, []
    replaced: dict[str, str] = {}
    for number, directive, words, comment in _directives(text):
        if directive == "module" and not name:
            name = LocatedValue(words[0].strip('"'), number, number)
        elif directive == "go":
            bound = f">={words[0]}"[:60]
            dependencies.append(Dependency("runtime", "", "Go", f"go {words[0]}"[:60], bound, number, number))
        elif directive == "require" and len(words) == 2 and "// indirect" not in comment:
            module, version = map(one_line, words)
            entry = f"{module} {version}"[:300]
            found = Dependency("requirement", "", module, entry, f">={version}", number, number)
            dependencies.append(found)
        elif directive == "replace" and "=>" in words[1:-1]:
            replaced[one_line(words[0])] = one_line(words[words.index("=>") + 1])
    dependencies = [replace(one, package=replaced.get(one.name, "")) for one in dependencies]
    return Manifest(
        "Go",
        name=name,
        urls=(("repository", f"https://{name.text}"),) if name else (),
        dependencies=tuple(dependencies),
        entries=(PackageEntry("go", name.text, ""),) if name else (),
    )


def _directives(text: str) -> Iterator[tuple[int, str, list[str], str]]:
    """Of each line: its number, the directive that it is or stands below, its words, the end with its comment."""
    block = ""
    for number, line in enumerate(split_lines(text), 1):
        words = line.split("//", 1)[0].split()[:6]
        if words and words[-1] == "(":
            block = words[0]
        elif words == [")"]:
            block = ""
        elif words and block:
            yield number, block, words, line[-200:]
        elif len(words) > 1:
            yield number, words[0], words[1:], line[-200:]
