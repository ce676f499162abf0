"""Files of the Hugging Face hub: only those that are asked for, and asked again where the hub was busy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from codebase_gardener.utils.error_handling import retry_with_backoff

__all__ = ["HUB_ID", "fetch_snapshot"]

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
_BUSY = (429, 500, 502, 503, 504)
_UNREACHED = {"TransportError", "ConnectionError", "Timeout"}  # of httpx, of Python and of requests


@retry_with_backoff(max_attempts=3)
def fetch_snapshot(name: str, revision: str | None, wanted: Sequence[str], *, offline: bool) -> Path:
    """The folder in the hub's cache that holds a repository's files, fetched where they are not there yet.

    Args:
        name: `owner/name`.
        revision: Commit, branch or tag.
        wanted: Patterns of the files.
        offline: Take what the cache has.

    Raises:
        ConnectionError: The hub cannot be reached or is busy, after three tries.
        Exception: Of the hub's own kinds: not found, gated, not in the cache.
    """
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(name, revision=revision, local_files_only=offline, allow_patterns=list(wanted))
        )
    except Exception as error:
        if _is_transient(error):
            raise ConnectionError(f"{error.__cause__ or error}") from error
        raise


def _is_transient(error: BaseException | None) -> bool:
    """Whether a connection failed, or the hub was busy; the hub's own errors wrap what happened."""
    while error is not None:
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if "OfflineModeIsEnabled" in kinds:
            return False
        if kinds & _UNREACHED or getattr(getattr(error, "response", None), "status_code", 0) in _BUSY:
            return True
        error = error.__cause__
    return False
