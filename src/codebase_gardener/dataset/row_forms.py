"""The forms in which a user may bring rows, and what each must look like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from codebase_gardener.dataset.prompts import path_line
from codebase_gardener.languages.table import language_of
from codebase_gardener.utils.anchors import source_lines

__all__ = ["FORMS", "RowForm", "RowProblem", "parse_row"]

_ROLES = ("system", "user", "assistant")
_MIN_CHUNK_LINES = 4  # shorter code chunks are not worth cutting in two
_PATH_KEYS = ("file_path", "path", "file", "filename", "source")
_ABOUT = ("metadata", "id")
_NAME_KEYS = ("qualified_name", "symbol", "name", "function_name", "class_name")
_START_KEYS = ("start_line", "line_start", "lineno")
_END_KEYS = ("end_line", "line_end", "end_lineno")
_OTHER_MEANING = {
    "tools": "tools are not part of a prompt here",
    "functions": "functions are not part of a prompt here",
    "weight": "every row counts alike",
    "weights": "every row counts alike",
}
_OF_A_TURN = ("role", "content")
_OTHER_MEANING_OF_TURN = {
    "tool_calls": "calls of tools are not trained on: write them into `content`",
    "function_call": "calls of functions are not trained on: write them into `content`",
    "weight": "every answer is trained on",
}
"""Keys that would change what is learned, had they not been left out."""

_LONG_CHARS = 100_000
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")


class RowProblem(ValueError):  # noqa: N818 (never leaves this package: it becomes a line of a DatasetError)
    """What is wrong with a row, as a short sentence."""


@dataclass(frozen=True)
class RowForm:
    """A row that was understood.

    Attributes:
        fields: The filled form: fields of `Example`.
        path: The file it speaks of, "" if it names none.
        symbol: The symbol it speaks of.
        lines: First and last line in `path`, or None.
        remarks: What a person should know of it: it is trained on, but perhaps not as it was meant.
    """

    fields: Mapping[str, Any]
    path: str = ""
    symbol: str = ""
    lines: tuple[int, int] | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Form:
    keys: tuple[str, ...]
    parse: Callable[[Mapping[str, Any]], RowForm]
    looks_like: str = field(default="")


def parse_row(row: object) -> RowForm:
    """Understand one row.

    Args:
        row: A JSON value; further keys than the form's own are remarked on.

    Raises:
        RowProblem: Not an object, no form or two, or a value that cannot be trained on.
    """
    if not isinstance(row, Mapping):
        hint = ": write each row on a line of its own" if isinstance(row, list) else ""
        raise RowProblem(f"is {_kind(row)}, not an object{hint}")
    found = [name for name, form in FORMS.items() if any(key in row for key in form.keys)]
    if len(found) > 1:
        raise RowProblem(f"has more than one form ({', '.join(found)}): keep the keys of one")
    if not found:
        keys = ", ".join(repr(str(key)[:40]) for key in list(row)[:5]) or "nothing"
        accepted = "; ".join(form.looks_like for form in FORMS.values())
        raise RowProblem(f"has no known form, only {keys}; accepted are: {accepted}")
    _refuse_meaning(row, _OTHER_MEANING, "")
    form = FORMS[found[0]].parse(row)
    return replace(form, remarks=(*form.remarks, *_remarks(row, FORMS[found[0]])))


def _refuse_meaning(row: Mapping[str, Any], table: Mapping[str, str], where: str) -> None:
    for key, reason in table.items():
        if row.get(key) not in (None, [], {}, 1, 1.0):
            raise RowProblem(f"has `{key}`{where}, and {reason}")


def _remarks(row: Mapping[str, Any], form: _Form) -> Iterator[str]:
    other = sorted(str(key)[:40] for key in row if key not in (*form.keys, *_ABOUT, *_OTHER_MEANING))
    if other:
        yield f"keys that are not read: {', '.join(other[:5])}"
    if sum(len(value) for value in row.values() if isinstance(value, str)) > _LONG_CHARS:
        yield f"longer than {_LONG_CHARS:,} characters: training cuts it at max_length"


def _prompt(row: Mapping[str, Any]) -> RowForm:
    return RowForm({"prompt": _text(row, "prompt"), "completion": _text(row, "completion")}, **_place(row))


def _plain(row: Mapping[str, Any]) -> RowForm:
    return RowForm({"text": _text(row, "text")}, **_place(row))


def _messages(row: Mapping[str, Any]) -> RowForm:
    turns = row["messages"]
    if not isinstance(turns, list) or not turns:
        raise RowProblem(f"`messages` is {_kind(turns)}, not a list of turns")
    read = tuple(_turn(turn, number) for number, turn in enumerate(turns, start=1))
    if not any(turn["role"] == "assistant" for turn in read):
        raise RowProblem("`messages` has no assistant turn, so there is nothing to train on")
    other = sorted({str(key)[:40] for turn in turns for key in turn} - {*_OF_A_TURN, *_OTHER_MEANING_OF_TURN})
    unread = [f"keys of turns that are not read: {', '.join(other[:5])}"] if other else []
    return RowForm({"messages": read}, **_place(row), remarks=(*unread, *_unusual(read)))


def _unusual(turns: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Orders of turns that many chat templates refuse or render otherwise."""
    spoken = [turn["role"] for turn in turns if turn["role"] != "system"]
    if spoken[0] == "assistant":
        yield "the assistant speaks first"
    if any(one == other for one, other in pairwise(spoken)):
        yield "one role speaks twice in a row"
    if any(turn["role"] == "system" for turn in turns[1:]):
        yield "a system turn that is not the first"
    if sum(len(turn["content"]) for turn in turns) > _LONG_CHARS:
        yield f"longer than {_LONG_CHARS:,} characters: training cuts it at max_length"


