"""What a line gives the error that it raises, and the lines that say it: a variable's name says nothing."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from codebase_gardener.documents.sentences import cut_between_words
from codebase_gardener.knowledge.apis.context import ApiContext, DefinitionText, definition_in
from codebase_gardener.knowledge.apis.raises import RaisingLine
from codebase_gardener.languages.python.assignments import Assignments
from codebase_gardener.languages.python.headers import SourceLines
from codebase_gardener.languages.python.messages import message_text
from codebase_gardener.languages.table import family_of

__all__ = ["RaisedMessage", "raised_message"]

_MOST_SAID = 120  # characters of what an error says
_NAME = re.compile(r"[A-Za-z_$][\w$.]*(?:\[[^\]]*\])?")
_STRING = r"(\"(?:\\.|[^\"\\])+\"|'(?:\\.|[^'\\])+'|`[^`]+`)"


@dataclass(frozen=True)
class RaisedMessage:
    """What an error says.

    Attributes:
        text: As code, on one line; "" where the source gives it only a variable, or nothing.
        start, end: The lines that say it.
    """

    text: str
    start: int
    end: int


def raised_message(line: RaisingLine, context: ApiContext) -> RaisedMessage:
    """The message of a line that raises; where a variable holds it, what that was given before."""
    symbol = context.repository.symbols.get((line.path, line.scope))
    if symbol is not None and not family_of(symbol.language):
        text = context.text_of(symbol)
        definition = definition_in(text.text)
        if definition is not None:
            return _in_python(line, definition, text) or RaisedMessage("", line.line, line.line)
    return _in_text(line, symbol.start if symbol is not None else line.line, context)


def _in_python(line: RaisingLine, definition: ast.AST, text: DefinitionText) -> RaisedMessage | None:
    at = line.line - text.offset
    raised = next(
        (one for one in ast.walk(definition) if isinstance(one, ast.Raise) and one.lineno == at), None
    )
    made = raised.exc if raised is not None else None
    if not isinstance(made, ast.Call) or not made.args:
        return None
    given, known = made.args[0], Assignments(getattr(definition, "body", []))
    end = (made.end_lineno or at) + text.offset
    if not isinstance(given, ast.Name) and given.lineno == given.end_lineno:
        written = SourceLines(text.text).segment(given)
        return None if _NAME.fullmatch(written) else RaisedMessage(_cut(written), line.line, end)
    named = known.before(given.id, at) if isinstance(given, ast.Name) else None
    said = message_text(given, lambda name: found.value if (found := known.before(name, at)) else None)
    start = named.start + text.offset if named is not None else line.line
    return RaisedMessage(_quoted(said), start, end) if said else None


def _in_text(line: RaisingLine, first: int, context: ApiContext) -> RaisedMessage:
    after = (
        context.repository.lines(line.path, line.line + 1, line.line + 1) if line.text.endswith("(") else []
    )
    text = f"{line.text}{''.join(after).strip()}"
    given = re.search(rf"{re.escape(line.error)}\((.*?)(?:\)\s*from\s+\w+)?[(){{,;\s]*$", text)
    said = " ".join(given[1].split()) if given else ""
    if not _NAME.fullmatch(said):
        return RaisedMessage(_cut(said), line.line, line.line + len(after))
    assigned = re.compile(rf"(?<![\w.$]){re.escape(said)}\s*(?::\s*\w+\s*)?:?=\s*{_STRING}\s*;?\s*$")
    above = context.repository.lines(line.path, first, line.line - 1)
    for number in range(len(above) - 1, -1, -1):
        if found := assigned.search(above[number]):
            return RaisedMessage(_cut(found[1]), first + number, line.line)
    return RaisedMessage("", line.line, line.line)


def _quoted(said: str) -> str:
    mark = "'" if '"' in said else '"'
    return f"{mark}{_cut(said)}{mark}"


def _cut(text: str) -> str:
    return cut_between_words(text, _MOST_SAID)
