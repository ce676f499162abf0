"""What `PeftManager.load_adapter` returns: an adapter that can be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from codebase_gardener.utils.error_handling import AdapterError

if TYPE_CHECKING:
    from codebase_gardener.adapters.torch_live_base import LiveBase
    from codebase_gardener.dataset.prompts import Prompt

__all__ = ["AdapterHandle"]


class AdapterHandle:
    """An adapter on its base, always truthy.

    Every call holds the adapter while it runs. One that was evicted in between is loaded again.

    Args:
        adapter_id: `project/name@version`, or None for the bare base.
        hold: Gives the live base for a block, with the adapter loaded and not to be evicted.
    """

    def __init__(
        self, adapter_id: str | None, hold: Callable[[], AbstractContextManager[LiveBase]], base_id: str
    ) -> None:
        self.adapter_id, self.base_id = adapter_id, base_id
        self._hold = hold

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<AdapterHandle {self.adapter_id or 'base only'} on {self.base_id}>"

    @property
    def is_fallback(self) -> bool:
        """Whether this is the bare base, given because the adapter could not be loaded."""
        return self.adapter_id is None

    def held(self) -> AbstractContextManager[LiveBase]:
        """The live base for a block, with the adapter loaded and not to be evicted."""
        return self._hold()

    def merged(self) -> AbstractContextManager[Any]:
        """A model of its own with this adapter in its weights, for a block (`LiveBase.merged`).

        Raises:
            AdapterError: This is the bare base.
        """
        if self.adapter_id is None:
            raise AdapterError(
                f"this handle is the base {self.base_id} without an adapter", hint="load an adapter first"
            )
        return self._merged(self.adapter_id)

    @contextmanager
    def _merged(self, adapter: str) -> Iterator[Any]:
        with self._hold() as base, base.merged(adapter) as model:
            yield model

    def generate(self, prompt: Prompt, **options: Any) -> str:
        """What the model says next (`LiveBase.generate`)."""
        with self._hold() as base:
            return base.generate(prompt, self.adapter_id, **options)

    def generate_batch(self, prompts: Sequence[Prompt], *, merged: bool = False, **options: Any) -> list[str]:
        """What the model says next to each prompt, in one batch; `merged`: with the adapter in the weights."""
        with self._hold() as base:
            if merged and self.adapter_id is not None:
                return base.generate_merged(prompts, self.adapter_id, **options)
            return base.generate_batch(prompts, [self.adapter_id] * len(prompts), **options)

    def stream(self, prompt: Prompt, **options: Any) -> Iterator[str]:
        """What the model says next, piece by piece. Leaving the iterator ends the generation."""
        with self._hold() as base:
            yield from base.stream(prompt, self.adapter_id, **options)

    def logits(self, text: str) -> Any:
        """Logits of every position, float32, shape [T, V]."""
        with self._hold() as base:
            return base.logits(text, self.adapter_id)

    def to_peft(self) -> Any:
        """The adapter as a PEFT model of its own over the base's weights; what is used next does not change it.

        Raises:
            AdapterError: This is the bare base, which has no PEFT model.
        """
        if self.adapter_id is None:
            raise AdapterError(
                f"this handle is the base {self.base_id} without an adapter, so it has no PEFT model",
                hint="look at `is_fallback` first; `generate` and `logits` work with the base too",
            )
        with self._hold() as base:
            return base.to_peft(self.adapter_id)
