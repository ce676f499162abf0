"""Only what is exact afterwards is written; a range of several names is left."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codebase_gardener.knowledge.claims.editing import ClaimDocument
from codebase_gardener.knowledge.claims.repairs import repaired
from codebase_gardener.knowledge.claims.sources import ClaimSources
from codebase_gardener.knowledge.claims.verdicts import ClaimVerdict
from codebase_gardener.repository.snapshot import Snapshot, take_snapshot

CODE = "def one():\n    return 1\n\n\ndef two():\n    return 2\n"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("repairs")
    (folder / "a.py").write_text(CODE)
    (folder / "b.py").write_text("\n" + CODE)
    return take_snapshot(str(folder))


def repair(text: str, snapshot: Snapshot) -> tuple[str, list[ClaimVerdict]]:
    sources = ClaimSources(snapshot)
    document = ClaimDocument("d.md", text.encode())
    data, verdicts = repaired(document, text.encode(), document.judge(sources), sources)
    return data.decode(), verdicts


def test_all_claims_of_a_document(snapshot: Snapshot) -> None:
    text = "| `one` | a.py:L9-10 |\n| `two` | a.py:5-6 |\n| `gone_away` | a.py:1-2 |\n\n`two`: b.py:1-10000\n"
    made, verdicts = repair(text, snapshot)
    assert (
        made == "| `one` | a.py:L1-2 |\n| `two` | a.py:5-6 |\n| `gone_away` | a.py:1-2 |\n\n`two`: b.py:6-7\n"
    )
    assert [(v.symbol, v.verdict, v.fixed) for v in verdicts] == [
        ("one", "wrong", True), ("two", "exact", False), ("gone_away", "gone", False), ("two", "off", True),
    ]  # fmt: skip
    assert [verdict.holds for verdict in verdicts] == [True, True, False, True]


def test_a_range_that_is_right_for_one_of_its_names_is_left(snapshot: Snapshot) -> None:
    text = "`one`, `two` (a.py:L1-2)\n"
    made, verdicts = repair(text, snapshot)
    assert made == text
    assert {v.doubt for v in verdicts if not v.holds} == {"several names belong to one range"}


def test_what_is_not_exact_afterwards_is_left(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = ClaimDocument.edits

    def edits(self: ClaimDocument, verdict: ClaimVerdict) -> list:  # type: ignore[type-arg]
        from dataclasses import replace

        return [replace(edit, text="7") if verdict.symbol == "two" else edit for edit in wrong(self, verdict)]

    monkeypatch.setattr(ClaimDocument, "edits", edits)
    made, verdicts = repair("| `one` | a.py:L9-10 |\n| `two` | a.py:L9-10 |\n", snapshot)
    assert made == "| `one` | a.py:L1-2 |\n| `two` | a.py:L9-10 |\n"
    assert [v.doubt for v in verdicts] == ["", "the claim would not be exact afterwards"]


PIECES = ["`one`", "`two`", "(", ")", " ", "\n", "\r\n", "|", ":", "a.py:L1-2", "a.py#L3-L4", "b.py:9", "is ", "```\n",
          "> ", "\\_", '"return 1"', "lines 3 to 4", "a.py", ". ", "[x](", "é", "\ufeff"]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=25))
def test_of_anything_only_numbers_change_and_a_second_time_nothing(
    snapshot: Snapshot, pieces: list[str]
) -> None:
    text = "".join(pieces)
    made, verdicts = repair(text, snapshot)
    marks = str.maketrans("", "", "0123456789-Ls")
    assert made.translate(marks) == text.translate(marks)
    assert (made == text) == (not any(verdict.fixed for verdict in verdicts))
    assert repair(made, snapshot)[0] == made


@pytest.mark.slow
def test_a_document_of_many_claims(snapshot: Snapshot) -> None:
    text = "| `one` | a.py:L9-10 |\n" * 3_000
    made, _ = repair(text, snapshot)
    assert made == text.replace("L9-10", "L1-2")
