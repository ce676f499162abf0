"""K-quants as llama.cpp makes them, from the library in the `xllamacpp` wheel: the `gguf` package writes none."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from codebase_gardener.utils.error_handling import ModelError

__all__ = ["k_quantized"]


def k_quantized(values: np.ndarray[Any, Any], kind: gguf.GGMLQuantizationType) -> np.ndarray[Any, Any]:
    """Rows in blocks of 256.

    Args:
        values: [rows, width], float32; 256 divides the width.
        kind: Q4_K or Q6_K.

    Returns:
        [rows, bytes], uint8.

    Raises:
        ModelError: The wheel is not there, or has no such function.
    """
    block, size = gguf.GGML_QUANT_SIZES[kind]
    rows, width = values.shape
    packed = np.empty((rows, width // block * size), np.uint8)
    written = _function()(int(kind), values.ctypes.data, packed.ctypes.data, 0, rows, width, None)
    if written != packed.nbytes:
        raise ModelError(f"llama.cpp wrote {written} bytes of {packed.nbytes}", hint="use --quantize q8_0")
    return packed


@cache
def _function() -> Any:
    try:
        import xllamacpp.xllamacpp as wheel

        function = ctypes.CDLL(str(Path(wheel.__file__))).ggml_quantize_chunk
    except (ImportError, OSError, AttributeError) as error:
        raise ModelError(
            f"q4_k_m is made by llama.cpp, and its wheel cannot be used: {error}",
            hint="pip install xllamacpp, or use --quantize q8_0",
        ) from error
    function.restype = ctypes.c_size_t
    function.argtypes = [
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_void_p,
        *[ctypes.c_int64] * 3,
        ctypes.c_void_p,
    ]
    return function
