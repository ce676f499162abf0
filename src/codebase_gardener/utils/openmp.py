"""How OpenMP's threads wait for one another, which libgomp reads once, when torch is imported.

They spin for milliseconds as it comes. Where another program computes, too, that is most of what both get done.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

__all__ = ["for_waiting"]

_SPINS = "1000"  # turns, some 20 microseconds: costs who is alone 2 %, and saves who is not three fifths


def for_waiting(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Environment variables by which idle threads soon sleep, or what the user has decided.

    Args:
        environment: What is set; by default this process's variables.
    """
    given = os.environ if environment is None else environment
    if "OMP_WAIT_POLICY" in given and "GOMP_SPINCOUNT" not in given:
        return {}
    return {"GOMP_SPINCOUNT": given.get("GOMP_SPINCOUNT", _SPINS)}
