"""What to train, complete and checked: the job's `spec.json`, and the source of every training option."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from codebase_gardener.bases.quantization import QUANTIZATIONS, check_quantization
from codebase_gardener.training.fast.parts import FAST_PARTS
from codebase_gardener.training.methods import METHODS, why_not
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.files import sha256_text
from codebase_gardener.utils.patterns import pattern_problem

__all__ = ["REPORTERS", "TrainingSpec", "parse_spec"]


REPORTERS = (
    "clearml",
    "codecarbon",
    "comet_ml",
    "dvclive",
    "mlflow",
    "neptune",
    "swanlab",
    "tensorboard",
    "trackio",
    "wandb",
)
"""Those of transformers' integrations that report a loss curve; each is the package to install, too."""


def _words(value: Any) -> Any:
    """`q_proj,v_proj` from a command line or the environment is a list."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return (value,) if isinstance(value, int) else value


def _pairs(value: Any) -> Any:
    """`q_proj=8,v_proj=16` from a command line or the environment is a mapping."""
    if isinstance(value, str):
        parts = _words(value)
        if odd := [part for part in parts if "=" not in part]:
            raise ValueError(f"expected module=number, got {odd[0]!r}")
        return dict(part.split("=", 1) for part in parts)
    return value


_MAX_ALPHA = 65536
_NAME = re.compile(r"[\w.-]+")


def _targets(value: Any) -> Any:
    """A name is a name, alone or with others behind commas; anything else is a regular expression or `all-linear`."""
    if isinstance(value, str) and value != "all-linear" and ("," in value or _NAME.fullmatch(value)):
        return _words(value)
    return value


def _options(value: Any) -> Any:
    """A JSON object, or `n_frequency=50,scaling=2.5` whose values are read as JSON where they are JSON."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("{"):
        try:
            return json.loads(value)
        except ValueError as error:
            raise ValueError(f"no JSON object: {error}") from error
    parts = _words(value)
    if odd := [part for part in parts if "=" not in part]:
        raise ValueError(f"expected name=value or a JSON object, got {odd[0]!r}")
    return {name.strip(): _json_or_text(text) for name, text in (part.split("=", 1) for part in parts)}


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {"True": True, "False": False, "None": None}.get(text, text)


_Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
_Numbers = Annotated[tuple[int, ...], BeforeValidator(_words)]
_Ranks = Annotated[dict[str, int], BeforeValidator(_pairs)]
_Alphas = Annotated[dict[str, int | float], BeforeValidator(_pairs)]
_Options = Annotated[dict[str, Any], BeforeValidator(_options)]


def _kind(name: str) -> str:
    if reason := why_not(name.upper(), {}, "none"):
        raise ValueError(reason)
    return name.upper()


def _quantization(name: str) -> str:
    """One that works; whether its package and device are here is asked when a job is submitted."""
    row = QUANTIZATIONS.get(name)
    if row is None or row.lacks:
        try:
            check_quantization(name, "")
        except InvalidInputError as error:
            raise ValueError(f"{error.message}; {error.hint}") from error
    return name


def _init(value: Any) -> Any:
    return {"true": True, "default": True, "false": False}.get(str(value).lower(), value)


def _parts(names: tuple[str, ...]) -> tuple[str, ...]:
    if odd := [name for name in names if name not in (*FAST_PARTS, "none")]:
        raise ValueError(f"no part of the fast path {odd[0]!r}; there are {', '.join(FAST_PARTS)}, or none")
    return tuple(name for name in FAST_PARTS if name in names)


def _reporters(names: tuple[str, ...]) -> tuple[str, ...]:
    if odd := [name for name in names if name not in REPORTERS]:
        raise ValueError(f"the Trainer cannot report to {odd[0]!r}; there are {', '.join(REPORTERS)}")
    return names


_QUANTIZED_INITS = (True, False, "gaussian", "loftq")  # those that do not read the base's weights as they are


_LORA_ONLY = (
    "lora_alpha", "lora_dropout", "rank_pattern", "alpha_pattern", "use_rslora", "use_dora", "lora_bias",
    "trainable_token_indices", "init_lora_weights", "loraplus_lr_ratio",
)  # fmt: skip


class TrainingSpec(BaseModel):
    """_Options of one training run. Each field is a CLI option of `train` and a setting of `[training]`.

    LoRA options have PEFT's names (`peft.LoraConfig`), schedule options those of transformers.

    Raises:
        pydantic.ValidationError: A value out of range, or options that exclude each other.

    Example:
        >>> TrainingSpec(r=8).lora_alpha
        32
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    # kind of adapter
    peft_type: Annotated[str, AfterValidator(_kind)] = Field(
        "LORA", description="kind of adapter, as PEFT names it: LORA, IA3, LOHA, LOKR, VERA, OFT and others"
    )
    peft_options: _Options = Field(
        default_factory=dict,
        description="options of a kind other than LORA, by PEFT's names: a JSON object, or name=value",
    )
    quantization: Annotated[str, AfterValidator(_quantization)] = Field(
        "none", description="of the base while training: none, nf4, int8 (bitsandbytes), torchao-int8"
    )

    # LoRA
    r: int = Field(16, ge=1, le=4096, description="rank of the adapter")
    lora_alpha: float = Field(
        32, gt=0, le=_MAX_ALPHA, description="scale: the update is multiplied by alpha/r"
    )
    lora_dropout: float = Field(0.1, ge=0, lt=1, description="dropout before the low-rank product")
    target_modules: Annotated[str | tuple[str, ...], BeforeValidator(_targets)] = Field(
        "all-linear", description="modules to adapt: all-linear, names with commas, or a regular expression"
    )
    exclude_modules: _Words = Field((), description="modules to leave out of target_modules")
    layers_to_transform: _Numbers = Field((), description="only these layer numbers")
    layers_pattern: str = Field("", description="name of the layer list, with layers_to_transform")
    rank_pattern: _Ranks = Field(default_factory=dict, description="rank by module: q_proj=8,v_proj=32")
    alpha_pattern: _Alphas = Field(default_factory=dict, description="alpha by module: q_proj=16,v_proj=64")
    use_rslora: bool = Field(False, description="scale by alpha/sqrt(r)")
    use_dora: bool = Field(False, description="train magnitude and direction apart (DoRA)")
    lora_bias: bool = Field(
        False, description="a bias in B; such an adapter cannot be merged into most bases"
    )
    bias: Literal["none", "all", "lora_only"] = Field("none", description="biases to train")
    modules_to_save: _Words = Field((), description="modules trained in full and saved with the adapter")
    trainable_token_indices: _Numbers = Field((), description="token ids whose embeddings are trained")
    init_lora_weights: Annotated[
        bool | Literal["gaussian", "olora", "pissa", "orthogonal", "loftq"], BeforeValidator(_init)
    ] = Field(True, description="how A and B begin: true, gaussian, olora, pissa, orthogonal, loftq")
    loraplus_lr_ratio: float = Field(
        0.0, ge=0, le=1000, description="learning rate of B over that of A (LoRA+); 0: one rate"
    )

    # schedule
    minutes: float = Field(
        5.0, gt=0, le=10080, description="time to train, in minutes; the steps that fit are planned"
    )
    steps: int = Field(0, ge=0, description="optimizer steps; 0: as many as fit in the minutes")
    max_epochs: float = Field(4.0, gt=0, le=1000, description="never more passes over the data than this")
    learning_rate: float = Field(2e-3, gt=0, le=1, description="peak learning rate")
    lr_scheduler_type: Literal["linear", "cosine", "constant_with_warmup"] = Field(
        "cosine", description="course of the learning rate"
    )
    warmup_ratio: float = Field(0.05, ge=0, le=0.5, description="share of the steps in which the rate rises")
    weight_decay: float = Field(0.0, ge=0, le=1, description="decay of the adapter's weights")
    neftune_noise_alpha: float = Field(
        0.0, ge=0, le=1000, description="noise on the embeddings while training (NEFTune); 0: none"
    )
    max_grad_norm: float = Field(1.0, gt=0, description="gradients are clipped to this norm")
    batch_size: int = Field(4, ge=1, le=4096, description="examples in a batch, at most")
    batch_tokens: int = Field(
        1536,
        ge=0,
        le=2**24,
        description="padded tokens of a batch, at most; long rows come in smaller ones; 0: any",
    )
    gradient_accumulation_steps: int = Field(1, ge=1, le=4096, description="batches in an optimizer step")
    max_length: int = Field(
        512, ge=32, le=131072, description="tokens of an example; the prompt's left is cut"
    )
    completion_only_loss: bool = Field(
        False, description="train on bodies only, not on the repository's code that stands before them"
    )
    seed: int = Field(0, ge=0, lt=2**31, description="of the order, the dropout and the initial weights")

    validation_rows: int = Field(
        24,
        ge=0,
        le=4096,
        description="rows set aside to find the best weights by: at most so many, and a tenth; 0: the last are taken",
    )
    early_stopping_patience: int = Field(
        3,
        ge=0,
        le=1000,
        description="looks at these rows that bring nothing better, after which training ends; 0: never",
    )

    # machine
    dtype: Literal["auto", "bfloat16", "float32"] = Field(
        "auto", description="of the base and the products: auto measures which is faster"
    )
    fast_path: Annotated[_Words, AfterValidator(_parts)] = Field(
        FAST_PARTS,
        description="parts of the fast path that may be used, with commas; none: PEFT's own forward",
    )
    threads: int = Field(0, ge=0, le=1024, description="CPU threads; 0: one a core")
    gradient_checkpointing: bool = Field(False, description="recompute activations: less memory, more time")
    checkpoint_minutes: float = Field(1.0, gt=0, description="time between checkpoints, in minutes")
    report_to: Annotated[_Words, AfterValidator(_reporters)] = Field(
        (),
        description="where losses go besides the job's events, with commas: tensorboard, wandb, mlflow, …",
    )
    throttle: float = Field(1.0, gt=0, le=1, description="share of the time to compute; the rest is rest")
    max_temperature_c: float = Field(
        90.0, ge=0, description="rest above this temperature in °C, where the machine tells it; 0: never"
    )

    @model_validator(mode="after")
    def _agree(self) -> TrainingSpec:
        self._check_kind()
        self._check_quantization()
        self._check_targets()
        self._check_layers()
        self._check_lora()
        self._check_base_stays()
        return self

    def _check_kind(self) -> None:
        """An option that would not be used is refused."""
        if reason := why_not(self.peft_type, self.peft_options, self.quantization):
            raise ValueError(reason)
        if self.peft_type == "LORA":
            return
        lora_only = [*_LORA_ONLY, *(() if METHODS[self.peft_type].rank else ("r",))]
        fields = type(self).model_fields
        for name in lora_only:
            if getattr(self, name) != fields[name].get_default(call_default_factory=True):
                raise ValueError(
                    f"{name} is an option of LORA, and {self.peft_type} does not use it; "
                    "options of its own go into peft_options"
                )

    def _check_quantization(self) -> None:
        if self.quantization == "none":
            if self.init_lora_weights == "loftq":
                raise ValueError(
                    "init_lora_weights=loftq begins at the error of a quantized base: it needs quantization "
                    "nf4, int8 or torchao-int8"
                )
            return
        if self.init_lora_weights not in _QUANTIZED_INITS:
            raise ValueError(
                f"init_lora_weights={self.init_lora_weights} and quantization={self.quantization} exclude each "
                "other: it takes its start from weights in full precision; loftq begins at a quantized base"
            )
        if self.use_dora and self.quantization == "int8":
            raise ValueError(
                "use_dora and quantization=int8 exclude each other: PEFT cannot read the norm of such weights "
                "on the CPU; with nf4 and torchao-int8 it can"
            )
        if self.lora_bias and self.quantization == "torchao-int8":
            raise ValueError(
                "lora_bias and quantization=torchao-int8 exclude each other: PEFT has no such layer"
            )

    def _check_layers(self) -> None:
        if self.layers_pattern and not self.layers_to_transform:
            raise ValueError("layers_pattern needs layers_to_transform")
        if (
            self.layers_to_transform
            and isinstance(self.target_modules, str)
            and self.target_modules != "all-linear"
        ):
            raise ValueError("layers_to_transform needs target_modules as a list of names, not an expression")

    def _check_lora(self) -> None:
        if self.use_dora and (self.changes_base or self.init_lora_weights == "loftq"):
            raise ValueError(f"use_dora and init_lora_weights={self.init_lora_weights!r} exclude each other")
        if self.lora_bias and (self.use_dora or not isinstance(self.init_lora_weights, bool)):
            raise ValueError(
                "lora_bias goes with neither use_dora nor init_lora_weights other than true and false"
            )
        if 0 < self.loraplus_lr_ratio < 1:
            raise ValueError("loraplus_lr_ratio is 1 or more, or 0 for one learning rate")
        for name, rank in self.rank_pattern.items():
            if rank < 1:
                raise ValueError(f"rank_pattern takes numbers of 1 or more, got {name}={rank}")
        for name, alpha in self.alpha_pattern.items():
            if not 0 < alpha <= _MAX_ALPHA:
                raise ValueError(
                    f"alpha_pattern takes numbers above 0, up to {_MAX_ALPHA}, got {name}={alpha}"
                )

    def _check_targets(self) -> None:
        if not self.target_modules:
            raise ValueError("target_modules is empty; all-linear adapts every linear layer")
        if isinstance(self.target_modules, str) and (problem := pattern_problem([self.target_modules])):
            raise ValueError(f"target_modules: {problem}")

    def _check_base_stays(self) -> None:
        """All adapters share the base, so nothing may be trained or begun in it."""
        if self.bias != "none":
            raise ValueError(
                f"bias={self.bias} trains the base's own biases in place: they could neither be switched off "
                "nor unloaded; only none is possible"
            )
        if self.changes_base and (self.modules_to_save or self.trainable_token_indices):
            raise ValueError(
                f"init_lora_weights={self.init_lora_weights} excludes modules_to_save and "
                "trainable_token_indices: PEFT cannot convert such an adapter"
            )
        if self.changes_base and self.use_rslora and (self.rank_pattern or self.alpha_pattern):
            raise ValueError(
                f"init_lora_weights={self.init_lora_weights} with use_rslora excludes rank_pattern and "
                "alpha_pattern: PEFT cannot convert such an adapter"
            )

    @property
    def changes_base(self) -> bool:
        """Whether A and B begin as a part that is taken out of the base; the adapter is converted when saved."""
        return self.init_lora_weights in ("pissa", "olora")

    @property
    def is_of_quantized_base(self) -> bool:
        """Whether the adapter fits the quantized base only, because it begins at the quantization's error."""
        return self.init_lora_weights == "loftq"

    def lora_options(self) -> dict[str, Any]:
        """Keyword arguments of `peft.LoraConfig`."""
        options: dict[str, Any] = {
            "r": self.r,
            "lora_alpha": self.lora_alpha,
            "lora_dropout": self.lora_dropout,
            "target_modules": self.target_modules
            if isinstance(self.target_modules, str)
            else list(self.target_modules),
            "rank_pattern": self.rank_pattern,
            "alpha_pattern": self.alpha_pattern,
            "use_rslora": self.use_rslora,
            "use_dora": self.use_dora,
            "lora_bias": self.lora_bias,
            "bias": self.bias,
            # LoftQ replaces A and B afterwards; in the saved config it would change the base of whoever loads it
            "init_lora_weights": True if self.init_lora_weights == "loftq" else self.init_lora_weights,
            "exclude_modules": list(self.exclude_modules) or None,
            "layers_to_transform": list(self.layers_to_transform) or None,
            "layers_pattern": self.layers_pattern or None,
            "modules_to_save": list(self.modules_to_save) or None,
            "trainable_token_indices": list(self.trainable_token_indices) or None,
        }
        return {name: value for name, value in options.items() if value is not None}

    def hash_for(self, base_sha256: str) -> str:
        """First 16 hex digits of a hash over all options and the base: what makes two runs the same run."""
        return sha256_text(f"{base_sha256} {self.model_dump_json()}")[:16]


def parse_spec(options: Mapping[str, Any]) -> TrainingSpec:
    """Check training options.

    Args:
        options: Field names to values; texts as a command line gives them are converted.

    Raises:
        InvalidInputError: An unknown option, or a value that cannot be right; it names the option.
    """
    try:
        return TrainingSpec(**options)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"][:1]) or "the options together"
        known = ", ".join(TrainingSpec.model_fields)
        hint = (
            f"known options: {known}" if first["type"] == "extra_forbidden" else "see gardener train --help"
        )
        raise InvalidInputError(
            f"training option {name}: {first['msg'].removeprefix('Value error, ')}"
            + (
                ""
                if first["type"] == "extra_forbidden"
                else f" (got {first.get('input')!r})"
                if first["loc"]
                else ""
            ),
            hint=hint,
            context={"option": name},
        ) from error
