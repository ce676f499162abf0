"""The shape of a base model: its linear layers and sizes, read without loading a tensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from codebase_gardener.bases.resolution import Base

__all__ = ["BaseShape", "LinearModule"]


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
        config = base.config.get("text_config", base.config)
        hidden = _number(config, "hidden_size", "n_embd", default=1024)
        heads = _number(config, "num_attention_heads", "n_head", default=16)
        head = _number(config, "head_dim", default=hidden // heads)
        linears, of_modules = _tensors(base.path)
        return cls(
            hidden=hidden,
            layers=_number(config, "num_hidden_layers", "n_layer", default=24),
            intermediate=_number(config, "intermediate_size", "n_inner", default=4 * hidden),
            vocabulary=_number(config, "vocab_size", default=50_000),
            attention=heads * head,
            key_value=_number(config, "num_key_value_heads", default=heads) * head,
            linears=linears,
            parameters=sum(of_modules.values()),
            of_modules=of_modules,
            model_type=str(config.get("model_type", "")),
            window=_number(config, "sliding_window", default=0)
            if config.get("use_sliding_window", True)
            else 0,
        )


def _number(config: Mapping[str, Any], *names: str, default: int) -> int:
    return next((int(config[name]) for name in names if config.get(name)), default)


def _tensors(path: Path) -> tuple[tuple[LinearModule, ...], dict[str, int]]:
    """Linear layers, and parameters by module."""
    from safetensors import safe_open

    linears: list[LinearModule] = []
    of_modules: dict[str, int] = {}
    for file in sorted(path.glob("*.safetensors")):
        with safe_open(file, framework="numpy") as tensors:
            for name in tensors.keys():  # noqa: SIM118  safe_open is no mapping
                shape = tensors.get_slice(name).get_shape()
                module = name.removesuffix(".weight")
                last = module.rpartition(".")[2]
                of_modules[last] = of_modules.get(last, 0) + prod(shape)
                if len(shape) == 2 and "embed" not in name and "lm_head" not in name:
                    linears.append(LinearModule(module, *shape))
    return tuple(linears), of_modules
