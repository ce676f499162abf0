"""The version that an address of the view names, and what is kept of it."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from codebase_gardener.page.shell import PREFIX, Shell
from codebase_gardener.registry.rows import ReceiptRow, VersionRow
from codebase_gardener.utils.names import parse_ref

__all__ = ["VERSION_PATH", "asked_version", "newest_receipt"]

VERSION_PATH = f"{PREFIX}/verdict/{{project}}/{{adapter}}/{{version}}"


def asked_version(shell: Shell, request: Request) -> VersionRow:
    """The version of the address.

    Raises:
        InvalidInputError: It names none.
        NotFoundError: There is none.
    """
    parts = request.path_params
    return shell.gardener.registry.version(
        parse_ref(f"{parts['project']}/{parts['adapter']}@{parts['version']}")
    )


def newest_receipt(receipts: Sequence[ReceiptRow], kind: str) -> ReceiptRow | None:
    """The newest of a kind."""
    return next((one for one in receipts if one.kind == kind), None)
