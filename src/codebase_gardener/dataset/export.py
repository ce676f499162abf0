"""Rows in the forms that other training tools read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from codebase_gardener.dataset.examples import Example
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.files import write_atomic

__all__ = ["EXPORT_FORMS", "write_jsonl"]

Row = dict[str, Any]


def write_jsonl(examples: Iterable[Example], path: Path, form: str = "prompt") -> int:
    """Write rows as JSONL in one standard form.

    Args:
        examples: Rows of any form. Fill-in-the-middle rows are left out: they need the base's own tokens.
        path: The file, replaced as a whole.
        form: A key of `EXPORT_FORMS`. A plain text has no turns, so `messages` leaves such rows out.

    Returns:
        How many rows were written.

    Raises:
        InvalidInputError: There is no such form.
    """
    if form not in EXPORT_FORMS:
        raise InvalidInputError(f"there is no form {form!r}", hint=f"choose from {', '.join(EXPORT_FORMS)}")
    converted = (EXPORT_FORMS[form](example) for example in examples if example.fim is None)
    rows = [row for row in converted if row]
    write_atomic(path, "".join(f"{json.dumps(row)}\n" for row in rows))
    return len(rows)


def _as_prompt(example: Example) -> Row:
    if example.messages:
        roles = [turn["role"] for turn in example.messages]
        last = len(roles) - 1 - roles[::-1].index("assistant")
        return {"prompt": _joined(example.messages[:last]), "completion": example.messages[last]["content"]}
    return {"prompt": example.prompt, "completion": example.completion or example.text}


def _as_messages(example: Example) -> Row:
    if example.text:
        return {}
    turns = example.messages or (
        {"role": "user", "content": example.prompt},
        {"role": "assistant", "content": example.completion},
    )
    return {"messages": list(turns)}


def _as_text(example: Example) -> Row:
    return {"text": example.text or example.prompt + example.completion or _joined(example.messages)}


def _joined(turns: Iterable[dict[str, str]]) -> str:
    return "\n\n".join(turn["content"] for turn in turns)


EXPORT_FORMS: dict[str, Callable[[Example], Row]] = {
    "prompt": _as_prompt,
    "messages": _as_messages,
    "text": _as_text,
}
