"""Cursors: where an editor would ask, and what it would send."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.dataset.context import ContextFinder, training_side
from codebase_gardener.dataset.cursors import CursorTask, bodies, cursor_tasks, functions_of
from codebase_gardener.dataset.split import Split
from codebase_gardener.languages.symbols import SymbolTable
from codebase_gardener.repository.extraction import extract_tables
from codebase_gardener.repository.snapshot import Snapshot, take_snapshot

Taken = tuple[Snapshot, dict[str, SymbolTable], ContextFinder]


def taken(folder: Path, files: int = 12) -> Taken:
    for n in range(files):
        body = "".join(f"    step_{k} = work(step, {k + n})\n" for k in range(6))
        (folder / f"m{n}.py").write_text(f"import os\n\n\ndef run_{n}(step):\n{body}    return step_0\n")
    snapshot = take_snapshot(str(folder))
    tables = extract_tables(snapshot)
    return snapshot, tables, training_side(snapshot, tables, Split(frozenset({"m0.py"})), 0.0)


@pytest.fixture
def tasks(tmp_path: Path) -> list[CursorTask]:
    snapshot, tables, finder = taken(tmp_path)
    return cursor_tasks(functions_of(snapshot, tables, tables), finder, 12)


def test_what_is_before_asked_for_and_behind_is_the_file(tmp_path: Path, tasks: list[CursorTask]) -> None:
    assert len({one.path for one in tasks}) == 12
    for one in tasks:
        text = (tmp_path / one.path).read_text()
        assert one.cursor.before + one.expected + one.cursor.after == text
        assert one.expected.strip()
        assert 1 <= one.expected.count("\n") <= 3


def test_cursors_stand_at_line_starts_and_within_lines(tasks: list[CursorTask]) -> None:
    within = [one for one in tasks if one.within_a_line]
    assert 0 < len(within) < len(tasks)
    assert all(one.cursor.before.rpartition("\n")[2].strip() for one in within)


def test_the_same_cursors_every_time_and_no_more_than_asked_for(tmp_path: Path) -> None:
    snapshot, tables, finder = taken(tmp_path)
    found = [cursor_tasks(functions_of(snapshot, tables, tables), finder, 5) for _ in range(2)]
    assert found[0] == found[1]
    assert len(found[0]) == 5


def test_retrieved_code_is_that_of_other_files_and_tells_how_near_it_is(tasks: list[CursorTask]) -> None:
    for one in tasks:
        assert "m0.py" not in one.context  # held out
        assert one.path not in one.context
        assert one.nearest > 0.5  # all are alike


def test_a_function_that_was_there_before_is_not_new(tmp_path: Path) -> None:
    snapshot, tables, _ = taken(tmp_path)
    known = bodies(snapshot, tables)
    changed = (tmp_path / "m3.py").read_text().replace("step_2", "other").replace("run_3", "renamed")
    (tmp_path / "m3.py").write_text(changed)
    moved = (tmp_path / "m4.py").read_text().replace("    ", "        ")
    (tmp_path / "moved.py").write_text(
        f"class A:\n    {moved.partition(chr(10) * 3)[2].replace('def', '    def', 0)}"
    )
    now = take_snapshot(str(tmp_path))
    new = functions_of(now, extract_tables(now), ["m3.py", "m4.py"], known)
    assert [symbol.qualified_name for symbol, _ in new] == ["renamed"]


def test_an_editors_prompt_is_cut_as_the_server_cuts_it(tasks: list[CursorTask]) -> None:
    before, expected, after = tasks[0].parts(len)
    assert before.startswith("# ")  # the path, as in training
    assert tasks[0].path in before.split("\n")[0]
    assert expected == tasks[0].expected
    assert len(after) <= 300
