"""The processes of one training: what they add up, and what the first of them tells the others."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed

from codebase_gardener.utils.error_handling import NodeLostError

__all__ = ["Group", "join_group", "without_launcher"]

_TIMEOUT_S = 900.0  # between two exchanges a node may load its base, or compile its kernels
_LAUNCHER = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE")


class Group:
    """This process among those of one training. Sums and what the first tells are the same, bit for bit, on each.

    torch.distributed is behind it, which has to be initialised: with gloo, or nccl where tensors lie on a GPU.

    Attributes:
        rank: Of this process; the first, 0, decides, and alone writes what stays.
        size: Processes.
    """

    def __init__(self) -> None:
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()
        on_gpu = distributed.get_backend() == "nccl"
        self._device = torch.device("cuda", torch.cuda.current_device()) if on_gpu else torch.device("cpu")

    @property
    def is_first(self) -> bool:
        """Whether this process decides and writes."""
        return self.rank == 0

    def add_up(self, flat: Tensor) -> None:
        """Replace a tensor by the sum of those of all processes.

        Raises:
            NodeLostError: A process is gone.
        """
        self._exchange(distributed.all_reduce, flat)

    def _exchange(self, operation: Any, flat: Tensor, **options: Any) -> None:
        there = flat.to(self._device)
        try:
            operation(there, **options)
        except RuntimeError as error:  # gloo's own words name addresses, not what to do
            raise NodeLostError(
                f"a node of this training is gone: {(str(error).splitlines() or [''])[0]}",
                hint="go on from the last checkpoint with: gardener jobs resume",
                context={"rank": self.rank, "nodes": self.size},
            ) from error
        if there is not flat:
            flat.copy_(there)

    def sums(self, *values: float) -> list[float]:
        """Sums of some numbers over all processes."""
        flat = torch.tensor(values, dtype=torch.float64)
        self.add_up(flat)
        return flat.tolist()

    def each(self, value: float) -> list[float]:
        """A number of every process, by rank."""
        flat = torch.zeros(self.size, dtype=torch.float64)
        flat[self.rank] = value
        self.add_up(flat)
        return flat.tolist()

    def told_bytes(self, data: bytes = b"") -> bytes:
        """What the first process has, on each; that of the others is not looked at."""
        size = torch.tensor([len(data)])
        self._exchange(distributed.broadcast, size, src=0)
        flat = torch.zeros(int(size), dtype=torch.uint8)
        if self.is_first:
            flat = torch.frombuffer(bytearray(data), dtype=torch.uint8) if data else flat
        if len(flat):
            self._exchange(distributed.broadcast, flat, src=0)
        return flat.numpy().tobytes()

    def told(self, value: Any = None) -> Any:
        """The first process's value, as JSON holds it."""
        return json.loads(self.told_bytes(json.dumps(value).encode()))

    @torch.no_grad()
    def begin_equal(self, parameters: Iterable[Tensor]) -> None:
        """Give parameters the first process's values."""
        for parameter in parameters:
            value = parameter.detach().contiguous()
            self._exchange(distributed.broadcast, value, src=0)
            parameter.copy_(value)


@contextmanager
def join_group(rank: int, size: int, address: str) -> Iterator[Group]:
    """Meet the other processes, and leave them at the end of a block.

    Args:
        rank: Of this process, from 0.
        size: How many there are.
        address: `host:port` of the first, the same for all.
    """
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(
        backend,
        init_method=f"tcp://{address}",
        rank=rank,
        world_size=size,
        timeout=timedelta(seconds=_TIMEOUT_S),
    )
    try:
        yield Group()
    finally:
        distributed.destroy_process_group()


@contextmanager
def without_launcher() -> Iterator[None]:
    """Hide from transformers what a launcher put into the environment: else it would split the batches once more."""
    hidden = {name: os.environ.pop(name) for name in _LAUNCHER if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)