def _turn(turn: object, number: int) -> dict[str, str]:
    if not isinstance(turn, Mapping):
        raise RowProblem(f"turn {number} of `messages` is {_kind(turn)}, not an object with role and content")
    role = turn.get("role")
    if role not in _ROLES:
        raise RowProblem(
            f"turn {number} of `messages` has the role {role!r}; accepted are {', '.join(_ROLES)}"
        )
    _refuse_meaning(turn, _OTHER_MEANING_OF_TURN, f" in turn {number}")
    return {"role": role, "content": _text(turn, "content", f"`content` of turn {number}")}


def _chunk(row: Mapping[str, Any]) -> RowForm:
    """A code chunk: its second half is completed from its path and first half; a short one is plain text."""
    if "role" in row:
        raise RowProblem("is a single chat turn: put the turns into a list under `messages`")
    text = _text(row, "content")
    metadata = row.get("metadata", {})
    if not isinstance(metadata, Mapping):
        raise RowProblem(f"`metadata` is {_kind(metadata)}, not an object")
    place = _place(row)
    lines = source_lines(text if text.endswith("\n") else f"{text}\n")
    middle = _middle(lines)
    if not middle:
        return RowForm({"text": text}, **place)
    path = place.get("path", "")
    language = metadata.get("language")
    known = language if isinstance(language, str) else language_of(path, text)
    opening = path_line(path, known) if path else ""
    halves = {"prompt": opening + "".join(lines[:middle]), "completion": "".join(lines[middle:])}
    return RowForm(halves, **place)


def _middle(lines: list[str]) -> int:
    """The line at which the second half of the non-blank lines begins; 0 for a chunk that is too short."""
    filled = [number for number, line in enumerate(lines) if line.strip()]
    return filled[(len(filled) + 1) // 2] if len(filled) >= _MIN_CHUNK_LINES else 0


def _place(row: Mapping[str, Any]) -> dict[str, Any]:
    """Path, symbol and lines as far as the row's metadata names them; other values are no problem."""
    metadata = row.get("metadata")
    if not isinstance(metadata, Mapping):
        return {}
    start, end = (_first(metadata, keys, int) for keys in (_START_KEYS, _END_KEYS))
    place: dict[str, Any] = {
        "path": _first(metadata, _PATH_KEYS, str) or "",
        "symbol": _first(metadata, _NAME_KEYS, str) or "",
    }
    if start is not None and end is not None and 0 < start <= end:
        place["lines"] = (start, end)
    return place


def _first(metadata: Mapping[str, Any], keys: tuple[str, ...], kind: type) -> Any:
    values = (metadata.get(key) for key in keys)
    return next((v for v in values if isinstance(v, kind) and not isinstance(v, bool) and _is_clean(v)), None)


def _is_clean(value: object) -> bool:
    return not isinstance(value, str) or not _FORBIDDEN.search(value)


def _text(row: Mapping[str, Any], key: str, called: str = "") -> str:
    called = called or f"`{key}`"
    if key not in row:
        raise RowProblem(f"has no {called}")
    value = row[key]
    if not isinstance(value, str):
        raise RowProblem(f"{called} is {_kind(value)}, not a text")
    if not value.strip():
        raise RowProblem(f"{called} is empty")
    forbidden = _FORBIDDEN.search(value)
    if forbidden:
        what = "a NUL character" if forbidden[0] == "\0" else "half of a surrogate pair"
        raise RowProblem(f"{called} holds {what}")
    return value


def _kind(value: object) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list"}
    if value is None:
        return "null"
    if value in ([], ()):
        return "an empty list"
    return names.get(type(value), "an object" if isinstance(value, Mapping) else f"a {type(value).__name__}")


FORMS: dict[str, _Form] = {
    "prompt": _Form(("prompt", "completion"), _prompt, '{"prompt": "…", "completion": "…"}'),
    "messages": _Form(
        ("messages",),
        _messages,
        '{"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}',
    ),
    "text": _Form(("text",), _plain, '{"text": "…"}'),
    "chunk": _Form(("content",), _chunk, '{"content": "…", "metadata": {…}}'),
}
