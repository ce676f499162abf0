"""Pages of lists, each by one query: projects with what they have, versions with what is known of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, FromClause, String, cast, func, select
from sqlalchemy.sql.elements import ColumnElement

from codebase_gardener.registry import schema
from codebase_gardener.registry.rows import row_as
from codebase_gardener.utils.names import AdapterRef

__all__ = ["ListedProject", "ListedVersion", "listed_projects", "listed_versions"]

_projects, _versions = schema.projects, schema.versions
_DEFAULT = "default"


@dataclass(frozen=True)
class ListedProject:
    """A project, and what it has.

    Attributes:
        current_adapter: The adapter that answers where none is named; None until one was chosen.
        answers: The version of it that is active; None where none is.
        adapters, versions, active: How many there are; `active` counts versions.
        bytes: Of all versions.
        verdict: The newest one of the version that answers, else of an active one, else of the newest version;
            None where that was not evaluated.
    """

    id: int
    name: str
    source: str
    kind: str
    created_at: str
    current_adapter: str | None
    answers: int | None
    adapters: int
    versions: int
    active: int
    bytes: int
    verdict: str | None


@dataclass(frozen=True)
class ListedVersion:
    """A published adapter, without what only its own page shows.

    Attributes:
        verdict, figures: The newest one, and what is behind it; None where it was not evaluated.
        proof: What the newest proof measured; None where there is none.
    """

    id: int
    project: str
    adapter_name: str
    version: int
    active: bool
    base_id: str
    bytes: int
    commit: str | None
    created_at: str
    spec: dict[str, Any]
    lineage: dict[str, Any] | None
    verdict: str | None
    figures: dict[str, Any] | None
    proof: dict[str, Any] | None

    @property
    def ref(self) -> AdapterRef:
        """`project/name@version`."""
        return AdapterRef(self.project, self.adapter_name, self.version)


def listed_projects(
    connection: Connection, containing: str = "", *, name: str = "", after: str = "", limit: int = 50
) -> list[ListedProject]:
    """Projects by name, a page at a time.

    Args:
        containing: Only those with this in name or source; letters' case does not count.
        name: Only the one of this name.
        after: The last name of the page before.
        limit: Of a page.
    """
    query = select(_projects).where(_projects.c.name > after).order_by(_projects.c.name).limit(limit)
    if containing:
        query = query.where(
            _contains(_projects.c.name, containing) | _contains(_projects.c.source, containing)
        )
    if name:
        query = query.where(_projects.c.name == name)
    page = query.subquery()
    mine = _versions.c.project_id == page.c.id
    own = _projects.alias()  # in SQLite, no ORDER BY names what is outside of its query
    verdicts = schema.verdicts.c
    full = select(
        page,
        _count(_versions.c.adapter_name.distinct(), mine).label("adapters"),
        _count(_versions.c.id, mine).label("versions"),
        _count(_versions.c.id, mine & _versions.c.active).label("active"),
        select(func.coalesce(func.sum(_versions.c.bytes), 0)).where(mine).scalar_subquery().label("bytes"),
        select(_versions.c.version)
        .where(mine, _versions.c.active, _versions.c.adapter_name == _called(page))
        .scalar_subquery()
        .label("answers"),
        select(verdicts.verdict)
        .select_from(_versions)
        .join(own, own.c.id == _versions.c.project_id)
        .outerjoin(schema.verdicts, verdicts.version_id == _versions.c.id)
        .where(mine)
        .order_by(
            (_versions.c.active & (_versions.c.adapter_name == _called(own))).desc(),
            _versions.c.active.desc(),
            _versions.c.id.desc(),
            verdicts.id.desc(),
        )
        .limit(1)
        .scalar_subquery()
        .label("verdict"),
    ).order_by(page.c.name)
    return [row_as(ListedProject, row) for row in connection.execute(full).mappings()]


def listed_versions(
    connection: Connection, project: str, containing: str = "", *, before: int | None = None, limit: int = 50
) -> list[ListedVersion]:
    """Versions of a project, newest first, a page at a time; none where there is no such project.

    Args:
        project: Its name.
        containing: Only those with this in the adapter's name, the base or the verdict.
        before: The `id` of the last row of the page before.
        limit: Of a page.
    """
    newest_verdict = _newest(schema.verdicts)
    newest_proof = _newest(schema.receipts, kind="proof")
    verdicts, receipts = schema.verdicts.c, schema.receipts.c
    query = (
        select(
            _versions,
            _projects.c.name.label("project"),
            verdicts.verdict,
            verdicts.data.label("figures"),
            receipts.data.label("proof"),
        )
        .join(_projects, _projects.c.id == _versions.c.project_id)
        .outerjoin(schema.verdicts, verdicts.id == newest_verdict)
        .outerjoin(schema.receipts, receipts.id == newest_proof)
        .where(_projects.c.name == project)
        .order_by(_versions.c.id.desc())
        .limit(limit)
    )
    if containing:
        found = _contains(_versions.c.adapter_name, containing) | _contains(_versions.c.base_id, containing)
        query = query.where(found | _contains(verdicts.verdict, containing))
    if before is not None:
        query = query.where(_versions.c.id < before)
    return [row_as(ListedVersion, row) for row in connection.execute(query).mappings()]


def _contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    return func.lower(cast(column, String)).contains(text.lower(), autoescape=True)


def _called(projects: FromClause) -> ColumnElement[str]:
    return func.coalesce(projects.c.current_adapter, _DEFAULT)


def _count(what: ColumnElement[Any], where: ColumnElement[bool]) -> Any:
    return select(func.count(what)).where(where).scalar_subquery()


def _newest(table: Any, **values: str) -> Any:
    """The id of the newest row on a version, as part of a query of versions."""
    other = table.alias()
    of_kind = [other.c[name] == value for name, value in values.items()]
    newest = select(func.max(other.c.id)).where(other.c.version_id == _versions.c.id, *of_kind)
    return newest.correlate(_versions).scalar_subquery()
