from __future__ import annotations

import os
from pathlib import Path

import pytest

from codebase_gardener.repository.snapshot import take_snapshot

from .conftest import write
from .test_snapshot import reasons


def paths(root: Path) -> list[str]:
    return [file.path for file in take_snapshot(str(root)).files]


def test_gitignore_is_honoured_at_every_level(tmp_path: Path) -> None:
    write(tmp_path, ".gitignore", "*.log\n/only_here.py\nbuilt/\n!keep.log\n")
    write(tmp_path, "sub/.gitignore", "secret.py\n!special.log\n/anchored.py\n")
    for path in (
        "a.py", "a.log", "keep.log", "only_here.py", "sub/only_here.py", "built/x.py", "sub/built/y.py",
        "sub/secret.py", "secret.py", "sub/special.log", "sub/deep/secret.py", "sub/anchored.py",
        "sub/deep/anchored.py",
    ):  # fmt: skip
        write(tmp_path, path)
    assert paths(tmp_path) == [
        ".gitignore", "a.py", "keep.log", "secret.py", "sub/.gitignore", "sub/deep/anchored.py",
        "sub/only_here.py", "sub/special.log",
    ]  # fmt: skip


def test_a_malformed_or_hostile_gitignore_ignores_nothing(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    write(tmp_path, "one/.gitignore", b"\xff\xfe[[[\n*.tmp\n")
    write(tmp_path, "one/a.py")
    (tmp_path / "two").mkdir()
    os.mkfifo(tmp_path / "two/.gitignore")
    write(tmp_path, "two/a.py")
    assert {"a.py", "one/a.py", "two/a.py"} <= set(paths(tmp_path))


def test_tools_directories_are_not_entered(tmp_path: Path) -> None:
    for folder in (".venv", "node_modules", "__pycache__", ".hg", ".mypy_cache", "sub/dist"):
        write(tmp_path, f"{folder}/a.py")
    write(tmp_path, "env/pyvenv.cfg")
    write(tmp_path, "env/lib/a.py")
    write(tmp_path, "a.py")
    assert paths(tmp_path) == ["a.py"]
    assert reasons(take_snapshot(str(tmp_path)))["env/"] == "virtual environment directory"


def test_links_are_never_followed(tmp_path: Path) -> None:
    write(tmp_path, "outside/passwd.py", "secret = 1\n")
    root = tmp_path / "root"
    write(root, "real/a.py")
    (root / "inside.py").symlink_to("real/a.py")
    (root / "outside.py").symlink_to(tmp_path / "outside/passwd.py")
    (root / "parent.py").symlink_to("../outside/passwd.py")
    (root / "folder").symlink_to(tmp_path / "outside")
    (root / "loop").symlink_to("loop")
    (root / "up").symlink_to(".")
    taken = take_snapshot(str(root))
    assert [file.path for file in taken.files] == ["real/a.py"]
    assert reasons(taken) == {
        "inside.py": "a link to a file that is in the tree",
        "outside.py": "a link that leaves the repository",
        "parent.py": "a link that leaves the repository",
        "folder": "a link that leaves the repository",
        "loop": "a link that leads nowhere",
        "up": "a link to a file that is in the tree",
    }


def test_pipes_and_sockets_do_not_block(tmp_path: Path) -> None:
    import socket

    write(tmp_path, "a.py")
    os.mkfifo(tmp_path / "pipe.py")
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(tmp_path)
        server.bind("socket.py")
        taken = take_snapshot(str(tmp_path))
    assert reasons(taken) == {
        "pipe.py": "not a regular file: FIFO",
        "socket.py": "not a regular file: socket",
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files_and_folders_are_named(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    write(tmp_path, "b.py").chmod(0)
    write(tmp_path, "c/d.py")
    (tmp_path / "c").chmod(0)
    found = reasons(take_snapshot(str(tmp_path)))
    (tmp_path / "c").chmod(0o755)
    assert found == {"b.py": "cannot be read: Permission denied", "c/": "cannot be read: Permission denied"}


def test_odd_names(tmp_path: Path) -> None:
    for name in ("-rf.py", "with space.py", "größe.py", "new\nline.py", "bell\x07.py", "right\u202eleft.py"):
        write(tmp_path, name)
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/odd\xff.py"))).write_text("x = 1\n")
    taken = take_snapshot(str(tmp_path))
    assert [file.path for file in taken.files] == ["-rf.py", "größe.py", "with space.py"]
    assert reasons(taken) == {
        "new\\nline.py": "a name with a control character",
        "bell\\x07.py": "a name with a control character",
        "right\\u202eleft.py": "a name with a control character",
        "odd\\udcff.py": "a name that is not UTF-8",
    }
