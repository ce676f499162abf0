"""Random claims of a wiki, each with the lines that it cites: a person judges whether they hold.

    gardener wiki build PATH
    python benchmarks/wiki_claims.py WIKI_FOLDER SOURCES [--seed 1] [--count 30]
    python benchmarks/wiki_claims.py WIKI_FOLDER SOURCES --check

A claim is a title, an overview, a sentence, an entry of a list, a row of a table, a step, an edge of a diagram, or a
link. The draw takes a type of page, then a kind of claim, then one of its claims, each evenly: rare kinds are judged
as often as those that fill the pages. This is how "of 30 random claims, 30 hold" is measured: a person reads the claim
and the lines below it and asks whether it is true, whether the lines say so, whether its number is right (counted
anew), and whether a reader would be misled; one no makes it fail.

`--check` judges what a machine can, without the code that wrote it, and tallies it: ranges against the files, quotes
against their lines, names and defaults of parameters against a syntax tree of the entire file, counts of lines, and
counts of tests against a plain search for the name. That search is a bound: of a test that never writes the name, a
person decides (`model(x)` is a use of `forward`, and an import may rename).
"""

from __future__ import annotations

import argparse
import ast
import random
import re
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDERS = ("modules", "workflows", "principles", "implementations", "environments", "heuristics")
MOST_SHOWN = 12  # lines of each range
_ANCHOR = re.compile(r"`([^`\n]+?):L(\d+)-(\d+)`")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`“\[])")
_DEFINED = re.compile(r"is an? [\w ]+?(?: of [^,]*)?, defined in `([^`]+):L(\d+)-(\d+)` \((\d+) lines?\)")
_TESTS = re.compile(r"\b(\d[\d,]*) tests?\b")


@dataclass(frozen=True)
class Claim:
    """A claim: its page's file, line, kind, the headings that it stands under, and its text."""

    file: str
    line: int
    kind: str
    heading: str
    text: str


def main() -> int:
    """Draw or check."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wiki", type=Path)
    parser.add_argument("sources", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    if given.check:
        return check(given.wiki, given.sources)
    claims = [claim for file in pages(given.wiki) for claim in read_claims(given.wiki, file)]
    for number, claim in enumerate(draw(claims, given.seed, given.count), 1):
        show(number, claim, given.wiki, given.sources)
    return 0


def pages(wiki: Path) -> list[str]:
    """The files of all pages: the way in, then the others, sorted."""
    of_type = [f"{folder}/{path.name}" for folder in FOLDERS for path in sorted((wiki / folder).glob("*.md"))]
    return ["_Overview.md", *of_type]


def read_claims(wiki: Path, file: str) -> Iterator[Claim]:
    """What a page claims; what it quotes in blocks is left to `--check`."""
    heading, fence, language = "", "", ""
    lines = (wiki / file).read_text(encoding="utf-8").split("\n")
    start = lines.index("---", 1) + 1
    for number, line in enumerate(lines[start:], start + 1):
        mark = re.match(r"(`{3,}|~{3,})(\w*)", line)
        if fence:
            fence = "" if line.strip() == fence else fence
            if fence and language == "mermaid" and "-->" in line:
                yield Claim(file, number, "diagram edge", heading, line.strip())
        elif mark:
            fence, language = mark[1], mark[2]
        else:
            if line.startswith("##"):
                above = "" if line.startswith("## ") else f"{heading.partition(' > ')[0]} > "
                heading = above + line.lstrip("# ")
            if not _RULE.match(
                lines[number] if number < len(lines) else ""
            ):  # the head of a table says nothing
                yield from (Claim(file, number, kind, heading, text) for kind, text in _claims(line, heading))


_RULE = re.compile(r"\|\s*:?-{3}")

_KINDS = (
    ("title", re.compile(r"# (?P<text>.*)")),
    ("step", re.compile(r"#+ (?P<text>Step .*)")),
    ("link", re.compile(r"(?P<text>\* \[\[.*)")),
    ("row", re.compile(r"(?P<text>\|(?!\s*:?-{3}).*)")),
    ("entry", re.compile(r"\s*(?P<text>(?:[-*]|\d+\.) .*)")),
)
"""Kinds of claims that a line is by its form; else it is prose, a heading, a quoted docstring, or a link to a step."""


def _claims(line: str, heading: str) -> list[tuple[str, str]]:
    for kind, form in _KINDS:
        if found := form.fullmatch(line):
            return [(kind, found["text"])]
    if not line.strip() or line.startswith((">", "[[", "#", "|")):
        return []
    if heading == "Overview":
        return [("overview", line)]
    return [("sentence", text) for text in _SENTENCE.split(line)]


def draw(claims: list[Claim], seed: int, count: int) -> list[Claim]:
    """As many different claims, the same for the same seed."""
    generator = random.Random(seed)
    groups: dict[str, dict[str, list[Claim]]] = defaultdict(lambda: defaultdict(list))
    for claim in claims:
        groups[claim.file.partition("/")[0]][claim.kind].append(claim)
    drawn: dict[Claim, None] = {}
    while len(drawn) < min(count, len(claims)):
        kinds = groups[generator.choice(sorted(groups))]
        drawn[generator.choice(kinds[generator.choice(sorted(kinds))])] = None
    return list(drawn)


def show(number: int, claim: Claim, wiki: Path, sources: Path) -> None:
    """A claim and its evidence, to be judged."""
    print(f"\n=== {number}. {claim.kind} · {claim.file}:{claim.line} · {claim.heading}\n    {claim.text}")
    page = (wiki / claim.file).read_text(encoding="utf-8")
    found = _ANCHOR.findall(claim.text) or _ANCHOR.findall(page.partition("\n# ")[2])[:1]
    for path, first, last in found[:3]:
        print(f"    --- {path}:L{first}-{last}")
        for line in _lines(sources / path)[int(first) - 1 : min(int(last), int(first) + MOST_SHOWN - 1)]:
            print(f"    | {line[:160]}")


def check(wiki: Path, sources: Path) -> int:
    """Judge all that a machine can; 1 where anything fails."""
    held: Counter[str] = Counter()
    failed: list[str] = []
    tests = _test_texts(sources)
    for file in pages(wiki):
        text = (wiki / file).read_text(encoding="utf-8")
        for what, where, holds in _judged(file, text, sources, tests):
            held[what] += holds
            if not holds:
                failed.append(f"{what}: {file}: {where}")
    for line in failed:
        print(line)
    wrong = Counter(line.partition(":")[0] for line in failed)
    for what in sorted({*held, *wrong}):
        print(f"{what:<12} {held[what]:>7,} hold {wrong[what]:>5,} do not")
    return 1 if failed else 0


def _judged(file: str, text: str, sources: Path, tests: list[str]) -> Iterator[tuple[str, str, bool]]:
    body = text.partition("\n# ")[2]
    for path, first, last in _ANCHOR.findall(body):
        yield "anchor", f"{path}:L{first}-{last}", 1 <= int(first) <= int(last) <= len(_lines(sources / path))
    for path, first, last, mark, quoted in re.findall(
        r"^From `([^`\n]+):L(\d+)-(\d+)`:\n\n?(`{3,})\w*\n(.*?)\n\4$", body, re.DOTALL | re.MULTILINE
    ):
        del mark
        lines = _lines(sources / path)[int(first) - 1 : int(last)]
        wanted = textwrap.dedent("\n".join(line.rstrip() for line in lines))
        yield "quote", f"{path}:L{first}-{last}", textwrap.dedent(quoted).split() == wanted.split()
    if not file.startswith("implementations/"):
        return
    for path, first, last, count in _DEFINED.findall(body):
        yield "lines", f"{path}:L{first}-{last}", int(count) == int(last) - int(first) + 1
    yield from _parameters(body, sources)
    used = re.search(r"^Used in (.*):$", body, re.MULTILINE)
    name = re.search(r"^### API Call\n\n`([\w.]+)", body, re.MULTILINE)
    if used and name and (count := _TESTS.search(used[1])):
        last_name = re.compile(rf"\b{re.escape(name[1].rpartition('.')[2])}\b")
        most = sum(bool(last_name.search(test)) for test in tests)
        yield "tests", f"{name[1]}: {count[1]}, at most {most}", int(count[1].replace(",", "")) <= most


def _parameters(body: str, sources: Path) -> Iterator[tuple[str, str, bool]]:
    """Rows of Inputs against the header that the page quotes as its signature."""
    quoted = re.search(r"^### Signature\n\nFrom `([^`\n]+\.py):L(\d+)-(\d+)`:", body, re.MULTILINE)
    table = body.partition("### Inputs\n")[2].partition("### Outputs")[0]
    if not quoted:
        return
    node = _definition(_tree(sources / quoted[1]), int(quoted[2]))
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    given = node.args
    plain = [*given.posonlyargs, *given.args]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(given.defaults))
    wanted = {each.arg: value for each, value in zip(plain, [*defaults, *given.defaults], strict=True)}
    wanted |= {each.arg: value for each, value in zip(given.kwonlyargs, given.kw_defaults, strict=True)}
    for name, _, default, required in re.findall(
        r"^\| `([^`]*)` \| (.*?) \| (`[^|]*`|—) \| (yes|no) \|", table, re.MULTILINE
    ):
        if name.startswith("*"):
            continue
        value = wanted.get(name)
        shown = "" if default == "—" else default.strip("`").strip()
        same = name in wanted and (
            _normal(shown) == _normal(ast.unparse(value)) if value is not None else not shown
        )
        yield "parameter", f"{quoted[1]}: {name} = {shown}", same and (required == "yes") == (value is None)


def _normal(text: str) -> str:
    try:
        return ast.unparse(ast.parse(text.strip(), mode="eval"))
    except SyntaxError:
        return " ".join(text.split())


def _definition(tree: ast.Module | None, line: int) -> ast.AST | None:
    return (
        next((node for node in ast.walk(tree) if getattr(node, "lineno", 0) == line), None) if tree else None
    )


_TREES: dict[Path, ast.Module | None] = {}
_TEXTS: dict[Path, list[str]] = {}


def _tree(path: Path) -> ast.Module | None:
    if path not in _TREES:
        try:
            _TREES[path] = ast.parse("\n".join(_lines(path)))
        except (SyntaxError, ValueError):
            _TREES[path] = None
    return _TREES[path]


def _lines(path: Path) -> list[str]:
    if path not in _TEXTS:
        _TEXTS[path] = re.split(r"\r\n|\r|\n", path.read_text(encoding="utf-8", errors="replace"))
    return _TEXTS[path]


def _test_texts(sources: Path) -> list[str]:
    """The text of every function of a test file."""
    found = []
    for path in sorted(sources.rglob("*.py")):
        if re.search(r"(^|[/_])(?:tests?|testing)[/_.]|conftest", path.relative_to(sources).as_posix()):
            tree, lines = _tree(path), _lines(path)
            nodes = ast.walk(tree) if tree else ()
            found += [
                "\n".join(lines[node.lineno - 1 : node.end_lineno])
                for node in nodes
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            ]
    return found


if __name__ == "__main__":
    raise SystemExit(main())
