"""What a row says to do next."""

from __future__ import annotations

import pytest

from codebase_gardener.registry.rows import resume_command
from codebase_gardener.utils.error_handling import ConflictError
from codebase_gardener.utils.names import parse_ref


def test_a_training_of_a_cluster_goes_on_on_a_cluster(registry, reserve):
    assert resume_command("1", "host:cpu") == "gardener jobs resume 1"
    job = reserve(device="cluster:ray")
    registry.claim_job(job.id)
    registry.fail_job(job.id, "its node was lost")
    with pytest.raises(ConflictError) as caught:
        registry.version(parse_ref(str(job.ref)))
    assert f"gardener jobs resume {job.id} --on auto" in caught.value.hint
