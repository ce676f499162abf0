"""Putting an adapter onto a live base and taking it off, with every tensor accounted for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from peft import PeftConfig, PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from peft.tuners.tuners_utils import BaseTunerLayer
from peft.utils.other import AuxiliaryTrainingWrapper, TrainableTokensWrapper
from safetensors.torch import load_file
from torch import Tensor

from codebase_gardener.adapters.files import MAX_WEIGHT, WEIGHTS, AdapterFiles
from codebase_gardener.adapters.torch_renaming import find_renaming
from codebase_gardener.utils.error_handling import AdapterError

__all__ = ["Attached", "attach", "detach", "read_tensors"]

_FACTOR = re.compile(r"(?:base_model\.model\.)?(?P<module>.+)\.lora_(?P<factor>[AB])\.weight\Z")
_COPY = ".base_layer.weight"
_SHOWN = 5
_REASON_CHARS = 300


@dataclass(frozen=True)
class Attached:
    """An adapter on a live base.

    Attributes:
        model: The PEFT model that holds it (one for all adapters of a base).
        matched: Tensors of the file that a live module holds, equal in value.
        expected: Tensors that the live modules have.
        bytes: Memory of the adapter's tensors.
    """

    model: PeftModel
    matched: int
    expected: int
    bytes: int


def read_tensors(files: AdapterFiles) -> dict[str, Tensor]:
    """The adapter's tensors, on the CPU.

    Raises:
        AdapterError: A value is NaN, infinite or above `MAX_WEIGHT`, or all of B is zero:
            the adapter would change nothing.
    """
    tensors: dict[str, Tensor] = load_file(files.directory / WEIGHTS)
    bad = [name for name, tensor in tensors.items() if not (tensor.abs() <= MAX_WEIGHT).all()]
    if bad:
        raise AdapterError(
            f"{files.directory}: NaN, infinite or absurdly large values in {_some(bad)}",
            hint="the training diverged or the file is damaged: train again with a lower learning rate",
        )
    return tensors


def attach(model: Any, files: AdapterFiles, name: str) -> Attached:
    """Put an adapter onto a base model, or beside the adapters that a PEFT model has.

    Args:
        model: A transformers model, or the PEFT model that wraps it.
        files: Checked files.
        name: What the PEFT model will call it.

    Raises:
        AdapterError: Modules that do not exist here, shapes that do not fit, tensors without a place.
            The live model is then as it was before.
    """
    tensors = read_tensors(files)
    _check_factors(model, files, tensors)
    wrapped = _inject(model, name, files)
    try:
        matched, expected = _fill(wrapped, tensors, name, files)
    except BaseException:
        _withdraw(wrapped, name)
        raise
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    return Attached(wrapped.eval(), matched, expected, size)


def _inject(model: Any, name: str, files: AdapterFiles) -> PeftModel:
    try:
        config = PeftConfig.from_pretrained(str(files.directory))
        config.inference_mode = True
        if isinstance(model, PeftModel):
            model.add_adapter(name, config)
            return model
        return PeftModel(model, config, adapter_name=name)
    except Exception as error:  # the config is a stranger's: PEFT fails on it in any way there is
        _withdraw(model, name)
        raise _does_not_fit(files, error) from error


def _does_not_fit(files: AdapterFiles, error: Exception) -> AdapterError:
    reason = " ".join(str(error).split())[:_REASON_CHARS] or type(error).__name__
    return AdapterError(
        f"{files.directory} does not fit this base: {reason}",
        hint="load it onto the base that its adapter_config.json names",
    )


def _withdraw(model: Any, name: str) -> None:
    """Take an adapter out of every module, and off the modules that no other adapter is on.

    PEFT leaves the modules that it had wrapped by the time an attach failed.
    """
    inner = model.get_base_model() if isinstance(model, PeftModel) else model
    wrapper = ""  # the last one met: what lies inside goes with it
    for path, module in list(inner.named_modules()):
        if wrapper and path.startswith(wrapper):
            continue
        if isinstance(module, AuxiliaryTrainingWrapper):
            module.delete_adapter(name, [other for other in module.active_adapters if other != name])
            original, left = module.original_module, module._adapters
        elif isinstance(module, BaseTunerLayer):
            module.delete_adapter(name)
            original, left = module.get_base_layer(), module._get_available_adapters()
        else:
            continue
        wrapper = f"{path}."
        if not left:
            parent, _, last = path.rpartition(".")
            setattr(inner.get_submodule(parent), last, original)
    if isinstance(model, PeftModel):
        model.peft_config.pop(name, None)
    if not getattr(inner, "peft_config", None):
        vars(inner).pop("peft_config", None)


def _fill(model: PeftModel, tensors: dict[str, Tensor], name: str, files: AdapterFiles) -> tuple[int, int]:
    tensors = _without_copies(model, tensors, files)
    with _without_tokens_of_others(model, name):
        try:
            set_peft_model_state_dict(model, dict(tensors), adapter_name=name)
        except (RuntimeError, ValueError, KeyError) as error:  # sizes that differ from what the config says
            raise _does_not_fit(files, error) from error
        live = get_peft_model_state_dict(model, adapter_name=name, save_embedding_layers=False)
    homeless = sorted(set(tensors) - set(live))
    missing = sorted(set(live) - set(tensors))
    if homeless or missing:
        raise AdapterError(
            f"{files.directory} does not fit this base: "
            + "; ".join(
                part
                for part in (
                    f"{len(homeless)} tensors match no module ({_some(homeless)})" if homeless else "",
                    f"{len(missing)} modules get no tensor ({_some(missing)})" if missing else "",
                )
                if part
            ),
            hint=_renaming_hint(model, tensors)
            or "load it onto the base it was trained on, with the library versions in its gardener.json",
            context={"homeless": homeless, "missing": missing},
        )
    matched = sum(torch.equal(live[key].cpu().to(tensor.dtype), tensor) for key, tensor in tensors.items())
    if matched != len(live):
        raise AdapterError(
            f"{files.directory}: {len(live) - matched} tensors differ from the file once loaded",
            hint="this is a fault of the loader: report it with the library versions",
        )
    return matched, len(live)


def _without_copies(model: PeftModel, tensors: dict[str, Tensor], files: AdapterFiles) -> dict[str, Tensor]:
    """PEFT saves the base's own weights beside an adapted embedding; loading them would overwrite the base's."""
    parameters = dict(model.named_parameters())
    for name, tensor in tensors.items():
        held = parameters.get(name) if name.endswith(_COPY) else None
        if held is not None and not torch.equal(held.cpu().to(tensor.dtype), tensor):
            raise AdapterError(
                f"{files.directory} brings a {name} that is not this base's: all adapters share the base's own",
                hint="load it onto the base that it was trained on, or train it without changed embeddings",
                context={"tensor": name},
            )
    return {name: t for name, t in tensors.items() if not (name.endswith(_COPY) and name in parameters)}


@contextmanager
def _without_tokens_of_others(model: PeftModel, name: str) -> Iterator[None]:
    """PEFT 0.21 asks the trained tokens of one adapter for those of every other, and fails where there are none."""
    others = [
        module
        for module in model.modules()
        if isinstance(module, TrainableTokensWrapper)
        and name not in module.token_adapter.trainable_tokens_delta
    ]
    for module in others:
        module.adapter_state_dict = module.adapter_state_dict_load_map = lambda *_: {}
    try:
        yield
    finally:
        for module in others:
            del module.adapter_state_dict, module.adapter_state_dict_load_map


def _check_factors(model: Any, files: AdapterFiles, tensors: dict[str, Tensor]) -> None:
    """Before the live model is touched: every low-rank factor needs a module of its size."""
    inner = model.get_base_model() if isinstance(model, PeftModel) else model
    modules = dict(inner.named_modules())
    unknown, misfits, zero = [], [], True
    for key, tensor in tensors.items():
        factor = _FACTOR.match(key)
        if factor is None:
            zero = False  # other variants have other tensors; what they change is measured by the proof
            continue
        module = modules.get(factor["module"])
        weight = getattr(getattr(module, "base_layer", module), "weight", None)
        if weight is None:
            unknown.append(key)
        elif weight.ndim == 2 and tensor.ndim == 2 and not _fits(module, factor["factor"], tensor):
            misfits.append(f"{key} {tuple(tensor.shape)} at a module of {tuple(weight.shape)}")
        zero = zero and not (factor["factor"] == "B" and bool(tensor.any()))
    if unknown or misfits:
        raise AdapterError(
            f"{files.directory} does not fit this base: "
            + (f"{len(unknown)} tensors match no module: " if unknown else "")
            + _some([*unknown, *misfits]),
            hint=(_renaming_hint(model, tensors) if unknown else "")
            or "load it onto the base that its adapter_config.json names",
            context={"unknown": unknown, "misfits": misfits},
        )
    if zero:
        raise AdapterError(
            f"{files.directory} changes nothing: every B factor is zero",
            hint="it was saved before it was trained: train it, or save it again",
        )


def _renaming_hint(model: Any, tensors: Iterable[str]) -> str:
    """What would make the names match, where something does."""
    inner = model.get_base_model() if isinstance(model, PeftModel) else model
    modules = {name.replace(".base_layer", "") for name, _ in inner.named_modules()}
    found = find_renaming(list(tensors), modules)
    return f"the names match once renamed ({found}): gardener import DIR --as P/N --rename" if found else ""


def _fits(module: Any, factor: str, tensor: Tensor) -> bool:
    layer = getattr(module, "base_layer", module)
    sizes = {"A": getattr(layer, "in_features", None), "B": getattr(layer, "out_features", None)}
    size = sizes[factor]
    return size is None or tensor.shape[1 if factor == "A" else 0] == size


def detach(model: PeftModel, name: str) -> Any:
    """Take an adapter off. Returns the base itself once the last one is gone."""
    if set(model.peft_config) == {name}:
        # not PEFT's unload(): it leaves the adapter's copy of modules_to_save in the place of the base's module
        base = model.get_base_model()
        _withdraw(model, name)
        return base
    if name in model.peft_config:
        # PEFT warns where it has to choose the next active one itself
        model.set_adapter(next(other for other in model.peft_config if other != name), inference_mode=True)
        model.delete_adapter(name)
    return model


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
