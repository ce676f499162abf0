"""A verdict for others: a picture, and the text of a model card, without what names this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from codebase_gardener.exports.card import introduced, measured
from codebase_gardener.page.shell import HEADERS, Shell
from codebase_gardener.page.verdict_figures import arms, is_measured, times
from codebase_gardener.page.verdict_rows import VERSION_PATH, asked_version
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.utils.error_handling import NotFoundError

__all__ = ["card_routes", "public_base"]


def card_routes(shell: Shell) -> Sequence[BaseRoute]:
    """The picture and the text."""
    registry = shell.gardener.registry

    def picture(request: Request) -> Response:
        row, data = asked(request)
        gained = times(data["difference"]["nats_per_token"])
        drawn = shell.render(
            "verdict/card.svg",
            row=row,
            base=public_base(row.base_id),
            data=data,
            arms=arms(data),
            times=gained,
        )
        return Response(drawn.body, headers=HEADERS, media_type="image/svg+xml")

    def text(request: Request) -> Response:
        row, data = asked(request)
        facts = {
            "base": public_base(row.base_id),
            "base's weights": f"sha256 {row.base_hash}",
            "commit": row.commit,
            "dataset": f"sha256 {row.dataset_hash}" if row.dataset_hash else None,
            "made": row.created_at[:10],
        }
        receipts = [{"kind": one.kind, **one.data} for one in registry.receipts(row)]
        parts = [*introduced(str(row.ref), facts), *measured({"verdict": data, "receipts": receipts})]
        saved = {"Content-Disposition": f'attachment; filename="{row.project}-verdict.md"'}
        return Response("\n\n".join(parts) + "\n", headers={**HEADERS, **saved}, media_type="text/markdown")

    def asked(request: Request) -> tuple[VersionRow, Mapping[str, Any]]:
        row = asked_version(shell, request)
        verdict = registry.latest_verdict(row)
        if verdict is None or not is_measured(verdict.data):
            raise NotFoundError(f"{row.ref} has no verdict to show", hint="measure it first")
        return row, verdict.data

    return [Route(f"{VERSION_PATH}/card.svg", picture), Route(f"{VERSION_PATH}/card.md", text)]


def public_base(base: str) -> str:
    """The base without a path of this machine."""
    return Path(base).name if Path(base).is_absolute() else base
