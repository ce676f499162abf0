"""The settings as they are, each with where its value comes from; what is secret in them is not told."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from codebase_gardener.config.settings import ENV_PREFIX, Settings

__all__ = ["SettingRow", "setting_rows"]

_PASSWORD = re.compile(r"(?<=://)[^/@\s]*@")
_SECRET = re.compile(
    r"(?i)((?<![\w-])[\w-]{0,100}(?:key|token|secret|password|passwd|sig)[\w-]{0,100}=)[^&\s]+"
)
_HIDDEN = "•••"


@dataclass(frozen=True)
class SettingRow:
    """A setting.

    Attributes:
        name: Of the field; an option in it is `training.NAME`.
        value: As text, without what is secret; "" where nothing is set.
        origin: "default", "file", "environment" or "command line".
        where: The variable or the file that sets it; "" for the others.
        words: What it is.
    """

    name: str
    value: str
    origin: str
    where: str
    words: str


def setting_rows(settings: Settings) -> list[SettingRow]:
    """Every setting, in the order of their declaration; each option of a table is a row.

    Args:
        settings: As they count.
    """
    file = settings.home / "config.toml"
    in_file, environment = _read(file), {name.lower(): name for name in os.environ}
    rows = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        options = value.model_dump() if isinstance(value, BaseModel) else value
        parts = (
            [(f"{name}.{key}", key, one) for key, one in options.items()] if isinstance(options, dict) else []
        )
        for shown, key, one in parts or [(name, "", "" if isinstance(options, dict) else value)]:
            variable = environment.get(f"{ENV_PREFIX}{name}__{key}".lower()) if key else None
            variable = variable or environment.get(f"{ENV_PREFIX}{name}".lower())
            written = in_file.get(name)
            if name not in settings.model_fields_set:
                origin, where = "default", ""
            elif variable:
                origin, where = "environment", variable
            elif key in written if key and isinstance(written, dict) else written is not None:
                origin, where = "file", str(file)
            else:
                origin, where = ("default" if key else "command line"), ""
            own = type(value).model_fields[key].description if isinstance(value, BaseModel) and key else None
            rows.append(SettingRow(shown, _text(one), origin, where, own or field.description or ""))
    return rows


def _read(file: Path) -> Mapping[str, Any]:
    """What is written in a file; it was valid when the settings were read."""
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()  # as the file has it
    shown = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return _SECRET.sub(rf"\1{_HIDDEN}", _PASSWORD.sub(f"{_HIDDEN}@", shown))
