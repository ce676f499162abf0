"""Safetensors files mapped for reading, and written as a stream: neither is ever in memory as a whole.

The format: eight bytes with the header's length, the header as JSON (name → dtype, shape, offsets), the data.
https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

__all__ = ["MappedTensors", "TensorWriter"]

_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_ALIGNMENT = 8


class MappedTensors:
    """The tensors of a file, each a view of the mapping: its pages are read when it is used.

    Args:
        path: A file whose header was checked (`safe_open` does so).
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header: dict[str, Any] = json.loads(file.read(length))
            # private: torch asks for memory that it may write, and nothing is ever written
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        self.metadata: dict[str, str] = header.pop("__metadata__", {})
        self._entries = header
        self._start = 8 + length

    @property
    def names(self) -> list[str]:
        """Names in the order of the data."""
        return sorted(self._entries, key=lambda name: int(self._entries[name]["data_offsets"][0]))

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor, from the header."""
        return tuple(self._entries[name]["shape"])

    def dtype(self, name: str) -> torch.dtype:
        """Type of a tensor, from the header."""
        return _DTYPES[self._entries[name]["dtype"]]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __getitem__(self, name: str) -> Tensor:
        entry = self._entries[name]
        begin, end = entry["data_offsets"]
        dtype = _DTYPES[entry["dtype"]]
        if begin == end:
            return torch.empty(entry["shape"], dtype=dtype)
        count = (end - begin) // dtype.itemsize
        flat = torch.frombuffer(self._map, dtype=dtype, count=count, offset=self._start + begin)
        return flat.view(entry["shape"])

    def flat(self) -> tuple[Tensor, dict[str, int]] | None:
        """All data as one tensor, and where in it each tensor begins; None where types are mixed or not aligned."""
        formats = {entry["dtype"] for entry in self._entries.values()}
        dtype = _DTYPES[formats.pop()] if len(formats) == 1 else None
        if dtype is None or self._start % dtype.itemsize:
            return None
        count = (len(self._map) - self._start) // dtype.itemsize
        data = torch.frombuffer(self._map, dtype=dtype, count=count, offset=self._start)
        return data, {n: entry["data_offsets"][0] // dtype.itemsize for n, entry in self._entries.items()}

    def release(self) -> None:
        """Give the pages back that were read; a later use reads them again from the page cache."""
        self._map.madvise(mmap.MADV_DONTNEED)


class TensorWriter:
    """Writes a file tensor by tensor, in the order that was announced.

    Args:
        path: The file.
        plan: Name → dtype and shape of everything that will be written.
        metadata: For the header.

    Raises:
        ValueError: At the end of the block: what was written is not what was announced.
    """

    def __init__(
        self,
        path: Path,
        plan: Mapping[str, tuple[torch.dtype, tuple[int, ...]]],
        metadata: Mapping[str, str] = {"format": "pt"},
    ) -> None:
        header: dict[str, Any] = {"__metadata__": dict(metadata)}
        end = 0
        for name, (dtype, shape) in plan.items():
            begin, end = end, end + dtype.itemsize * torch.Size(shape).numel()
            header[name] = {"dtype": _NAMES[dtype], "shape": list(shape), "data_offsets": [begin, end]}
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % _ALIGNMENT)
        self._left = end
        self._file = path.open("wb", buffering=0)
        self._write(memoryview(len(text).to_bytes(8, "little") + text))

    def write(self, tensor: Tensor) -> None:
        """Write the next tensor, or several that lie one after the other."""
        data = tensor.detach().contiguous().view(-1)
        if data.numel():
            self._left -= data.nbytes
            self._write(memoryview(data.view(torch.uint8).numpy()))  # type: ignore[arg-type]

    def _write(self, data: memoryview) -> None:
        while data:
            data = data[self._file.write(data) :]

    def __enter__(self) -> TensorWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._file.close()
        if kind is None and self._left:
            raise ValueError(f"{self._left} bytes were announced and not written")
