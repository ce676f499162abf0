"""`generate`: prompts answered by adapters that a command names, all rows of one base in one batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codebase_gardener.adapters.handle import AdapterHandle
from codebase_gardener.gardener.locating import locate

if TYPE_CHECKING:
    from codebase_gardener.dataset.prompts import Prompt
    from codebase_gardener.gardener.facade import Gardener

__all__ = ["Said", "generate", "open_adapter"]


@dataclass(frozen=True)
class Said:
    """One answer.

    Attributes:
        adapter: `project/name@version`, a folder, or None for the base.
        base: The base it is on; `ollama:MODEL` of an Ollama server.
        engine: Who computed it: "torch" in this process, or "ollama".
        note: What was not as asked for.
    """

    adapter: str | None
    base: str
    prompt: Prompt
    text: str
    engine: str = "torch"
    note: str = ""


def open_adapter(gardener: Gardener, what: str | None, base: str | None = None) -> AdapterHandle:
    """A loaded adapter by name, folder or hub id; None: the base alone.

    Raises:
        NotFoundError, AdapterError, ResourceError: As `locate` and `PeftManager.load_adapter`.
    """
    if what is None:
        return gardener.manager.base_handle(base)
    located = locate(gardener, what)
    if located.row is None:
        return gardener.manager.load_folder(located.directory, base)
    row = located.row
    return gardener.manager.load_adapter(row.project, row.adapter_name, row.version)


def generate(
    gardener: Gardener,
    adapters: Sequence[str | None],
    prompts: Sequence[Prompt],
    *,
    base: str | None = None,
    merged: bool = False,
    **options: Any,
) -> list[Said]:
    """Every prompt answered by every adapter.

    Args:
        gardener: The home.
        adapters: Names, folders, hub ids; None for the base alone.
        prompts: Texts or chat turns.
        base: For the base alone, and for folders; by default what the adapter names, for the base alone what those
            beside it are on.
        merged: Answer with the adapter in the weights instead of beside them, one adapter at a time.
        **options: Of `Sampling`, and more of transformers' `generate`.
    """
    opened = {what: open_adapter(gardener, what, base) for what in adapters if what is not None}
    bases = {base} if base or not opened else dict.fromkeys(handle.base_id for handle in opened.values())
    bare = [gardener.manager.base_handle(known) for known in bases] if None in adapters else []
    handles = [handle for what in adapters for handle in (bare if what is None else [opened[what]])]
    rows = [(handle, prompt) for handle in handles for prompt in prompts]
    if merged:
        texts = [
            text for handle in handles for text in handle.generate_batch(prompts, merged=True, **options)
        ]
    else:
        texts = gardener.manager.generate_batch(rows, **options)
    return [
        Said(handle.adapter_id, handle.base_id, prompt, text)
        for (handle, prompt), text in zip(rows, texts, strict=True)
    ]
