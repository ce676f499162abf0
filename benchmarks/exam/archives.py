"""The exam's repositories, from the registries that publish their sources, unpacked into a cache."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from questions import Repository

from codebase_gardener.repository.archive import list_archive
from codebase_gardener.repository.entries import escapes

__all__ = ["PackageUnavailableError", "fetched", "unpacked"]

_MAX_FILE_BYTES = 16 * 2**20
_CLIENT_S = 300


class PackageUnavailableError(Exception):
    """The registry does not have the package, or cannot be reached."""


def fetched(repository: Repository, cache: Path) -> tuple[Path, list[str]]:
    """The repository's files below the cache, and what is not as it was when the questions were written.

    An archive is read by the product's own reader, with its limits: no link, no path that leads out of the folder.
    """
    folder = cache / f"{repository.name}-{repository.version}"
    archive = _archive(repository, cache / "archives")
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    told = (
        [] if sha256 == repository.sha256 else [f"{archive.name} is not the archive that was read: {sha256}"]
    )
    if not folder.is_dir():
        with tempfile.TemporaryDirectory(dir=cache) as work:
            tree = _debian_tree(archive, repository, Path(work)) if repository.source == "debian" else None
            tree = tree or unpacked(archive, Path(work) / "tree")
            for name in repository.leave_out:
                shutil.rmtree(tree / name)
            tree.rename(folder)
    return folder, told


def unpacked(archive: Path, folder: Path) -> Path:
    """Regular files of an archive, below a folder."""
    with list_archive(archive, _MAX_FILE_BYTES) as listing:
        for entry in listing.entries:
            if entry.problem is None and not escapes(entry.path) and entry.size <= _MAX_FILE_BYTES:
                file = folder / entry.path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(entry.read())
    return folder


def _archive(repository: Repository, folder: Path) -> Path:
    """The package's archive; asked for once."""
    folder.mkdir(parents=True, exist_ok=True)
    pattern, command = {
        "pypi": (f"{repository.package}-{repository.version}.tar.gz", _pip(repository)),
        "npm": (f"*{repository.package.rpartition('/')[2]}-{repository.version}.tgz", _npm(repository)),
        "debian": (f"{repository.package}_*.deb", ["apt-get", "download", "-q", repository.package]),
    }[repository.source]
    if not any(folder.glob(pattern)):
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=_CLIENT_S)
        except subprocess.CalledProcessError as error:
            last = (error.stderr.strip().splitlines() or ["no word why"])[-1]
            raise PackageUnavailableError(f"{' '.join(command)}: {last}") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PackageUnavailableError(f"{' '.join(command)}: {error}") from error
    found = sorted(folder.glob(pattern))
    if not found:
        raise PackageUnavailableError(f"{' '.join(command)} brought no {pattern}")
    return found[0]


def _pip(repository: Repository) -> list[str]:
    wanted = f"{repository.package}=={repository.version}"
    return [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", wanted]


def _npm(repository: Repository) -> list[str]:
    return ["npm", "pack", "--silent", f"{repository.package}@{repository.version}"]


def _debian_tree(archive: Path, repository: Repository, work: Path) -> Path:
    """The library's folder of a Debian package, with the README that the package keeps elsewhere."""
    subprocess.run(["dpkg-deb", "--extract", archive, work / "package"], check=True, capture_output=True)
    tree = work / "package" / repository.root
    if tree.is_symlink() or not tree.is_dir():
        raise PackageUnavailableError(f"{archive.name} has no folder {repository.root}")
    readme = work / "package/usr/share/doc" / repository.package / f"{repository.readme}.gz"
    if readme.is_file() and not (tree / repository.readme).exists():
        with gzip.open(readme) as packed, (tree / repository.readme).open("wb") as file:
            shutil.copyfileobj(packed, file)
    return tree
