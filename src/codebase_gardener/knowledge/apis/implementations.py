"""Implementation pages: one API each, every sentence computed."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import replace

from codebase_gardener.documents.docstrings import Documentation
from codebase_gardener.knowledge.apis.context import ApiContext, definition_in
from codebase_gardener.knowledge.apis.descriptions import (
    defined_again,
    members,
    neighbours,
    raised,
    run_time,
    shown_in,
    standing,
    used_passages,
)
from codebase_gardener.knowledge.apis.foreign import (
    command_examples,
    command_run_at,
    commands_shown,
    external_contract,
    external_description,
    external_overview,
)
from codebase_gardener.knowledge.apis.interface_methods import interface_methods, is_interface
from codebase_gardener.knowledge.apis.io_contract import constructor_of, contract_of, function_type_of
from codebase_gardener.knowledge.apis.raised_messages import raised_message
from codebase_gardener.knowledge.apis.raises import RaisingLine, raised_error, raised_within
from codebase_gardener.knowledge.apis.section_titles import passage_title
from codebase_gardener.knowledge.apis.subject import Api
from codebase_gardener.knowledge.apis.tree_calls import documented
from codebase_gardener.knowledge.apis.usage_examples import usage_examples
from codebase_gardener.knowledge.links.python.entities import NO_PACKAGES
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.pages.citations import dedented
from codebase_gardener.knowledge.pages.cited import PageSources
from codebase_gardener.knowledge.pages.implementation_layout import (
    CodeReference,
    IoContract,
    Parameter,
    RaisedError,
    code_reference,
    io_contract,
)
from codebase_gardener.knowledge.pages.markup import NONE_FOUND, WHY_A_PAGE, code, fence
from codebase_gardener.knowledge.pages.quoting import inline, safe_markdown, summary_quote
from codebase_gardener.knowledge.pages.structure import Page, Section
from codebase_gardener.knowledge.pages.wording import enumerated
from codebase_gardener.languages.python.headers import SourceLines
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.utils.anchors import Anchor
from codebase_gardener.utils.identifiers import title_words
from codebase_gardener.utils.memo import remembered

__all__ = ["implementation_page"]

_MOST_CALL = 100
_BOX = re.compile(r"\s*\.\. [\w-]+::")
_ERROR_NAME = re.compile(r"[\w.:]+")
_MOST_SAID = 120  # characters of what an error says
_MOST_RAISING = 3  # lines of an error
_MOST_HEADER = 40  # lines
_LONGEST_HEADER = 20_000  # characters: a longer one is no reading matter


def implementation_page(api: Api, context: ApiContext, pages: Mapping[Target, Api]) -> Page:
    """The page of an API.

    Args:
        api: What it is about.
        context: The repository and its links.
        pages: All APIs that have a page, by target: their names become links.
    """
    sources = PageSources(context.repository)
    if api.symbol is None:
        overview, description = external_overview(api, context), external_description(api, context, sources)
        reference, contract = _external_reference(api, context, sources), external_contract(api, context)
    else:
        says = documented(api.symbol)
        description = _description(api, api.symbol, says, context, pages, sources)
        reference = _reference(api, api.symbol, context, sources)
        contract = _with_methods(api.symbol, contract_of(api.symbol, context), context)
        contract = _with_places(api.symbol, contract, sources)
        contract = replace(contract, raises=_raises(api.symbol, context, sources))
        told = (
            _overview(api.symbol, says, contract.inputs, context, sources),
            run_time(api.symbol, context, sources),
        )
        overview = " ".join(filter(None, told))
    return Page(
        type="Implementation",
        name=f"{context.repository.owner_repo}_{api.page}",
        title=api.target.name,
        overview=overview,
        description=description,
        usage=_usage(api, context, sources),
        sections=(
            code_reference(reference),
            io_contract(contract),
            Section("Usage Examples", _examples(api, context, sources)),
            Section("Theoretical Basis", NONE_FOUND),  # until it is known whether its idea has a page
        ),
        sources=sources.all(),
        domains=_domains(api),
        kind=api.kind,
    )


def _with_methods(symbol: Symbol, contract: IoContract, context: ApiContext) -> IoContract:
    """Of an interface: its methods are its contract, besides its fields."""
    methods = interface_methods(symbol, context)
    named = {each.name for each in methods}
    fields = tuple(each for each in contract.inputs if each.name not in named)
    return replace(contract, inputs=(*fields, *methods))


def _with_places(symbol: Symbol, contract: IoContract, sources: PageSources) -> IoContract:
    """The fields of a type and the methods of an interface, each with its lines: its users look for them."""
    if symbol.kind != "type" and not is_interface(symbol):
        return contract
    inputs = []
    for each in contract.inputs:
        where = sources.cite(each.place.path, each.place.start, each.place.end) if each.place else ""
        description = f"{each.description} ({where})".strip() if where else each.description
        inputs.append(replace(each, description=description))
    return replace(contract, inputs=tuple(inputs))


def _raises(symbol: Symbol, context: ApiContext, sources: PageSources) -> tuple[RaisedError, ...]:
    """Each error with its first lines, then those that only the docstring tells of."""
    found: dict[str, list[RaisingLine]] = {}
    for line in raised_within(symbol, context):
        if error := raised_error(line, symbol, context):
            found.setdefault(error, []).append(line)
    raised = [
        RaisedError(
            error,
            enumerated([_raising(one, context, sources) for one in lines[:_MOST_RAISING]], len(lines)),
        )
        for error, lines in found.items()
    ]
    known = {error.rpartition(".")[2] for error in found}
    for each in documented(symbol).raises:
        if _ERROR_NAME.fullmatch(each.name) and each.name.rpartition(".")[2] not in known:
            about = _BOX.split(each.description)[0]
            said = f"“{inline(about, _MOST_SAID)}” in " if about else ""
            raised.append(RaisedError(each.name, f"{said}its docstring, {sources.cite_docstring(symbol)}"))
    return tuple(raised)


def _raising(line: RaisingLine, context: ApiContext, sources: PageSources) -> str:
    message = raised_message(line, context)
    says = f"{code(message.text)} at " if message.text else ""
    return f"{says}{sources.cite(line.path, message.start, message.end)}"


def _overview(
    symbol: Symbol,
    says: Documentation,
    inputs: tuple[Parameter, ...],
    context: ApiContext,
    sources: PageSources,
) -> str:
    name = code(symbol.qualified_name)
    if says.summary:
        where = sources.cite_docstring(symbol)
        return f"{name}, in the words of its docstring ({where}): {summary_quote(says)}"
    function = function_type_of(symbol, context)
    if function is not None:
        given = [code(" ".join(filter(None, (one.name, one.type)))) for one in function.parameters]
        takes = enumerated(given[:6], len(given)) or "nothing"
        returns = code(function.returns) if function.returns else "nothing"
        what = f"take {takes} and return {returns}"
        return f"{name} is a type of functions that {what}; {_undocumented(symbol, sources)}."
    takes = enumerated([code(each.name) for each in inputs[:6]], len(inputs)) or "no arguments"
    gives = f" and returns {code(symbol.returns)}" if symbol.returns else ""
    kind = "class, made from" if symbol.kind == "class" else f"{symbol.kind} that takes"
    kind = f"{symbol.kind} with" if inputs and (symbol.kind == "type" or is_interface(symbol)) else kind
    article = "an" if kind.startswith("i") else "a"
    return f"{name} is {article} {kind} {takes}{gives}; {_undocumented(symbol, sources)}."


def _undocumented(symbol: Symbol, sources: PageSources) -> str:
    if symbol.docstring_anchor is None:
        return "it has no docstring"
    return f"its docstring ({sources.cite_docstring(symbol)}) has no summary"


def _description(
    api: Api,
    symbol: Symbol,
    says: Documentation,
    context: ApiContext,
    pages: Mapping[Target, Api],
    sources: PageSources,
) -> str:
    parts = [standing(symbol, context, sources, context.names.get(api.target, ""))]
    parts += defined_again(symbol, context, sources)
    if says.text:
        parts += [f"Its docstring ({sources.cite_docstring(symbol)}) goes on:", safe_markdown(says.text)]
    parts += members(symbol, context, pages)
    parts += raised(says)
    if says.changes:
        parts.append("Its docstring notes:\n\n" + "\n".join(f"- {_told(change)}" for change in says.changes))
    parts += neighbours(symbol, context, pages, sources)
    if api.reasons:
        parts.append(f"{WHY_A_PAGE}{'; '.join(inline(reason) for reason in api.reasons)}.")
    return "\n\n".join(parts)


def _told(change: str) -> str:
    """ "Added in version 1.0: …" of "added in version 1.0 …"."""
    found = re.match(r"(.+? version \S+)\s+(?=\S)", change)
    text = f"{found[1]}: {change[found.end() :]}" if found else change
    return inline(text[:1].upper() + text[1:])


def _usage(api: Api, context: ApiContext, sources: PageSources) -> str:
    parts = []
    if api.import_statement:
        parts.append(f"Import: {code(api.import_statement)}.")
    if api.kind == "External Tool Doc":
        return "\n\n".join([*parts, commands_shown(api, context, sources)])
    return "\n\n".join([*parts, *shown_in(api.target, context, sources)])


def _reference(api: Api, symbol: Symbol, context: ApiContext, sources: PageSources) -> CodeReference:
    shown = _shown(symbol, context)
    signature, quoted = _signature(shown, context)
    for anchor in filter(None, (quoted, symbol.comment_anchor)):
        sources.cite(anchor.path, anchor.start, anchor.end)
    return CodeReference(
        location=symbol.anchor,
        external="",
        signature=signature,
        import_statement=api.import_statement,
        call=api.call,
        dependencies=_dependencies(symbol, context),
        language=shown.language,
        quoted=quoted,
        documented=symbol.comment_anchor,
    )


def _shown(symbol: Symbol, context: ApiContext) -> Symbol:
    """What has the signature that callers see: of a class its constructor, else the declaration in several forms."""
    if symbol.kind == "class":
        own = constructor_of(symbol, context)
        if own and own.path == symbol.path and own.qualified_name.startswith(f"{symbol.qualified_name}."):
            return own
    declared = symbol.declared
    return declared if declared is not None and declared.overloads else symbol


def _signature(shown: Symbol, context: ApiContext) -> tuple[str, Anchor | None]:
    """The lines of the header as they stand in the source; of overloads theirs."""
    first, last = _seen_lines(shown) if shown.overloads else _header_lines(shown, context)
    lines = context.repository.lines(shown.path, first, last)
    if sum(map(len, lines)) > _LONGEST_HEADER:
        return "", None
    return dedented(lines), Anchor(shown.path, first, last)


def _header_lines(symbol: Symbol, context: ApiContext) -> tuple[int, int]:
    written = context.text_of(symbol)
    last = _header_end(written.text)
    last = last + written.offset if last else _last_header_line(symbol, context)
    return symbol.definition_line, last


def _seen_lines(symbol: Symbol) -> tuple[int, int]:
    """The first overloads that make no more than a header."""
    first, last = symbol.overloads[0]
    ends = [end for _, end in symbol.overloads if end - first < _MOST_HEADER]
    return first, max([last, *ends])


@remembered
def _header_end(text: str) -> int:
    """The last line of a definition's header, 1-based; 0 where it cannot be parsed."""
    node = definition_in(text)
    return SourceLines(text).header(node).last_line if node else 0


