"""What a proof measured of an adapter: the receipt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

__all__ = ["Receipt"]


@dataclass(frozen=True)
class Receipt:
    """An adapter in a fresh process: what it was on, whether it arrived, what it changes, and what it gives after
    each thing that can be done with it. A field that was not measured is None.

    Attributes:
        base_sha256: Hash of the base's weights.
        adapter_sha256: Hash of the adapter's weights, as they were when they were measured.
        dtype: Of the base while it was measured.
        answers_dtype: What answers are computed in: it loads and has an effect in this, too.
        quantization: Of the base while the adapter was trained.
        measured_on: The quantization that the effect was measured on.
        tensors_matched: Tensors of the file that a live module holds, equal in value.
        tensors_expected: Tensors that the live modules have.
        max_logit_difference: Largest difference of the logits, adapter on against off, on fixed prompts.
        mean_kl_nats: Mean KL divergence of the next token, on against off.
        prompts: How many.
        tokenizer_sha256: Hash of the ids that the base's tokenizer gave to a fixed text.
        parity_reload: Largest difference of the logits between the trained and the reloaded model.
        parity_switch: The same between the adapter in a slot, switched off and on again, and PEFT.
        parity_merge: The same with the adapter in the weights in memory.
        parity_unload: The same between the base after unloading and before.
        parity_merged: The same between the base that it was merged into on disk and the adapter.
        parity_merged_kl_nats: Mean KL divergence of these two.
        max_logprob_difference: Largest difference of a token's log-probability, adapter on against off, on the prompts.
        parity_served: The same between what a server answers with the adapter, and a fresh process.
        parity_served_base: The same of the base alone.
    """

    base_sha256: str | None = None
    adapter_sha256: str | None = None
    dtype: str | None = None
    answers_dtype: str | None = None
    quantization: str | None = None
    measured_on: str | None = None
    tensors_matched: int | None = None
    tensors_expected: int | None = None
    max_logit_difference: float | None = None
    mean_kl_nats: float | None = None
    prompts: int | None = None
    tokenizer_sha256: str | None = None
    parity_reload: float | None = None
    parity_switch: float | None = None
    parity_merge: float | None = None
    parity_unload: float | None = None
    parity_merged: float | None = None
    parity_merged_kl_nats: float | None = None
    max_logprob_difference: float | None = None
    parity_served: float | None = None
    parity_served_base: float | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Receipt:
        """From what the registry keeps."""
        return cls(**{field.name: data[field.name] for field in fields(cls) if field.name in data})

    def as_dict(self) -> dict[str, Any]:
        """As the registry keeps it: without what was not measured."""
        return {name: value for name, value in asdict(self).items() if value is not None}
