"""Routers of Ray Serve that know of no adapters, for `serve_cluster.py`."""

from __future__ import annotations

import random
from typing import Any

from ray.serve._private.request_router import PowerOfTwoChoicesRequestRouter
from ray.serve.request_router import RequestRouter


class Shorter(PowerOfTwoChoicesRequestRouter):
    """Two replicas are drawn, and the one with the shorter queue is taken."""

    async def choose_replicas(self, candidate_replicas: Any, pending_request: Any = None) -> Any:
        return await super().choose_replicas(candidate_replicas, None)


class AtRandom(RequestRouter):
    """A replica is drawn."""

    async def choose_replicas(self, candidate_replicas: Any, pending_request: Any = None) -> Any:
        return [[random.choice(candidate_replicas)]] if candidate_replicas else []
