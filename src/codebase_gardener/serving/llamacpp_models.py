"""llama.cpp's processes, one for each base: which adapters they have, and which slot read what."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codebase_gardener.adapters.files import AdapterFiles, check_adapter_files, check_base
from codebase_gardener.adapters.loaded import Loadable
from codebase_gardener.bases.resolution import Base
from codebase_gardener.exports.llamacpp import LlamaServer
from codebase_gardener.serving.engine import Held, Served
from codebase_gardener.utils.error_handling import CodebaseGardenerError
from codebase_gardener.utils.files import make_folder, read_json, sha256_file, write_json, writing

__all__ = ["LlamaModels", "Seat", "WriteAdapter", "WriteBase"]

WriteBase = Callable[[Base, Path], None]
"""Writes a base as a GGUF file."""
WriteAdapter = Callable[[AdapterFiles, Base, Path], None]
"""Writes an adapter as a GGUF file; refuses what such a file cannot carry."""


_DTYPES = {"f32": "float32", "bf16": "bfloat16", "f16": "float16"}


@dataclass
class _Slot:
    """One of llama.cpp's places for an answer, which remembers what it read."""

    number: int
    key: str = ""
    ids: tuple[int, ...] = ()
    is_taken: bool = False

    def common(self, key: str, ids: Sequence[int]) -> int:
        """How many of these tokens it has read for the same adapter."""
        if key != self.key:
            return 0
        return next(
            (n for n, (a, b) in enumerate(zip(self.ids, ids, strict=False)) if a != b),
            min(len(self.ids), len(ids)),
        )


@dataclass
class _Process:
    """A llama.cpp that runs, and who uses it."""

    server: LlamaServer
    adapters: tuple[str, ...]
    slots: list[_Slot]
    users: int = 0
    is_retired: bool = False


@dataclass(frozen=True)
class Seat:
    """A place in a running llama.cpp.

    Attributes:
        server: Whom to ask.
        slot: In which of its slots.
        lora: The scale of every adapter it has: 1 for the one that answers, 0 for the others.
        is_kept: Whether the slot's memory of its last prompt is this adapter's.
    """

    server: LlamaServer
    slot: int
    lora: list[dict[str, float]]
    is_kept: bool


@dataclass
class _Adapter:
    """An adapter as a GGUF file, kept from being deleted."""

    file: Path
    bytes: int
    resources: ExitStack = field(default_factory=ExitStack)


