"""How prompts are written: the one place that dataset, evaluation and `ask` share.

A completion prompt, from top to bottom: retrieved code, the file's path, what stands before the function,
and the function up to its body. The model goes on with the body's first line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import LANGUAGES
from codebase_gardener.retrieval.documents import Document
from codebase_gardener.utils.anchors import source_lines

__all__ = [
    "ANCHOR_LINE_CHARS",
    "BEFORE_CHARS",
    "CONTEXT_CHARS",
    "Prompt",
    "comment_prefix",
    "context_part",
    "completion_prompt",
    "documents_that_fit",
    "first_lines",
    "header",
    "lines_before",
    "path_line",
    "question_messages",
    "question_turns",
    "retrieval_query",
]

Prompt = str | Sequence[dict[str, str]]
"""A text to go on with, or chat turns."""

BEFORE_CHARS = 500
CONTEXT_CHARS = 2_000
_HEADER_CHARS = 2_400
_HEADER_TAIL_CHARS = 600
_SMALLEST_CONTEXT_CHARS = 120
ANCHOR_LINE_CHARS = 5  # comment prefix, line end, blank line
_OPENING = re.compile(r"[\w\s]*?\b(?:class|impl|interface|struct|trait|enum|def)\b")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")


def completion_prompt(
    symbol: Symbol,
    file_lines: Sequence[str],
    *,
    context: Sequence[Document] = (),
    before_chars: int = BEFORE_CHARS,
) -> str:
    r"""What the model is given to write the body of a function.

    Args:
        symbol: A function with a body of its own.
        file_lines: Lines of its file, with their ends (`source_lines`).
        context: Retrieved documents, best first, cut to their room; the best is written last, next to the file.
        before_chars: Room for what stands before the function; cut at a line.

    Returns:
        A text that ends with the line before `body_start`, with its line end. Without context and with
        nothing cut, what follows the path line plus the body is the file up to the symbol's last line.
    """
    comment = comment_prefix(symbol.language)
    return "".join(
        [
            context_part(context, comment),
            path_line(symbol.path, symbol.language),
            _before_part(symbol, file_lines, comment, before_chars),
            header(symbol, file_lines),
        ]
    )


def comment_prefix(language: str) -> str:
    """What begins a comment line in a language."""
    row = LANGUAGES.get(language)
    return (row.comment if row else "") or "#"


def path_line(path: str, language: str) -> str:
    """The comment line that names the file."""
    return f"{comment_prefix(language)} path: {_printable(path)}\n"


def question_messages(question: str, context: Sequence[Document] = ()) -> list[dict[str, str]]:
    """The chat turns that put a question to the model, with retrieved documents (best first) before it."""
    blocks = [
        f"{_printable(document.anchor)}\n```\n{document.text.rstrip()}\n```\n"
        for document in reversed(documents_that_fit(context, CONTEXT_CHARS))
    ]
    return [{"role": "user", "content": "\n".join([*blocks, question])}]


def question_turns(question: str, answer: str) -> tuple[dict[str, str], ...]:
    """A question with its answer, as a row holds them."""
    return (*question_messages(question), {"role": "assistant", "content": answer})


def retrieval_query(symbol: Symbol) -> str:
    """What to search for when the body of `symbol` is to be written: nothing of the body is in it.

    The identifiers of the lines before the function are left out: with them the documents found share about half
    as much with the body (`benchmarks/retrieval.py` measures that), as they speak of the function's neighbours.
    """
    summary = (symbol.docstring or "").split("\n\n")[0]
    return "\n".join([symbol.path, symbol.qualified_name, symbol.signature, summary])


def documents_that_fit(context: Iterable[Document], room: int = CONTEXT_CHARS) -> list[Document]:
    """The documents, best first, that fit into `room` characters; the last one is cut at a line."""
    fitting: list[Document] = []
    for document in context:
        room -= len(document.anchor) + ANCHOR_LINE_CHARS
        text = "".join(first_lines(source_lines(document.text), room))
        if len(text) < min(len(document.text), _SMALLEST_CONTEXT_CHARS):
            break
        fitting.append(replace(document, text=text))
        room -= len(text)
    return fitting


def context_part(context: Sequence[Document], comment: str) -> str:
    """Retrieved documents (best first) as a prompt begins with them: the best last, each under its anchor."""
    parts = [f"{comment} {_printable(d.anchor)}\n{d.text.rstrip()}\n\n" for d in documents_that_fit(context)]
    return "".join(reversed(parts))


def _before_part(symbol: Symbol, lines: Sequence[str], comment: str, room: int) -> str:
    before = lines[: symbol.start - 1]
    kept = lines_before(symbol, lines, room)
    cut = len(before) - len(kept)
    if not cut:
        return "".join(kept)
    owner = _owner_line(symbol, before)
    opening = before[owner] if owner is not None and owner < cut else ""
    return "".join([opening, f"{comment} ...\n", *kept])


def _owner_line(symbol: Symbol, before: Sequence[str]) -> int | None:
    """Index of the line that opens the class a method belongs to."""
    owner = symbol.qualified_name.rpartition(".")[0].rpartition(".")[2]
    if not owner:
        return None
    name = re.compile(rf"\b{re.escape(owner)}\b")
    for number in range(len(before) - 1, -1, -1):
        opening = _OPENING.match(before[number]) if owner in before[number] else None
        if opening and name.search(before[number], opening.end()):
            return number
    return None


def lines_before(symbol: Symbol, lines: Sequence[str], room: int = BEFORE_CHARS) -> list[str]:
    """The lines before a function that fit into its prompt."""
    return _last_lines(lines[: symbol.start - 1], room)


def header(symbol: Symbol, lines: Sequence[str]) -> str:
    """Decorators, signature and docstring; a docstring longer than the room is cut in its middle."""
    whole = lines[symbol.start - 1 : symbol.body_start - 1]
    if sum(map(len, whole)) <= _HEADER_CHARS:
        return "".join(whole)
    tail = _last_lines(whole, _HEADER_TAIL_CHARS)
    head = first_lines(whole[: len(whole) - len(tail)], _HEADER_CHARS - _HEADER_TAIL_CHARS)
    return "".join([*head, "    ...\n", *tail])


def first_lines(lines: Iterable[str], room: int) -> list[str]:
    """The first lines that have together no more than `room` characters."""
    kept: list[str] = []
    for line in lines:
        room -= len(line)
        if room < 0:
            break
        kept.append(line)
    return kept


def _last_lines(lines: Sequence[str], room: int) -> list[str]:
    return first_lines(reversed(lines), room)[::-1]


def _printable(text: str) -> str:
    """A path may hold a newline; a prompt's comment line may not."""
    return _UNPRINTABLE.sub("?", text)