def _last_header_line(symbol: Symbol, context: ApiContext) -> int:
    """Where the text of a signature ends, in a language that is not parsed here."""
    wanted, told = "".join(symbol.signature.split()), ""
    for number in range(symbol.definition_line, min(symbol.end, symbol.definition_line + _MOST_HEADER) + 1):
        told += "".join(context.repository.lines(symbol.path, number, number)[0].split())
        told = told.replace(",)", ")")  # as in a signature on one line
        if wanted and wanted in told:
            return number
    return symbol.definition_line


@remembered
def _names_in(text: str) -> frozenset[str]:
    """The names that stand in a definition."""
    definition = definition_in(text)
    nodes = ast.walk(definition) if definition else ()
    return frozenset(node.id for node in nodes if isinstance(node, ast.Name))


def _external_reference(api: Api, context: ApiContext, sources: PageSources) -> CodeReference:
    package = re.split(r"[.\s]", api.target.name, maxsplit=1)[0]
    is_own = api.target.name in context.own_commands
    quoted = command_run_at(api, context)
    if quoted is not None:
        sources.cite(quoted.path, quoted.start, quoted.end)
    return CodeReference(
        location=None,
        external=package,
        signature=api.call,
        import_statement=api.import_statement,
        call=" ".join(api.call.split())[:_MOST_CALL],
        dependencies=() if is_own else (package,),
        language="shell" if api.kind == "External Tool Doc" else "python",
        quoted=quoted,
        is_own=is_own,
    )


