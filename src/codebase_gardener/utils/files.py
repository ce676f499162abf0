"""Files that are whole or absent: atomic writes, published directories, locks, hashes.

What they make is its owner's alone (`PRIVATE_FILE`, `make_folder`), but for folders that a user asks for.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from codebase_gardener.utils.error_handling import ConflictError, ResourceError

__all__ = [
    "MANIFEST",
    "PRIVATE_FILE",
    "AlreadyPublishedError",
    "FileLock",
    "append_line",
    "fsync_dir",
    "is_published",
    "make_folder",
    "make_private",
    "out_of_room",
    "publish_dir",
    "read_json",
    "remove_tree",
    "rewrite",
    "seal_dir",
    "sha256_file",
    "sha256_text",
    "staging",
    "tree_bytes",
    "write_atomic",
    "write_json",
    "writing",
]

MANIFEST = "manifest.json"
PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
_NO_PLACE = {errno.ENAMETOOLONG, errno.ENOTDIR, errno.ELOOP}
_OUT_OF_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, *_READ_ONLY, *_NO_PLACE}
_FULL = (
    "No space left",
    "os error 28",
    "File too large",
    "database or disk is full",
    "Disk quota exceeded",
    "unexpected pos",
    " requested and ",
)
"""How Python, Rust, SQLite, the kernel, torch (of a file that it could not go on with) and numpy call a full disk."""


class AlreadyPublishedError(ConflictError, FileExistsError):
    """Something is published there already, perhaps just now by another process."""


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_text(text: str) -> str:
    """Hex SHA-256 of a text's UTF-8 bytes (lone surrogates included)."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn "disk full" and "not allowed" while writing at `path` into a ResourceError.

    Raises:
        ResourceError: With the path, the free space, and what to do.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _OUT_OF_ROOM and not any(sign in str(error) for sign in _FULL):
            raise
        raise ResourceError(
            f"cannot write {path}: {error.strerror or error}",
            hint="free some space, or set CODEBASE_GARDENER_HOME to a folder that can be written",
            context={"path": str(path), "free_bytes": _free_bytes(path)},
        ) from error


def out_of_room(error: BaseException) -> ResourceError | None:
    """An error of any library as what it is where a full disk, a place that cannot be written or memory is behind it.

    safetensors, torch and SQLite have errors and words of their own for a full disk.

    Args:
        error: Whatever was raised.
    """
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, ResourceError):
            return behind
        words = str(behind)
        if isinstance(behind, MemoryError):
            return ResourceError("the memory ran out", hint="close other programs, or give the work less")
        if (isinstance(behind, OSError) and behind.errno in {*_OUT_OF_ROOM, errno.EEXIST}) or any(
            sign in words for sign in _FULL
        ):
            named = (
                behind.filename
                if isinstance(behind, OSError) and behind.filename
                else "what was to be written"
            )
            reason = (behind.strerror if isinstance(behind, OSError) else "") or words.splitlines()[0]
            return ResourceError(
                f"{named}: {reason}",
                hint="free some space, or use a place that can be read and written (CODEBASE_GARDENER_HOME)",
            )
        behind = behind.__cause__ or behind.__context__
    return None


def _free_bytes(path: Path) -> int | None:
    existing = next((p for p in (path, *path.parents) if p.exists()), None)
    return shutil.disk_usage(existing).free if existing else None


def fsync_dir(directory: Path) -> None:
    """Make renames within `directory` survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder with those above it that are missing, for their owner alone.

    Raises:
        ResourceError: One of them cannot be made: a file is in the way, it is not allowed, the name is too long …
    """
    if os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir raises for a name that is too long
        return
    make_folder(folder.parent)
    try:
        folder.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
    except OSError as error:
        raise ResourceError(
            f"the folder {folder} cannot be made: {error.strerror}",
            hint="name a place where folders can be made; for the home, CODEBASE_GARDENER_HOME",
            context={"path": str(folder)},
        ) from error


