"""Files that others have made, looked at before anything reads them."""

from __future__ import annotations

import stat
from pathlib import Path

from codebase_gardener.utils.files import read_json

__all__ = ["LFS_POINTER", "is_lfs_pointer", "refusal"]

LFS_POINTER = "it is a pointer of Git LFS, not the file itself: run `git lfs pull` where it was cloned"
_POINTER_BYTES = 1024
_JSON_BYTES = 1 << 22  # configs; a vocabulary is larger, and what reads it limits its depth itself


def is_lfs_pointer(text: str) -> bool:
    """Whether a file's text is what Git LFS leaves in its place (git-lfs' docs/spec.md)."""
    return len(text) < _POINTER_BYTES and text.startswith("version https://git-lfs.github.com/spec/")


def refusal(file: Path) -> str:
    """Why a file must not be read, or "": a FIFO or device, which blocks for ever, a pointer, JSON nested too deep.

    One that is not there is refused by whoever needs it.
    """
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            return "it is no regular file"
        if status.st_size < _POINTER_BYTES and is_lfs_pointer(file.read_bytes().decode("utf-8", "replace")):
            return LFS_POINTER
        if file.suffix == ".json" and status.st_size < _JSON_BYTES:
            read_json(file)
    except FileNotFoundError:
        return "" if not file.is_symlink() else "it is a link to nothing"
    except (OSError, ValueError) as error:
        return f"it cannot be read: {error}"
    return ""
