from __future__ import annotations

import pytest

from codebase_gardener.utils.error_handling import NotFoundError

STEPS = [(number, {"kind": "step", "step": number, "loss": 1.5 / number}) for number in range(1, 4)]


def test_events_are_read_on_from_the_last_one_known(registry, reserve):
    job = reserve()
    assert registry.last_job_event(job.id) == 0
    assert registry.append_job_events(job.id, STEPS[:2]) == 2
    assert [(row.seq, row.event) for row in registry.job_events(job.id)] == STEPS[:2]
    registry.append_job_events(job.id, STEPS[2:])
    assert [(row.seq, row.event) for row in registry.job_events(job.id, after=2)] == STEPS[2:]
    assert [row.seq for row in registry.job_events(job.id, limit=1)] == [1]
    assert registry.last_job_event(job.id) == 3


def test_what_is_sent_again_changes_nothing(registry, reserve):
    job = reserve()
    registry.append_job_events(job.id, STEPS[:2])
    assert registry.append_job_events(job.id, [(2, {"kind": "other"}), STEPS[2]]) == 1
    assert [(row.seq, row.event) for row in registry.job_events(job.id)] == STEPS
    assert registry.append_job_events(job.id, []) == 0


def test_each_event_has_the_time_of_the_databases_clock(registry, reserve):
    job = reserve()
    registry.append_job_events(job.id, STEPS[:1])
    registry.append_job_events(job.id, STEPS[1:])
    times = [row.at for row in registry.job_events(job.id)]
    assert times == sorted(times)
    assert times[0] > 1_700_000_000


def test_events_go_with_their_job(registry, reserve):
    job = reserve()
    registry.append_job_events(job.id, STEPS)
    registry.delete_job(job.id)
    assert registry.job_events(job.id) == []
    with pytest.raises(NotFoundError):
        registry.append_job_events(job.id, STEPS)