def make_private(folder: Path) -> None:
    """Make what others have written below a folder its owner's alone, whatever the umask was."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(_PRIVATE_FOLDER if path.is_dir() else PRIVATE_FILE)


def append_line(path: Path, line: str) -> None:
    """Append a line in a single write: readers see all of it or nothing, whoever else appends.

    Raises:
        ResourceError: The disk is full or the file cannot be written.
    """
    with writing(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            os.write(descriptor, (line + "\n").encode("utf-8", "replace"))
        finally:
            os.close(descriptor)


def write_atomic(path: Path, data: bytes | str, *, mode: int = PRIVATE_FILE) -> None:
    """Write a file so that a reader sees the old content or the new, never a part.

    Args:
        path: Where; the folders above it are made.
        data: All that it holds then.
        mode: Who may read and write it.

    Raises:
        ResourceError: The disk is full or the folder cannot be written; nothing is left behind.
    """
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    with writing(path):
        make_folder(path.parent)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(raw)
                os.fchmod(file.fileno(), mode)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        fsync_dir(path.parent)


def rewrite(path: Path, old: bytes, new: bytes) -> bool:
    """Replace what a user's file holds, as a whole: its mode stays, and a link stays one.

    Returns:
        Whether it was done: not where the file does not hold `old` any more.

    Raises:
        ResourceError: It is not allowed, or the disk is full; the file is as it was.
    """
    file = path.resolve()
    with writing(path):
        if not os.access(file, os.W_OK):
            raise PermissionError(errno.EACCES, "it may not be written", str(path))
        if file.read_bytes() != old:
            return False
        write_atomic(file, new, mode=stat.S_IMODE(file.stat().st_mode))
    return True


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, atomically."""
    write_atomic(path, json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file (UTF-8).

    Raises:
        OSError: It cannot be read, or is a FIFO or device, which would block.
        ValueError: It is no JSON, or nested too deep.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        raw = file.read()
    try:
        return json.loads(raw.decode("utf-8", "surrogatepass"))
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


@contextmanager
def staging(target: Path) -> Iterator[Path]:
    """An empty directory beside `target`, to be filled and published; what is left of it at the end is removed.

    Raises:
        ResourceError: The disk is full or the place cannot be written.
    """
    with writing(target):
        make_folder(target.parent)
        try:
            staged = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        except FileNotFoundError as error:  # such as below /proc
            raise ResourceError(f"nothing can be written at {target}", hint="name another place") from error
    try:
        yield staged
    except FileNotFoundError as error:
        if staged.is_dir():
            raise
        raise _deleted_meanwhile(target) from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _deleted_meanwhile(path: Path) -> ConflictError:
    return ConflictError(
        f"{path} was deleted while it was written", hint="do it again, if it is still wanted"
    )


def publish_dir(staged: Path, target: Path, *, private: bool = True) -> dict[str, Any]:
    """Move a finished directory into place: fsync its files, manifest last, rename, fsync the parent.

    Args:
        staged: The directory to publish, on the same file system as `target`.
        target: Where it goes; must not exist.
        private: Whether it is for its owner alone; else its files are for whom the folder is, by the user's umask.

    Returns:
        The manifest: `{"files": {relative path: {"bytes": …, "sha256": …}}}`.

    Raises:
        AlreadyPublishedError: `target` exists: a published directory never changes.
        ResourceError: The disk is full or the place cannot be written.
    """
    if target.exists():
        raise _already(target)
    with writing(target):
        manifest = seal_dir(staged)
        if private:
            make_private(staged)
            make_folder(target.parent)
        else:
            _open_as(staged, staged.stat().st_mode)
        try:
            os.rename(staged, target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            raise _already(target) from error  # another process was faster
        fsync_dir(target.parent)
    return manifest


def _open_as(directory: Path, mode: int) -> None:
    for path in directory.rglob("*"):
        path.chmod(mode & (0o777 if path.is_dir() else 0o666))


def _already(target: Path) -> AlreadyPublishedError:
    return AlreadyPublishedError(
        f"{target} is published already", hint="name another place, or delete what is there first"
    )


def seal_dir(directory: Path) -> dict[str, Any]:
    """Fsync a directory's files, then write their sizes and hashes into its manifest, which it returns."""
    files = sorted(p for p in directory.rglob("*") if p.is_file() and p.name != MANIFEST)
    manifest = {
        "files": {
            p.relative_to(directory).as_posix(): {"bytes": p.stat().st_size, "sha256": sha256_file(p)}
            for p in files
        }
    }
    for path in files:
        with path.open("rb") as file:
            os.fsync(file.fileno())
    write_json(directory / MANIFEST, manifest)
    return manifest


def is_published(directory: Path, *, check_hashes: bool = False) -> bool:
    """Whether every file of the directory's manifest is there with its size (and hash, if asked)."""
    try:
        files = read_json(directory / MANIFEST)["files"].items()
        return bool(files) and all(_matches(directory / name, entry, check_hashes) for name, entry in files)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False


def _matches(path: Path, entry: dict[str, Any], check_hash: bool) -> bool:
    if not path.is_file() or path.stat().st_size != entry["bytes"]:
        return False
    return not check_hash or sha256_file(path) == entry["sha256"]


def tree_bytes(directory: Path) -> int:
    """Sum of the sizes of all files below a directory, in bytes; links are not followed."""
    return sum(p.lstat().st_size for p in directory.rglob("*") if not p.is_dir())


def remove_tree(directory: Path, trash: Path) -> None:
    """Remove a directory at once for every reader: rename into `trash`, then delete there."""
    if not directory.exists():
        return
    with writing(trash):
        make_folder(trash)
        doomed = Path(tempfile.mkdtemp(prefix=f"{directory.name}.", dir=trash))
        os.rename(directory, doomed / "tree")
    shutil.rmtree(doomed)


class FileLock:
    """An advisory lock on a file (flock): freed by the kernel when its last holder ends.

    The descriptor can be handed to a child process, which then holds the same lock.

    Example:
        >>> import tempfile
        >>> lock = FileLock(Path(tempfile.mkdtemp()) / "lock")
        >>> lock.acquire(), lock.held, lock.release()
        (True, True, None)
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    @property
    def descriptor(self) -> int:
        """The open descriptor, to hand down to a child."""
        if self._descriptor is None:
            raise RuntimeError(f"{self.path} is not locked by this object")
        return self._descriptor

    def acquire(self, *, shared: bool = False, blocking: bool = False) -> bool:
        """Take the lock. Returns False where another holds it and `blocking` is False.

        Where nothing can be written, a shared lock of a file that is not there is as good as taken: nobody changes
        what it would protect.
        """
        try:
            with writing(self.path):
                make_folder(self.path.parent)
                descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        except ResourceError as error:
            if not shared or getattr(error.__cause__, "errno", None) not in _READ_ONLY:
                raise
            if not self.path.exists():
                return True
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        flags = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if blocking else fcntl.LOCK_NB)
        try:
            fcntl.flock(descriptor, flags)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Close this object's descriptor; a child that inherited it still holds the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> FileLock:
        self.acquire(blocking=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    @classmethod
    def is_free(cls, path: Path, *, shared: bool = False) -> bool:
        """Whether nobody holds the lock at `path` now; `shared`: whether nobody holds it alone."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True
