"""What an adapter does to each tensor of its base: its task vector (arXiv:2212.04089), whatever its variant.

LoRA adds `s·BA`; DoRA then scales each row to its magnitude (arXiv:2402.09353, as PEFT 0.21's `DoraLinearLayer`);
`lora_bias` adds to the bias; `modules_to_save` and trained tokens take the place of what stood there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from codebase_gardener.adapters.files import WEIGHTS, AdapterFiles
from codebase_gardener.adapters.torch_factors import module_scale
from codebase_gardener.adapters.torch_safetensors import MappedTensors
from codebase_gardener.utils.error_handling import AdapterError

__all__ = ["TaskVectors"]

_PREFIX = "base_model.model."
_PART = re.compile(
    r"(?P<module>.+)\.(?P<part>lora_[AB]\.weight|lora_embedding_[AB]|lora_B\.bias|lora_magnitude_vector(?:\.weight)?"
    r"|token_adapter\.trainable_tokens_delta|base_layer\.(?:weight|bias))\Z"
)
_REFUSED = ("alora_invocation_tokens", "use_bdlora", "arrow_config", "target_parameters")


@dataclass
class _Change:
    """What an adapter has for one tensor of the base: part → tensor name."""

    module: str
    parts: dict[str, str] = field(default_factory=dict)


class TaskVectors:
    """An adapter's changes by base tensor, computed one tensor at a time from its mapped file.

    Args:
        files: Checked files of a LoRA adapter.
        skeleton: The base without its weights (on torch's meta device): which modules there are, and of what kind.

    Raises:
        AdapterError: A variant that cannot be merged, or tensors without a place in the base; the message names them.
    """

    def __init__(self, files: AdapterFiles, skeleton: Any) -> None:
        self.files = files
        self._check_variant()
        self._modules = dict(skeleton.named_modules())
        self._tensors = MappedTensors(files.directory / WEIGHTS)
        self.changes: dict[str, _Change] = {}
        """Base tensor → what changes it."""
        self.tokens: set[str] = set()
        """Base tensors of which only rows change; PEFT changes the tied tensor too."""
        self._copies: dict[str, str] = {}
        for name in files.shapes:
            self._place(name)
        self._check_complete()

    def _check_variant(self) -> None:
        config, where = self.files.config, self.files.directory
        if config["peft_type"] != "LORA":
            raise AdapterError(
                f"{where} is a {config['peft_type']} adapter: only LoRA adapters are merged into a base here",
                hint="merge it with PEFT's merge_and_unload",
            )
        for option in _REFUSED:
            if config.get(option):
                raise AdapterError(
                    f"{where} uses {option}: what it does depends on the input or on parameters that are no modules",
                    hint="load the adapter onto its base instead of merging it",
                )

    def _place(self, name: str) -> None:
        match = _PART.fullmatch(name)
        path = (match["module"] if match else name.rpartition(".")[0]).removeprefix(_PREFIX)
        module = self._modules.get(path)
        if module is None:
            raise AdapterError(
                f"{self.files.directory}: {name} has no place in the base, which has no module {path}",
                hint="merge it into the base that it was trained on",
            )
        part = match["part"] if match else f"saved {name.rpartition('.')[2]}"
        if part.startswith("base_layer."):
            self._copies[f"{path}.{part.removeprefix('base_layer.')}"] = name
            return
        own = "bias" if part in ("lora_B.bias", "saved bias") else "weight"
        if part.startswith("saved "):
            own = part.removeprefix("saved ")
        target = f"{path}.{own}"
        if getattr(module, own, None) is None:
            raise AdapterError(
                f"{self.files.directory}: {name} changes the {own} of {path}, which has none in this base",
                hint="merge an adapter without lora_bias, or load this one onto its base instead of merging it",
            )
        if part.startswith("token_adapter"):
            self.tokens.add(target)
        self.changes.setdefault(target, _Change(path)).parts[part.removesuffix(".weight")] = name

    def _check_complete(self) -> None:
        for target, change in self.changes.items():
            parts = set(change.parts)
            lora = {part for part in parts if part.startswith("lora_") and part != "lora_B.bias"}
            factors = {"lora_A", "lora_B"}, {"lora_embedding_A", "lora_embedding_B"}
            if lora and not any(pair <= lora for pair in factors):
                raise AdapterError(
                    f"{self.files.directory}: {change.module} has only {', '.join(sorted(lora))}",
                    hint="the file is incomplete: copy it again or train again",
                )
            if len(parts - lora) + bool(lora) > 1:
                raise AdapterError(
                    f"{self.files.directory}: {target} is changed in two ways at once ({', '.join(sorted(parts))})",
                    hint="load the adapter onto its base instead of merging it",
                )
            module = self._modules[change.module]
            if "lora_magnitude_vector" in parts and type(module).__name__ not in ("Linear", "Conv1D"):
                raise AdapterError(
                    f"{self.files.directory}: no DoRA is merged on {change.module}, a {type(module).__name__}",
                    hint="merge DoRA adapters of linear layers, or use PEFT's merge_and_unload",
                )

    def change_of(self, target: str, weight: Tensor) -> Tensor | None:
        """The change of one base tensor, or None where there is none.

        Args:
            target: Its name in the skeleton.
            weight: Its values, float32.

        Raises:
            AdapterError: Sizes that do not fit, NaN or infinity.
        """
        self._check_copy(target, weight)
        change = self.changes.get(target)
        if change is None:
            return None
        parts = {part: self._tensors[name].float() for part, name in change.parts.items()}
        try:
            found = self._change(change.module, parts, weight)
        except (RuntimeError, ValueError) as error:
            sizes = ", ".join(f"{part} {tuple(tensor.shape)}" for part, tensor in parts.items())
            raise AdapterError(
                f"{self.files.directory}: {change.module} does not fit this base: {sizes} at {tuple(weight.shape)}",
                hint="merge it into the base that it was trained on",
            ) from error
        if not bool(torch.isfinite(found).all()):
            raise AdapterError(
                f"{self.files.directory}: NaN or infinite values in {change.module}", hint="train it again"
            )
        return found

    def _change(self, module: str, parts: Mapping[str, Tensor], weight: Tensor) -> Tensor:
        saved = next((tensor for part, tensor in parts.items() if part.startswith("saved ")), None)
        if saved is not None:
            return saved.view(weight.shape) - weight
        if "token_adapter.trainable_tokens_delta" in parts:
            rows = torch.tensor(self._token_rows(module, weight.shape[0]))
            values = parts["token_adapter.trainable_tokens_delta"]
            return torch.zeros_like(weight).index_copy_(0, rows, values - weight[rows])
        config = self.files.config
        if "lora_B.bias" in parts:
            # the rank stands in the weight's own factors
            rank = self._tensors.shape(self.changes[f"{module}.weight"].parts["lora_B"])[1]
            return module_scale(config, module, rank) * parts["lora_B.bias"].view(weight.shape)
        if "lora_embedding_A" in parts:
            a, b = parts["lora_embedding_A"], parts["lora_embedding_B"]
            return (module_scale(config, module, b.shape[1]) * (b @ a)).T.reshape(weight.shape)
        a, b = parts["lora_A"].flatten(1), parts["lora_B"].flatten(1)
        change = module_scale(config, module, b.shape[1]) * (b @ a)
        across = type(self._modules[module]).__name__ == "Conv1D"  # stores [in, out]
        flat = weight.T if across else weight.flatten(1)
        if change.shape != flat.shape:
            raise ValueError("the sizes differ")
        if "lora_magnitude_vector" in parts:
            whole = flat + change
            scale = parts["lora_magnitude_vector"].view(-1) / torch.linalg.vector_norm(whole, dim=1)
            change = scale[:, None] * whole - flat
        return change.T if across else change.view(weight.shape)

    def _token_rows(self, module: str, size: int) -> list[int]:
        given = self.files.config.get("trainable_token_indices")
        if isinstance(given, dict):
            given = next((rows for key, rows in given.items() if f".{module}".endswith(f".{key}")), None)
        if not isinstance(given, list):
            raise ValueError("no token indices")  # noqa: TRY004  told as what does not fit
        if not all(type(row) is int and 0 <= row < size for row in given):
            raise ValueError(f"token indices outside of 0 to {size - 1}")
        return given

    def _check_copy(self, target: str, weight: Tensor) -> None:
        name = self._copies.get(target)
        if name is None:
            return
        copy = self._tensors[name]
        # the copy has the type that the base was loaded in
        if copy.shape != weight.shape or not torch.equal(weight.to(copy.dtype), copy):
            raise AdapterError(
                f"{self.files.directory}: {name} is another {target} than the base has",
                hint="merge it into the base that it was trained on, with the same vocabulary",
            )
