"""Our own metadata beside an adapter: unknown keys in adapter_config.json would break other loaders."""

from __future__ import annotations

from importlib.metadata import version

from codebase_gardener.bases.quantization import QUANTIZATIONS

__all__ = ["SIDECAR", "library_versions"]

SIDECAR = "gardener.json"
_LIBRARIES = ("torch", "transformers", "peft", "accelerate", "safetensors", "codebase-gardener")


def library_versions(quantization: str = "none") -> dict[str, str]:
    """Versions of the libraries that an adapter depends on, by distribution name.

    Args:
        quantization: Of the base that it was trained on.
    """
    package = QUANTIZATIONS[quantization].package
    return {name: version(name) for name in (*_LIBRARIES, *((package,) if package else ()))}
