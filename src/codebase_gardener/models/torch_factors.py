"""An adapter as low-rank factors by module, read one module at a time; what factors cannot carry is named."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from codebase_gardener.models.adapter_files import WEIGHTS, AdapterFiles
from codebase_gardener.utils.error_handling import AdapterError

__all__ = ["FactorReader", "Factors", "module_scale", "pattern_value"]

_KEY = re.compile(
    r"(?P<module>.+)\.(?:lora_(?P<linear>[AB])\.weight|lora_embedding_(?P<embedding>[AB])|lora_B\.(?P<bias>bias))\Z"
)
_COPY = ".base_layer.weight"


@dataclass(frozen=True)
class Factors:
    """What an adapter adds to one module: `scale · B A`, and `scale · bias` where it has one.

    Attributes:
        a: Shape [r, in], float64; of a convolution flattened.
        b: Shape [out, r], float64.
        scale: alpha/r, or alpha/√r with rsLoRA.
        shapes: How A and B are stored.
        embedding: Stored as `lora_embedding_A` and `_B`.
        bias: Shape [out], or None.
    """

    a: Tensor
    b: Tensor
    scale: float
    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    embedding: bool = False
    bias: Tensor | None = None

    @property
    def rank(self) -> int:
        """Columns of B."""
        return self.b.shape[1]


class FactorReader:
    """An adapter's safetensors file, open for reading by module.

    Args:
        files: Checked files of a LoRA adapter.

    Raises:
        AdapterError: Not LoRA, or with parts that are no low-rank factors (the message names them and why).
    """

    def __init__(self, files: AdapterFiles) -> None:
        self.files = files
        self._check_variant()
        self._names: dict[str, dict[str, str]] = {}
        others: list[str] = []
        self.copies: list[str] = []
        """Tensors of the base that PEFT saves beside an adapted embedding."""
        for name in files.shapes:
            match = _KEY.fullmatch(name)
            if match is None:
                (self.copies if name.endswith(_COPY) else others).append(name)
                continue
            kind = "bias" if match["bias"] else f"{match['linear'] or match['embedding']}"
            self._names.setdefault(match["module"], {})[kind] = name
        self._check_tensors(others)
        self._stack = ExitStack()
        self._tensors: Any = None

    def _check_variant(self) -> None:
        config, where = self.files.config, self.files.directory
        if config["peft_type"] != "LORA":
            raise AdapterError(
                f"{where} is a {config['peft_type']} adapter: only LoRA adapters have factors to merge",
                hint="merge adapters that were trained with LoRA",
            )
        if config.get("use_dora"):
            raise AdapterError(
                f"{where} is a DoRA adapter: its magnitudes depend on the base's weights and do not add up",
                hint="merge it into the base with --into-base, or merge it alone with weight 1",
            )
        for option in ("alora_invocation_tokens", "use_bdlora", "arrow_config", "target_parameters"):
            if config.get(option):
                raise AdapterError(
                    f"{where} uses {option}, which low-rank factors do not carry",
                    hint="merge adapters without it",
                )

    def _check_tensors(self, others: list[str]) -> None:
        if others:
            raise AdapterError(
                f"{self.files.directory} has tensors that are no low-rank factors: {', '.join(others[:3])}"
                f"{' …' if len(others) > 3 else ''} (saved modules or trained tokens), and they do not add up",
                hint="merge adapters without modules_to_save and trainable_token_indices, or one alone with weight 1",
                context={"tensors": others},
            )
        for module, kinds in self._names.items():
            if not {"A", "B"} <= set(kinds):
                raise AdapterError(
                    f"{self.files.directory}: {module} has no lora_{'A' if 'A' not in kinds else 'B'}",
                    hint="the file is incomplete: copy it again or train again",
                )

    def __enter__(self) -> FactorReader:
        self._tensors = self._stack.enter_context(
            safe_open(self.files.directory / WEIGHTS, framework="pt", device="cpu")
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def modules(self) -> tuple[str, ...]:
        """Module paths as the file names them, in its order."""
        return tuple(self._names)

    def copy(self, name: str) -> Tensor:
        """One of `copies`."""
        tensor: Tensor = self._tensors.get_tensor(name)
        return tensor

    def read(self, module: str) -> Factors | None:
        """The factors of a module, or None where this adapter leaves it alone.

        Raises:
            AdapterError: Shapes that do not fit together, NaN or infinity.
        """
        names = self._names.get(module)
        if names is None:
            return None
        stored = {kind: self._tensors.get_tensor(name) for kind, name in names.items()}
        if not all(bool(torch.isfinite(tensor).all()) for tensor in stored.values()):
            raise AdapterError(
                f"{self.files.directory}: NaN or infinite values in {module}", hint="train it again"
            )
        a, b = (stored[kind].double().flatten(1) for kind in "AB")
        if a.shape[0] != b.shape[1]:
            raise AdapterError(
                f"{self.files.directory}: the factors of {module} do not fit: "
                f"A {tuple(stored['A'].shape)}, B {tuple(stored['B'].shape)}",
                hint="the file is damaged: copy it again or train again",
            )
        return Factors(
            a=a,
            b=b,
            scale=module_scale(self.files.config, module, b.shape[1]),
            shapes=(tuple(stored["A"].shape), tuple(stored["B"].shape)),
            embedding="embedding" in names["A"],
            bias=stored["bias"].double() if "bias" in stored else None,
        )


def module_scale(config: Mapping[str, Any], module: str, rank: int) -> float:
    """What multiplies `B A` in a module: alpha/r, with rsLoRA alpha/√r (arXiv:2312.03732)."""
    alpha = pattern_value(config.get("alpha_pattern") or {}, module, config.get("lora_alpha", 8))
    return float(alpha) / (math.sqrt(rank) if config.get("use_rslora") else rank)


def pattern_value(patterns: Mapping[str, Any], module: str, default: Any) -> Any:
    """The first pattern that matches the module's end, as PEFT's `get_pattern_key` finds it."""
    path = module.removeprefix("base_model.model.")
    return next(
        (value for key, value in patterns.items() if re.match(rf"(.*\.)?({key})$", path)),
        default,
    )
