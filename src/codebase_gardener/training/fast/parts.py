"""What the fast path's modules, the options and the memory estimate have in common."""

from __future__ import annotations

__all__ = ["FAST_LAYERS", "FAST_PARTS", "HEAD_CHUNK", "ROW_STEP"]

FAST_PARTS = ("head", "packing", "lora", "layers", "compile")
"""Each a switch among the training options: loss on supervised positions only, rows without padding, LoRA products
and decoder layers as one function each, elementwise parts through torch.compile."""

FAST_LAYERS = {"llama": "LlamaDecoderLayer", "mistral": "MistralDecoderLayer", "qwen2": "Qwen2DecoderLayer"}
"""Architectures, as transformers names them, whose decoder layers run as one function, and the class of these."""

HEAD_CHUNK = 256
"""Positions whose logits are held at a time."""

ROW_STEP = 32
"""Packed tokens, and rows within attention, are filled up to a multiple: oneDNN makes a kernel for each shape."""
