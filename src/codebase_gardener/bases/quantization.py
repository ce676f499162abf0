"""Ways to hold the base in fewer bits while an adapter is trained on it, and what the others would need."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from codebase_gardener.utils.error_handling import InvalidInputError, ResourceError
from codebase_gardener.utils.optional_packages import bring_back

__all__ = ["QUANTIZATIONS", "Quantization", "check_quantization"]

_EXTRA = "pip install -c constraints.txt '.[quantization]'"


@dataclass(frozen=True)
class Quantization:
    """One way to quantize the linear layers of a base.

    Attributes:
        name: Value of the option `quantization`.
        about: What it is.
        package: What it needs to be installed, or "".
        devices: Kinds of torch devices that it computes on.
        bytes_per_weight: Of a weight of a linear layer, its scales counted in.
        rest_in_float32: Whether the other 16-bit weights are cast to fp32 (`prepare_model_for_kbit_training`).
        lacks: What keeps it from working here, and what would make it work; "" where it works.
        install: The command that installs what it needs.
        source: Where this row comes from.
    """

    name: str
    about: str
    package: str
    devices: tuple[str, ...]
    bytes_per_weight: float = 0.0
    rest_in_float32: bool = False
    lacks: str = ""
    install: str = _EXTRA
    source: str = ""


_BITSANDBYTES_DEVICES = ("cpu", "cuda", "xpu", "hpu")

QUANTIZATIONS: dict[str, Quantization] = {
    row.name: row
    for row in (
        Quantization("none", "the base as it is", "", (), source="transformers"),
        Quantization(
            "nf4",
            "4-bit NormalFloat with double quantization",
            "bitsandbytes",
            _BITSANDBYTES_DEVICES,
            # 4 bits, a byte of scale for 64 weights, and fp32 of scale for 256 of those
            bytes_per_weight=0.5 + 1 / 64 + 4 / (64 * 256),
            rest_in_float32=True,
            source="Dettmers et al. 2023 (QLoRA), section 3; bitsandbytes.supported_torch_devices",
        ),
        Quantization(
            "int8",
            "8-bit LLM.int8()",
            "bitsandbytes",
            _BITSANDBYTES_DEVICES,
            bytes_per_weight=1.0,
            rest_in_float32=True,
            source="Dettmers et al. 2022 (LLM.int8()); bitsandbytes.supported_torch_devices",
        ),
        Quantization(
            "torchao-int8",
            "8-bit weights, products in the number format of the base",
            "torchao",
            ("cpu", "cuda", "xpu"),
            bytes_per_weight=1.0,
            source="torchao.quantization.Int8WeightOnlyConfig",
        ),
        Quantization(
            "hqq",
            "half-quadratic quantization",
            "hqq",
            ("cuda",),
            lacks="transformers 5.23 has no loader for it (HqqHfQuantizer defines no get_quantize_ops) and refuses "
            "it on the CPU; it works once transformers has one, with the package hqq on a CUDA device",
            install="pip install --no-build-isolation hqq",
            source="transformers/quantizers/quantizer_hqq.py, quantizers/base.py:get_quantize_ops",
        ),
        Quantization(
            "gptq",
            "4-bit by calibration",
            "gptqmodel",
            ("cpu", "cuda", "xpu"),
            lacks="transformers calibrates it on data, with gptqmodel >= 7 and optimum; neither is among this "
            "project's dependencies (gptqmodel is compiled where it is installed)",
            install="pip install --no-build-isolation gptqmodel optimum",
            source="transformers/quantizers/quantizer_gptq.py, peft/import_utils.py:is_gptqmodel_available",
        ),
        Quantization(
            "awq",
            "4-bit, activation-aware",
            "gptqmodel",
            ("cpu", "cuda", "xpu"),
            lacks="transformers only reads bases that were saved in AWQ, with gptqmodel >= 7, which is not among "
            "this project's dependencies (it is compiled where it is installed)",
            install="pip install --no-build-isolation gptqmodel",
            source="transformers/quantizers/quantizer_awq.py: requires_calibration",
        ),
        Quantization(
            "eetq",
            "8-bit, for NVIDIA GPUs",
            "eetq",
            ("cuda",),
            lacks="transformers takes its CUDA kernels from the hub with the package kernels, which would run code "
            "from there, and PEFT's layers need the package eetq; both only on a CUDA device",
            install="pip install kernels eetq",
            source="transformers/quantizers/quantizer_eetq.py, peft/tuners/lora/eetq.py",
        ),
    )
}


def check_quantization(name: str, device: str) -> Quantization:
    """The row of a quantization that can be computed with here.

    Args:
        name: A key of `QUANTIZATIONS`.
        device: As torch names it.

    Raises:
        InvalidInputError: There is none of this name, or it does not work with today's libraries.
        ResourceError: Its package is not installed, or the device does not compute with it.
    """
    row = QUANTIZATIONS.get(name)
    if row is None:
        raise InvalidInputError(f"no quantization {name!r}", hint=f"there are {', '.join(QUANTIZATIONS)}")
    if row.lacks:
        raise InvalidInputError(
            f"quantization {name} ({row.about}) cannot be used: {row.lacks}",
            hint=f"its packages: {row.install}; here there are "
            + ", ".join(other.name for other in QUANTIZATIONS.values() if not other.lacks),
        )
    kind = device.partition(":")[0]
    if row.devices and kind not in row.devices:
        raise ResourceError(
            f"quantization {name} is not computed on {device}: {row.package} has it for {', '.join(row.devices)}",
            hint="use --quantization none, or set CODEBASE_GARDENER_DEVICE to cpu",
        )
    bring_back(row.package)
    if row.package and find_spec(row.package) is None:
        raise ResourceError(
            f"quantization {name} needs the package {row.package}, which is not installed",
            hint=row.install,
            context={"package": row.package},
        )
    return row
