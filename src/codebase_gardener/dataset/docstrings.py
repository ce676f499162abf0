"""Tasks `doc_to_code` and `code_to_doc`: a function from its description, and the other way round."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from codebase_gardener.dataset.examples import Example
from codebase_gardener.dataset.functions import body_lines
from codebase_gardener.dataset.prompts import question_turns
from codebase_gardener.dataset.sites import Site
from codebase_gardener.languages.table import LANGUAGES

__all__ = ["code_to_doc", "doc_to_code"]

_MIN_WORDS = 3
_MAX_DOCSTRING_CHARS = 1_500
_MAX_HEADER_CHARS = 1_000  # a signature of a thousand parameters is data


def doc_to_code(site: Site) -> Iterator[Example]:
    """Asks for a function by its path, signature and docstring, without what stands around it."""
    if not _is_documented(site):
        return
    symbol = site.symbol
    question = (
        f"Write the function `{symbol.qualified_name}` of `{symbol.path}`.\n"
        f"Signature: `{symbol.signature}`\n\n{symbol.docstring}"
    )
    yield site.example("doc_to_code", messages=question_turns(question, _fenced(site)))


def code_to_doc(site: Site) -> Iterator[Example]:
    """Asks for the docstring of a function that is shown without it."""
    if not _is_documented(site):
        return
    symbol = site.symbol
    question = f"Write the docstring of `{symbol.qualified_name}` in `{symbol.path}`.\n\n{_fenced(site)}"
    yield site.example("code_to_doc", messages=question_turns(question, symbol.docstring or ""))


def _is_documented(site: Site) -> bool:
    docstring = site.symbol.docstring or ""
    if not site.is_completable or len(docstring.split()) < _MIN_WORDS:
        return False
    header = site.symbol.signature + "".join(_decorator_lines(site))
    return len(docstring) <= _MAX_DOCSTRING_CHARS and len(header) <= _MAX_HEADER_CHARS


def _decorator_lines(site: Site) -> Sequence[str]:
    return site.lines[site.symbol.start - 1 : site.symbol.definition_line - 1]


def _fenced(site: Site) -> str:
    return f"```{site.symbol.language}\n{_without_docstring(site)}```"


def _without_docstring(site: Site) -> str:
    """Decorators, the signature on one line, the body; indented as a function of its own."""
    symbol = site.symbol
    definition = site.lines[symbol.definition_line - 1]
    indent = definition[: len(definition) - len(definition.lstrip())]
    opening = LANGUAGES[symbol.language].opening
    header = [*_decorator_lines(site), f"{indent}{symbol.signature}{opening}\n"]
    return textwrap.dedent("".join([*header, *body_lines(symbol, site.lines)]))
