from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from codebase_gardener.repository import archive as module
from codebase_gardener.repository.snapshot import take_snapshot
from codebase_gardener.utils.error_handling import InvalidInputError, SourceError

from .test_snapshot import reasons

COMPRESS = {
    ".tar.gz": gzip.compress,
    ".tgz": gzip.compress,
    ".tar.bz2": bz2.compress,
    ".tar.xz": lzma.compress,
}


def tar(path: Path, members: list[tuple[tarfile.TarInfo | str, bytes]]) -> str:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for member, content in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            info.size = len(content) if info.isreg() else 0
            archive.addfile(info, io.BytesIO(content))
    ending = next(e for e in COMPRESS if path.name.endswith(e))
    path.write_bytes(COMPRESS[ending](raw.getvalue()))
    return str(path)


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("ending", COMPRESS)
def test_tar_archives(tmp_path: Path, ending: str) -> None:
    info = tarfile.TarInfo("pkg-1.0/b.py")
    info.mtime = 86_400
    source = tar(tmp_path / f"pkg-1.0{ending}", [("pkg-1.0/sub/a.py", b"a = 1\n"), (info, b"b = 1\n")])
    taken = take_snapshot(source)
    assert [(file.path, file.text) for file in taken.files] == [("b.py", "b = 1\n"), ("sub/a.py", "a = 1\n")]
    assert (taken.kind, taken.commit, taken.dirty, taken.source) == ("sdist", None, False, source)
    assert taken.date == "1970-01-02T00:00:00+00:00"


