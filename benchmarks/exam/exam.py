"""The reader's exam: are a newcomer's questions answered by the wiki, and at what cost beside README and grep?

    python benchmarks/exam/exam.py [NAME…] [--json] [--cache DIR] [--tokenizer FILE] [--misses]
    python benchmarks/exam/exam.py [NAME…] --export DIR
    python benchmarks/exam/exam.py --mark FILE…

For each repository 20 questions were written from its source, with every place that answers them, by someone who had
not seen its wiki. The mechanical part asks them as they are: `wiki search` (is an anchor of the answer cited on the
first page found, on the first three; in the stricter count by a range that reaches at most 40 lines beyond it), README
alone (does it have an anchor), and the source with grep. Tokens are what was read until an anchor was come upon: for
the wiki the search's output and the pages opened, for README the whole, for grep the files or lines opened.

`--export DIR` writes what a person or a model needs to sit the exam in each of the three ways, without the answers;
`--mark FILE` marks their answer sheets. Packages come from their registries' ordinary clients, into the cache.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from archives import fetched
from arms import Found, Grep, Readme, Tokens, WikiSearch
from questions import Paper, check, papers, read_paper

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.utils.progress import Quiet

ARMS = ("wiki", "readme", "grep")


@dataclass(frozen=True)
class Row:
    """A repository's result; `found` has of each arm how it fared with each question."""

    name: str
    lines: int
    asked: tuple[str, ...]
    found: dict[str, tuple[Found, ...]]
    told: tuple[str, ...]

    def within(self, arm: str, ranks: int, *, strict: bool = False) -> int:
        """Questions of which an anchor is among the first so many."""
        return sum(1 <= (one.strict if strict else one.rank) <= ranks for one in self.found[arm])

    def tokens(self, arm: str) -> float:
        """Of a question, the mean."""
        return statistics.mean(one.tokens for one in self.found[arm])


def main() -> int:
    arguments = _arguments()
    if arguments.mark:
        from sheets import marked

        print("\n".join(marked(arguments.mark)))
        return 0
    tokens, way = _tokens(arguments.tokenizer)
    chosen = {name: file for name, file in papers().items() if name in (arguments.names or papers())}
    if arguments.export:
        from sheets import export

        print("\n".join(export(chosen, arguments.cache, arguments.export)))
        return 0
    rows = [measured(read_paper(file), arguments.cache, tokens) for file in chosen.values()]
    print(_as_json(rows, way) if arguments.json else _table(rows, way))
    if arguments.misses and not arguments.json:
        print("\n".join(_misses(rows)))
    for row in rows:
        for what in row.told:
            print(f"{row.name}: {what}", file=sys.stderr)
    return 1 if any(row.told for row in rows) else 0


def measured(paper: Paper, cache: Path, tokens: Tokens) -> Row:
    """Fetch, check, build the wiki in an empty home, ask."""
    tree, told = fetched(paper.repository, cache)
    paper, changed = check(paper, tree)
    with tempfile.TemporaryDirectory() as home, Gardener(Settings(home=Path(home))) as gardener:
        build_wiki(gardener, str(tree), Quiet(), name=paper.repository.name)
        lines = sum(len(file.text.splitlines()) for file in gardener.snapshot(paper.repository.name).files)
        arms = {
            "wiki": WikiSearch(gardener.wiki(paper.repository.name), tokens),
            "readme": Readme(tree, paper.repository.readme, tokens),
            "grep": Grep(tree, tokens),
        }
        found = {name: tuple(arm.ask(question) for question in paper.questions) for name, arm in arms.items()}
    asked = tuple(question.ask for question in paper.questions)
    return Row(paper.repository.name, lines, asked, found, (*told, *changed))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(papers())}; by default all")
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--misses", action="store_true", help="list the questions that three pages do not answer"
    )
    parser.add_argument("--tokenizer", type=Path, help="a tokenizer.json; by default a token is 4 characters")
    parser.add_argument(
        "--export", type=Path, metavar="DIR", help="write the questions without their answers"
    )
    parser.add_argument("--mark", type=Path, nargs="+", metavar="FILE", help="mark answer sheets")
    default = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "codebase-gardener-exam"
    parser.add_argument("--cache", type=Path, default=default, help="where archives are kept (%(default)s)")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.names) - set(papers())):
        parser.error(f"no repository {', '.join(unknown)}; there are {', '.join(papers())}")
    return arguments


def _tokens(file: Path | None) -> tuple[Tokens, str]:
    if file is None:
        return lambda text: len(text) // 4, "characters / 4"
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    return lambda text: len(tokenizer.encode(text).ids), str(file)


def _table(rows: list[Row], way: str) -> str:
    """One row a repository, in Markdown."""
    lines = [
        "| repository | lines | questions | wiki: first page | first three | three, strictly | README | grep: 3 files "
        "| tokens: wiki | README | grep | wiki of grep |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        wiki, readme, grep = (row.tokens(arm) for arm in ARMS)
        lines.append(
            f"| {row.name} | {row.lines:,} | {len(row.asked)} | {row.within('wiki', 1)} | {row.within('wiki', 3)} "
            f"| {row.within('wiki', 3, strict=True)} | {row.within('readme', 1)} | {row.within('grep', 3)} "
            f"| {wiki:,.0f} | {readme:,.0f} | {grep:,.0f} | {wiki / grep:.2f} |"
        )
    return "\n".join([*lines, "", f"Tokens: {way}, the mean of a question."])


def _misses(rows: list[Row]) -> list[str]:
    return [
        f"{row.name}: {asked}\n    {', '.join(found.seen) or 'nothing'}"
        for row in rows
        for asked, found in zip(row.asked, row.found["wiki"], strict=True)
        if not found.rank
    ]


def _as_json(rows: list[Row], way: str) -> str:
    shown = [
        {
            "repository": row.name,
            "lines": row.lines,
            "told": row.told,
            "first": row.within("wiki", 1),
            "first three": row.within("wiki", 3),
            "first three, strictly": row.within("wiki", 3, strict=True),
            "readme": row.within("readme", 1),
            "grep": row.within("grep", 3),
            "tokens": {arm: round(row.tokens(arm)) for arm in ARMS},
            "questions": [
                {"ask": asked, **{arm: asdict(row.found[arm][number]) for arm in ARMS}}
                for number, asked in enumerate(row.asked)
            ],
        }
        for row in rows
    ]
    return json.dumps({"tokens": way, "repositories": shown}, indent=2)


if __name__ == "__main__":
    sys.exit(main())
