"""Reasons to leave a file out by its name and size, before it is opened."""

from __future__ import annotations

import re

from codebase_gardener.manifests.table import is_manifest
from codebase_gardener.repository.entries import Entry, escapes

__all__ = [
    "DATA_BYTES",
    "directory_problem",
    "left_out_directory",
    "may_be_own",
    "name_problem",
    "path_problem",
    "size_problem",
]

MAX_PATH_CHARS = 1_000

DIRECTORIES = {
    "version control": {".git", ".hg", ".svn", ".bzr", "_darcs"},
    "virtual environment": {".venv", "venv", "virtualenv", "site-packages", ".tox", ".nox", "__pypackages__"},
    "cache": {
        "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".cache", ".gradle",
    },
    "vendored": {
        "node_modules", "bower_components", "jspm_packages", "vendor", "vendored", "_vendor", "_vendored",
        "third_party", "third-party", "thirdparty", "3rdparty", "Pods", "Carthage",
    },
    "built": {"dist", ".next", ".nuxt", ".svelte-kit", "_build", ".eggs", "htmlcov"},
    "editor settings": {".idea", ".vscode", ".vs"},
}  # fmt: skip
"""Directories whose files are somebody else's or a tool's, by what they are."""

OWN_NAMES = {"vendor", "dist", "venv", "virtualenv"}
"""Those of them that a package of the repository itself may have, too."""

LOCK_FILES = {
    "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "deno.lock",
    "poetry.lock", "Pipfile.lock", "uv.lock", "pdm.lock", "pixi.lock", "conda-lock.yml", "Cargo.lock",
    "go.sum", "go.work.sum", "composer.lock", "Gemfile.lock", "Podfile.lock", "flake.lock", "mix.lock",
    "pubspec.lock", "packages.lock.json", "gradle.lockfile", "Package.resolved",
}  # fmt: skip

GENERATED_NAMES = re.compile(
    r"(_pb2(_grpc)?\.pyi?|\.pb\.(go|cc|h)|_grpc\.pb\.go|\.pb\.gw\.go|\.g\.dart|\.freezed\.dart|\.designer\.cs"
    r"|\.(css|js)\.map|\.d\.ts\.map|\.tsbuildinfo|(^|/)PKG-INFO)\Z"
)
MINIFIED_NAMES = re.compile(r"[.-](min|bundle)\.(js|mjs|css)\Z")

_BINARY = """
    .png .jpg .jpeg .gif .bmp .ico .webp .tif .tiff .psd .pdf .zip .gz .bz2 .xz .zst .7z .rar .tar .whl .egg .jar
    .war .class .pyc .pyo .so .dll .dylib .exe .o .a .lib .obj .wasm .bin .dat .db .sqlite .sqlite3 .pt .pth .ckpt
    .safetensors .onnx .gguf .h5 .hdf5 .npy .npz .pkl .pickle .joblib .parquet .feather .arrow .mp3 .mp4 .m4a .wav
    .ogg .flac .avi .mov .mkv .webm .ttf .otf .woff .woff2 .eot .mo
"""
BINARY_EXTENSIONS = frozenset(_BINARY.split())

_DATA = ".json .jsonl .ndjson .geojson .csv .tsv .svg .xml .po .pot .snap .lock .plist"
_SOMETIMES_DATA = ".sql .html .htm .yaml .yml .ini"
DATA_BYTES = dict.fromkeys(_DATA.split(), 20_000) | dict.fromkeys(_SOMETIMES_DATA.split(), 100_000)
"""Caps in bytes for formats that are configuration when small and data when large."""

_EGG_INFO = re.compile(r"\.(egg|dist)-info\Z")


def left_out_directory(path: str) -> tuple[str, str] | None:
    """The outermost directory of `path` that is left out as a whole, and why.

    Example:
        >>> left_out_directory("web/node_modules/a/index.js")
        ('web/node_modules/', 'vendored directory')
    """
    parts = path.split("/")[:-1]
    for depth, part in enumerate(parts, 1):
        reason = directory_problem(part)
        if reason:
            return "/".join(parts[:depth]) + "/", reason
    return None


def may_be_own(folder: str) -> bool:
    """Whether the last name of a folder is one that the repository's own packages may have, too."""
    return folder.rstrip("/").rpartition("/")[2] in OWN_NAMES


def directory_problem(name: str) -> str | None:
    """Why a directory of that name is left out, else None."""
    if _EGG_INFO.search(name):
        return "generated: package metadata"
    return next((f"{what} directory" for what, names in DIRECTORIES.items() if name in names), None)


def name_problem(path: str) -> str | None:
    """Why the name alone rules a file out: it would not survive being printed, or leads elsewhere."""
    if escapes(path):
        return "a name that leads out of the repository"
    if len(path) > MAX_PATH_CHARS:
        return f"a name of {len(path):,} characters"
    if any("\ud800" <= c <= "\udfff" for c in path):
        return "a name that is not UTF-8"
    return None if path.isprintable() else "a name with a control character"


def path_problem(path: str) -> str | None:
    """Why a file of that path is not the repository's own text, else None."""
    filename = path.rpartition("/")[2]
    if filename == ".git":  # of a worktree or a submodule: a file that says where the repository is
        return "version control file"
    if filename in LOCK_FILES:
        return "generated: lock file"
    if GENERATED_NAMES.search(path):
        return "generated, by its name"
    if MINIFIED_NAMES.search(filename):
        return "minified, by its name"
    return f"binary: {_extension(path)} file" if _extension(path) in BINARY_EXTENSIONS else None


def size_problem(entry: Entry, max_file_bytes: int) -> str | None:
    """Why its size rules a file out, else None."""
    if entry.size > max_file_bytes:
        return f"too large: {entry.size:,} bytes (at most {max_file_bytes:,})"
    cap = DATA_BYTES.get(_extension(entry.path))
    if cap is not None and entry.size > cap and not is_manifest(entry.path):
        return f"data: {_extension(entry.path)} file of {entry.size:,} bytes (at most {cap:,})"
    return None


def _extension(path: str) -> str:
    name = path.rpartition("/")[2]
    return "." + name.rpartition(".")[2].lower() if "." in name else ""
