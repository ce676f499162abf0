"""What Rust builds: the predicates of `cfg`, with what holds on 64-bit Linux and a crate's default features."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from codebase_gardener.languages.engine.brackets import closing, split

__all__ = ["is_left_out_of_rust", "rust_conditions"]

_ATTRIBUTE = re.compile(r"cfg\s*\((.*)\)\s*\Z", re.DOTALL)
_FEATURE = re.compile(r"\bfeature\s*=")
_WRITTEN = re.compile(
    r"(?:#!?\[\s*cfg(?:_attr)?|\bcfg!)\s*\(|\bvar(?:_os)?\(\"CARGO_CFG_(TARGET_\w{1,40}|UNIX|WINDOWS)\""
)
_COMMENT = re.compile(r"^[ \t]*//[^\n]*", re.MULTILINE)
_BLANK = re.compile(r"(?<=\()\s+|,?\s+(?=\))|\s+\Z")
_CALL = re.compile(r"(all|any|not)\s*\((.*)\)\s*\Z", re.DOTALL)
_PAIR = re.compile(r"(\w+)\s*=\s*\"([^\"]*)\"\Z")
_KEY = re.compile(r"(?:\A|[(,])\s*(\w+)\s*(?=[=,)]|\Z)")
_TOLD = {
    "target_os": ("linux",),
    "target_family": ("unix",),
    "target_arch": ("x86_64",),
    "target_env": ("gnu",),
    "target_vendor": ("unknown",),
    "target_endian": ("little",),
    "panic": ("unwind",),
    "target_feature": ("sse", "sse2", "fxsr"),
    "target_has_atomic": ("8", "16", "32", "64", "ptr"),
}
"""https://doc.rust-lang.org/reference/conditional-compilation.html"""

_HOLDS = ("unix", "debug_assertions", "panic", "true")
_OF_NO_MACHINE = frozenset(("feature", "test", "doc", "doctest", "docsrs", "debug_assertions", "miri"))
_WORD = "64"
"""Of any other key, such as one that a build script sets, this value is the machine's."""

_MOST_DEPTH = 20


def is_left_out_of_rust(attributes: Sequence[str], features: Collection[str] | None) -> bool:
    """Whether a `cfg` among attributes does not hold.

    Args:
        attributes: Without `#[` and `]`.
        features: That are on; None where they are not known: then what asks for one leaves nothing out.
    """
    for attribute in attributes:
        asked = _ATTRIBUTE.match(attribute)
        if asked is None or (features is None and _FEATURE.search(asked[1])):
            continue
        if not _holds(asked[1].strip(), features or (), 0):
            return True
    return False


def rust_conditions(_path: str, text: str) -> Iterator[tuple[int, str]]:
    """Conditions that ask for more than a feature of the crate, each with its first line."""
    seen: set[str] = set()
    text = _COMMENT.sub(lambda comment: " " * len(comment[0]), text)
    for found in _WRITTEN.finditer(text):
        if found[1]:
            condition = found[1].lower()
        else:
            end = closing(text, found.end() - 1, '"')
            condition = _BLANK.sub("", " ".join(text[found.end() : max(end, found.end())].split()))
            if "cfg_attr" in found[0]:
                condition = next(iter(split(condition, ",")))
        keys = set(_KEY.findall(condition)) - _OF_NO_MACHINE
        if keys and condition not in seen:
            seen.add(condition)
            yield text.count("\n", 0, found.start()) + 1, condition


def _holds(text: str, features: Collection[str], depth: int) -> bool:
    called, pair = _CALL.match(text), _PAIR.match(text)
    if called is not None and depth < _MOST_DEPTH:
        parts = [_holds(one.strip(), features, depth + 1) for one in split(called[2], ",") if one.strip()]
        return {"all": all(parts), "any": any(parts), "not": not any(parts)}[called[1]]
    if pair is None:
        return text in _HOLDS
    key, value = pair.groups()
    return value in (features if key == "feature" else _TOLD.get(key, (_WORD,)))
