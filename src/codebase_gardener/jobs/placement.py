"""Trainings that do not begin on this host: a cluster chooses where."""

from __future__ import annotations

from typing import Protocol

from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.registry.rows import ON_CLUSTER, JobRow

__all__ = ["LOST_S", "JobPlacement", "is_placed"]

LOST_S = 30.0
"""A node that was not heard of for so long has lost its job, in seconds."""


class JobPlacement(Protocol):
    """Whoever finds a place for a training."""

    @property
    def device(self) -> str:
        """What the job's row says in place of `host:device`; it begins with `cluster:`."""

    def check(self, spec: JobSpec) -> None:
        """Refuse what no machine of the cluster could ever train.

        Raises:
            ResourceError: With what it needs.
        """

    def place(self, job: JobRow, spec: JobSpec) -> None:
        """See to it that a queued job is trained somewhere, and return at once."""


def is_placed(device: str) -> bool:
    """Whether a cluster chooses where a job of that device is trained."""
    return device.startswith(ON_CLUSTER)
