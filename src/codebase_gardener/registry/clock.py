"""The database's clock: what several machines compare must not depend on the clock of any of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Double
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

__all__ = ["DatabaseTime"]


class DatabaseTime(FunctionElement[float]):
    """Seconds since 1970 by the database's clock, at the moment of the statement that holds it."""

    type = Double()
    inherit_cache = True


@compiles(DatabaseTime, "sqlite")
def _on_sqlite(element: DatabaseTime, compiler: SQLCompiler, **_: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(DatabaseTime, "postgresql")
def _on_postgresql(element: DatabaseTime, compiler: SQLCompiler, **_: Any) -> str:
    # not now(): that is when the transaction began, and it may have waited for a lock since
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"
