"""The part of Go's text/template that an export writes for Ollama: `if`, `else if`, `not`, `eq`, `range`, variables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["go_render", "modelfile_template"]


def modelfile_template(modelfile: str) -> str:
    """The TEMPLATE of a Modelfile."""
    found = re.search(r'^TEMPLATE """(.*?)"""$', modelfile, re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


def go_render(template: str, messages: Sequence[Mapping[str, str]]) -> str:
    """What Ollama makes of messages: `.System` is that of all system turns, `.Messages` are all turns."""
    system = "\n\n".join(turn["content"] for turn in messages if turn["role"] == "system")
    pieces = re.split(r"(\{\{ \"\{\{\" \}\}|\{\{ [^{}]* \}\})", template)
    text, _ = _block(pieces, 0, {"System": system, "Messages": messages, "Prompt": messages[-1]["content"]})
    return text


def _block(pieces: Sequence[str], at: int, data: Mapping[str, Any]) -> tuple[str, int]:
    """Up to the `end` or `else` that closes this block."""
    out = ""
    while at < len(pieces):
        action = pieces[at][3:-3] if pieces[at].startswith("{{ ") else None
        if action is None:
            out += pieces[at]
        elif action == '"{{"':
            out += "{{"
        elif action == "end" or action.startswith("else"):
            break
        elif action == "range .Messages":
            body, end = "", at
            for turn in data["Messages"]:
                said, end = _block(pieces, at + 1, {"Role": turn["role"], "Content": turn["content"]})
                body += said
            out, at = out + body, end
        elif action.startswith("if "):
            said, at = _chosen(pieces, at, data)
            out += said
        else:
            out += data[action.removeprefix(".")]
        at += 1
    return out, at


def _chosen(pieces: Sequence[str], at: int, data: Mapping[str, Any]) -> tuple[str, int]:
    chosen: str | None = None
    action = pieces[at][3:-3]
    while action != "end":
        holds = _holds(action.removeprefix("else ").removeprefix("if "), data)
        said, at = _block(pieces, at + 1, data) if holds else _skipped(pieces, at + 1)
        if holds and chosen is None:
            chosen = said
        action = pieces[at][3:-3]
    return chosen or "", at


def _skipped(pieces: Sequence[str], at: int) -> tuple[str, int]:
    while not pieces[at].startswith(("{{ else", "{{ end")):
        at += 1
    return "", at


def _holds(condition: str, data: Mapping[str, Any]) -> bool:
    if condition.startswith("not ."):
        return not data[condition.removeprefix("not .")]
    variable, wanted = re.fullmatch(r'eq \.(\w+) "(\w+)"', condition).groups()  # type: ignore[union-attr]
    return bool(data[variable] == wanted)
