"""What the setting `device` means on this machine, found without loading torch where that is possible."""

from __future__ import annotations

from importlib.metadata import version

__all__ = ["resolve_device"]


def resolve_device(setting: str) -> str:
    """The device that a setting means here; a torch that can only have the CPU is not loaded: that takes 0.3 GB.

    Args:
        setting: "auto", or a device's name.

    Raises:
        ResourceError: The device asked for is not here.
    """
    if setting == "cpu" or (setting == "auto" and version("torch").endswith("+cpu")):
        return "cpu"
    from codebase_gardener.training.torch_device import pick_device

    return pick_device(setting)
