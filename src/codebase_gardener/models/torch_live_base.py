"""One base model in memory, and the adapters that share it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor

from codebase_gardener.models.adapter_files import AdapterFiles
from codebase_gardener.models.torch_adapters import attach, detach
from codebase_gardener.training.encoding import text_ids
from codebase_gardener.training.torch_base import load_model, load_tokenizer
from codebase_gardener.training.torch_device import measure_gemm, pick_device, pick_dtype
from codebase_gardener.utils.files import sha256_text

__all__ = ["LiveBase"]


class LiveBase:
    """A base and its adapters. One call computes at a time: they share the modules.

    Args:
        path: The base's folder.
        device: As the settings say.
        dtype: "auto", "bfloat16" or "float32".
        quantization: A key of `training.quantization.QUANTIZATIONS`.
    """

    def __init__(
        self, path: Path, *, device: str = "auto", dtype: str = "auto", quantization: str = "none"
    ) -> None:
        place = pick_device(device)
        chosen = dtype if dtype != "auto" else pick_dtype("auto", measure_gemm(place))
        self.path, self.device, self.dtype = path, place, chosen
        self.tokenizer = load_tokenizer(path)
        self.model: Any = load_model(path, dtype=chosen, device=place, quantization=quantization)
        self._lock = threading.RLock()

    @property
    def bytes(self) -> int:
        """Memory of the base's own parameters."""
        own = self.model.get_base_model() if isinstance(self.model, PeftModel) else self.model
        return sum(p.numel() * p.element_size() for name, p in own.named_parameters() if "lora_" not in name)

    @property
    def adapters(self) -> list[str]:
        """Names of the adapters on it, as PEFT knows them."""
        return list(self.model.peft_config) if isinstance(self.model, PeftModel) else []

    def attach(self, files: AdapterFiles, name: str) -> int:
        """Put an adapter on. Returns its bytes in memory."""
        with self._lock:
            attached = attach(self.model, files, _inner_name(name))
            self.model = attached.model
            self.model.to(self.device)
            return attached.bytes

    def detach(self, name: str) -> None:
        """Take an adapter off; after the last one the base is as it was loaded."""
        with self._lock:
            if _inner_name(name) in self.adapters:
                self.model = detach(self.model, _inner_name(name))

    @contextmanager
    def using(self, adapter: str | None) -> Iterator[Any]:
        """The model with one adapter in effect, or with none, for a block."""
        with self._lock:
            if not isinstance(self.model, PeftModel):
                yield self.model
            elif adapter is None:
                with self.model.disable_adapter():
                    yield self.model
            else:
                self.model.set_adapter(_inner_name(adapter), inference_mode=True)
                yield self.model

    @torch.no_grad()
    def logits(self, text: str, adapter: str | None) -> Tensor:
        """Logits of every position of a text and of the BOS token, if the base has one: float32, shape [T, V]."""
        ids = torch.tensor([text_ids(self.tokenizer, text)], device=self.device)
        with self.using(adapter) as model:
            logits: Tensor = model(input_ids=ids, use_cache=False).logits[0]
            return logits.float().cpu()

    @torch.no_grad()
    def generate(
        self, prompt: str | Sequence[dict[str, str]], adapter: str | None, max_new_tokens: int, **options: Any
    ) -> str:
        """What the model says next.

        Args:
            prompt: A text to go on with, or chat turns.
            adapter: Its name, or None for the base.
            max_new_tokens: Tokens at most.
            **options: Of transformers' `generate`, such as do_sample, temperature, top_p.
        """
        inputs = self._encode(prompt).to(self.device)
        settings = {"do_sample": False, "pad_token_id": self.tokenizer.eos_token_id, **options}
        with self.using(adapter) as model:
            output = model.generate(
                input_ids=inputs,
                attention_mask=torch.ones_like(inputs),
                max_new_tokens=max_new_tokens,
                **settings,
            )
        text: str = self.tokenizer.decode(output[0, inputs.shape[1] :], skip_special_tokens=True)
        return text

    def _encode(self, prompt: str | Sequence[dict[str, str]]) -> Tensor:
        if not isinstance(prompt, str) and self.tokenizer.chat_template:
            text = self.tokenizer.apply_chat_template(
                list(prompt), tokenize=False, add_generation_prompt=True
            )  # which writes the BOS token itself, where there is to be one
            ids: Tensor = self.tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
            return ids
        if not isinstance(prompt, str):
            prompt = (
                "".join(f"### {turn['role']}\n{turn['content']}\n" for turn in prompt) + "### assistant\n"
            )
        return torch.tensor([text_ids(self.tokenizer, prompt)])


def _inner_name(adapter: str) -> str:
    """What PEFT calls an adapter: torch takes no dot, and PEFT finds `demo/a@1` in the names of `demo/a@10`."""
    return f"adapter_{sha256_text(adapter)[:16]}"
