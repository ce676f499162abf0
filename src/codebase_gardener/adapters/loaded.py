"""Adapters in this process's memory, on the base they share. Locks are taken in the order that `locks` says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.adapters.cache import LeaseCache
from codebase_gardener.adapters.files import AdapterFiles, check_adapter_files, check_base, content_sha256
from codebase_gardener.adapters.handle import AdapterHandle
from codebase_gardener.adapters.locks import OrderedLock, Rank
from codebase_gardener.bases.resolution import Base
from codebase_gardener.registry.holder import Holder
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.utils.error_handling import AdapterError, ConflictError, InvalidInputError
from codebase_gardener.utils.file_hashes import FileHashes
from codebase_gardener.utils.files import sha256_text
from codebase_gardener.utils.limits import available_bytes
from codebase_gardener.utils.names import AdapterRef, parse_ref

if TYPE_CHECKING:
    from codebase_gardener.adapters.torch_live_base import LiveBase

__all__ = ["Loadable", "LoadedAdapters"]

_MARK = "#"


@dataclass(frozen=True)
class Loadable:
    """An adapter that can be loaded: a version of the registry, or a folder.

    Attributes:
        key: `project/name@version`, or the folder with a mark of its content and base.
        directory: Where its files are.
        base_id: Its base.
        base_hash: Of the base's weights, where it is known.
        leased: A block in which nobody deletes it; of a folder, one that does nothing.
        content: Hash of a folder's files, which may be overwritten; "" for a version, whose files never change.
        files: Of a version: its files as the registry has them.
    """

    key: str
    directory: Path
    base_id: str
    base_hash: str | None = None
    content: str = ""
    files: Mapping[str, Any] | None = field(default=None, compare=False)
    leased: Callable[[], AbstractContextManager[object]] = field(default=nullcontext, compare=False)

    @classmethod
    def of(cls, row: VersionRow, holder: Holder) -> Loadable:
        """A version."""
        return cls(
            str(row.ref), row.directory, row.base_id, row.base_hash, files=row.files,
            leased=lambda: holder.using(row),
        )  # fmt: skip

    @classmethod
    def of_folder(cls, directory: Path, base: Base, content: str) -> Loadable:
        """A folder as it is now."""
        mark = sha256_text(content + base.sha256)[:12]
        return cls(f"{directory}{_MARK}{mark}", directory, base.id, base.sha256, content=content)


class _Loaded:
    """An adapter in memory, and what has to be given back when it goes: its lease."""

    def __init__(self, live: LiveBase, resources: ExitStack) -> None:
        self.live, self.resources = live, resources


class LoadedAdapters:
    """A cache of adapters by bytes, count and leases.

    Args:
        find_base: Gives a base model by id.
        device: As the settings say.
        dtype: "auto", "bfloat16" or "float32": what is computed in.
        hashes: Where the hashes of folders' files are remembered.
        max_bytes: Memory of the adapters.
        max_count: Adapters at once.
        before_load: Told of the bytes of a base that is about to be loaded.
    """

    def __init__(
        self,
        find_base: Callable[[str], Base],
        *,
        device: str,
        dtype: str,
        hashes: Path,
        max_bytes: int,
        max_count: int,
        before_load: Callable[[int], None] | None = None,
    ) -> None:
        self._find_base, self._device, self._dtype, self._hashes = find_base, device, dtype, hashes
        self._before_load = before_load
        self._live: dict[str, LiveBase] = {}
        self._users = Counter[str]()
        self._bases, self._computing = OrderedLock(Rank.BASES), OrderedLock(Rank.MODEL)
        self._held = LeaseCache[_Loaded](max_bytes=max_bytes, max_count=max_count, evict=self._take_off)

    def folder(self, directory: Path, base: Base) -> Loadable:
        """An adapter that is in no registry, known by its content and base rather than by its path.

        Raises:
            AdapterError: A file cannot be read.
        """
        return Loadable.of_folder(directory, base, self._content(directory))

    def _content(self, directory: Path) -> str:
        return content_sha256(directory, FileHashes(self._hashes))

    def handle(self, what: Loadable, wait_s: float) -> AdapterHandle:
        """A handle whose calls load the adapter where it is not loaded."""
        return AdapterHandle(what.key, lambda: self.holding(what, wait_s), what.base_id)

    def base_handle(self, base: Base) -> AdapterHandle:
        """A handle of the bare base."""
        return AdapterHandle(None, lambda: self.holding_base(base), base.id)

    @contextmanager
    def holding_base(self, base: Base) -> Iterator[LiveBase]:
        """The live base for a block, whatever adapters are on it."""
        with self._live_base(base) as live:
            yield live

    @contextmanager
    def holding(self, what: Loadable, wait_s: float = 0.0) -> Iterator[LiveBase]:
        """The live base for a block, with the adapter on it and not to be evicted."""
        key = what.key
        loaded = self._held.lease(key) or self._load(key, what, wait_s)
        try:
            yield loaded.live
        finally:
            self._held.release(key)

    def _load(self, key: str, what: Loadable, wait_s: float) -> _Loaded:
        """Make room, then load while nothing computes; of several threads that want an adapter, the first loads it."""
        with ExitStack() as stack:
            stack.enter_context(what.leased())
            files = check_adapter_files(what.directory, what.files)
            if what.content and self._content(what.directory) != what.content:
                raise AdapterError(
                    f"{what.directory} has been overwritten since it was loaded", hint="load the folder again"
                )
            base = self._base_of(what, files)
            quantization = files.quantization if files.is_of_quantized_base else "none"
            with (
                self._live_base(base, quantization) as live,
                self._held.room_for(key, files.bytes, wait_s=wait_s),
                self._computing,
            ):
                if (there := self._held.lease(key)) is not None:
                    return there
                live.detach(key)  # of one that was evicted, by a thread that has not come to it
                size = live.attach(files, key)
                loaded = _Loaded(live, stack.pop_all())
                self._held.put(key, loaded, size, leases=1)
                return loaded

    def _base_of(self, what: Loadable, files: AdapterFiles) -> Base:
        base = self._find_base(what.base_id)
        check_base(what.key, files, base, what.base_hash)
        return base

    @contextmanager
    def _live_base(self, base: Base, quantization: str = "none") -> Iterator[LiveBase]:
        """A base in memory, for a block in which it stays there."""
        from codebase_gardener.adapters.torch_live_base import LiveBase

        wanted = f"{base.sha256}/{quantization}"
        with self._bases:
            if wanted not in self._live:
                for key in [key for key, live in self._live.items() if not live.adapters]:
                    if not self._users[key]:
                        del self._live[key]  # a base that nobody uses makes room for this one
                if self._before_load is not None:
                    self._before_load(base.weight_bytes)
                self._live[wanted] = LiveBase(
                    base.path,
                    device=self._device,
                    dtype=self._dtype,
                    quantization=quantization,
                    lock=self._computing,
                )
            self._users[wanted] += 1
            live = self._live[wanted]
        try:
            yield live
        finally:
            with self._bases:
                self._users[wanted] -= 1

    def unload(self, *name: str) -> bool:
        """Take an adapter out of memory: by its name, or by project and name.

        Returns:
            Whether one was loaded.

        Raises:
            InvalidInputError: A bare name that two projects have loaded.
            ConflictError: It is in use by a block.
        """
        keys = [key for key in self._held.keys() if _is_named(key, name)]  # noqa: SIM118  a method of the cache, not of a mapping
        if len({key.partition("/")[0] for key in keys}) > 1:
            raise InvalidInputError(
                f"several projects have {name[0]!r} loaded: {', '.join(keys)}", hint="give project and name"
            )
        for key in keys:
            self._unload(key)
        return bool(keys)

    def _take_off(self, key: str, loaded: _Loaded) -> None:
        with self._computing:
            again = self._held.peek(key)  # loaded again by another thread, before this one came to it
            if again is None or again.live is not loaded.live:
                loaded.live.detach(key)
        loaded.resources.close()

    def unload_idle(self, key: str) -> None:
        """Take what a key means out of this process's memory, if nobody uses it."""
        with suppress(ConflictError):
            self._unload(key)

    def _unload(self, key: str, *, even_if_held: bool = False) -> None:
        loaded = self._held.pop(key, even_if_held=even_if_held)
        if loaded is not None:
            self._take_off(key, loaded)

    def memory_usage(self) -> dict[str, Any]:
        """Bytes by what holds them, and what is loaded."""
        import psutil

        bases = list(self._live.values())
        return {
            "process_bytes": psutil.Process().memory_info().rss,
            "available_bytes": available_bytes(),
            "bases_bytes": sum(live.bytes for live in bases),
            "adapters_bytes": self._held.bytes,
            "cache_bytes": self._held.max_bytes,
            "cache_count": self._held.max_count,
            "loaded": self._held.keys(),
            "held": {
                name: {**held, "dtype": live.dtype}
                for live in bases
                for name, held in live.state()["adapters"].items()
            },
        }

    def close(self) -> None:
        """Unload everything."""
        for key in self._held.keys():  # noqa: SIM118  a method of the cache, not of a mapping
            self._unload(key, even_if_held=True)
        self._live.clear()


def _is_named(key: str, name: tuple[str, ...]) -> bool:
    if Path(key).is_absolute():  # a folder's, whatever it held
        return name in ((key,), (key.rpartition(_MARK)[0],))
    ref: AdapterRef = parse_ref(key)
    return ref.name == name[0] if len(name) == 1 else (ref.project, ref.name) == name
