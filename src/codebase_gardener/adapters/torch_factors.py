"""An adapter as low-rank factors by module, read where they are used; what factors cannot carry is named."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from codebase_gardener.adapters.files import WEIGHTS, AdapterFiles
from codebase_gardener.adapters.torch_safetensors import MappedTensors
from codebase_gardener.utils.error_handling import AdapterError

__all__ = ["FactorReader", "Factors", "Kind", "module_scale", "pattern_value"]

_KEY = re.compile(
    r"(?P<module>base_model\.model\..+)\.(?:lora_(?P<linear>[AB])\.weight|lora_embedding_(?P<embedding>[AB])|lora_B\.(?P<bias>bias))\Z"
)
_COPY = ".base_layer.weight"
_HUGE = 1e30  # a sum of floats this large may overflow without one of them being infinite


@dataclass(frozen=True)
class Kind:
    """What two modules of an adapter must share to be merged together.

    Attributes:
        shapes: How A and B are stored.
        scale: alpha/r, or alpha/√r with rsLoRA.
        embedding: Stored as `lora_embedding_A` and `_B`.
        bias: Whether there is one.
    """

    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    scale: float
    embedding: bool = False
    bias: bool = False

    @property
    def rank(self) -> int:
        """Columns of B."""
        return self.shapes[1][1]

    @property
    def size(self) -> tuple[int, int]:
        """Rows of B and columns of A: the shape of the weight change, flat."""
        return self.shapes[1][0], math.prod(self.shapes[0][1:])


@dataclass(frozen=True)
class Factors:
    """What an adapter adds to n modules of one kind: `scale · B A` each, and `scale · bias` where it has one.

    Attributes:
        a: n tensors [r, in], as stored; of a convolution flattened.
        b: n tensors [out, r], as stored.
        scale: alpha/r, or alpha/√r with rsLoRA.
        bias: n tensors [out], or None.
    """

    a: Sequence[Tensor]
    b: Sequence[Tensor]
    scale: float
    bias: Sequence[Tensor] | None = None

    @property
    def rank(self) -> int:
        """Columns of B."""
        return self.b[0].shape[1]

    def __getitem__(self, number: int) -> Factors:
        """Those of one module."""
        bias = None if self.bias is None else self.bias[number : number + 1]
        return Factors(self.a[number : number + 1], self.b[number : number + 1], self.scale, bias)


class FactorReader:
    """An adapter's safetensors file, mapped for reading by module.

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
        self._tensors = MappedTensors(files.directory / WEIGHTS)

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

    @property
    def modules(self) -> tuple[str, ...]:
        """Module paths as the file names them, in its order."""
        return tuple(self._names)

    def copy(self, name: str) -> Tensor:
        """One of `copies`."""
        return self._tensors[name]

    def release(self) -> None:
        """Give back the memory of what was read so far."""
        self._tensors.release()

    def kind(self, module: str) -> Kind | None:
        """What a module's factors are like, from the header; None where this adapter leaves it alone.

        Raises:
            AdapterError: Shapes that do not fit together.
        """
        names = self._names.get(module)
        if names is None:
            return None
        shape_a, shape_b = (self.files.shapes[names[kind]] for kind in "AB")
        if min(len(shape_a), len(shape_b)) < 2 or shape_a[0] != shape_b[1]:
            raise AdapterError(
                f"{self.files.directory}: the factors of {module} do not fit: A {shape_a}, B {shape_b}",
                hint="the file is damaged: copy it again or train again",
            )
        scale = module_scale(self.files.config, module, shape_b[1])
        return Kind((shape_a, shape_b), scale, "embedding" in names["A"], "bias" in names)

    def read(self, modules: Sequence[str]) -> Factors:
        """The factors of modules that are of one kind.

        Raises:
            KeyError: This adapter leaves the first alone.
            AdapterError: NaN or infinity.
        """
        kind = self.kind(modules[0])
        if kind is None:
            raise KeyError(modules[0])
        stored: dict[str, list[Tensor]] = {
            part: [self._tensors[self._names[module][part]] for module in modules]
            for part in ("A", "B", *(["bias"] if kind.bias else []))
        }
        for tensors in stored.values():
            self._check_finite(modules, tensors)
        a, b = ([tensor.flatten(1) for tensor in stored[part]] for part in "AB")
        return Factors(a, b, kind.scale, stored.get("bias"))

    def _check_finite(self, modules: Sequence[str], tensors: Sequence[Tensor]) -> None:
        """One sum each finds NaN and infinity; only where it is odd are the values looked at."""
        sums = torch.stack([tensor.sum(dtype=torch.float32) for tensor in tensors])
        if bool((sums.abs() < _HUGE).all()):
            return
        for module, tensor in zip(modules, tensors, strict=True):
            if not bool(torch.isfinite(tensor).all()):
                raise AdapterError(
                    f"{self.files.directory}: NaN or infinite values in {module}", hint="train it again"
                )


def module_scale(config: Mapping[str, Any], module: str, rank: int) -> float:
    """What multiplies `B A` in a module: alpha/r, with rsLoRA alpha/√r (arXiv:2312.03732)."""
    alpha = pattern_value(config.get("alpha_pattern") or {}, module, config.get("lora_alpha", 8))
    return float(alpha) / (math.sqrt(rank) if config.get("use_rslora") else rank)


def pattern_value(patterns: Mapping[str, Any], module: str, default: Any) -> Any:
    """The first pattern that matches the module's end, as PEFT's `get_pattern_key` finds it."""
    path = module.removeprefix("base_model.model.")
    return next((value for key, value in patterns.items() if _matcher(key).match(path)), default)


@cache
def _matcher(key: str) -> re.Pattern[str]:
    # re's own cache holds fewer patterns than a merged adapter may have
    return re.compile(rf"(.*\.)?({key})$")
