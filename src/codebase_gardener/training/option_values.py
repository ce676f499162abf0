"""Values of training options as a command line or the environment gives them: lists, mappings, JSON."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BeforeValidator

__all__ = ["Numbers", "Options", "Pattern", "Words", "options", "pairs", "targets", "words"]


def words(value: Any) -> Any:
    """`q_proj,v_proj` from a command line or the environment is a list."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return (value,) if isinstance(value, int) else value


def pairs(value: Any) -> Any:
    """`q_proj=8,v_proj=16` from a command line or the environment is a mapping."""
    if isinstance(value, str):
        parts = words(value)
        if odd := [part for part in parts if "=" not in part]:
            raise ValueError(f"expected module=number, got {odd[0]!r}")
        return dict(part.split("=", 1) for part in parts)
    return value


def targets(value: Any) -> Any:
    """One word is a PEFT keyword or a regular expression, several are a list of module names."""
    if isinstance(value, str) and "," in value:
        return words(value)
    return value


def options(value: Any) -> Any:
    """A JSON object, or `n_frequency=50,scaling=2.5` whose values are read as JSON where they are JSON."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("{"):
        try:
            return json.loads(value)
        except ValueError as error:
            raise ValueError(f"no JSON object: {error}") from error
    parts = words(value)
    if odd := [part for part in parts if "=" not in part]:
        raise ValueError(f"expected name=value or a JSON object, got {odd[0]!r}")
    return {name.strip(): _json_or_text(text) for name, text in (part.split("=", 1) for part in parts)}


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {"True": True, "False": False, "None": None}.get(text, text)


Words = Annotated[tuple[str, ...], BeforeValidator(words)]
Numbers = Annotated[tuple[int, ...], BeforeValidator(words)]
Pattern = Annotated[dict[str, int], BeforeValidator(pairs)]
Options = Annotated[dict[str, Any], BeforeValidator(options)]
