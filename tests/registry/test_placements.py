from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from codebase_gardener.registry import schema
from codebase_gardener.utils.error_handling import ConflictError, NotFoundError

from .conftest import ON_POSTGRESQL


def age(registry, job_id, seconds):
    """As if the node had been heard of `seconds` earlier."""
    with registry.database.write() as connection:
        older = schema.jobs.c.beat_at - seconds
        connection.execute(update(schema.jobs).where(schema.jobs.c.id == job_id).values(beat_at=older))


def test_nodes_that_claim_at_once_get_different_jobs_of_one_device(registry, reserve):
    wanted = {reserve(spec_hash=str(number), device="ray:cpu").id for number in range(6)}
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda n: registry.claim_next_job("ray:cpu", f"node-{n}"), range(8)))
    jobs = [job for job in claimed if job is not None]
    assert {job.id for job in jobs} == wanted
    assert len(jobs) == 6
    assert len({job.node for job in jobs}) == 6
    assert all(job.state == "training" and job.beat_at for job in jobs)


@ON_POSTGRESQL
def test_a_claim_does_not_wait_for_another_that_is_under_way(registry, reserve):
    first, second = (reserve(spec_hash=str(number), device="ray:cpu") for number in range(2))
    with registry.database.write() as connection:
        locked = schema.jobs.select().where(schema.jobs.c.id == first.id).with_for_update()
        connection.execute(locked).one()
        assert registry.claim_next_job("ray:cpu", "node").id == second.id


def test_where_no_node_is_named_a_device_still_trains_one(registry, reserve):
    first, second = reserve(), reserve(spec_hash="second")
    assert registry.claim_job(first.id)
    assert not registry.claim_job(second.id)
    assert registry.claim_job(second.id, node="node")


def test_a_heartbeat_counts_for_the_node_that_has_the_job(registry, reserve):
    job = reserve()
    assert not registry.beat(job.id, "node")  # it is queued
    registry.claim_job(job.id, node="node")
    assert registry.beat(job.id, "node")
    assert not registry.beat(job.id, "another")
    registry.cancel_job(job.id)
    assert not registry.beat(job.id, "node")


def test_the_job_of_a_node_that_died_goes_back_to_the_queue_once(registry, reserve):
    job, alive, local = reserve(), reserve(spec_hash="b"), reserve(spec_hash="c")
    registry.claim_job(job.id, node="dead")
    registry.claim_job(alive.id, node="alive")
    registry.claim_job(local.id)
    age(registry, job.id, 31.0)
    assert [stale.id for stale in registry.stale_jobs(30.0)] == [job.id]
    assert not registry.requeue_stale_job(alive.id, 30.0)
    assert not registry.requeue_stale_job(local.id, 0.0)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: registry.requeue_stale_job(job.id, 30.0), range(4)))
    assert sorted(done) == [False, False, False, True]
    again = registry.job(job.id)
    assert (again.state, again.node, again.beat_at, again.started_at) == ("queued", None, None, None)
    assert not registry.beat(job.id, "dead")
    assert registry.claim_job(job.id, node="dead, second start")


def test_a_heartbeat_saves_a_job_that_was_late(registry, reserve):
    job = reserve()
    registry.claim_job(job.id, node="node")
    age(registry, job.id, 31.0)
    assert registry.beat(job.id, "node")
    assert not registry.requeue_stale_job(job.id, 30.0)


def test_a_training_is_asked_to_end_and_a_queued_job_ends_at_once(registry, reserve):
    training, queued = reserve(), reserve(spec_hash="b")
    registry.claim_job(training.id, node="node")
    assert not registry.cancel_requested(training.id)
    assert registry.request_cancel(training.id).state == "training"
    assert registry.cancel_requested(training.id)
    ended = registry.request_cancel(queued.id)
    assert (ended.state, ended.cancel_requested) == ("cancelled", True)
    assert ended.ended_at
    with pytest.raises(ConflictError, match="cannot be cancelled"):
        registry.request_cancel(queued.id)
    with pytest.raises(NotFoundError):
        registry.request_cancel("nothing")
    assert registry.cancel_requested("nothing")  # whoever trains a deleted job ends


def test_what_was_to_be_cancelled_on_a_node_that_died_is_cancelled(registry, reserve):
    job = reserve()
    registry.claim_job(job.id, node="dead")
    registry.request_cancel(job.id)
    age(registry, job.id, 31.0)
    assert registry.requeue_stale_job(job.id, 30.0)
    ended = registry.job(job.id)
    assert ended.state == "cancelled"
    assert ended.ended_at
    assert not registry.requeue_job(job.id).cancel_requested