def _dependencies(symbol: Symbol, context: ApiContext) -> tuple[str, ...]:
    """Packages from outside whose names stand in the definition: in its code, its annotations, its bases."""
    found = {target.name.partition(".")[0] for target, _ in context.calls_of(symbol) if target.external}
    names = _names_in(context.text_of(symbol).text)
    found |= {
        each.module.partition(".")[0]
        for each in context.repository.facts[symbol.path].imports
        if not each.level and each.alias in names
    }
    return tuple(sorted(found - context.roots - NO_PACKAGES))


def _examples(api: Api, context: ApiContext, sources: PageSources) -> str:
    if api.kind == "External Tool Doc":
        return command_examples(api, context, sources)
    examples = usage_examples(api.target, context)
    parts = []
    for example in examples:
        title = inline(passage_title(example.passage, context.repository), 120)
        parts += [f"{title} ({example.passage.area}):"] if title else []
        parts.append(f"From {sources.cite(example.path, example.start, example.end)}:")
        parts.append(fence(example.text, example.language))
    if not parts:
        return NONE_FOUND
    quoted = {(each.passage.path, each.passage.start, each.passage.scope) for each in examples}
    further = {(each.path, each.start, each.scope) for each in used_passages(api.target, context)} - quoted
    if further:
        more = len(further)
        parts.append("1 further passage uses it." if more == 1 else f"{more} further passages use it.")
    return "\n\n".join(parts)


def _domains(api: Api) -> tuple[str, ...]:
    names = [api.target.name, api.page, *api.target.path.removeprefix("src/").rpartition(".")[0].split("/")]
    return tuple(sorted({word.lower() for name in names for word in title_words(name) if len(word) > 2}))
