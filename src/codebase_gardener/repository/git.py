"""Running git on a repository that a stranger made: nothing that its configuration names is ever executed.

Only plumbing that applies no filter, hook, pager, signature check or textconv is used: `rev-parse`, `ls-files`,
`ls-tree`, `cat-file`, and `clone --bare`. What could still run a program (fsmonitor, hooks, a lazy fetch
through `core.sshCommand` or `remote.*.uploadpack`) is switched off by options and environment, which outrank
every file.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from codebase_gardener.utils.error_handling import SourceError, retry_with_backoff

__all__ = ["GitError", "GitRepository", "clone", "find_repository"]

_SAFE = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.untrackedCache=false",
    "protocol.ext.allow=never",
    "safe.directory=*",
    "submodule.recurse=false",
)
_OPTIONS = ("--no-pager", *(word for setting in _SAFE for word in ("-c", setting)))
_PLAIN = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1"}
# GIT_ALLOW_PROTOCOL outranks the repository's configuration: with no protocol a missing object is an error,
# where a partial clone would run whatever its remote names (GIT_NO_LAZY_FETCH needs git 2.45).
_OFFLINE = _PLAIN | {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_CONFIG_NOSYSTEM": "1"}
_ONLINE = _PLAIN | {"GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file"}
_KEPT_ONLINE = ("GIT_SSH", "GIT_SSL", "GIT_ASKPASS", "GIT_CONFIG", "GIT_PROXY", "GIT_HTTP", "GIT_CURL")
_SLOW = ("-c", "http.lowSpeedLimit=100", "-c", "http.lowSpeedTime=60")


class GitError(SourceError):
    """git could not do it; the message ends with git's own words."""


class _UnreachedError(GitError):
    """The other side could not be reached, or broke off: it may do so no more in a moment."""


_UNREACHED = (
    b"Could not resolve host",
    b"Failed to connect",
    b"Connection timed out",
    b"Connection reset",
    b"Operation timed out",
    b"early EOF",
    b"unexpected disconnect",
    b"returned error: 50",
    b"returned error: 429",
)
"""git's and curl's words; git runs with LC_ALL=C."""


@dataclass(frozen=True)
class GitRepository:
    """A git directory, and the work tree that belongs to it (None for a bare one)."""

    git_dir: Path
    work_tree: Path | None = None

    def run(self, *arguments: str) -> bytes:
        """The output of a git command.

        Raises:
            GitError: It failed.
        """
        done = subprocess.run(
            self._command(arguments), cwd=self._folder, env=_environment(_OFFLINE, ()),
            stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise GitError(_message(f"git {arguments[0]} failed in {self._folder}", done.stderr))
        return done.stdout

    @contextmanager
    def talk(self, *arguments: str) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """Start a git command and yield its stdin and stdout; it is ended with the block."""
        process = subprocess.Popen(
            self._command(arguments), cwd=self._folder, env=_environment(_OFFLINE, ()),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
        try:
            yield process.stdin, process.stdout
        finally:
            process.kill()
            process.communicate()

    @property
    def _folder(self) -> Path:
        return self.work_tree or self.git_dir

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        where = [f"--git-dir={self.git_dir}"]
        if self.work_tree:
            where.append(f"--work-tree={self.work_tree}")
        return [_git(), *_OPTIONS, *where, *arguments]


def find_repository(folder: Path) -> GitRepository | None:
    """The repository that a resolved directory is, or is in, else None.

    Found by looking, not by asking git: `core.worktree` of a hostile repository could name any directory.
    """
    if _is_git_dir(folder):
        return GitRepository(folder)
    for candidate in (folder, *folder.parents):
        git_dir = _git_dir(candidate / ".git")
        if git_dir and _is_git_dir(git_dir):
            return GitRepository(git_dir, candidate)
    return None


@retry_with_backoff(max_attempts=3, retry_on=(_UnreachedError,))
def clone(url: str, target: Path, *, whole: bool) -> GitRepository:
    """Clone without a work tree, hooks, templates, tags or submodules.

    Args:
        url: With a scheme, or `user@host:path`; the caller has checked that.
        target: A directory that does not exist yet.
        whole: All history (to find any revision) instead of the newest commit.

    Raises:
        GitError: With git's message.
    """
    depth = () if whole else ("--depth=1", "--single-branch")
    command = [_git(), *_OPTIONS, *_SLOW, "clone", "--bare", "--quiet", "--template=", *depth]
    process = subprocess.Popen(
        [*command, "--", url, str(target)],
        env=_environment(_ONLINE, _KEPT_ONLINE), cwd=target.parent,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        start_new_session=True,  # without a terminal, ssh fails instead of asking
    )  # fmt: skip
    try:
        _, said = process.communicate()
    except BaseException:
        os.killpg(process.pid, 9)
        process.wait()
        raise
    if process.returncode:
        kind = _UnreachedError if any(sign in said for sign in _UNREACHED) else GitError
        raise kind(
            _message("the repository cannot be cloned", said),
            hint="check URL and access with `git ls-remote`, or clone it yourself and name the folder",
        )
    return GitRepository(target)


def _git() -> str:
    from shutil import which

    found = which("git")
    if found is None:
        raise GitError("git is not installed", hint="install git, or give an archive of the repository")
    return found


def _environment(settings: dict[str, str], kept: tuple[str, ...]) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return (
        own | {name: value for name, value in os.environ.items() if kept and name.startswith(kept)} | settings
    )


def _git_dir(path: Path) -> Path | None:
    """The directory that `.git` is, or names (work trees and submodules have a file there)."""
    if path.is_dir():
        return path
    try:
        first = path.read_text("utf-8", "surrogateescape")[:4096] if path.is_file() else ""
    except OSError:
        return None
    return (path.parent / first[8:].strip()).resolve() if first.startswith("gitdir: ") else None


def _is_git_dir(path: Path) -> bool:
    common = path / "commondir"  # a linked work tree keeps its objects elsewhere
    return (path / "HEAD").is_file() and ((path / "objects").is_dir() or common.is_file())


def _message(what: str, said: bytes) -> str:
    """git's own words, without its advice."""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "remote:", "ssh:"))] or lines
    return f"{what}: {' '.join(telling[:3])}" if telling else what
