"""The shape of a base model: its linear layers and sizes, read or reckoned without loading a tensor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from codebase_gardener.bases.resolution import Base

__all__ = ["BaseShape", "LinearModule"]

_GATED = ("llama", "qwen2", "gemma")
"""Architectures, as transformers names them, whose MLP has gate, up and down; starcoder2's has c_fc and c_proj."""


@dataclass(frozen=True)
class LinearModule:
    """A linear layer of the base: where it is, and the shape of its weight."""

    path: str
    out_features: int
    in_features: int

    @property
    def name(self) -> str:
        """The last part, by which options name modules."""
        return self.path.rpartition(".")[2]

    @property
    def parameters(self) -> int:
        """Of its weight."""
        return self.out_features * self.in_features


@dataclass(frozen=True)
class BaseShape:
    """What config.json and the headers of the weight files say of a base.

    Attributes:
        linears: Every linear layer but the head.
        parameters: Of the whole base.
        of_modules: Parameters by a module's last name, for `modules_to_save`.
        model_type: As transformers names the architecture.
        window: Tokens that attention sees; 0: all.
    """

    hidden: int
    layers: int
    intermediate: int
    vocabulary: int
    attention: int
    key_value: int
    linears: tuple[LinearModule, ...]
    parameters: int
    of_modules: Mapping[str, int]
    model_type: str
    window: int

    @classmethod
    def of(cls, base: Base) -> BaseShape:
        """Read the headers; no tensor is loaded."""
        return cls._made(base.config.get("text_config", base.config), _tensors(base.path))

    @classmethod
    def of_config(cls, config: Mapping[str, Any]) -> BaseShape:
        """As a published config.json says, without the weights; of the architectures of `named.py`."""
        return cls._made(config, _weights(config))

    @classmethod
    def _made(cls, config: Mapping[str, Any], weights: Mapping[str, tuple[int, ...]]) -> BaseShape:
        hidden = _number(config, "hidden_size", "n_embd", default=1024)
        heads = _number(config, "num_attention_heads", "n_head", default=16)
        head = _number(config, "head_dim", default=hidden // heads)
        of_modules: dict[str, int] = {}
        for name, shape in weights.items():
            last = name.removesuffix(".weight").rpartition(".")[2]
            of_modules[last] = of_modules.get(last, 0) + prod(shape)
        return cls(
            hidden=hidden,
            layers=_number(config, "num_hidden_layers", "n_layer", default=24),
            intermediate=_number(config, "intermediate_size", "n_inner", default=4 * hidden),
            vocabulary=_number(config, "vocab_size", default=50_000),
            attention=heads * head,
            key_value=_number(config, "num_key_value_heads", default=heads) * head,
            linears=tuple(
                LinearModule(name.removesuffix(".weight"), *shape)
                for name, shape in weights.items()
                if len(shape) == 2 and "embed" not in name and "lm_head" not in name
            ),
            parameters=sum(of_modules.values()),
            of_modules=of_modules,
            model_type=str(config.get("model_type", "")),
            window=_number(config, "sliding_window", default=0)
            if config.get("use_sliding_window", True)
            else 0,
        )


def _number(config: Mapping[str, Any], *names: str, default: int) -> int:
    return next((int(config[name]) for name in names if config.get(name)), default)


def _tensors(path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of the tensors by name."""
    from safetensors import safe_open

    shapes: dict[str, tuple[int, ...]] = {}
    for file in sorted(path.glob("*.safetensors")):
        with safe_open(file, framework="numpy") as tensors:
            for name in tensors.keys():  # noqa: SIM118  safe_open is no mapping
                shapes[name] = tuple(tensors.get_slice(name).get_shape())
    return shapes


def _weights(config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Shapes of the tensors that a model of this config has."""
    hidden, vocabulary = config["hidden_size"], config["vocab_size"]
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (vocabulary, hidden)}
    for layer in range(config["num_hidden_layers"]):
        shapes |= {f"model.layers.{layer}.{name}": shape for name, shape in _of_layer(config)}
    shapes |= dict(_norm("model.norm", config))
    return shapes if config["tie_word_embeddings"] else shapes | {"lm_head.weight": (vocabulary, hidden)}


def _of_layer(config: Mapping[str, Any]) -> Iterator[tuple[str, tuple[int, ...]]]:
    kind, hidden, wide = config["model_type"], config["hidden_size"], config["intermediate_size"]
    head = config.get("head_dim") or hidden // config["num_attention_heads"]
    query, key = config["num_attention_heads"] * head, config["num_key_value_heads"] * head
    everywhere = bool(config.get("use_bias"))  # StarCoder2
    attended = everywhere or bool(config.get("attention_bias"))
    for name, rows in (("q_proj", query), ("k_proj", key), ("v_proj", key)):
        yield from _linear(f"self_attn.{name}", rows, hidden, attended or kind == "qwen2")
    yield from _linear("self_attn.o_proj", hidden, query, attended)
    for name, rows, columns in _mlp(kind, hidden, wide):
        yield from _linear(f"mlp.{name}", rows, columns, everywhere or bool(config.get("mlp_bias")))
    for name in ("input_layernorm", "post_attention_layernorm"):
        yield from _norm(name, config)


def _mlp(kind: str, hidden: int, wide: int) -> tuple[tuple[str, int, int], ...]:
    if kind in _GATED:
        return ("gate_proj", wide, hidden), ("up_proj", wide, hidden), ("down_proj", hidden, wide)
    return ("c_fc", wide, hidden), ("c_proj", hidden, wide)


def _linear(name: str, rows: int, columns: int, bias: bool) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (rows, columns)
    if bias:
        yield f"{name}.bias", (rows,)


def _norm(name: str, config: Mapping[str, Any]) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (config["hidden_size"],)
    if config["model_type"] == "starcoder2":  # LayerNorm; the others have RMSNorm
        yield f"{name}.bias", (config["hidden_size"],)
