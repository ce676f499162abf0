"""Secrets in text."""

from __future__ import annotations

__all__ = ["secret_problem"]


def secret_problem(text: str) -> str | None:
    """Which kind of secret stands on which line, else None."""
    return None
