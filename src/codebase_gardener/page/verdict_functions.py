"""Held-out functions one by one: how likely base and adapter find each; with tokens measured, prompt and truth, too."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from codebase_gardener.gardener.token_scores import TOKENS
from codebase_gardener.page.shell import Shell
from codebase_gardener.page.shown_functions import LEGEND, listed_functions, shown_functions
from codebase_gardener.page.verdict_rows import VERSION_PATH, asked_version, newest_receipt
from codebase_gardener.registry.rows import ReceiptRow, VersionRow
from codebase_gardener.utils.error_handling import NotFoundError

__all__ = ["function_routes"]


def function_routes(shell: Shell) -> Sequence[BaseRoute]:
    """The list of them, and each."""

    def functions(request: Request) -> Response:
        row, sort = asked_version(shell, request), request.query_params.get("sort", "")
        verdict, tokens = shell.gardener.registry.latest_verdict(row), newest_tokens(row)
        shown = listed_functions(verdict.data if verdict else {}, tokens.data if tokens else None, sort)
        if not shown:
            raise NotFoundError(
                f"the functions of {row.ref} were not measured one by one",
                hint="go back to its verdict, and measure it",
            )
        return shell.render("verdict/functions.html", row=row, tokens=tokens, sort=sort, functions=shown)

    def function(request: Request) -> Response:
        row, tokens, sort = asked(request)
        shown = shown_functions(tokens.data, sort)
        number = request.path_params["number"]
        place = next((n for n, one in enumerate(shown) if one.number == number), None)
        if place is None:
            raise NotFoundError(f"there is no function {number}", hint="go back to the list of functions")
        return shell.render(
            "verdict/function.html",
            row=row,
            one=shown[place],
            place=place + 1,
            count=len(shown),
            before=shown[place - 1] if place else None,
            behind=shown[place + 1] if place + 1 < len(shown) else None,
            sort=sort,
            legend=LEGEND,
        )

    def asked(request: Request) -> tuple[VersionRow, ReceiptRow, str]:
        row = asked_version(shell, request)
        tokens = newest_tokens(row)
        if tokens is None:
            raise NotFoundError(
                f"{row.ref} was not measured token by token", hint="go to its verdict: a button measures it"
            )
        return row, tokens, request.query_params.get("sort", "")

    def newest_tokens(row: VersionRow) -> ReceiptRow | None:
        return newest_receipt(shell.gardener.registry.receipts(row), TOKENS)

    return [
        Route(f"{VERSION_PATH}/functions", functions),
        Route(f"{VERSION_PATH}/functions/{{number:int}}", function),
    ]
