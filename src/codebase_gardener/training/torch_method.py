"""Wrapping a base model in a fresh adapter of any kind that is trained here."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from peft import PeftConfig, PeftType, get_peft_model, get_peft_model_state_dict
from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING
from transformers.pytorch_utils import Conv1D

from codebase_gardener.bases.resolution import Base
from codebase_gardener.bases.torch_loading import base_skeleton
from codebase_gardener.training.methods import METHODS, OPTION_REFUSALS, SHARED_OPTIONS
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.training.torch_dropout import use_bit_dropout
from codebase_gardener.training.torch_loftq import begin_at_quantization_error
from codebase_gardener.utils.error_handling import InvalidInputError

__all__ = ["add_adapter", "check_named", "peft_config"]

_REFUSED_BY_PEFT = (
    ValueError, TypeError, KeyError, ImportError, RuntimeError, AttributeError, NotImplementedError,
)  # fmt: skip


def peft_config(spec: TrainingSpec, model: Any = None) -> PeftConfig:
    """PEFT's config of the adapter that the options describe.

    Args:
        spec: The options.
        model: The base, where it is loaded: with `layers_to_transform`, PEFT takes its modules by name only.

    Raises:
        InvalidInputError: An option that this kind of adapter does not have (the error lists those it has), or
            that PEFT refuses.
    """
    kind = PEFT_TYPE_TO_CONFIG_MAPPING[PeftType(spec.peft_type)]
    options = spec.lora_options() if spec.peft_type == "LORA" else _options_of(kind, spec)
    if spec.layers_to_transform and options.get("target_modules") == "all-linear":
        options["target_modules"] = _linear_names(model, numbered=True) if model else ["all-linear"]
    try:
        return kind(task_type="CAUSAL_LM", **options)
    except _REFUSED_BY_PEFT as error:
        raise InvalidInputError(
            f"PEFT refuses these options of {spec.peft_type}: {_first_line(error)}",
            hint=f"options of {spec.peft_type}: {', '.join(_own_options(kind))}",
        ) from error


def _options_of(kind: type[PeftConfig], spec: TrainingSpec) -> dict[str, Any]:
    """Keyword arguments of another kind's config: those it shares with LoRA, and `peft_options`."""
    known = {field.name for field in fields(kind)}
    if unknown := [name for name in spec.peft_options if name not in known]:
        raise InvalidInputError(
            f"peft_options: {spec.peft_type} has no option {unknown[0]!r}",
            hint=f"it has {', '.join(_own_options(kind))}",
            context={"options": _own_options(kind)},
        )
    method, shared = METHODS[spec.peft_type], spec.lora_options()
    given = {name: shared[name] for name in SHARED_OPTIONS if name in shared}
    if given.get("target_modules") == "all-linear" and not method.all_linear:
        del given["target_modules"]
    if odd := [name for name in given if name not in known]:
        raise InvalidInputError(
            f"{spec.peft_type} has no option {odd[0]}", hint=f"leave --{odd[0].replace('_', '-')} out"
        )
    rank = {"r": spec.r} if method.rank else {}
    return {**given, **rank, **spec.peft_options}


def _own_options(kind: type[PeftConfig]) -> list[str]:
    return [field.name for field in fields(kind) if field.name not in OPTION_REFUSALS]


def add_adapter(model: Any, spec: TrainingSpec, base: Base) -> Any:
    """Wrap a base model in a fresh adapter.

    Raises:
        InvalidInputError: `target_modules` match nothing (the error lists what there is), PEFT refuses the
            options, or what would be trained could not be saved or taken off again.
    """
    config = peft_config(spec, model)
    own = {id(parameter) for parameter in model.parameters()}
    _check_saved_modules(model, spec)
    _check_tokens(model, spec)
    try:
        wrapped = get_peft_model(model, config)
    except _REFUSED_BY_PEFT as error:
        raise InvalidInputError(
            f"PEFT refuses these options of {spec.peft_type} for {base.id}: {_first_line(error)}",
            hint=f"modules that can be adapted: {', '.join(_linear_names(model))}",
            context={"modules": _linear_names(model)},
        ) from error
    _check_names(wrapped, spec)
    _check_trained(wrapped, own, spec)
    if spec.init_lora_weights == "loftq":
        begin_at_quantization_error(wrapped, base.path)
    if next(model.parameters()).device.type == "cpu":
        use_bit_dropout(wrapped)
    wrapped.peft_config["default"].base_model_name_or_path = (
        base.id if base.revision not in ("local", "") and "/" in base.id else str(base.path)
    )
    return wrapped


