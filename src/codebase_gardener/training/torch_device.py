"""Where to compute, and in which number format: by what is there and what is measured, not by names."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch

from codebase_gardener.utils.error_handling import ResourceError
from codebase_gardener.utils.limits import cores

__all__ = [
    "MOMENT_BYTES",
    "GemmRates",
    "free_bytes",
    "measure_gemm",
    "peak_bytes",
    "pick_device",
    "pick_dtype",
    "set_threads",
    "temperature_c",
]

MOMENT_BYTES = 2 * 4
"""Adam's two moments of a parameter, fp32, which the first optimizer step adds to the memory of what is trained."""

_BF16_GAIN = 1.3  # bf16 must be this much faster than fp32 to be worth its rounding
_LONG_S = 0.1  # of one product: a larger one is not measured
_DEVICES = ("cpu", "cuda", "mps", "xpu", "npu", "mlu", "hpu")


@dataclass(frozen=True)
class GemmRates:
    """Measured rates of a matrix product, in GFLOP/s."""

    float32: float
    bfloat16: float

    @property
    def bf16_pays(self) -> bool:
        """Whether bf16 is faster by enough."""
        return self.bfloat16 > _BF16_GAIN * self.float32


def pick_device(setting: str) -> str:
    """The device that a setting means here.

    Args:
        setting: "auto" for the accelerator that torch sees, else the CPU; or a device's name.

    Raises:
        ResourceError: The device asked for is not here.
    """
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    found = accelerator.type if accelerator is not None else "cpu"
    if setting == "auto":
        return found
    if setting != "cpu" and setting.partition(":")[0] != found:
        raise ResourceError(
            f"device {setting!r} is not available here: torch sees {found}",
            hint=f"set CODEBASE_GARDENER_DEVICE to auto, or to one of {', '.join(_DEVICES)} on a machine that has it",
        )
    return setting


def free_bytes(device: str) -> int:
    """Memory of an accelerator that nobody uses."""
    free, _ = torch.accelerator.get_memory_info(device)
    return int(free)


def peak_bytes(device: str) -> int:
    """The most memory this process has held: resident on a CPU, reserved on an accelerator."""
    if device != "cpu":
        return int(torch.accelerator.max_memory_reserved())
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count the parent's peak from before exec
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def set_threads(threads: int) -> int:
    """Set torch's CPU threads; 0 means one for each core this process may use, or as OMP_NUM_THREADS says.

    Returns:
        The number.
    """
    told = os.environ.get("OMP_NUM_THREADS", "")  # a node of a cluster gives a training some of its cores
    torch.set_num_threads(threads or (min(int(told), cores()) if told.isdigit() and int(told) else cores()))
    return torch.get_num_threads()


def measure_gemm(device: str, size: int = 1024) -> GemmRates:
    """Time square matrix products in fp32 and bf16 (about 0.2 s on two cores), once in a process.

    Both by turns, the better of two: what else runs must not decide. A processor without instructions for bf16 is not
    asked: its rate is 0.

    Args:
        device: Where.
        size: Of the largest. Where the next size would take long, the rate is that of the size before.
    """
    return _measured(device, size, torch.get_num_threads())


@cache
def _measured(device: str, size: int, _threads: int) -> GemmRates:
    formats = [torch.float32, torch.bfloat16]
    if device == "cpu" and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        formats.remove(torch.bfloat16)  # torch's own loops: a hundredth of fp32
    rates = dict.fromkeys((torch.float32, torch.bfloat16), 0.0)
    for dtype in formats * 2:
        rates[dtype] = max(rates[dtype], _rate(device, dtype, size))
    return GemmRates(rates[torch.float32], rates[torch.bfloat16])


def _rate(device: str, dtype: torch.dtype, size: int) -> float:
    rate = 0.0
    for side in (size // 8, size // 4, size // 2, size):
        try:
            left = torch.randn(side, side, device=device).to(dtype)
            _product(left, device)
            took = min(_product(left, device) for _ in range(3))
        except RuntimeError:  # the device has no product in this format
            return 0.0
        rate = 2 * side**3 / took / 1e9
        if 8 * took > _LONG_S:
            break
    return rate


def _product(left: torch.Tensor, device: str) -> float:
    start = time.perf_counter()
    left @ left
    if device != "cpu":
        torch.accelerator.synchronize()
    return time.perf_counter() - start


def pick_dtype(setting: str, rates: GemmRates) -> str:
    """The number format that a setting means here: "bfloat16" or "float32"."""
    if setting != "auto":
        return setting
    return "bfloat16" if rates.bf16_pays else "float32"


def temperature_c() -> float | None:
    """The hottest sensor in °C, where the machine reports one."""
    import psutil

    sensors: Any = getattr(psutil, "sensors_temperatures", dict)()
    readings = [reading.current for group in sensors.values() for reading in group if reading.current]
    return max(readings, default=None)
