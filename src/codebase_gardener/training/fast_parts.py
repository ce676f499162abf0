"""The parts of the fast path, each a switch: `fast_path` among the training options."""

from __future__ import annotations

__all__ = ["FAST_PARTS"]

FAST_PARTS = ("head", "packing", "lora", "layers", "compile")
"""Loss on supervised positions only, rows without padding, LoRA products and decoder layers as one function each,
elementwise parts through torch.compile."""
