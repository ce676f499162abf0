"""Our own metadata beside an adapter: unknown keys in adapter_config.json would break other loaders."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from codebase_gardener.bases.quantization import QUANTIZATIONS
from codebase_gardener.bases.resolution import Base

__all__ = ["SIDECAR", "library_versions", "version_identity"]

SIDECAR = "gardener.json"
_LIBRARIES = ("torch", "transformers", "peft", "accelerate", "safetensors", "codebase-gardener")


def library_versions(quantization: str = "none") -> dict[str, str]:
    """Versions of the libraries that an adapter depends on, by distribution name.

    Args:
        quantization: Of the base that it was trained on.
    """
    package = QUANTIZATIONS[quantization].package
    return {name: version(name) for name in (*_LIBRARIES, *((package,) if package else ()))}


def version_identity(
    adapter: str,
    base: Base,
    *,
    spec: Mapping[str, Any],
    dataset_hash: str | None,
    commit: str | None,
    snapshot_id: str | None,
    metrics: Mapping[str, Any],
    lineage: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What a version's folder says of itself, so that a registry can be made of folders.

    Args:
        adapter: `project/name@version`.
        base: That it is of.
        spec: Options of its training, or what is known of it.
        dataset_hash: Of the rows.
        commit: Of the repository.
        snapshot_id: Of the snapshot.
        metrics: Of the training.
        lineage: The adapter that it went on from, and what was new.
    """
    return {
        "adapter": adapter,
        "base_id": base.pinned,
        "base_hash": base.sha256,
        "dataset_hash": dataset_hash,
        "commit": commit,
        "snapshot_id": snapshot_id,
        "spec": dict(spec),
        "metrics": dict(metrics),
        "lineage": dict(lineage) if lineage else None,
    }
