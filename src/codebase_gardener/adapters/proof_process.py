"""The process of a proof: `python -m codebase_gardener.adapters.proof_process`, a JSON request on its standard input.

It imports what every proof needs before it reads, so that it can be started before there is something to prove; nothing
to read ends it.
"""

from __future__ import annotations

import json
import sys

from codebase_gardener.utils.collection import paused_collection
from codebase_gardener.utils.optional_packages import leave_out

__all__ = ["main"]


def main() -> int:
    """Answer one request; the exit code is that of the error."""
    with paused_collection():
        from codebase_gardener.adapters import torch_proof
    request = sys.stdin.read()
    return torch_proof.main(json.loads(request)) if request else 0


if __name__ == "__main__":
    leave_out()
    sys.exit(main())
