"""The event log: whole lines, read while it grows."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.events import EventLog, EventReader, NewestEvents
from codebase_gardener.utils.files import FileLock


def test_the_newest_event_of_each_kind_across_looks(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    newest = NewestEvents(log)
    assert newest.look() == {}
    for kind, number in (("stage", 1), ("step", 1), ("step", 2)):
        log.append(kind, number=number)
    assert [(kind, event["number"]) for kind, event in newest.look().items()] == [("stage", 1), ("step", 2)]
    log.append("stage", number=2)
    assert [(kind, event["number"]) for kind, event in newest.look().items()] == [("step", 2), ("stage", 2)]


def test_events_are_read_in_order_with_their_fields(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    assert log.all() == []
    assert log.last("step") is None
    for number in range(3):
        log.append("step", step=number, name="é")
    log.append("ready")
    assert [event["step"] for event in log.all() if event["kind"] == "step"] == [0, 1, 2]
    last = log.last("step")
    assert last is not None
    assert (last["step"], last["name"]) == (2, "é")


def test_a_reader_goes_on_where_it_was_and_waits_for_whole_lines(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.append("one")
    events, offset = log.read()
    assert [event["kind"] for event in events] == ["one"]
    with log.path.open("a") as file:
        file.write('{"kind": "tw')
    assert log.read(offset) == ([], offset)
    with log.path.open("a") as file:
        file.write('o"}\n')
    assert [event["kind"] for event in log.read(offset)[0]] == ["two"]


def test_a_long_log_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    """A page that reads an hour's steps anew at each look made the server grow by 18 MB."""
    log = EventLog(tmp_path / "events.jsonl")
    line = json.dumps({"kind": "step", "loss": 2.5, **{f"figure_{n}": float(n) for n in range(10)}})
    log.path.write_text(f"{line}\n" * 2000)
    tracemalloc.start()
    try:
        assert sum(1 for _ in EventReader(log).new()) == 2000
        assert set(NewestEvents(log).look()) == {"step"}
        assert log.last("step") is not None
        assert tracemalloc.get_traced_memory()[1] < log.path.stat().st_size
    finally:
        tracemalloc.stop()


def test_a_line_that_a_full_disk_cut_hides_no_other(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.path.write_text('{"kind": "one"}\n{"kind": "tw\n[1]\n"text"\n{"no": "kind"}\n')
    log.append("three", odd="\udc80")
    assert [event["kind"] for event in log.all()] == ["one", "three"]


def test_appends_of_many_processes_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    code = (
        "import sys; from pathlib import Path; from codebase_gardener.jobs.events import EventLog\n"
        "for n in range(200): EventLog(Path(sys.argv[1])).append('step', who=sys.argv[2], n=n, pad='x' * 500)"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, path, str(number)]) for number in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    events = EventLog(path).all()
    assert len(events) == 600
    for who in "012":
        assert [event["n"] for event in events if event["who"] == who] == list(range(200))


def test_a_job_lives_as_long_as_its_lock_is_held(tmp_path: Path) -> None:
    directory = JobDirectory(tmp_path)
    assert not directory.is_alive()
    with FileLock(directory.lock):
        assert directory.is_alive()
    assert not directory.is_alive()
