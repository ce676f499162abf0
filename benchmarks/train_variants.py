"""What benchmarks/train.py compares: contenders, what was tried for their best, and the product without its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from codebase_gardener.training.fast.parts import FAST_PARTS

__all__ = ["ABLATION", "CONTENDERS", "VARIANTS", "Contender"]


@dataclass(frozen=True)
class Contender:
    """One way to train.

    Attributes:
        engine: A key of `ENGINES`.
        dtype: "float32", "bfloat16", or "best": the one that is faster here.
        best: With the allocator that keeps its memory and a thread for each core; else with torch's defaults.
        autocast: The Trainer's `bf16`, where the format is bfloat16.
        dropout: Of LoRA.
        flat: Rows behind one another in place of padding (DataCollatorWithFlattening).
        attention: transformers' `attn_implementation`.
        arguments: More of TrainingArguments or SFTConfig; for Gardener, of TrainingSpec.
    """

    engine: str
    dtype: str = "best"
    best: bool = True
    autocast: bool = True
    dropout: float = 0.0
    flat: bool = False
    attention: str = "sdpa"
    arguments: Mapping[str, Any] = field(default_factory=dict)


_TRL = {
    "packing": True,
    "packing_strategy": "bfd",
    "per_device_train_batch_size": 1,
    "gradient_accumulation_steps": 3,  # three rows of the longest example's length: as many tokens as four examples
    "gradient_checkpointing": False,  # SFTConfig's default is True: less memory, slower
}
_ONE_ROW = {**_TRL, "max_length": 1536, "gradient_accumulation_steps": 1}


def _accumulated(rows: int) -> dict[str, int]:
    return {"per_device_train_batch_size": rows, "gradient_accumulation_steps": 4 // rows}


CONTENDERS = {
    "Trainer": Contender("trainer", dtype="float32", best=False),
    "Trainer, best": Contender("trainer", arguments=_accumulated(2)),
    "TRL, best": Contender("trl", arguments=_TRL),
    "Gardener": Contender("gardener"),
    "Gardener, dropout 0.1": Contender("gardener", dropout=0.1),
    "Trainer, best, dropout 0.1": Contender("trainer", dropout=0.1, arguments=_accumulated(2)),
    "Gardener, fp32": Contender("gardener", dtype="float32"),
}

VARIANTS = {
    "Trainer, bf16": Contender("trainer"),
    "Trainer, 4 × 1 accumulated": Contender("trainer", arguments=_accumulated(1)),
    "Trainer, 2 × 2 accumulated": Contender("trainer", arguments=_accumulated(2)),
    "Trainer, no autocast": Contender("trainer", autocast=False),
    "Trainer, eager attention": Contender("trainer", attention="eager"),
    "Trainer, compiled": Contender("trainer", arguments={"torch_compile": True}),
    "Trainer, flat": Contender("trainer", flat=True),
    "Trainer, flat, eager attention": Contender("trainer", flat=True, attention="eager"),
    "Trainer, checkpointing": Contender("trainer", arguments={"gradient_checkpointing": True}),
    "TRL, 3 × (1 × 512)": Contender("trl", arguments=_TRL),
    "TRL, 1 × 1536": Contender("trl", arguments=_ONE_ROW),
    "TRL, 3 × 512": Contender(
        "trl", arguments={**_TRL, "per_device_train_batch_size": 3, "gradient_accumulation_steps": 1}
    ),
    "TRL, 1 × 1536, wrapped": Contender("trl", arguments={**_ONE_ROW, "packing_strategy": "wrapped"}),
    "TRL, 3 × (1 × 512), eager attention": Contender("trl", attention="eager", arguments=_TRL),
    "TRL, 3 × (1 × 512), no autocast": Contender("trl", autocast=False, arguments=_TRL),
    "TRL, 3 × (1 × 512), checkpointing": Contender("trl", arguments={**_TRL, "gradient_checkpointing": True}),
}


def _without(*parts: str) -> Contender:
    return Contender("gardener", arguments={"fast_path": tuple(p for p in FAST_PARTS if p not in parts)})


ABLATION = {
    "all parts": Contender("gardener"),
    "without compile": _without("compile"),
    "without layers": _without("layers"),
    "without layers and lora": _without("layers", "lora"),
    "without packing": _without("packing", "layers"),
    "without head": _without("head"),
    "none": _without(*FAST_PARTS),
    "all parts, default allocator": Contender("gardener", best=False),
    "all parts, checkpointing": Contender("gardener", arguments={"gradient_checkpointing": True}),
    "all parts, dropout 0.1": Contender("gardener", dropout=0.1),
}
