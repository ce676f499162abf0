"""Jobs in a registry that nobody has submitted: only what the test is about is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from codebase_gardener.registry.rows import JobRow
from codebase_gardener.registry.transactions import Registry

WORK = {
    "project": "demo",
    "adapter_name": "default",
    "spec_hash": "spec",
    "dataset_hash": "dataset",
    "base_id": "smollm2",
    "base_hash": "base",
    "device": "host:cpu",
}


def queue_job(registry: Registry, directory_for: Callable[[str], Path], **fields: Any) -> JobRow:
    """Reserve a job: what `WORK` says, but for the fields that are given."""
    return registry.reserve_job(directory_for=directory_for, **{**WORK, **fields})
