"""The exam for a reader: questions without answers in three rooms, one for each way, and their sheets marked."""

from __future__ import annotations

import json
import shutil
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from archives import fetched
from questions import Lines, Paper, Question, check, papers, read_paper

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.utils.progress import Quiet

__all__ = ["WAYS", "export", "marked"]

_ALLOWED = {
    "wiki": "Only these two commands, as often as you like:\n\n"
    "    CODEBASE_GARDENER_HOME={home} gardener wiki search {name} WORDS\n"
    "    CODEBASE_GARDENER_HOME={home} gardener wiki show PAGE --project {name}",
    "readme": "Only the README beside this file.",
    "grep": "Only the folder `source` beside this file, with grep and whatever shows a file's lines.",
}
WAYS = tuple(_ALLOWED)
_TASK = """\
# {name}: {count} questions

{allowed}

Write into `answers.json`, for each question: the answer in a few words, the lines that say so (`path:first-last`; for
the wiki those that the page cites), and the tokens that you read for it, output of commands included. Where you find no
answer, leave it empty: a guess without lines counts as wrong.

"""


def export(chosen: dict[str, Path], cache: Path, folder: Path) -> Iterator[str]:
    """Write a room for each way and repository; what is allowed there is all that its reader may look at."""
    home = (folder / "wiki" / "home").resolve()
    for name, file in chosen.items():
        tree, _ = fetched(read_paper(file).repository, cache)
        paper, _ = check(read_paper(file), tree)
        for way in WAYS:
            room = folder / way / name
            room.mkdir(parents=True)
            allowed = _ALLOWED[way].format(home=home, name=name)
            task = _TASK.format(name=name, count=len(paper.questions), allowed=allowed)
            asked = [f"{number}. {question.ask}" for number, question in enumerate(paper.questions, 1)]
            (room / "questions.md").write_text(task + "\n".join(asked) + "\n")
            (room / "answers.json").write_text(json.dumps(_sheet(paper, way), indent=2) + "\n")
        shutil.copy(tree / paper.repository.readme, folder / "readme" / name)
        shutil.copytree(tree, folder / "grep" / name / "source")
        with Gardener(Settings(home=home)) as gardener:
            build_wiki(gardener, str(tree), Quiet(), name=name)
        yield f"{name}: {', '.join(str(folder / way / name) for way in WAYS)}"


def _sheet(paper: Paper, way: str) -> dict[str, object]:
    empty = {"answer": "", "lines": [], "tokens": 0, "right": None}
    answers = [{"question": number, **empty} for number in range(1, len(paper.questions) + 1)]
    return {"repository": paper.repository.name, "way": way, "answers": answers}


def marked(sheets: Sequence[Path], cache: Path) -> Iterator[str]:
    """Each sheet's marks, then what they add up to.

    An answer is right if a range that it names has a line of an anchor. Whoever reads the words and thinks otherwise
    sets "right" to true or false in the sheet, which decides.
    """
    totals = []
    for file in sheets:
        sheet = json.loads(file.read_text("utf-8"))
        paper = read_paper(papers()[sheet["repository"]])
        tree, _ = fetched(paper.repository, cache)
        questions = check(paper, tree)[0].questions
        right = 0
        yield f"{file}"
        for answer in sheet["answers"]:
            question = questions[answer["question"] - 1]
            good = _is_right(answer, question)
            right += good
            yield f"{'right' if good else 'WRONG'} {answer['question']:2}. {question.ask}"
            yield f"         {answer['answer'] or '-'}  [{', '.join(answer['lines'])}]"
            yield f"         = {question.answer}  [{', '.join(map(str, question.anchors))}]"
        tokens = statistics.mean(answer["tokens"] for answer in sheet["answers"])
        totals.append(
            f"| {sheet['repository']} | {sheet['way']} | {right} of {len(questions)} | {tokens:,.0f} |"
        )
    yield "\n| repository | way | right | tokens a question |\n|---|---|---:|---:|"
    yield from totals


def _is_right(answer: dict[str, object], question: Question) -> bool:
    if isinstance(answer["right"], bool):
        return answer["right"]
    given = [Lines.read(text) for text in answer["lines"]]
    return bool(answer["answer"]) and any(
        anchor.meets(lines) for anchor in question.anchors for lines in given
    )
