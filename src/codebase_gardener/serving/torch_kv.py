"""Keys and values of what was read: a store for each answer, kept afterwards for whoever begins the same way."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["KeyValues", "PrefixCache"]

_GRAIN = 256
_REST_TOKENS = 64
"""A store that is this much longer than what is shared is taken over rather than copied: it is the same cursor's."""


class KeyValues:
    """Keys and values of one text, in every layer.

    Attributes:
        length: Tokens that every layer has.
    """

    def __init__(self) -> None:
        self.length = 0
        self._data: list[Tensor | None] = []

    @property
    def bytes(self) -> int:
        """Memory."""
        return sum(data.numel() * data.element_size() for data in self._data if data is not None)

    def write(self, layer: int, keys: Tensor, values: Tensor, start: int) -> tuple[Tensor, Tensor]:
        """Put keys and values [heads, n, width] behind the first `start` tokens.

        Returns:
            Views of all of them, [heads, start + n, width].
        """
        end = start + keys.shape[1]
        while len(self._data) <= layer:
            self._data.append(None)
        data = self._data[layer]
        if data is None or data.shape[2] < end:
            room = -(-max(end, start + start // 4) // _GRAIN) * _GRAIN
            grown = keys.new_empty((2, keys.shape[0], room, max(keys.shape[2], values.shape[2])))
            if data is not None:
                grown[:, :, :start] = data[:, :, :start]
            self._data[layer] = data = grown
        data[0, :, start:end, : keys.shape[2]] = keys
        data[1, :, start:end, : values.shape[2]] = values
        return data[0, :, :end, : keys.shape[2]], data[1, :, :end, : values.shape[2]]

    def copy(self, length: int) -> KeyValues:
        """A store of its own with the first `length` tokens."""
        new = KeyValues()
        new.length = length
        room = -(-(length + _GRAIN // 2) // _GRAIN) * _GRAIN
        for data in self._data:
            if data is not None:
                kept = data.new_empty((*data.shape[:2], room, data.shape[3]))
                kept[:, :, :length] = data[:, :, :length]
                new._data.append(kept)
        return new


@dataclass
class _Kept:
    key: str
    ids: tuple[int, ...]
    values: KeyValues


class PrefixCache:
    """What was read lately, by who read it: an adapter never sees what another one has computed.

    Args:
        max_bytes: Of all stores; what was not used for longest goes first.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._next = 0

    @property
    def bytes(self) -> int:
        """Memory of all that is kept."""
        return sum(kept.values.bytes for kept in self._kept.values())

    def take(self, key: str, ids: Sequence[int]) -> KeyValues:
        """A store with as much of the beginning of `ids` as was read under this key, but the last token."""
        best, shared = None, 0
        for number, kept in self._kept.items():
            if kept.key == key and (same := _same(kept.ids, ids)) > shared:
                best, shared = number, same
        shared = min(shared, len(ids) - 1)
        if best is None or shared <= 0:
            return KeyValues()
        kept = self._kept[best]
        if len(kept.ids) - shared <= _REST_TOKENS:
            del self._kept[best]
            kept.values.length = shared
            return kept.values
        self._kept.move_to_end(best)
        return kept.values.copy(shared)

    def keep(self, key: str, ids: Sequence[int], values: KeyValues) -> None:
        """Keep what was read: the first `values.length` of `ids`."""
        if not values.length or values.bytes > self.max_bytes:
            return
        self._kept[self._next] = _Kept(key, tuple(ids[: values.length]), values)
        self._next += 1
        total = self.bytes
        while total > self.max_bytes:
            _, gone = self._kept.popitem(last=False)
            total -= gone.values.bytes

    def forget(self, key: str) -> None:
        """Drop what was read under a key."""
        for number in [number for number, kept in self._kept.items() if kept.key == key]:
            del self._kept[number]


def _same(one: Sequence[int], other: Sequence[int]) -> int:
    """How many ids both begin with."""
    count = min(len(one), len(other))
    if tuple(one[:count]) == tuple(other[:count]):
        return count
    a, b = torch.tensor(one[:count]), torch.tensor(other[:count])
    return int((a != b).nonzero()[0, 0])
