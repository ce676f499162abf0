"""Rows that are found by halving a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.knowledge.answers.sorted_rows import SortedRows
from codebase_gardener.utils.error_handling import NotFoundError

KEYS = st.text("ab é\x7f😀", max_size=3)


@given(st.lists(st.tuples(KEYS, KEYS), max_size=30), KEYS)
def test_every_key_is_found_with_all_its_rows_and_no_other(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], other: str
) -> None:
    file = tmp_path_factory.mktemp("rows") / "rows"
    SortedRows.write(file, rows)
    found = SortedRows(file)
    for key in {key for key, _ in rows} | {other}:
        assert sorted(found.find(key)) == sorted({text for each, text in rows if each == key})
        assert (key in found) == any(each == key for each, _ in rows)
    assert sorted(found) == sorted(key for key, _ in set(rows))


def test_a_file_that_is_missing_empty_or_something_else_is_told(tmp_path: Path) -> None:
    for content in (None, b"", b"a\tb\n"):
        if content is not None:
            (tmp_path / "rows").write_bytes(content)
        with pytest.raises(NotFoundError):
            SortedRows(tmp_path / "rows")
