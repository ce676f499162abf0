"""What Ollama is told of a model: names it takes, adapters it takes, the Modelfile.

https://github.com/ollama/ollama/blob/main/docs/modelfile.mdx
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from packaging.version import InvalidVersion, Version

from codebase_gardener.utils.error_handling import InvalidInputError

__all__ = ["check_ollama_name", "modelfile", "takes_adapters"]

_WITHOUT_ADAPTERS = Version("0.34.1")
"""From this on Ollama makes no model of an adapter any more (ollama/ollama#14969)."""
_NAME = re.compile(
    r"(?:(?:(?P<host>\w[\w.:-]{0,349})/)?(?P<namespace>\w[\w-]{0,79})/)?"
    r"(?P<model>\w[\w.-]{0,79})(?::(?P<tag>\w[\w.-]{0,79}))?",
    re.ASCII,
)


def check_ollama_name(name: str) -> None:
    """Make sure that Ollama takes a name for a model.

    Raises:
        InvalidInputError: It does not.

    Example:
        >>> check_ollama_name("me/click-adapter:v1")
    """
    if not _NAME.fullmatch(name):
        raise InvalidInputError(
            f"Ollama takes no model of the name {name!r}",
            hint="letters, digits, _, - and . of at most 80 characters, as in NAME, NAME:TAG or OWNER/NAME:TAG",
        )


def takes_adapters(version: str) -> bool:
    """Whether an Ollama server of this version makes models of adapters; not where the version says nothing.

    Example:
        >>> takes_adapters("0.12.11"), takes_adapters("0.34.1"), takes_adapters("0.34.1-rc0"), takes_adapters("main")
        (True, False, False, False)
    """
    try:
        found = Version(version)
    except InvalidVersion:
        return False
    return found.release < _WITHOUT_ADAPTERS.release and found != Version("0")


def modelfile(model: str, adapter: str | None, template: str, stops: Sequence[str]) -> str:
    """The Modelfile's text.

    Args:
        model: Path of the GGUF model, relative to the Modelfile.
        adapter: Of the GGUF adapter.
        template: In Go's syntax.
        stops: Texts that end an answer.

    Raises:
        InvalidInputError: The template has three quotes in a row, which end it in a Modelfile.
    """
    if '"""' in template:
        raise InvalidInputError("the template has three quotes in a row", hint="export with --to gguf")
    lines = [f"FROM {model}", *([f"ADAPTER {adapter}"] if adapter else []), f'TEMPLATE """{template}"""']
    lines += [f"PARAMETER stop {quoted}" for stop in stops if (quoted := _quoted(stop))]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A parameter's value; "" where a Modelfile cannot carry it: its lines end parameters."""
    return "" if "\n" in text or '"' in text else f'"{text}"'
