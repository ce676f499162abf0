"""Held-out functions one by one: prompt, truth, what base and adapter write, and how likely they find each token."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from codebase_gardener.gardener.token_scores import TOKENS
from codebase_gardener.page.shell import Shell
from codebase_gardener.page.shown_functions import LEGEND, shown_functions
from codebase_gardener.page.verdict_rows import VERSION_PATH, asked_version, newest_receipt
from codebase_gardener.registry.rows import ReceiptRow, VersionRow
from codebase_gardener.utils.error_handling import NotFoundError

__all__ = ["function_routes"]


def function_routes(shell: Shell) -> Sequence[BaseRoute]:
    """The list of them, and each."""

    def functions(request: Request) -> Response:
        row, tokens, sort = asked(request)
        shown = shown_functions(tokens.data, sort)
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
        tokens = newest_receipt(shell.gardener.registry.receipts(row), TOKENS)
        if tokens is None:
            raise NotFoundError(
                f"{row.ref} was not measured token by token", hint=f"gardener evaluate {row.ref} --tokens"
            )
        return row, tokens, request.query_params.get("sort", "")

    return [
        Route(f"{VERSION_PATH}/functions", functions),
        Route(f"{VERSION_PATH}/functions/{{number:int}}", function),
    ]