class LlamaModels:
    """What llama.cpp serves.

    llama.cpp reads adapters as it starts: one that is asked for anew makes a new process, and the old one ends with
    its last answer.

    Args:
        bases: Folder where bases as GGUF files are kept.
        home: Folder under which adapters are converted for as long as this lives.
        write_base: Of a base; also names the file, so that two ways to write do not share one.
        write_adapter: Of an adapter.
        quantize: How the base is stored.
        slots: Answers at once.
        cache_tokens: Context of all slots together at most.
        max_bytes: Of adapters that a process has.
    """

    def __init__(
        self,
        bases: Path,
        home: Path,
        write_base: WriteBase,
        write_adapter: WriteAdapter,
        *,
        quantize: str,
        slots: int,
        cache_tokens: int,
        max_bytes: int,
    ) -> None:
        self._bases, self._write_base, self._write_adapter = bases, write_base, write_adapter
        self._quantize, self._slots = quantize, slots
        self._cache_tokens, self._max_bytes = cache_tokens, max_bytes
        make_folder(home)
        self._folder = tempfile.TemporaryDirectory(prefix=".gguf.", dir=home)
        self._adapters: dict[str, _Adapter] = {}  # least recently used first
        self._processes: dict[str, _Process] = {}
        self._lock = threading.RLock()
        self._number = 0
        self._pinned: frozenset[str] = frozenset()

    @contextmanager
    def keeping(self, keys: Iterable[str]) -> Iterator[None]:
        """For a block these adapters stay once they were asked for."""
        self._pinned = frozenset(keys)
        try:
            yield
        finally:
            self._pinned = frozenset()

    def held(self) -> dict[str, Held]:
        """The adapters that processes have."""
        with self._lock:
            keys = {key for process in self._processes.values() for key in process.adapters}
            return {
                key: Held(self._adapters[key].bytes, _DTYPES.get(self._quantize, self._quantize.upper()))
                for key in keys & self._adapters.keys()
            }

    def let_go(self, key: str) -> None:
        """Have an adapter no more, unless it is pinned; a process that has it keeps it unused until it ends."""
        with self._lock:
            if key in self._adapters and key not in self._pinned:
                self._forget(key)

    @contextmanager
    def seat(
        self, served: Served, ids: Sequence[int], context: int, waiting: Sequence[Served]
    ) -> Iterator[Seat]:
        """A place for an answer.

        Args:
            served: What answers.
            ids: The prompt, for the slot that has read most of it.
            context: Tokens that the base reads.
            waiting: What else is asked for: read in the same start.

        Raises:
            AdapterError: llama.cpp cannot carry the adapter.
            ModelError: The base cannot be written for llama.cpp, or it does not start.
        """
        with self._lock:
            process = self._process(served, context, waiting)
            slot = max(
                (s for s in process.slots if not s.is_taken),
                key=lambda s: (s.common(served.key, ids), not s.ids),
            )
            is_kept = slot.key == served.key
            slot.is_taken, slot.key, slot.ids = True, "", ()  # until `remember` says what it has read
            process.users += 1
        wanted = served.adapter.key if served.adapter else None
        lora = [{"id": n, "scale": float(key == wanted)} for n, key in enumerate(process.adapters)]
        try:
            yield Seat(process.server, slot.number, lora, is_kept)
        finally:
            with self._lock:
                slot.is_taken = False
                process.slots.remove(slot)  # the longest unused stands first
                process.slots.append(slot)
                process.users -= 1
                if process.is_retired and not process.users:
                    process.server.close()

    def remember(self, seat: Seat, served: Served, ids: Sequence[int]) -> None:
        """What a slot has read now."""
        with self._lock:
            process = self._processes.get(served.base.sha256)
            if process is not None and process.server is seat.server:
                slot = next(s for s in process.slots if s.number == seat.slot)
                slot.key, slot.ids = served.key, tuple(ids)

    def _process(self, served: Served, context: int, waiting: Sequence[Served]) -> _Process:
        base = served.base
        process = self._processes.get(base.sha256)
        is_alive = process is not None and process.server.is_alive
        if served.adapter:
            self._convert(served.adapter, base)
        if (
            process is not None
            and is_alive
            and (not served.adapter or served.adapter.key in process.adapters)
        ):
            return process
        keys = self._chosen(served, process, waiting)
        model = self._model(base)
        started = LlamaServer(
            model,
            [self._adapters[key].file for key in keys],
            parallel=self._slots,
            context_tokens=min(self._slots * context, max(context, self._cache_tokens)),
        )
        if process is not None:
            process.is_retired = True
            if not process.users:
                process.server.close()
        made = _Process(started, tuple(keys), [_Slot(number) for number in range(self._slots)])
        self._processes[base.sha256] = made
        return made

    def _chosen(self, served: Served, before: _Process | None, waiting: Sequence[Served]) -> list[str]:
        """The adapter that is asked for, those that wait, and of those before, the newest that there is room for."""
        wanted = [served.adapter.key] if served.adapter else []
        for other in waiting:
            if other.adapter and other.base.sha256 == served.base.sha256 and other.adapter.key not in wanted:
                with suppress(CodebaseGardenerError):  # told when its turn comes
                    self._convert(other.adapter, other.base)
                    wanted.append(other.adapter.key)
        known = before.adapters if before else ()
        known = tuple(key for key in known if key in self._adapters)
        wanted += [key for key in known if key in self._pinned and key not in wanted]
        wanted += [key for key in reversed(self._adapters) if key in known and key not in wanted]
        kept, size = [], 0
        for number, key in enumerate(wanted):
            size += self._adapters[key].bytes
            if number and size > self._max_bytes and key not in self._pinned:
                continue
            kept.append(key)
        for key in {*known, *wanted} - set(kept):
            self._forget(key)
        return kept

    def _convert(self, adapter: Loadable, base: Base) -> None:
        """Have an adapter as a GGUF file; it is now the one that was used last."""
        known = self._adapters.pop(adapter.key) if adapter.key in self._adapters else None
        self._adapters[adapter.key] = known or self._converted(adapter, base)

    def _converted(self, adapter: Loadable, base: Base) -> _Adapter:
        with ExitStack() as resources:
            resources.enter_context(adapter.leased())
            files = check_adapter_files(adapter.directory, adapter.files)
            check_base(adapter.key, files, base, adapter.base_hash)
            self._number += 1
            file = Path(self._folder.name) / f"{self._number}.gguf"
            resources.callback(file.unlink, missing_ok=True)
            self._write_adapter(files, base, file)
            return _Adapter(file, file.stat().st_size, resources.pop_all())

    def _forget(self, key: str) -> None:
        self._adapters.pop(key).resources.close()

    def _model(self, base: Base) -> Path:
        """The base as a GGUF file, written where it is not there, or no longer what was written."""
        file = self._bases / "gguf" / f"{base.sha256[:16]}-{base.beside_sha256[:8]}-{self._quantize}.gguf"
        make_folder(file.parent)
        beside = file.with_suffix(".json")
        if not (file.is_file() and beside.is_file() and read_json(beside) == _seal(file)):
            with tempfile.TemporaryDirectory(prefix=".", dir=file.parent) as place, writing(file):
                self._write_base(base, Path(place) / file.name)
                (Path(place) / file.name).replace(file)
                write_json(beside, _seal(file))
        return file

    def close(self) -> None:
        """End every process."""
        with self._lock:
            for process in self._processes.values():
                process.server.close()
            self._processes.clear()
            for key in list(self._adapters):
                self._forget(key)
            self._folder.cleanup()


def _seal(file: Path) -> dict[str, Any]:
    return {"bytes": file.stat().st_size, "sha256": sha256_file(file)}
