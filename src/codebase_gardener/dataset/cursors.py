"""Places in functions where an editor would ask: cursors at line starts and within lines, with the file around them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from codebase_gardener.dataset.context import ContextFinder
from codebase_gardener.dataset.editor_prompts import Cursor, cut_cursor
from codebase_gardener.dataset.fill_in import column_in
from codebase_gardener.dataset.functions import body_lines, body_text, is_completable, outermost, spread
from codebase_gardener.dataset.prompts import comment_prefix, context_part, path_line
from codebase_gardener.dataset.sites import chance
from codebase_gardener.languages.symbols import Symbol, SymbolTable
from codebase_gardener.repository.snapshot import Snapshot, SourceFile
from codebase_gardener.utils.anchors import source_lines

__all__ = ["ASKED_LINES", "CursorTask", "bodies", "cursor_tasks", "functions_of"]

ASKED_LINES = 3
_WITHIN_A_LINE = 0.5


@dataclass(frozen=True)
class CursorTask:
    """A cursor in a function that the model was not trained on, and what stands there.

    Attributes:
        symbol: Qualified name of the function.
        path: Its file.
        anchor: `path:Lx-y`.
        language: A key of `LANGUAGES`.
        kind: "function" or "method".
        body_lines: Of the function.
        cursor: Before and behind the place, whole.
        expected: The rest of the cursor's line and the function's next two.
        context: Retrieved code as it stands in a prompt; "" where nothing was found.
        nearest: How much the body shares with the most similar one of what may be retrieved, 0 to 1.
    """

    symbol: str
    path: str
    anchor: str
    language: str
    kind: str
    body_lines: int
    cursor: Cursor
    expected: str
    context: str
    nearest: float

    @property
    def within_a_line(self) -> bool:
        """Whether the cursor has something before it on its line."""
        return bool(self.cursor.before.rpartition("\n")[2])

    def parts(self, count: Callable[[str], int]) -> tuple[str, str, str]:
        """Before, expected and behind as an editor sends them, cut to what the server keeps (`cut_cursor`)."""
        cut = cut_cursor(self.cursor, count)
        return path_line(self.path, self.language) + cut.before, self.expected, cut.after


def cursor_tasks(
    functions: Sequence[tuple[Symbol, SourceFile]], finder: ContextFinder, limit: int
) -> list[CursorTask]:
    """One cursor in each of the functions, spread over their files; a hash of the anchor picks the place.

    Args:
        functions: What may be asked for (`functions_of`).
        finder: Of code that the model may see.
        limit: At most so many.
    """
    return [_task(symbol, file, finder) for symbol, file in spread(functions)[:limit]]


def functions_of(
    snapshot: Snapshot,
    tables: Mapping[str, SymbolTable],
    paths: Iterable[str],
    unlike: frozenset[str] = frozenset(),
) -> list[tuple[Symbol, SourceFile]]:
    """Completable functions of some files, none inside another.

    Args:
        snapshot: The files.
        tables: Their symbols.
        paths: Of which files.
        unlike: Bodies without white space; a function that has one of them is not new.
    """
    wanted = set(paths)
    found = []
    for file in snapshot.files:
        if file.path in wanted and file.path in tables:
            lines = source_lines(file.text)
            symbols = outermost([one for one in tables[file.path].symbols if is_completable(one, lines)])
            found += [(one, file) for one in symbols if _squeezed(body_text(one, lines)) not in unlike]
    return found


def bodies(snapshot: Snapshot, tables: Mapping[str, SymbolTable]) -> frozenset[str]:
    """All bodies of a snapshot's functions without white space: what is not new."""
    return frozenset(
        _squeezed(body_text(symbol, lines))
        for file in snapshot.files
        if file.path in tables
        for lines in (source_lines(file.text),)
        for symbol in tables[file.path].symbols
        if is_completable(symbol, lines)
    )


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _task(symbol: Symbol, file: SourceFile, finder: ContextFinder) -> CursorTask:
    lines = source_lines(file.text)
    body = body_lines(symbol, lines)
    number, column = _place(body, str(symbol.anchor))
    at = symbol.body_start - 1 + number
    asked = "".join(lines[at : min(at + ASKED_LINES, symbol.end)])
    before = "".join(lines[:at]) + asked[:column]
    documents = finder.documents(symbol)
    return CursorTask(
        symbol=symbol.qualified_name,
        path=symbol.path,
        anchor=str(symbol.anchor),
        language=symbol.language,
        kind=symbol.kind,
        body_lines=len(body),
        cursor=Cursor(before, file.text[len(before) + len(asked) - column :], symbol.path, symbol.language),
        expected=asked[column:],
        context=context_part(documents, comment_prefix(symbol.language)),
        nearest=_nearest("".join(body), symbol, finder),
    )


def _place(body: Sequence[str], anchor: str) -> tuple[int, int]:
    """A line of the body that says something, and a column in it: 0, or where a word begins or ends."""
    telling = [n for n, line in enumerate(body) if any(letter.isalnum() for letter in line)] or [0]
    number = telling[int(chance(f"cursor line {anchor}") * len(telling))]
    if chance(f"cursor within {anchor}") >= _WITHIN_A_LINE:
        return number, 0
    return number, column_in(body[number], chance(f"cursor column {anchor}"))


def _nearest(body: str, symbol: Symbol, finder: ContextFinder) -> float:
    """The likeness (Indel) of the body to the most similar of the functions that share its words."""
    from rapidfuzz import fuzz

    hits = finder.index.search(body, k=16, exclude_paths=(symbol.path,))
    return max((fuzz.ratio(body, hit.document.text) / 100 for hit in hits), default=0.0)
