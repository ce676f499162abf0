"""What `gardener doctor` says of a home after `--fix`."""

from __future__ import annotations

from codebase_gardener.config.settings import Settings
from codebase_gardener.doctor.checks import REGISTRY_CHECKS
from codebase_gardener.gardener.facade import Gardener

__all__ = ["left_after_fix"]


def left_after_fix(settings: Settings) -> list[str]:
    """What is still wrong between registry, files and store after `doctor --fix`; [] where all is well."""
    with Gardener(settings) as gardener:
        for check in REGISTRY_CHECKS.values():
            check(gardener, True)
        found = [check(gardener, False) for check in REGISTRY_CHECKS.values()]
    return [f"{one.check}: {one.found}" for one in found if one.state != "ok"]
