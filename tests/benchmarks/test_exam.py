"""benchmarks/exam: its questions are well formed, its three ways and its marks count what they say, and the mechanical
part holds its thresholds on one repository, fetched as the script fetches it.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import warnings
from pathlib import Path
from types import ModuleType

import pytest

EXAM = Path(__file__).parents[2] / "benchmarks" / "exam"
TUNED_ON = {
    "peft",
    "flask",
    "click",
    "typer",
    "cobra",
    "zod",
    "jekyll",
    "fastapi",
    "pydantic",
    "httpx",
    "express",
}
THRESHOLDS = {"first": 2, "first three": 4, "first three, strictly": 4}
"""Of 20 questions on yamllint; on 2026-11-29 there were 3, 6 and 6."""


@pytest.fixture
def exam(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(EXAM)
    import questions

    return questions


def test_every_paper_has_twenty_plain_questions_with_quoted_anchors(exam: ModuleType) -> None:
    papers = [exam.read_paper(file) for file in exam.papers().values()]
    assert sorted(paper.repository.language for paper in papers) == [
        "Go", "Python", "Python", "Python", "Python", "TypeScript",
    ]  # fmt: skip
    assert TUNED_ON.isdisjoint(paper.repository.name for paper in papers)
    for paper in papers:
        asked = [question.ask for question in paper.questions]
        assert len(asked) == len(set(asked)) == 20
        assert {"what", "how", "contract", "together", "change", "depends"} <= {
            q.kind for q in paper.questions
        }
        assert all(
            ask.endswith("?") and "_" not in ask and "()" not in ask and "`" not in ask for ask in asked
        )
        for question in paper.questions:
            assert question.kind in exam.KINDS
            assert question.answer
            assert question.anchors
            for anchor in question.anchors:
                assert anchor.path in paper.files
                assert anchor.first <= anchor.last
                assert len(anchor.quote) >= 4


def test_an_anchor_is_met_by_any_of_its_lines_and_pointed_at_by_a_narrow_range(exam: ModuleType) -> None:
    anchor = exam.Lines.read("a.py:50-60")
    assert anchor.meets(exam.Lines.read("a.py:L60-300"))
    assert not anchor.meets(exam.Lines.read("a.py:61-300"))
    assert not anchor.meets(exam.Lines.read("b.py:50-60"))
    assert anchor.is_pointed_at(exam.Lines.read("a.py:L10-100"))
    assert not anchor.is_pointed_at(exam.Lines.read("a.py:L9-100"))
    assert not anchor.is_pointed_at(exam.Lines.read("a.py:L50-101"))
    assert exam.Lines.read("a.py:7") == exam.Lines("a.py", 7, 7)


def _paper(exam: ModuleType, *anchors: tuple[str, str]) -> object:
    repository = exam.Repository("r", "Python", "a library", "pypi", "r", "1", "", "README.md")
    questions = [exam.Question("how", f"{at}?", "so", (exam.Lines.read(at, quote),)) for at, quote in anchors]
    return exam.Paper(repository, {"a.py": "another hash"}, tuple(questions))


def test_another_version_is_told_moved_quotes_are_followed_and_lost_ones_left_out(
    exam: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_text("\n\ndef  kept():\n    pass\ntwice\ntwice\n")
    paper = _paper(
        exam, ("a.py:3-4", "def kept():"), ("a.py:1-2", "def kept():"), ("a.py:1", "twice"), ("b.py:1", "x")
    )
    found, told = exam.check(paper, tmp_path)
    assert [str(question.anchors[0]) for question in found.questions] == ["a.py:3-4", "a.py:3-4"]
    assert told == [
        "a.py is not the version that was read",
        "a.py:1-2 is now a.py:3-4",
        "a.py:1-1 no longer says 'twice'",
        "left out: a.py:1?",
        "b.py:1-1 no longer says 'x'",
        "left out: b.py:1?",
    ]


def test_an_archive_is_unpacked_within_its_folder_and_without_links(exam: ModuleType, tmp_path: Path) -> None:
    from archives import unpacked

    file = tmp_path / "hostile-1.0.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        for name in ("h/good.py", "../out.py", "h/../../out.py", "/tmp/exam-out.py"):
            member = tarfile.TarInfo(name)
            member.size = 2
            archive.addfile(member, io.BytesIO(b"1\n"))
        link = tarfile.TarInfo("h/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    unpacked(file, tmp_path / "in" / "tree")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file() or path.is_symlink()] == [
        file.name,
        "good.py",
    ]
    assert not Path("/tmp/exam-out.py").exists()


def test_grep_reads_the_file_with_most_words_first_or_the_lines_around_a_match(
    exam: ModuleType, tmp_path: Path
) -> None:
    from arms import Grep, Readme

    (tmp_path / "README.md").write_text("about retries\n")
    (tmp_path / "long.py").write_text("x = 1\n" * 400 + "retries = 3  # decided here\n")
    (tmp_path / "PKG-INFO").write_text("retries decided\n")
    question = exam.Question("where", "Where are retries decided?", "", (exam.Lines.read("long.py:401"),))
    found = Grep(tmp_path, len).ask(question)
    assert found.seen == ("long.py", "README.md")
    assert (found.rank, found.tokens < 200) == (1, True)
    assert Readme(tmp_path, "README.md", len).ask(question).rank == 0


def test_a_sheet_is_marked_by_its_lines_unless_a_person_decided(
    exam: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sheets

    paper = exam.read_paper(exam.papers()["yamllint"])
    monkeypatch.setattr(sheets, "fetched", lambda repository, cache: (tmp_path, []))
    monkeypatch.setattr(sheets, "check", lambda paper, tree: (paper, []))
    sheet = sheets._sheet(paper, "wiki")
    anchor = str(paper.questions[0].anchors[0])
    sheet["answers"][0].update(answer="a linter", lines=[anchor], tokens=200)
    sheet["answers"][1].update(answer="guessed", lines=["setup.py:1-2"])
    sheet["answers"][2].update(answer="in other words", lines=[], right=True)
    sheet["answers"][3].update(answer="wrong words", lines=[str(paper.questions[3].anchors[0])], right=False)
    file = tmp_path / "answers.json"
    file.write_text(json.dumps(sheet))
    lines = list(sheets.marked([file], tmp_path))
    assert lines[-1] == "| yamllint | wiki | 2 of 20 | 10 |"
    assert [line[:5] for line in lines[1:14:3]] == ["right", "WRONG", "right", "WRONG", "WRONG"]


@pytest.mark.slow
def test_the_mechanical_part_holds_its_thresholds(tmp_path: Path) -> None:
    """On yamllint from PyPI. Where that cannot be had, nothing is tested: CI fails then, anybody else is warned."""
    kept = os.environ.get("GARDENER_TEST_CACHE")
    cache = Path(kept) / "exam" if kept else tmp_path
    done = subprocess.run(
        [sys.executable, str(EXAM / "exam.py"), "yamllint", "--json", "--cache", str(cache)],
        capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip
    if "NOT HELD" in done.stderr:
        said = f"THE READER'S EXAM WAS {done.stderr.strip()}"
        if os.environ.get("CI"):
            pytest.fail(said)
        warnings.warn(said, stacklevel=1)
        pytest.skip(said)
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)["repositories"][0]
    assert row["told"] == []
    assert len(row["questions"]) == 20
    short = {what: row[what] for what, least in THRESHOLDS.items() if row[what] < least}
    assert not short, f"fewer than {THRESHOLDS}: {short}"
    assert row["tokens"]["wiki"] <= 0.5 * row["tokens"]["grep"]
