"""Files that others have made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codebase_gardener.utils.files import read_json
from codebase_gardener.utils.foreign_files import LFS_POINTER, refusal

POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)


def test_what_would_hang_or_is_not_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plain.json").write_text("{}")
    os.mkfifo(tmp_path / "fifo.json")
    (tmp_path / "pointer.safetensors").write_text(POINTER)
    (tmp_path / "deep.json").write_text("[" * 100_000 + "]" * 100_000)
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "loop.json").symlink_to(tmp_path / "loop.json")
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "linked.json").symlink_to(tmp_path / "plain.json")
    assert refusal(tmp_path / "plain.json") == refusal(tmp_path / "linked.json") == ""
    assert refusal(tmp_path / "missing.json") == ""
    assert refusal(tmp_path / "fifo.json") == refusal(tmp_path / "folder.json") == "it is no regular file"
    assert refusal(Path("/dev/zero")) == "it is no regular file"
    assert refusal(tmp_path / "pointer.safetensors") == LFS_POINTER
    assert "nested too deep" in refusal(tmp_path / "deep.json")
    assert refusal(tmp_path / "loop.json")
    assert "link to nothing" in refusal(tmp_path / "gone.json")
    with pytest.raises(OSError, match="no regular file"):
        read_json(tmp_path / "fifo.json")
    with pytest.raises(ValueError, match="nested too deep"):
        read_json(tmp_path / "deep.json")