def _check_saved_modules(model: Any, spec: TrainingSpec) -> None:
    """A quantized layer has codes in place of weights: it cannot be trained in full."""
    if spec.quantization == "none" or not spec.modules_to_save:
        return
    for name, module in model.named_modules():
        quantized = [type(p).__name__ for p in module.parameters() if _is_quantized(p)]
        if name.rpartition(".")[2] in spec.modules_to_save and quantized:
            raise InvalidInputError(
                f"modules_to_save: {name} is quantized ({spec.quantization}) and cannot be trained in full",
                hint="leave it out, adapt it with target_modules, or use --quantization none",
            )


def check_named(base: Path, spec: TrainingSpec) -> None:
    """Whether a base has the modules, layers and tokens that options name; looked up without its weights.

    Raises:
        InvalidInputError: It has not.
        ModelError: The base cannot be read.
    """
    model = base_skeleton(base)
    _check_tokens(model, spec)
    _check_names(model, spec)
    pattern = spec.target_modules
    names = [name for name, _ in model.named_modules()]
    if (
        isinstance(pattern, str)
        and pattern != "all-linear"
        and not any(re.fullmatch(pattern, n) for n in names)
    ):
        raise InvalidInputError(
            f"target_modules: no module of the base is called {pattern!r}",
            hint=f"modules that can be adapted: {', '.join(_linear_names(model))}",
        )
    layers = int(getattr(model.config.get_text_config(), "num_hidden_layers", 0) or 0)
    if beyond := [number for number in spec.layers_to_transform if layers and number >= layers]:
        raise InvalidInputError(
            f"layers_to_transform: the base has no layer {beyond[0]}", hint=f"they lie from 0 to {layers - 1}"
        )


def _check_names(model: Any, spec: TrainingSpec) -> None:
    """Each name that is given is that of something: PEFT passes over what matches nothing beside what does.

    Raises:
        InvalidInputError: One is not.
    """
    modules = [name for name, _ in model.named_modules()]
    given = {
        "modules_to_save": spec.modules_to_save,
        "target_modules": () if isinstance(spec.target_modules, str) else spec.target_modules,
    }
    for option, names in given.items():
        for name in names:
            if name != "all-linear" and not any(
                path == name or path.endswith(f".{name}") for path in modules
            ):
                raise InvalidInputError(
                    f"{option}: the base has no module {name!r}",
                    hint=f"modules that can be adapted: {', '.join(_linear_names(model))}",
                )
    for option, patterns in (("rank_pattern", spec.rank_pattern), ("alpha_pattern", spec.alpha_pattern)):
        for pattern in patterns:
            if not any(re.match(rf"(?:.*\.)?(?:{pattern})$", path) for path in modules):
                raise InvalidInputError(
                    f"{option}: no module of the base is called {pattern!r}",
                    hint="name a module, or an expression",
                )


def _check_tokens(model: Any, spec: TrainingSpec) -> None:
    tokens = model.get_input_embeddings().num_embeddings
    if beyond := [number for number in spec.trainable_token_indices if number >= tokens]:
        raise InvalidInputError(
            f"trainable_token_indices: the base has no token {beyond[0]}",
            hint=f"they lie from 0 to {tokens - 1}",
        )


def _is_quantized(parameter: torch.Tensor) -> bool:
    return not parameter.is_floating_point() or type(parameter).__module__.startswith("torchao.")


def _check_trained(wrapped: Any, own: set[int], spec: TrainingSpec) -> None:
    """Before a step is trained: the base stays as it is, and the file will hold numbers that a loader takes."""
    trained = [(name, p) for name, p in wrapped.named_parameters() if p.requires_grad]
    if in_base := [name for name, parameter in trained if id(parameter) in own]:
        raise InvalidInputError(
            f"{spec.peft_type} with these options trains the base itself ({in_base[0]}), which all adapters share",
            hint="leave out the option that says so",
        )
    saved = get_peft_model_state_dict(wrapped, save_embedding_layers=False)
    odd = [name for name, tensor in saved.items() if not tensor.is_floating_point()]
    if odd or not trained:
        raise InvalidInputError(
            f"{spec.peft_type} with these options "
            + (f"saves {odd[0]}, which is no floating point" if odd else "trains nothing"),
            hint="use other peft_options, or another peft_type",
        )


def _linear_names(model: Any, *, numbered: bool = False) -> list[str]:
    """Last parts of the names of linear modules, or of those in numbered layers alone."""
    names = {
        name.rpartition(".")[2]
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear | Conv1D)
        and (not numbered or any(part.isdigit() for part in name.split(".")))
    }
    return sorted(names)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
