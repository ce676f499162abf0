"""The C allocator, told to keep what is freed: giving it back at every step costs PyTorch a third of its speed."""

from __future__ import annotations

import ctypes
import gc
import sys

__all__ = ["give_back_freed_memory", "keep_freed_memory"]

# <malloc.h> of glibc: option → value
_MALLOPT = {
    -3: 1 << 30,  # M_MMAP_THRESHOLD: blocks up to 1 GB come from the heap, not from a mapping of their own
    -1: (1 << 31) - 1,  # M_TRIM_THRESHOLD: the heap's end is not given back
    -2: 64 << 20,  # M_TOP_PAD: the heap grows by 64 MB at a time
}


def keep_freed_memory() -> bool:
    """Set glibc's allocator for tensors that come and go. Returns False where the C library is another."""
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(option, value) for option, value in _MALLOPT.items())


def give_back_freed_memory() -> bool:
    """Collect garbage and give what is free back to the system. Returns False where the C library cannot."""
    gc.collect()
    if sys.platform != "linux":
        return False
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim is not None and bool(trim(0))
