from __future__ import annotations

from threading import Thread

import pytest

from codebase_gardener.registry import job_states
from codebase_gardener.utils.error_handling import ConflictError


def test_only_a_queued_job_is_claimed_and_only_once(registry, reserve):
    job = reserve()
    assert registry.claim_job(job.id)
    assert registry.job(job.id).state == "training"
    assert registry.job(job.id).started_at is not None
    assert not registry.claim_job(job.id)
    assert not registry.claim_job("no such job")


def test_one_training_a_device(registry, reserve):
    first, second = reserve(), reserve(spec_hash="other")
    elsewhere = reserve(spec_hash="third", device="host:cuda")
    assert registry.claim_job(first.id)
    assert not registry.claim_job(second.id)
    assert registry.claim_job(elsewhere.id)
    registry.cancel_job(first.id)
    assert registry.claim_job(second.id)


def test_two_that_claim_one_device_at_once_do_not_both_get_it(registry, reserve):
    first, second = reserve(), reserve(spec_hash="other")
    claimed = []
    with registry.database.write() as connection:
        assert job_states.claim(connection, first.id)
        other = Thread(target=lambda: claimed.append(registry.claim_job(second.id)))
        other.start()
        other.join(0.2)
        assert not claimed
    other.join()
    assert claimed == [False]
    assert registry.job(second.id).state == "queued"


def test_the_index_alone_keeps_a_device_to_one_training(registry, reserve):
    first, second = reserve(), reserve(spec_hash="other")
    registry.claim_job(first.id)
    with pytest.raises(ConflictError), registry.database.write() as connection:
        job_states.change(connection, second.id, "training")


def bring_to(registry, job, state):
    if state in ("training", "ready"):
        assert registry.claim_job(job.id)
    if state == "ready":
        with registry.database.write() as connection:
            job_states.change(connection, job.id, "ready")
    if state == "error":
        registry.fail_job(job.id, "x")
    if state == "cancelled":
        registry.cancel_job(job.id)


@pytest.mark.parametrize("state", job_states.MAY_COME_FROM)
def test_every_change_of_state_is_allowed_or_refused_as_the_table_says(registry, reserve, state):
    calls = {
        "queued": registry.requeue_job,
        "error": lambda job_id: registry.fail_job(job_id, "x"),
        "cancelled": registry.cancel_job,
    }
    for target, call in calls.items():
        job = reserve(spec_hash=target, device=target)
        bring_to(registry, job, state)
        if state in job_states.MAY_COME_FROM[target]:
            assert call(job.id).state == target
            continue
        with pytest.raises(ConflictError, match=f"is {state} and cannot"):
            call(job.id)
        assert registry.job(job.id).state == state


@pytest.mark.parametrize("state", ["training", "ready"])
def test_a_job_in_use_or_published_is_not_deleted(registry, reserve, state):
    job = reserve()
    bring_to(registry, job, state)
    with pytest.raises(ConflictError, match="cannot be deleted"):
        registry.delete_job(job.id)
    assert registry.job(job.id)


def test_a_failed_job_says_why_and_forgets_it_when_queued_again(registry, reserve):
    job = reserve()
    failed = registry.fail_job(job.id, "killed by signal 9")
    assert failed.error == "killed by signal 9"
    assert failed.ended_at is not None
    again = registry.requeue_job(job.id, device="other:cpu")
    assert (again.state, again.error, again.ended_at, again.device) == ("queued", None, None, "other:cpu")
    assert (again.id, again.version) == (job.id, job.version)


def test_an_error_of_any_bytes_can_be_kept(registry, reserve):
    job = reserve()
    registry.fail_job(job.id, "NUL \0 and half a pair \ud800 and é")
    assert registry.job(job.id).error == "NUL \\x00 and half a pair \\ud800 and é"
