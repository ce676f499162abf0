from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Thread

import pytest

from codebase_gardener.registry import jobs
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError, NotFoundError

from .conftest import NEW_JOB, python


def test_a_job_keeps_what_it_was_asked_for_with(registry, reserve, tmp_path):
    job = reserve()
    for name, value in NEW_JOB.items():
        assert getattr(job, name) == value
    assert (job.state, job.version, job.error) == ("queued", 1, None)
    assert job.directory == tmp_path / job.id
    assert str(job.ref) == "demo/default@1"
    assert registry.job(job.id) == job


def test_the_same_work_is_one_job_in_whatever_state(registry, reserve):
    job = reserve()
    assert reserve() == job == registry.find_job("demo", "default", "dataset", "spec")
    registry.claim_job(job.id)
    assert reserve().state == "training"
    registry.fail_job(job.id, "out of memory")
    assert reserve() == registry.job(job.id)
    assert len(registry.jobs()) == 1


@pytest.mark.parametrize("field", ["adapter_name", "dataset_hash", "spec_hash"])
def test_other_work_is_another_job(registry, reserve, field):
    job = reserve()
    other = reserve(**{field: "other"})
    assert other.id != job.id
    assert other.version == (1 if field == "adapter_name" else 2)


def test_a_deleted_jobs_work_is_a_new_job_with_a_new_number(registry, reserve):
    job = reserve()
    assert registry.delete_job(job.id) == job
    assert registry.find_job("demo", "default", "dataset", "spec") is None
    assert reserve().version == 2


def test_a_job_needs_a_project_and_a_name(registry, reserve):
    with pytest.raises(NotFoundError):
        reserve(project="other")
    with pytest.raises(InvalidInputError):
        reserve(adapter_name="../x")
    with pytest.raises(NotFoundError, match="no job 'x'"):
        registry.job("x")


def test_the_directory_can_be_made_before_anyone_sees_the_job(registry, tmp_path):
    def make(job_id: str) -> Path:
        assert registry.jobs() == []
        (tmp_path / job_id).mkdir()
        return tmp_path / job_id

    assert registry.reserve_job(directory_for=make, **NEW_JOB).directory.is_dir()


def test_where_the_directory_cannot_be_made_nothing_is_reserved(registry, reserve):
    def full(job_id: str) -> Path:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        registry.reserve_job(directory_for=full, **NEW_JOB)
    assert registry.jobs() == []
    assert reserve().version == 1


def test_threads_that_ask_for_the_same_work_get_one_job(registry, reserve):
    together = Barrier(8)

    def ask(_: int) -> str:
        together.wait()
        return reserve().id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert [job.version for job in registry.jobs()] == [1]


def test_the_second_waits_for_the_first_to_commit(registry, reserve, tmp_path):
    found = []
    with registry.database.write() as connection:
        first = jobs.reserve(connection, directory_for=lambda job_id: tmp_path / job_id, **NEW_JOB)
        other = Thread(target=lambda: found.append(reserve()))
        other.start()
        other.join(0.2)
        assert not found
    other.join()
    assert found == [first]


ASK = """
import sys
from pathlib import Path
from codebase_gardener.registry.transactions import Registry
registry = Registry(sys.argv[1])
for number in range(10):
    work = {"spec_hash": str(number), "dataset_hash": "d", "base_id": "b", "base_hash": "b"}
    job = registry.reserve_job("demo", "a", Path, device="cpu", **work)
    print(job.id, job.version)
"""


@pytest.mark.slow
def test_processes_that_ask_for_the_same_work_get_one_job(registry, url):
    asking = [python(ASK, url) for _ in range(3)]
    answers = [process.communicate(timeout=60) for process in asking]
    assert [errors for _, errors in answers] == ["", "", ""]
    assert len({out for out, _ in answers}) == 1
    assert sorted(job.version for job in registry.jobs()) == list(range(1, 11))


def test_the_job_that_waited_longest_is_next_on_its_device(registry, reserve):
    first = reserve()
    reserve(spec_hash="second")
    elsewhere = reserve(spec_hash="third", device="host:cuda")
    assert registry.next_queued("host:cpu") == first
    assert registry.next_queued("host:cuda") == elsewhere
    assert registry.next_queued("host:mps") is None
    registry.claim_job(first.id)
    assert registry.next_queued("host:cpu").spec_hash == "second"


def test_jobs_are_listed_newest_first_by_project_and_state(registry, reserve):
    registry.add_project("peft", "/src/peft", "git")
    first, second = reserve(), reserve(spec_hash="second")
    other = reserve(project="peft")
    registry.cancel_job(first.id)
    assert registry.jobs() == [other, second, registry.job(first.id)]
    assert registry.jobs("demo", ["queued"]) == [second]
    assert registry.jobs(limit=1) == [other]
    with pytest.raises(NotFoundError):
        registry.jobs("other")


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
        assert jobs.claim(connection, first.id)
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
        jobs.change(connection, second.id, "training")


def bring_to(registry, job, state):
    if state in ("training", "ready"):
        assert registry.claim_job(job.id)
    if state == "ready":
        with registry.database.write() as connection:
            jobs.change(connection, job.id, "ready")
    if state == "error":
        registry.fail_job(job.id, "x")
    if state == "cancelled":
        registry.cancel_job(job.id)


@pytest.mark.parametrize("state", jobs.MAY_COME_FROM)
def test_every_change_of_state_is_allowed_or_refused_as_the_table_says(registry, reserve, state):
    calls = {
        "queued": registry.requeue_job,
        "error": lambda job_id: registry.fail_job(job_id, "x"),
        "cancelled": registry.cancel_job,
    }
    for target, call in calls.items():
        job = reserve(spec_hash=target, device=target)
        bring_to(registry, job, state)
        if state in jobs.MAY_COME_FROM[target]:
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


def test_any_machine_reads_what_a_job_is_to_train(registry, reserve):
    job, older = reserve(spec={"device": "cpu", "rank": 16}), reserve(spec_hash="of an earlier version")
    assert registry.job_spec(job.id) == {"device": "cpu", "rank": 16}
    registry.cancel_job(job.id)
    registry.requeue_job(job.id, spec={"device": "cuda", "rank": 16})
    assert registry.job_spec(job.id)["device"] == "cuda"
    with pytest.raises(NotFoundError, match="no spec of job"):
        registry.job_spec(older.id)
