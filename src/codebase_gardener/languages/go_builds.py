"""Which files Go builds: the constraint above the package clause, and the system in a file's name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codebase_gardener.languages.rows import words

__all__ = ["go_conditions", "is_left_out_of_go"]

# https://pkg.go.dev/cmd/go#hdr-Build_constraints, internal/syslist/syslist.go
_SYSTEMS = words(
    """aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1
       windows zos"""
)
_PROCESSORS = words(
    """386 amd64 amd64p32 arm arm64 arm64be armbe loong64 mips mips64 mips64le mips64p32 mips64p32le mipsle ppc
       ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm"""
)
_HOLDS = re.compile(r"linux|amd64|unix|cgo|gc|go1(?:\.\d+)?")
"""What holds of the compiler itself on Linux, with no tag of one's own."""

_HEAD = re.compile(r"(?:\s*(?://[^\n]*|/\*.{0,20000}?\*/)?\n)*+", re.DOTALL)
_EXACT = re.compile(r"^//go:build[ \t]+([^\n]{1,2000}?)[ \t]*$", re.MULTILINE)
_OLDER = re.compile(r"^//[ \t]*\+build[ \t]+([^\n]{1,2000}?)[ \t]*$", re.MULTILINE)
_TOKEN = re.compile(r"&&|\|\||[!()]|[\w.]+")
_MOST_TOKENS = 200


def go_conditions(path: str, text: str) -> Iterator[tuple[int, str]]:
    """Each condition that a file is built on, with its line; of one in its name the first line."""
    for system in _in_name(path):
        yield 1, system
    head = (_HEAD.match(text) or re.match("", text))[0]  # type: ignore[index]  # both match anything
    for found in list(_EXACT.finditer(head))[:1] or _OLDER.finditer(head):
        yield head.count("\n", 0, found.start()) + 1, found[1] if found.re is _EXACT else _newer(found[1])


def is_left_out_of_go(path: str, text: str) -> bool:
    """Whether Linux on a common processor builds a package without the file, where no tag is asked for."""
    return not all(_holds(condition) for _, condition in go_conditions(path, text))


def _in_name(path: str) -> list[str]:
    """`a_linux_amd64_test.go` → linux, amd64."""
    _first, *parts = path.rpartition("/")[2].removesuffix(".go").removesuffix("_test").split("_")
    last = parts[-1:] if parts and parts[-1] in _SYSTEMS | _PROCESSORS else []
    before = parts[-2:-1] if last and last[0] in _PROCESSORS else []
    return [one for one in before if one in _SYSTEMS] + last


def _newer(text: str) -> str:
    """`linux,!cgo windows` → `linux && !cgo || windows`."""
    return " || ".join(" && ".join(one.split(",")) for one in text.split())


def _holds(condition: str) -> bool:
    """Each tag becomes 0 or 1, and the innermost brackets their value, until one figure is left."""
    tokens = _TOKEN.findall(condition)[:_MOST_TOKENS]
    text = "".join(
        str(int(_HOLDS.fullmatch(one) is not None)) if one[0].isalnum() or one[0] == "_" else one
        for one in tokens
    )
    for _ in range(_MOST_TOKENS):
        text = text.replace("!0", "1").replace("!1", "0")
        inner = re.search(r"\(([01&|]*)\)", text)
        if inner is None:
            break
        text = f"{text[: inner.start()]}{int(_either(inner[1]))}{text[inner.end() :]}"
    return _either(text)


def _either(text: str) -> bool:
    return any(all(one == "1" for one in part.split("&&")) for part in text.split("||"))
