"""Links of documents, judged where they lie, and written anew where what they mean is certain."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.claims import ClaimsReport, verify_claims


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    (root / "docs/guide").mkdir(parents=True)
    (root / "src").mkdir()
    (root / "src/store.py").write_text("def load(path):\n    return path\n")
    (root / "docs/guide/start.md").write_text("# Start\n\n## Set up\n")
    (root / "docs/logo.png").write_bytes(b"\x89PNG\0")
    (root / "README.md").write_text("# R\n")
    return root


def judged(folder: Path, text: str, *, fix: bool = False, since: str | None = None) -> ClaimsReport:
    (folder / "docs/a.md").write_text(text)
    settings = Settings(home=folder.parent / "home")
    return verify_claims(settings, [folder / "docs/a.md"], str(folder), fix=fix, since=since)


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    subprocess.run(["git", *who, *words], cwd=folder, check=True)


@pytest.mark.parametrize(
    "link",
    [
        "guide/start.md#set-up", "../src/store.py#L1-L2", "logo.png", "guide/", "..", "../../issues", "/src/store.py",
        "guide/start", "guide/start.html", "../guide/start/", "#own", "guide\\start.md", "../README.md?plain=1#r",
        "/en/page",
    ],
)  # fmt: skip
def test_what_leads_somewhere_or_cannot_be_known(folder: Path, link: str) -> None:
    assert judged(folder, f"# Own\n\n[x]({link})\n").ok


@pytest.mark.parametrize(
    ("link", "note"),
    [
        ("nothing.md", "no file docs/nothing.md"),
        ("guide/start.md#setup", "no heading of docs/guide/start.md makes #setup"),
        ("#no-such", "no heading of this document"), ("../src/gone.py#L3", "no file src/gone.py"),
        ("a%00b.md", "no file"), ("n" * 900, "no file"), ("../lib/README.md", "no file lib/README.md"),
    ],
)  # fmt: skip
def test_what_leads_nowhere_is_left_with_its_reason(folder: Path, link: str, note: str) -> None:
    text = f"# Own\n\n[x]({link})\n"
    report = judged(folder, text, fix=True)
    assert [(v.verdict, v.note.startswith(note), bool(v.doubt)) for v in report.failed] == [
        ("gone", True, True)
    ]
    assert (folder / "docs/a.md").read_text() == text


@pytest.mark.parametrize(
    ("link", "made"),
    [
        ("[x](start.md#set-up)", "[x](guide/start.md#set-up)"), ("![x](<img/logo.png> 'T')", "![x](<logo.png> 'T')"),
        ("[x](./store.py?plain=1)", "[x](../src/store.py?plain=1)"), ("[x]: old/start.md", "[x]: guide/start.md"),
        ('<img src="img/logo.png">', '<img src="logo.png">'), ("[x](Guide/Start.md)", "[x](guide/start.md)"),
    ],
)  # fmt: skip
def test_a_file_of_the_same_name_is_written(folder: Path, link: str, made: str) -> None:
    assert judged(folder, f"{link}\r\n", fix=True).ok
    assert (folder / "docs/a.md").read_bytes().decode() == f"{made}\r\n"


def test_of_two_files_of_the_name_none_is_written(folder: Path) -> None:
    (folder / "docs/start.md").write_text("# Other\n")
    report = judged(folder, "[x](old/start.md)\n", fix=True)
    assert [v.doubt.partition(":")[0] for v in report.failed] == ["2 files have that name"]


def test_a_moved_file_without_the_heading_is_not_written(folder: Path) -> None:
    text = "[x](old/start.md#gone)\n"
    report = judged(folder, text, fix=True)
    assert [v.doubt for v in report.failed] == ["the claim would not be exact afterwards"]
    assert (folder / "docs/a.md").read_text() == text


def test_a_rename_that_git_knows_is_written(folder: Path) -> None:
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    git(folder, "mv", "docs/guide/start.md", "docs/first steps.md")
    git(folder, "commit", "-qm", "second")
    assert judged(folder, "[x](guide/start.md#set-up)\n", fix=True).ok
    assert (folder / "docs/a.md").read_text() == "[x](first%20steps.md#set-up)\n"


def test_since_counts_a_heading_that_was_renamed_and_a_file_that_is_gone(folder: Path) -> None:
    text = "[x](guide/start.md#set-up)\n\n[y](../src/store.py)\n\n[z](never.md)\n"
    (folder / "docs/a.md").write_text(text)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    assert judged(folder, text, since="HEAD").ok
    (folder / "docs/guide/start.md").write_text("# Start\n\n## Begin\n")
    (folder / "src/store.py").unlink()
    assert [v.path for v in judged(folder, text, since="HEAD").failed] == [
        "guide/start.md#set-up",
        "../src/store.py",
    ]


@pytest.mark.parametrize(
    "link", ["[[start]]", "[[Start#Set up]]", "[[guide/start|shown]]", "[[shown|start]]", "[[#Own]]"]
)
def test_links_of_a_wiki_of_documents(folder: Path, link: str) -> None:
    assert judged(folder, f"# Own\n\n{link}\n").ok


@pytest.mark.parametrize("link", ["[[Nowhere]]", "[[start#Setup]]", "[[other/start]]", "[[#Other]]"])
def test_links_of_a_wiki_of_documents_that_lead_nowhere(folder: Path, link: str) -> None:
    assert not judged(folder, f"# Own\n\n{link}\n").ok


def test_links_to_pages_of_a_wiki_beside(folder: Path) -> None:
    assert judged(folder, "[[step::Principle:o_r_Load]]\n").verdicts == ()  # no wiki is known
    (folder / "wiki/principles").mkdir(parents=True)
    (folder / "wiki/principles/o_r_Load.md").write_text("# Load\n")
    text = "[[step::Principle:o_r_Load]] [[Workflow:o_r_Load]] [[Principle:o_r_Lod]]\n"
    report = judged(folder, text, fix=True)
    assert [v.doubt for v in report.failed] == ["the nearest is Principle:o_r_Load"]
    assert (folder / "docs/a.md").read_text() == (
        "[[step::Principle:o_r_Load]] [[Principle:o_r_Load]] [[Principle:o_r_Lod]]\n"
    )


def test_a_link_with_lines_is_read_from_its_document(folder: Path) -> None:
    (folder / "docs/store.py").write_text("x = 1\n\n\ndef load(path):\n    return path\n")
    assert judged(folder, "[`load`](../src/store.py#L1-L2) and [guide](guide/start.md)\n").ok