@pytest.mark.parametrize("ending", [".zip", ".whl"])
def test_zip_archives(tmp_path: Path, ending: str) -> None:
    with zipfile.ZipFile(tmp_path / f"x{ending}", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pkg/a.py", "a = 1\n")
        archive.writestr("pkg-1.0.dist-info/METADATA", "Name: pkg\n")
    taken = take_snapshot(str(tmp_path / f"x{ending}"))
    assert [file.path for file in taken.files] == ["pkg/a.py"]
    assert reasons(taken) == {"pkg-1.0.dist-info/": "generated: package metadata, 1 file"}


def test_an_archive_and_its_directory_have_the_same_id(tmp_path: Path) -> None:
    (tmp_path / "pkg-1").mkdir()
    (tmp_path / "pkg-1/a.py").write_text("x = 1\n")
    source = tar(tmp_path / "pkg-1.tar.gz", [("pkg-1/a.py", b"x = 1\n")])
    assert take_snapshot(source).id == take_snapshot(str(tmp_path / "pkg-1")).id


def test_hostile_members(tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    source = tar(
        tmp_path / "evil.tar.gz",
        [
            ("top/a.py", b"x = 1\n"),
            ("../escape.py", b"x = 1\n"),
            ("/tmp/absolute.py", b"x = 1\n"),
            ("top/../../escape2.py", b"x = 1\n"),
            (special("top/passwd.py", tarfile.SYMTYPE, "/etc/passwd"), b""),
            (special("top/hard.py", tarfile.LNKTYPE, "/etc/passwd"), b""),
            (special("top/pipe.py", tarfile.FIFOTYPE), b""),
            (special("top/null.py", tarfile.CHRTYPE), b""),
            ("top/new\nline.py", b"x = 1\n"),
        ],
    )
    taken = take_snapshot(source)
    assert [file.path for file in taken.files] == ["top/a.py"] or [file.path for file in taken.files] == [
        "a.py"
    ]
    found = sorted(reasons(taken).values())
    assert found.count("a name that leads out of the repository") == 3
    assert found.count("a link in an archive: not followed") == 2
    assert found.count("not a regular file: device or FIFO") == 2
    assert found.count("a name with a control character") == 1
    assert set(tmp_path.iterdir()) - before == {Path(source)}
    assert not (tmp_path.parent / "escape.py").exists()


def test_hostile_zip_members(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("top/passwd.py")
    link.external_attr = 0o120777 << 16
    liar = zipfile.ZipInfo("top/liar.py")
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("top/a.py", "x = 1\n")
        archive.writestr("../slip.py", "x = 1\n")
        archive.writestr(link, "/etc/passwd")
        archive.writestr(liar, "y" * 3000)
    data = (tmp_path / "x.zip").read_bytes()
    (tmp_path / "x.zip").write_bytes(data.replace((3000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    taken = take_snapshot(str(tmp_path / "x.zip"))
    assert "top/liar.py" in reasons(taken) or "liar.py" in reasons(taken)
    assert "a link in an archive: not followed" in reasons(taken).values()
    assert reasons(taken)["../slip.py"] == "a name that leads out of the repository"
    assert [file.text for file in taken.files] == ["x = 1\n"]


def test_encrypted_members_are_left_out(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.py", "x = 1\n")
        archive.writestr("b.py", "x = 1\n")
    data = bytearray((tmp_path / "x.zip").read_bytes())
    second = data.rindex(b"PK\x01\x02")
    data[second + 8] |= 1
    (tmp_path / "x.zip").write_bytes(data)
    assert reasons(take_snapshot(str(tmp_path / "x.zip"))) == {"b.py": "encrypted"}


def test_the_last_member_of_a_name_wins(tmp_path: Path) -> None:
    source = tar(tmp_path / "x.tar.gz", [("t/a.py", b"old = 1\n"), ("t/b.py", b""), ("t/a.py", b"new = 1\n")])
    assert [file.text for file in take_snapshot(source).files] == ["new = 1\n", ""]


def test_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MEMBERS", 2)
    source = tar(tmp_path / "x.tar.gz", [(f"t/{i}.py", b"") for i in range(3)])
    with pytest.raises(SourceError, match="3 members") as caught:
        take_snapshot(source)
    assert "unpack it" in caught.value.hint


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    info = tarfile.TarInfo("t/zeros.py")
    info.size = 2**40
    (tmp_path / "x.tar.gz").write_bytes(gzip.compress(info.tobuf() + b"\0" * 10_000_000))
    with pytest.raises(SourceError, match="1,099,511,627,776 bytes"):
        take_snapshot(str(tmp_path / "x.tar.gz"))


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
def test_a_name_of_a_gigabyte_is_refused_before_it_is_read(tmp_path: Path, kind: bytes) -> None:
    info = special("t/name", kind)
    info.size = 2**30
    (tmp_path / "x.tar.gz").write_bytes(gzip.compress(info.tobuf() + b"\0" * 100_000))
    with pytest.raises(SourceError, match="one header"):
        take_snapshot(str(tmp_path / "x.tar.gz"))


@pytest.mark.parametrize("name", ["x.tar.gz", "x.tgz", "x.tar.bz2", "x.tar.xz", "x.zip", "x.whl"])
@pytest.mark.parametrize("content", [b"", b"not an archive", "truncated"])
def test_damaged_archives(tmp_path: Path, name: str, content: bytes | str) -> None:
    if content == "truncated":
        if name.endswith((".zip", ".whl")):
            with zipfile.ZipFile(tmp_path / name, "w") as archive:
                archive.writestr("a.py", os.urandom(5000).hex())
        else:
            tar(tmp_path / name, [("t/a.py", os.urandom(5000).hex().encode())])
        content = (tmp_path / name).read_bytes()[:3000]
    assert isinstance(content, bytes)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=r"cannot be read as an archive|is empty"):
        take_snapshot(str(tmp_path / name))


def test_a_damaged_member_is_left_out(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.py", "a = 1234567\n")
        archive.writestr("b.py", "b = 1\n")
    data = (tmp_path / "x.zip").read_bytes().replace(b"1234567", b"7654321")
    (tmp_path / "x.zip").write_bytes(data)
    taken = take_snapshot(str(tmp_path / "x.zip"))
    assert [file.path for file in taken.files] == ["b.py"]
    assert reasons(taken)["a.py"].startswith("cannot be read: Bad CRC-32")


def test_archives_have_no_revisions(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="no revisions"):
        take_snapshot(tar(tmp_path / "x.tar.gz", [("t/a.py", b"")]), revision="main")
