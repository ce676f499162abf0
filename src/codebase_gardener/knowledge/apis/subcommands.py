"""Which words are subcommands of the repository's own programs, as its code declares them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.table import is_code
from codebase_gardener.repository.areas import area_of
from codebase_gardener.utils.memo import remembered

__all__ = ["subcommands"]

_FIRST = r"""\s*["'`]([a-z][\w:-]*)"""
"""The first word of a text: of "remove <name>" it is the name."""
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("add_parser", re.compile(rf"add_parser\({_FIRST}")),
    ("ommand(", re.compile(rf"\.[cC]ommand\((?:\s*name\s*=)?{_FIRST}")),
    ("ommands(", re.compile(rf"\.subcommands?\((?:\s*\w+::\w+\()?{_FIRST}")),
    ("clap", re.compile(rf"\b(?:Command::new|App::new|SubCommand::with_name)\({_FIRST}")),
    ("argh", re.compile(rf"#\[argh\(subcommand,\s*name\s*={_FIRST}")),
    ("cobra", re.compile(rf"\bUse:{_FIRST}")),
    ("cli.Command", re.compile(rf"\bName:{_FIRST}")),
    ("NewFlagSet", re.compile(rf"\bNewFlagSet\({_FIRST}")),
    ("Thor", re.compile(rf"^\s*desc\b{_FIRST}", re.MULTILINE)),
    ("picocli", re.compile(rf"@(?:[\w.]+\.)?Command\([^)]{{0,500}}?\bname\s*={_FIRST}")),
    ("rgv", re.compile(rf"(?:\bcase\b|==)(?:\s*\()?{_FIRST}")),
    ("os.Args", re.compile(rf"(?:\bcase\b|==){_FIRST}")),
    ("ommand", re.compile(rf"\b(?:sub_?)?(?:command|cmd)\s*={{2,3}}{_FIRST}", re.IGNORECASE)),
)
"""What a file has to hold, and how it then declares a command."""
_SIGN = re.compile(r"command|argv|os\.Args|add_parser|NewFlagSet|Thor", re.IGNORECASE)
"""Without it a file declares none; looking for it is much faster."""
_VARIANTS = (
    re.compile(
        r"#\[derive\([^)]{0,300}\b(?:Subcommand|StructOpt)\b[^)]{0,300}\)\][^{;]{0,1000}?\benum\s+\w+[^{]{0,200}\{"
    ),
    re.compile(r"^[ \t]*\}[ \t]*$", re.MULTILINE),
)
_VARIANT = re.compile(r"^\s*([A-Z]\w*)\s*(?:[({,=]|$)", re.MULTILINE)
_RENAMED = re.compile(rf"""\b(?:name|alias|visible_alias)\s*={_FIRST}""")
_TABLE = (
    re.compile(
        r"^[ \t]*(?:\w+[ \t]+){0,4}\w{0,40}commands?\b[^=\n]{0,120}?[=:][ \t]*\w{0,40}[{\[(]$",
        re.MULTILINE | re.IGNORECASE,
    ),
    re.compile(r"^[ \t]*[}\])]", re.MULTILINE),
)
"""What a list of commands begins with, and what it ends with."""
_ROW = re.compile(r"""^\s*(?:[(\[{]\s*)?["']?([a-z][\w:-]*)["']?\s*[:,]""", re.MULTILINE)
_UNTOLD = re.compile(
    r"\badd_parser\(\s*[A-Za-z_]|\bAddCommand\(|\badd_(?:command|typer)\(|\bMultiCommand\b|\bfire\.Fire\(|\bdocopt\("
    r"|\badd_subparsers\(|\.subcommands?\(|\bSubcommand\b|@oclif/core"
)
"""A program that has commands, whatever they are called."""


def subcommands(facts: Mapping[str, FileFacts], texts: Mapping[str, str]) -> frozenset[str] | None:
    """The words that the code of the package declares as commands; no words where it declares none.

    None where it has commands whose names are not told: then any word may be one.

    Args:
        facts: By path.
        texts: By path.
    """
    paths = [path for path, file in facts.items() if is_code(file.language) and area_of(path) == "package"]
    found = {
        word
        for path in paths
        for one in facts[path].evidence
        if one.kind == "command"
        for word in one.name.split()
    }
    found.update(word for path in paths for word in _declared_in(texts[path]))
    if not found and any(_UNTOLD.search(texts[path]) for path in paths):
        return None
    return frozenset(found)


@remembered
def _declared_in(text: str) -> tuple[str, ...]:
    """The words that a file declares, in order."""
    if not _SIGN.search(text):
        return ()
    return tuple(dict.fromkeys(_words(text)))


def _words(text: str) -> Iterator[str]:
    for sign, form in _FORMS:
        if sign in text:
            yield from form.findall(text)
    for body in _between(text, *_VARIANTS) if "enum" in text else ():
        yield from _dashed(_VARIANT.findall(body))
        yield from _RENAMED.findall(body)
    for body in _between(text, *_TABLE):
        yield from _ROW.findall(body)


def _between(text: str, begins: re.Pattern[str], ends: re.Pattern[str]) -> Iterator[str]:
    """What stands between a beginning and the next end, each letter once: an end that is missing costs nothing."""
    stops = [stop.start() for stop in ends.finditer(text)]
    done = 0
    for begin in begins.finditer(text):
        at = bisect_left(stops, begin.end())
        if begin.start() >= done and at < len(stops):
            done = stops[at]
            yield text[begin.end() : done]


def _dashed(names: Iterable[str]) -> Iterator[str]:
    """ "dry-run" of "DryRun"."""
    for name in names:
        yield re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
