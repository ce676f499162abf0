"""A model computed in fp32, whatever its weights are kept in: what both paths are measured against."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["in_float32"]

_HALF = (torch.bfloat16, torch.float16)


@contextmanager
def in_float32(model: nn.Module) -> Iterator[None]:
    """Frozen weights are cast as each module uses them and forgotten again: memory holds those of one at a time.

    The backward casts anew what it needs: autograd keeps the weight as it is, and how the product saw it.
    """
    weights = _Weights()
    with ExitStack() as stack:
        for module in model.modules():
            stack.callback(module.register_forward_pre_hook(weights.cast).remove)
            stack.callback(module.register_forward_hook(weights.restore, always_call=True).remove)
        with torch.autograd.graph.saved_tensors_hooks(weights.kept, weights.again):
            yield


class _Weights:
    def __init__(self) -> None:
        self._of_module: dict[nn.Module, list[tuple[nn.Module, str, nn.Parameter]]] = {}
        self._computes_in: dict[nn.Module, torch.dtype] = {}
        self._of_storage: dict[int, nn.Parameter] = {}

    def cast(self, module: nn.Module, _: Any) -> None:
        """Those of the module, and those of the one that a PEFT layer wraps: it may reach for them itself."""
        swapped = self._of_module.setdefault(module, [])
        inner: nn.Module = getattr(module, "get_base_layer", lambda: module)()
        for owner in {module, inner}:
            for name, weight in list(owner._parameters.items()):
                if weight is not None and not weight.requires_grad and weight.dtype in _HALF:
                    wide = nn.Parameter(weight.detach().float(), requires_grad=False)
                    owner._parameters[name] = wide
                    self._of_storage[wide.untyped_storage().data_ptr()] = weight
                    swapped.append((owner, name, weight))
        if getattr(module, "compute_dtype", None) in _HALF:  # a layer of bitsandbytes casts its input
            self._computes_in[module] = module.compute_dtype  # type: ignore[assignment]
            module.compute_dtype = torch.float32  # type: ignore[assignment]

    def restore(self, module: nn.Module, *_: Any) -> None:
        """After the forward, which may have failed."""
        if module in self._computes_in:
            module.compute_dtype = self._computes_in.pop(module)  # type: ignore[assignment]
        for owner, name, weight in self._of_module.pop(module, []):
            wide = owner._parameters[name]
            owner._parameters[name] = weight
            if wide is not None:
                del self._of_storage[wide.untyped_storage().data_ptr()]

    def kept(self, tensor: Tensor) -> Any:
        """What autograd keeps of a tensor: of a cast weight, the weight and which part of it this is."""
        weight = self._of_storage.get(tensor.untyped_storage().data_ptr())
        return tensor if weight is None else (weight, tensor.size(), tensor.stride(), tensor.storage_offset())

    def again(self, kept: Any) -> Tensor:
        """The tensor that `kept` was given."""
        if isinstance(kept, Tensor):
            return kept
        weight, size, stride, offset = kept
        wide: Tensor = weight.detach().float()
        return wide.as_strided(size, stride, offset)
