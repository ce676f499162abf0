"""Names of models: what is served, and what a name means now.

`project/adapter@version` never changes. `project/adapter` and `project` move when another version is made active (see
`aliases`); a request that has begun ends on what it began with. `:bare` behind any of them leaves retrieved code out;
`:base` is the base below it, asked as the adapter is: with the same code before the prompt.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from codebase_gardener.adapters.loaded import Loadable
from codebase_gardener.bases.resolution import Base
from codebase_gardener.memory.building import kept_memory
from codebase_gardener.memory.recall import Memory
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.repository.store import load_snapshot
from codebase_gardener.serving.aliases import Aliases
from codebase_gardener.serving.engine import Served
from codebase_gardener.utils.error_handling import CodebaseGardenerError, NotFoundError
from codebase_gardener.utils.files import sha256_text
from codebase_gardener.utils.names import AdapterRef, parse_ref
from codebase_gardener.wiki.search import WikiIndex

if TYPE_CHECKING:
    from codebase_gardener.knowledge.answers.grounding import Grounds
    from codebase_gardener.wiki.project import ProjectWiki

__all__ = ["BARE", "BASE", "Catalog", "ModelCard", "Resolved", "model_card", "shown_base"]

_Kept = TypeVar("_Kept")

BARE = ":bare"
BASE = ":base"
_LATEST = ":latest"  # Ollama's clients put it behind every name


@dataclass(frozen=True)
class ModelCard:
    """A name that is served.

    Attributes:
        name: As a request says it.
        version: `project/adapter@version` that it means now; "" for a base.
        base: Id of its base.
        created: Seconds since 1970.
        bytes: Of the adapter's files; 0 for a base.
        digest: SHA-256 that changes where the name comes to mean something else.
    """

    name: str
    version: str
    base: str
    created: int
    bytes: int
    digest: str


@dataclass(frozen=True)
class Resolved:
    """What a name means at this moment.

    Attributes:
        served: What answers.
        project: Whose code may be put before a prompt; "" for a base.
        is_bare: No code is put before a prompt.
    """

    served: Served
    project: str
    is_bare: bool


class Catalog:
    """The projects of a home, or some of them, as models.

    Args:
        manager: The home's adapters.
        open_wiki: Gives the wiki of a project, built or not.
        current_adapter: Gives the adapter that a project's bare name means.
        projects: Names; all of the home where none is given.
    """

    def __init__(
        self,
        manager: PeftManager,
        open_wiki: Callable[[str], ProjectWiki],
        current_adapter: Callable[[str], str],
        projects: Sequence[str] = (),
    ) -> None:
        self.manager = manager
        self._open_wiki, self._current = open_wiki, current_adapter
        self._projects = tuple(projects)
        self._indexes: _Newest[WikiIndex] = _Newest()
        self._memories: _Newest[Memory] = _Newest()
        self._grounds: _Newest[Grounds] = _Newest()
        self._aliases: Aliases | None = None

    @contextmanager
    def loading_ahead(self, load: Callable[[Served, Served], None]) -> Iterator[None]:
        """For a block, a version that a name comes to mean is loaded before requests go to it.

        Args:
            load: As `Engine.load`.
        """
        self._aliases = aliases = Aliases(
            self._row, lambda row, before: load(self._served_by(row), self._served_by(before))
        )
        try:
            yield
        finally:
            self._aliases = None
            aliases.close()

    def cards(self) -> list[ModelCard]:
        """Every name that is served, projects first."""
        cards = [card for project in self._served() for card in self._cards_of(project)]
        bases = {card.base: card for card in cards}
        return [
            *cards,
            *(
                replace(card, name=shown_base(base), version="", bytes=0, digest=sha256_text(base))
                for base, card in bases.items()
            ),
        ]

    def _served(self) -> Sequence[str]:
        return self._projects or [row.name for row in self.manager.registry.projects()]

    def _serves(self, project: str) -> bool:
        """Whether a name is a project's: one look, however many projects there are."""
        if self._projects:
            return project in self._projects
        try:
            self.manager.registry.project(project)
        except NotFoundError:
            return False
        return True

    def _cards_of(self, project: str) -> Iterator[ModelCard]:
        rows = self.manager.registry.versions(project, limit=None)
        for name in dict.fromkeys(row.adapter_name for row in rows):
            row = self._row(AdapterRef(project, name))
            if name == self._current(project):
                yield model_card(project, row)
            yield model_card(f"{project}/{name}", row)
        for row in rows:
            yield model_card(str(row.ref), row)

    def resolve(self, name: str) -> Resolved:
        """What a name means now.

        Raises:
            NotFoundError: No model has this name; the hint lists some that there are.
        """
        plain = name.removesuffix(_LATEST)
        is_bare = plain.endswith(BARE)
        plain = plain.removesuffix(BARE)
        is_base = plain.endswith(BASE)
        plain = plain.removesuffix(BASE)
        try:
            ref = parse_ref(plain)
            if not self._serves(ref.project):
                return self._base(name if is_base else plain)
            aliases = None if ref.version else self._aliases
            row = aliases.row(ref) if aliases else self._row(ref)
        except CodebaseGardenerError as error:
            known = ", ".join(card.name for card in self.cards()[:8]) or "none"
            raise NotFoundError(f"there is no model {name!r}", hint=f"there are: {known}") from error
        served = Served(self.manager.base(row.base_id)) if is_base else self._served_by(row)
        return Resolved(served, ref.project, is_bare)

    def _served_by(self, row: VersionRow) -> Served:
        self.manager.shared.bring(row.directory, row.files)
        return Served(self.manager.base(row.base_id), Loadable.of(row, self.manager.holder))

    def _base(self, name: str) -> Resolved:
        bases = {card.name: card.base for card in self.cards() if not card.version}
        if name not in bases:
            raise NotFoundError(f"there is no model {name!r}")
        return Resolved(Served(self.manager.base(bases[name])), "", is_bare=True)

    def _row(self, ref: AdapterRef) -> VersionRow:
        name = ref.name or self._current(ref.project)
        return self.manager.registry.version(AdapterRef(ref.project, name, ref.version))

    def index(self, project: str) -> WikiIndex:
        """The index of a project's last snapshot; opened once for each."""
        latest = self.manager.registry.latest_snapshot(project).snapshot_id
        return self._indexes.get((project,), latest, lambda: self._open_wiki(project).index())

    def memory(self, project: str, base: Base) -> Memory:
        """The memory of a project's last snapshot in a base's tokens; opened once for each."""
        from codebase_gardener.bases.torch_loading import load_tokenizer

        latest = self.manager.registry.latest_snapshot(project)

        def made() -> Memory:
            folder = self.manager.settings.projects_dir / project / "memory"
            snapshot = load_snapshot(self.manager.shared.bring(latest.path))
            kept = kept_memory(folder, snapshot, load_tokenizer(base.path))
            return Memory(kept.suffixes, kept.gate, project)

        return self._memories.get((project, base.sha256), latest.snapshot_id, made)

    def grounds(self, project: str) -> Grounds | None:
        """What answers of a project are checked against; None where it has no wiki."""
        if not project or not self._open_wiki(project).paths.folder.is_dir():
            return None
        latest = self.manager.registry.latest_snapshot(project).snapshot_id
        return self._grounds.get((project,), latest, lambda: self._open_wiki(project).grounds())


class _Newest(Generic[_Kept]):
    """What is made of last snapshots, once for each: whoever needs one of them waits until it is made."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, ...], tuple[str, _Kept]] = {}
        self._lock = threading.Lock()

    def get(self, of: tuple[str, ...], snapshot: str, make: Callable[[], _Kept]) -> _Kept:
        with self._lock:
            known = self._kept.get(of)
            if known is None or known[0] != snapshot:
                self._kept[of] = known = (snapshot, make())
            return known[1]


def model_card(name: str, row: VersionRow) -> ModelCard:
    """A version under a name."""
    created = int(datetime.fromisoformat(row.created_at).timestamp())
    digest = sha256_text(f"{row.base_hash} {sorted(row.files.items())}")
    return ModelCard(name, str(row.ref), row.base_id, created, row.bytes, digest)


def shown_base(base_id: str) -> str:
    """What a client sees of a base's id: of a folder its name, not where it lies.

    Example:
        >>> shown_base("/home/me/models/tiny"), shown_base("owner/name")
        ('tiny', 'owner/name')
    """
    return Path(base_id).name if Path(base_id).is_absolute() else base_id
