"""One base model in memory, and the adapters that share it.

Low-rank factors lie in slots beside the base. Any other adapter is held by stock PEFT on modules of its own over the
base's weights (`torch_own_modules`), and so is what is merged in memory: nothing is put into the base's modules or
written into its weights, so there is nothing to take off. What is shared and changes is which slot is in effect;
the model's lock guards it (`locks`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from codebase_gardener.adapters.files import AdapterFiles
from codebase_gardener.adapters.locks import OrderedLock, Rank
from codebase_gardener.adapters.torch_attaching import Attached, attach, merged
from codebase_gardener.adapters.torch_generation import generate, stream
from codebase_gardener.adapters.torch_own_modules import with_own_modules
from codebase_gardener.adapters.torch_slots import SlotTable
from codebase_gardener.bases.torch_loading import load_model, load_tokenizer
from codebase_gardener.dataset.prompts import Prompt
from codebase_gardener.training.encoding import text_ids
from codebase_gardener.training.torch_device import measure_gemm, pick_device, pick_dtype
from codebase_gardener.utils.error_handling import (
    AdapterError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
)

__all__ = ["LiveBase"]

_TRIED = "def f(a):"


class LiveBase:
    """A base and its adapters. One call computes at a time.

    Args:
        path: The base's folder.
        device: As the settings say.
        dtype: "auto", "bfloat16" or "float32".
        quantization: A key of `bases.quantization.QUANTIZATIONS`.
        lock: Shared with other bases of the process; one of its own by default.
    """

    def __init__(
        self,
        path: Path,
        *,
        device: str = "auto",
        dtype: str = "auto",
        quantization: str = "none",
        lock: OrderedLock | None = None,
    ) -> None:
        place = pick_device(device)
        chosen = dtype if dtype != "auto" else pick_dtype("auto", measure_gemm(place))
        self.path, self.device, self.dtype = path, place, chosen
        self.tokenizer = load_tokenizer(path)
        self.base: Any = load_model(path, dtype=chosen, device=place, quantization=quantization)
        self.bytes: int = sum(p.numel() * p.element_size() for p in self.base.parameters())
        """Memory of the base's own parameters."""
        self._plain = with_own_modules(self.base)  # without slots, ever
        self._slots = SlotTable(self.base, place)
        self._own: dict[str, Attached] = {}
        self._files: dict[str, AdapterFiles] = {}
        self._held: dict[str, dict[str, Any]] = {}
        self._active: str | None = None
        self._in_use: list[tuple[str | None, ...]] = []
        self._lock = lock or OrderedLock(Rank.MODEL)

    @property
    def model(self) -> Any:
        """What answers where no adapter is named: the base with the active slot in effect, or the active one's own."""
        return self._model(self._active)

    def _model(self, name: str | None) -> Any:
        return self.base if name is None or name in self._slots else self._own[name].model

    # ---- what is on the base

    @property
    def adapters(self) -> list[str]:
        """Names of the adapters on it, in the order in which they came."""
        return list(self._files)

    @property
    def active(self) -> str | None:
        """The adapter that answers where no other is asked for; None: the base."""
        return self._active

    def has_slot(self, name: str | None) -> bool:
        """Whether it can be in a batch with others: it lies in a slot, or is the base."""
        return name is None or name in self._slots

    @cached_property
    def end_tokens(self) -> frozenset[int]:
        """Tokens that end an answer."""
        named = self.base.generation_config.eos_token_id
        of_model = named if isinstance(named, list) else [named]
        return frozenset(n for n in (*of_model, self.tokenizer.eos_token_id) if n is not None)

    def state(self) -> dict[str, Any]:
        """What is loaded, how it is held, and what is active."""
        return {"active": self._active, "adapters": dict(self._held)}

    def _keep(self, files: AdapterFiles, name: str) -> None:
        self._files[name] = files
        self._held[name] = self._described(name)

    def _described(self, name: str) -> dict[str, Any]:
        kind = self._files[name].config["peft_type"]
        if name in self._slots:
            slot = self._slots[name]
            return {"held": "slot", "type": kind, "bytes": slot.bytes, "rank": slot.rank}
        return {"held": "peft", "type": kind, "bytes": self._own[name].bytes}

    def attach(self, files: AdapterFiles, name: str) -> int:
        """Put an adapter on. Returns its bytes in memory.

        Raises:
            AdapterError: It does not fit; the live model is as it was.
            ConflictError: The name is taken.
        """
        with self._lock:
            if name in self._files:
                raise ConflictError(f"{name} is loaded already", hint="swap it in place, or unload it first")
            size = self._attach(files, name)
            self._keep(files, name)
            return size

    def _attach(self, files: AdapterFiles, name: str) -> int:
        if (names := self._slots.carries(files)) is not None:
            return self._slots.load(files, names, name).bytes
        own = attach(self._plain, files)
        self._check_numbers(own.model, files)
        self._own[name] = own
        return own.bytes

    @torch.no_grad()
    def _check_numbers(self, model: Any, files: AdapterFiles) -> None:
        """Of factors the values tell; what other kinds make of theirs is seen when they compute."""
        ids = torch.tensor([text_ids(self.tokenizer, _TRIED)], device=self.device)
        if not bool(torch.isfinite(model(input_ids=ids, use_cache=False).logits).all()):
            raise AdapterError(
                f"{files.directory} gives NaN or infinite logits: its values are absurdly large",
                hint="the training diverged or the file is damaged: train it again with a lower learning rate",
            )

    def detach(self, name: str) -> None:
        """Take an adapter off; after the last one the base is as it was loaded.

        Raises:
            ConflictError: It is in use.
        """
        with self._lock:
            if name not in self._files:
                return
            if any(name in names for names in self._in_use):
                raise ConflictError(f"{name} is in use", hint="leave the block that uses it first")
            if self._active == name:
                self._switch(None)
            self._forget(name)

    def _forget(self, name: str) -> None:
        if name in self._slots:
            self._slots.remove(name)
        self._own.pop(name, None)
        del self._files[name], self._held[name]

    def swap(self, files: AdapterFiles, name: str) -> bool:
        """Replace an adapter by another under the same name.

        Returns:
            Whether it went into the same memory, so that compiled code need not be compiled again.

        Raises:
            AdapterError: The new one does not fit; the old one is as it was.
            ConflictError: The old one is in use.
        """
        with self._lock:
            self._check_loaded(name)
            if any(name in names for names in self._in_use):
                raise ConflictError(f"{name} is in use", hint="leave the block that uses it first")
            names = self._slots.carries(files)
            if name in self._slots and names is not None:
                same_memory = self._slots.swap(files, names, name)
                self._own.pop(name, None)  # what `to_peft` made of the old one
            else:
                same_memory = False
                self._replace(files, name)
            self._keep(files, name)
            self._put_in_effect(self._active)
            return same_memory

    def _replace(self, files: AdapterFiles, name: str) -> None:
        """One adapter by another that is held otherwise; the old one stays until the new one fits."""
        trial = f"{name}, to be"
        self._attach(files, trial)
        self._forget(name)
        if trial in self._slots:
            self._slots.rename(trial, name)
        else:
            self._own[name] = self._own.pop(trial)

    # ---- what is in effect

    def switch(self, name: str | None) -> None:
        """From now on this adapter answers where no other is asked for; None: the base.

        Raises:
            NotFoundError: It is not loaded.
            ConflictError: The model is computing: in this thread's block or in another's.
        """
        if not self._lock.acquire(blocking=False):
            raise ConflictError(
                "the model is generating in another thread",
                hint="switch when it has finished, or name the adapter per call",
            )
        try:
            if self._in_use:
                raise ConflictError(
                    f"{', '.join(str(n) for n in self._in_use[-1])} is in use",
                    hint="switch when the block has ended",
                )
            self._switch(name)
        finally:
            self._lock.release()

    def _switch(self, name: str | None) -> None:
        if name is not None:
            self._check_loaded(name)
        self._put_in_effect(name)
        self._active = name

    def _check_loaded(self, name: str) -> None:
        if name not in self._files:
            raise NotFoundError(f"{name} is not loaded", hint=f"loaded: {', '.join(self._files) or 'none'}")

    def _put_in_effect(self, name: str | None) -> Any:
        self._slots.put_in_effect(name if name in self._slots else None)
        return self._model(name)

    @contextmanager
    def using(self, adapter: str | None) -> Iterator[Any]:
        """The model with one adapter in effect, or with none, for a block."""
        with self._lock:
            if adapter is not None:
                self._check_loaded(adapter)
            with self._block((adapter,)):
                yield self._put_in_effect(adapter)

    @contextmanager
    def using_rows(self, adapters: Sequence[str | None]) -> Iterator[Any]:
        """The model with an adapter for each row of a batch, or with none for a row, for a block.

        Raises:
            AdapterError: One of them is held by PEFT, on modules of its own.
        """
        with self._lock:
            for name in adapters:
                if name is not None:
                    self._check_loaded(name)
            if through_peft := sorted({n for n in adapters if n is not None and n not in self._slots}):
                raise AdapterError(
                    f"{', '.join(through_peft)} are held by PEFT, each on modules of its own",
                    hint="give their rows a batch of their own",
                )
            with self._block(tuple(adapters)):
                self._slots.put_rows_in_effect(adapters)
                yield self.base

    @contextmanager
    def using_tokens(self, adapters: Sequence[str | None], counts: Sequence[int]) -> Iterator[Any]:
        """The model with an adapter for each run of tokens of a batch's one row, for a block.

        Args:
            adapters: Of each run; all from slots, or all the same.
            counts: Tokens of each run.
        """
        if len(set(adapters)) == 1:
            with self.using(adapters[0]) as model:
                yield model
            return
        with self.using_rows(adapters) as model:
            self._slots.put_tokens_in_effect(adapters, counts)
            yield model

    @contextmanager
    def disabled(self) -> Iterator[Any]:
        """The base without any adapter, for a block."""
        with self.using(None) as model:
            yield model

    @contextmanager
    def merged(self, adapter: str) -> Iterator[Any]:
        """A model with an adapter in its weights, for a block; the base and all adapters answer as ever meanwhile.

        The adapted layers' weights are held twice until the block ends.

        Raises:
            AdapterError: The base is quantized, or the adapter is of a type that has no merge.
        """
        with self._lock:
            self._check_loaded(adapter)
            model = self._merged(adapter)
        yield model

    def _merged(self, adapter: str) -> Any:
        if adapter not in self._slots:
            return merged(self._own[adapter], adapter)
        model = with_own_modules(self._plain)
        self._slots.merge_into(model, adapter)
        return model

    @contextmanager
    def _block(self, names: tuple[str | None, ...]) -> Iterator[None]:
        """Afterwards what was in effect is so again."""
        self._in_use.append(names)
        try:
            yield
        finally:
            self._in_use.pop()
            self._restore()

    def _restore(self) -> None:
        if self._in_use and len(self._in_use[-1]) > 1:
            self._slots.put_rows_in_effect(self._in_use[-1])
        else:
            self._put_in_effect(self._in_use[-1][0] if self._in_use else self._active)

    def to_peft(self, adapter: str) -> Any:
        """The adapter as a PEFT model of its own over the base's weights."""
        with self._lock:
            self._check_loaded(adapter)
            if adapter not in self._own:
                self._own[adapter] = attach(self._plain, self._files[adapter])
            return self._own[adapter].model

    # ---- answers

    @torch.no_grad()
    def logits(self, text: str, adapter: str | None) -> Tensor:
        """Logits of every position of a text and of the BOS token, if the base has one: float32, shape [T, V]."""
        ids = torch.tensor([text_ids(self.tokenizer, text)], device=self.device)
        with self.using(adapter) as model:
            logits: Tensor = model(input_ids=ids, use_cache=False).logits[0]
            return logits.float().cpu()

    def generate(self, prompt: Prompt, adapter: str | None, **options: Any) -> str:
        """What the model says next.

        Args:
            prompt: A text to go on with, or chat turns.
            adapter: Its name, or None for the base.
            **options: Of `Sampling`, and more of transformers' `generate`; greedy by default.
        """
        with self.using(adapter) as model:
            return generate(model, self.tokenizer, [prompt], **options)[0]

    def generate_batch(
        self,
        prompts: Sequence[Prompt],
        adapters: Sequence[str | None],
        **options: Any,
    ) -> list[str]:
        """What the model says next to each prompt, each with its own adapter, in one batch where that is possible.

        Args:
            prompts: Texts or chat turns.
            adapters: As many names; None for the base.
            **options: Of `Sampling`, and more of transformers' `generate`.
        """
        if len(prompts) != len(adapters):
            raise InvalidInputError(
                f"{len(prompts)} prompts and {len(adapters)} adapters", hint="give one for each"
            )
        answers: dict[int, str] = {}
        for names, numbers in self._batches(adapters):
            with self.using(names[0]) if len(set(names)) == 1 else self.using_rows(names) as model:
                texts = generate(model, self.tokenizer, [prompts[n] for n in numbers], **options)
            answers |= dict(zip(numbers, texts, strict=True))
        return [answers[n] for n in range(len(prompts))]

    def generate_merged(self, prompts: Sequence[Prompt], adapter: str, **options: Any) -> list[str]:
        """What the model says next with the adapter in its weights (`merged`)."""
        with self._lock, self.merged(adapter) as model:
            return generate(model, self.tokenizer, prompts, **options)

    def _batches(self, adapters: Sequence[str | None]) -> Iterator[tuple[list[str | None], list[int]]]:
        """Rows that can be computed together: all from slots, and one batch for each adapter of PEFT's."""
        together: dict[str | None, list[int]] = {}
        for number, name in enumerate(adapters):
            together.setdefault(None if name in self._slots else name, []).append(number)
        for numbers in together.values():
            yield [adapters[n] for n in numbers], numbers

    def stream(self, prompt: Prompt, adapter: str | None, **options: Any) -> Iterator[str]:
        """What the model says next, piece by piece. Leaving the iterator ends the generation.

        In one piece where this thread holds the model already: the thread that generates would wait for it.
        """
        if self._lock.is_mine:
            return iter([self.generate(prompt, adapter, **options)])
        return stream(lambda: self.using(adapter), self.tokenizer, prompt, **options)
