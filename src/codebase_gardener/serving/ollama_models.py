"""What Ollama's interface says of a model: in its lists, by itself, and while it is in memory."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from codebase_gardener.bases.shape import BaseShape
from codebase_gardener.serving.answering import Answering
from codebase_gardener.serving.bodies import ASK_PENALTY, DEFAULT_TOKENS
from codebase_gardener.serving.catalog import Catalog, ModelCard, shown_base
from codebase_gardener.utils.error_handling import CodebaseGardenerError

__all__ = ["DTYPES", "held_rows", "model_rows", "shown"]

Json = dict[str, Any]
DTYPES = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}
"""Number formats as Ollama names them."""
_NO_END = "9999-12-31T23:59:59Z"  # what is in memory stays until others need its room
_PARAMETERS = {
    "temperature": 0,
    "top_k": 0,
    "top_p": 1,
    "repeat_penalty": ASK_PENALTY,
    "num_predict": DEFAULT_TOKENS,
}
_TEMPLATE = "{{ .System }}{{ .Prompt }}{{ .Suffix }}{{ .Response }}"
"""The parts of a request that are heard: clients look for `.Suffix`. The base's own template writes the turns."""


def model_rows(catalog: Catalog) -> list[Json]:
    """A row for each name."""
    cards = catalog.cards()
    details = {base: _details(catalog, base) for base in {card.base for card in cards}}
    return [_row(card, details[card.base]) for card in cards]


def held_rows(answering: Answering) -> list[Json]:
    """A row for each version in memory."""
    catalog = answering.catalog
    cards = {card.name: card for card in catalog.cards()}
    rows = []
    for name, held in answering.engine.held().items():
        if name in cards:
            base = catalog.resolve(name).served.base
            details = _details(catalog, cards[name].base)
            row = _row(cards[name], details | {"quantization_level": DTYPES.get(held.dtype, held.dtype)})
            context = answering.engine.context_tokens(base)
            rows.append(
                row | {"size": held.bytes, "size_vram": 0, "expires_at": _NO_END, "context_length": context}
            )
    return rows


def shown(answering: Answering, name: str) -> Json:
    """What `show` says.

    Raises:
        NotFoundError: There is no such model.
    """
    served = answering.catalog.resolve(name).served
    config = served.base.config.get("text_config", served.base.config)
    shape = BaseShape.of(served.base)
    of_model = {
        "context_length": answering.engine.context_tokens(served.base),
        "embedding_length": shape.hidden,
        "block_count": shape.layers,
        "feed_forward_length": shape.intermediate,
        "vocab_size": shape.vocabulary,
        "attention.head_count": config.get("num_attention_heads", 0),
    }
    return {
        "modelfile": f"# made by Codebase Gardener\nFROM {name}\n",
        "parameters": "\n".join(f"{key:<30} {value}" for key, value in _PARAMETERS.items()),
        "template": _TEMPLATE,
        "details": _details(answering.catalog, served.base.id),
        "model_info": {
            "general.architecture": shape.model_type,
            "general.basename": served.key if served.adapter else name,
            "general.parameter_count": shape.parameters,
            **{f"{shape.model_type}.{key}": value for key, value in of_model.items()},
        },
        "capabilities": ["completion", "insert"],
    }


def _row(card: ModelCard, details: Json) -> Json:
    modified = datetime.fromtimestamp(card.created, UTC).isoformat().replace("+00:00", "Z")
    return {"name": card.name, "model": card.name, "modified_at": modified, "size": card.bytes,
            "digest": card.digest, "details": details}  # fmt: skip


def _details(catalog: Catalog, base_id: str) -> Json:
    """Of a base; one that is not on disk any more is listed without."""
    details: Json = {"parent_model": shown_base(base_id), "format": "safetensors", "family": "", "families": None,
                     "parameter_size": "", "quantization_level": ""}  # fmt: skip
    with suppress(CodebaseGardenerError):
        base = catalog.manager.base(base_id)
        shape, config = BaseShape.of(base), base.config
        dtype = str(config.get("dtype") or config.get("torch_dtype"))
        size = (
            f"{shape.parameters / 1e9:.1f}B" if shape.parameters >= 1e9 else f"{shape.parameters / 1e6:.2f}M"
        )
        details |= {"family": shape.model_type, "families": [shape.model_type], "parameter_size": size,
                    "quantization_level": DTYPES.get(dtype, "")}  # fmt: skip
    return details
