"""PEFT's kinds of adapters: which are trained here, and why the others are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["METHODS", "OPTION_REFUSALS", "SHARED_OPTIONS", "Method", "why_not"]


@dataclass(frozen=True)
class Method:
    """A kind of adapter, by PEFT's name.

    Attributes:
        name: A value of `peft.PeftType`.
        refused: Why it is not trained here; "" where it is.
        all_linear: Whether `all-linear` goes to PEFT as the default; else PEFT's own choice for the architecture.
        rank: Whether the option `r` is its rank.
        quantized: Whether it trains on a quantized base; measured with all quantizations of this project.
        source: The paper, or the place in PEFT that the refusal rests on.
    """

    name: str
    refused: str = ""
    all_linear: bool = True
    rank: bool = False
    quantized: bool = False
    source: str = ""


_PROMPT = (
    "its virtual tokens stand before the padding and PEFT drops the position ids, so a row's loss would depend "
    "on the other rows of its batch; nor can it share a live base with other adapters"
)
_INTEGERS = "its file holds integers, and an adapter's file is taken only if it holds floating point numbers"
_PAPER = "https://huggingface.co/papers/"
_FORWARD = "peft/peft_model.py:PeftModelForCausalLM.forward"

METHODS: dict[str, Method] = {
    row.name: row
    for row in (
        Method("LORA", rank=True, quantized=True, source=_PAPER + "2106.09685"),
        Method("BEFT", all_linear=False, quantized=True, source="https://arxiv.org/abs/2509.15974"),
        Method("BOFT", quantized=True, source=_PAPER + "2311.06243"),
        Method("C3A", quantized=True, source=_PAPER + "2407.19342"),
        Method("DEFT", rank=True, source="peft/tuners/deft"),
        Method("DELORA", rank=True, source=_PAPER + "2503.18225"),
        Method("FOURIERFT", quantized=True, source=_PAPER + "2405.03003"),
        Method("GLORA", rank=True, source="peft/tuners/glora"),
        Method("GRALORA", rank=True, quantized=True, source="peft/tuners/gralora"),
        Method("HIRA", rank=True, source="peft/tuners/hira"),
        Method("HRA", rank=True, source=_PAPER + "2405.17484"),
        Method("IA3", all_linear=False, quantized=True, source=_PAPER + "2205.05638"),
        Method("LN_TUNING", all_linear=False, quantized=True, source=_PAPER + "2312.11420"),
        Method("LOHA", rank=True, source=_PAPER + "2108.06098"),
        Method("LOKR", rank=True, source=_PAPER + "2309.14859"),
        Method("MISS", rank=True, quantized=True, source=_PAPER + "2409.15371"),
        Method("OFT", quantized=True, source=_PAPER + "2306.07280"),
        Method("OSF", source="peft/tuners/osf"),
        Method("PEANUT", rank=True, source="https://arxiv.org/abs/2410.01870"),
        Method("PSOFT", rank=True, source="peft/tuners/psoft"),
        Method("PVERA", rank=True, quantized=True, source="https://arxiv.org/abs/2512.07703"),
        Method("RANDLORA", rank=True, quantized=True, source=_PAPER + "2502.00987"),
        Method("ROAD", quantized=True, source=_PAPER + "2409.00119"),
        Method("TRAINABLE_TOKENS", all_linear=False, quantized=True, source="peft/tuners/trainable_tokens"),
        Method("UNILORA", rank=True, source="https://arxiv.org/abs/2506.00799"),
        Method("VBLORA", rank=True, quantized=True, source=_PAPER + "2405.15179"),
        Method("VERA", rank=True, quantized=True, source=_PAPER + "2310.11454"),
        Method("WAVEFT", quantized=True, source="peft/tuners/waveft"),
        Method(
            "ADALORA",
            "its ranks are reallocated by a call after every step (update_and_allocate) and its loss has a term of "
            "its own: without both it is no AdaLoRA",
            source="peft/tuners/adalora/model.py:update_and_allocate, forward",
        ),
        Method("ADAMSS", "it needs scikit-learn, which is no dependency", source="peft/tuners/adamss/config.py"),
        Method(
            "ADAPTION_PROMPT",
            "the base is another once it is taken off: it replaces the attention modules",
            source="peft/tuners/adaption_prompt/model.py",
        ),
        Method("CARTRIDGE", _PROMPT, source=_FORWARD),
        Method("CPT", _PROMPT, source=_FORWARD),
        Method("FROD", _INTEGERS, source="peft/tuners/frod: frod_s_indices"),
        Method(
            "LILY",
            "its router averages over all tokens of a batch, padding among them, so a row's loss would depend on "
            "the other rows",
            source="peft/tuners/lily/layer.py: expert_probabilities = … .mean(dim=0)",
        ),
        Method("MULTITASK_PROMPT_TUNING", _PROMPT, source=_FORWARD),
        Method("POLY", "each row would need a task id", source="peft/tuners/poly/model.py: task_ids"),
        Method("PREFIX_TUNING", _PROMPT, source=_FORWARD),
        Method("PROMPT_TUNING", _PROMPT, source=_FORWARD),
        Method("P_TUNING", _PROMPT, source=_FORWARD),
        Method("SHADOW", "it trains a second model beside the base, by its own loss", source="peft/tuners/shadow"),
        Method("SHIRA", _INTEGERS, source="peft/tuners/shira: shira_indices"),
        Method("SUPERTUNING", _INTEGERS, source="peft/tuners/supertuning: supertuning_indices"),
        Method(
            "TINYLORA",
            "it leaves parts of itself in the base when it is taken off",
            source="https://arxiv.org/abs/2602.04118",
        ),
        Method("XLORA", "it mixes adapters that were trained before", source="peft/tuners/xlora"),
    )
}  # fmt: skip

SHARED_OPTIONS = (
    "target_modules",
    "exclude_modules",
    "layers_to_transform",
    "layers_pattern",
    "modules_to_save",
)
"""Options of `train` that go to every kind of adapter whose config has them."""

OPTION_REFUSALS: Mapping[str, str] = {
    **dict.fromkeys(
        ("task_type", "peft_type", "base_model_name_or_path", "revision", "inference_mode", "peft_version"),
        "it is set here",
    ),
    **dict.fromkeys(SHARED_OPTIONS, "it is an option of its own"),
    "auto_mapping": "it asks for classes of its own",
    "bias": "it trains the base's own biases, which all adapters share",
    **dict.fromkeys(
        ("save_projection", "save_only_topk_weights", "save_indices"),
        "what is saved has to be what was trained, in full",
    ),
}
"""Keys of `peft_options` that are refused, with the reason."""


def why_not(peft_type: str, peft_options: Mapping[str, Any], quantization: str) -> str:
    """Why such an adapter is not trained here, or "" where it is.

    Args:
        peft_type: As PEFT names it.
        peft_options: For its config.
        quantization: Of the base.
    """
    method = METHODS.get(peft_type)
    if method is None:
        return f"no kind of adapter {peft_type!r}; there are {_trained()}"
    if method.refused:
        return f"{peft_type} is not trained here: {method.refused}; there are {_trained()}"
    if quantization != "none" and not method.quantized:
        able = ", ".join(row.name for row in METHODS.values() if row.quantized)
        return (
            f"{peft_type} does not train on a quantized base: in PEFT it fails there, or reads codes as weights; "
            f"{able} do"
        )
    if peft_options and peft_type == "LORA":
        return (
            "peft_options are those of other kinds of adapters; LoRA's are options of their own, "
            f"not {next(iter(peft_options))}"
        )
    if method.rank and "r" in peft_options:
        return "peft_options: r is refused: it is an option of its own"
    refused = [name for name in peft_options if name in OPTION_REFUSALS]
    return f"peft_options: {refused[0]} is refused: {OPTION_REFUSALS[refused[0]]}" if refused else ""


def _trained() -> str:
    return ", ".join(row.name for row in METHODS.values() if not row.refused)
