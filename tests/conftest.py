"""What tests share: a home of their own, a tiny random base, and one adapter trained on the embedded base."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.serving.late_engine import STARTING
from samples.geometry import FUNCTIONS

pytest_plugins = ["samples.kept_scans", "samples.object_stores", "samples.tiny_adapters"]

# A million objects that stay are made until the first test runs: no search for cycles goes through them, then or later.
gc.disable()

# Ray reads these when it is imported, and test_architecture imports all modules.
os.environ.update(RAY_AUTH_MODE="token", RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER="0")

_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")  # gw0, gw1, or none
if _WORKER and hasattr(os, "sched_setaffinity"):
    # A core for each worker: threads of several that wait for one another on the same core stand still.
    _cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {_cores[int(_WORKER[2:]) % len(_cores)]})


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.hookimpl(trylast=True)  # its fixtures are gone
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """What stays after a file stays: accelerate searches the whole heap for cycles at the end of each training."""
    if nextitem is not None and nextitem.path != item.path:
        gc.collect()
        gc.freeze()


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several workers: one has what shares the embedded base, and begins with it; others have whole files.

    The long files of whole pipelines, beside this one, come first: at the end they would keep one worker alone.
    """

    def embedded(item: pytest.Item) -> bool:
        return not {"embedded_home", "grown"}.isdisjoint(getattr(item, "fixturenames", ()))

    if _WORKER:
        items.sort(key=lambda item: (not embedded(item), item.path.parent != Path(__file__).parent))
        for item in items:
            item.add_marker(pytest.mark.xdist_group("embedded" if embedded(item) else str(item.path)))


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the user's home or settings."""
    for name in [name for name in os.environ if name.startswith("CODEBASE_GARDENER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CODEBASE_GARDENER_HOME", str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def _no_base_loads_any_more() -> Iterator[None]:
    """A server that ended while its engine started still loads, and transformers loads with the process's settings.

    Tests that build a model themselves do not hold the product's lock.
    """
    yield
    for thread in threading.enumerate():
        if thread.name == STARTING:
            thread.join(120)
    if loading := sys.modules.get("codebase_gardener.bases.torch_loading"):
        with loading.BUILDING:
            pass


@pytest.fixture
def settings(tmp_path: Path, tiny_base: Path) -> Settings:
    """A home with the tiny base as its default; fp32, so that equality is exact."""
    return Settings(
        home=tmp_path / "home",
        base=str(tiny_base),
        device="cpu",
        inference_dtype="float32",
        training={"dtype": "float32", "threads": 1, "max_length": 64, "steps": 4, "r": 4},
        min_free_bytes=0,
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB (a tmpfs), where mounting is allowed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(disk)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no mounts here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.fixture
def small_repository(tmp_path: Path) -> Path:
    """Six Python files with two functions each, a README, no git."""
    root = tmp_path / "geometry"
    root.mkdir()
    for name in ("square", "circle", "kite", "oval", "rhombus", "cube"):
        (root / f"{name}.py").write_text(FUNCTIONS.format(name=name))
    (root / "README.md").write_text("# geometry\n\nAreas and perimeters.\n")
    return root


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama of two layers with a byte-level tokenizer of its own; 0.1 MB."""
    return make_tiny_base(tmp_path_factory.mktemp("bases") / "tiny")


@pytest.fixture(scope="session")
def make_base(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes further tiny bases: `make_base(seed=1, vocab_size=…)`."""
    return lambda seed=0, **config: make_tiny_base(tmp_path_factory.mktemp("bases") / "base", seed, **config)


def make_tiny_base(folder: Path, seed: int = 0, **config: Any) -> Path:
    """Write a random two-layer Llama with tokenizer to `folder`."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate(["<|end|>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|end|>")
    torch.manual_seed(seed)
    shape = {
        "vocab_size": len(vocabulary),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "eos_token_id": 0,
        **config,
    }
    LlamaForCausalLM(LlamaConfig(**shape)).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


ROWS = [
    {"prompt": f"def {name}_{verb}(x):\n", "completion": f"    return {verb}(x, {len(name)})\n"}
    for name in ("square", "circle", "kite", "oval", "rhombus", "cube")
    for verb in ("add", "scale", "turn", "move")
]


@pytest.fixture
def make_job(tmp_path: Path, tiny_base: Path) -> Callable[..., Any]:
    """Writes the folder of a job, as `submit` does: `make_job("name", base=…, rows=…, r=4)` with training options."""
    from codebase_gardener.bases.resolution import resolve_base
    from codebase_gardener.dataset.user_rows import user_dataset
    from codebase_gardener.dataset.writer import write_dataset
    from codebase_gardener.jobs.directory import JobDirectory
    from codebase_gardener.jobs.spec import JobSpec
    from codebase_gardener.training.spec import parse_spec

    defaults = {"dtype": "float32", "threads": 1, "max_length": 64, "steps": 2, "r": 4, "batch_size": 2}

    def make(
        name: str = "job",
        *,
        base: Path = tiny_base,
        rows: Any = ROWS,
        own_code: bool = False,  # prompts are trained on too, as those of the repository's rows
        **options: Any,
    ) -> JobDirectory:
        directory = JobDirectory(tmp_path / "jobs" / name)
        directory.path.mkdir(parents=True)
        dataset = user_dataset(rows)
        if own_code:
            examples = tuple(replace(e, prompt_trained=len(e.prompt)) for e in dataset.examples)
            dataset = replace(dataset, examples=examples)
        folder = tmp_path / "datasets" / dataset.hash[:16]
        if not folder.exists():
            write_dataset(dataset, folder)
        directory.write_spec(
            JobSpec(
                base=resolve_base(str(base), tmp_path / "bases"),
                dataset=folder,
                dataset_hash=dataset.hash,
                device="cpu",
                training=parse_spec({**defaults, **options}),
            )
        )
        return directory

    return make


@pytest.fixture(scope="session")
def embedded_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the embedded base is converted; kept between runs where GARDENER_TEST_CACHE names a folder."""
    kept = os.environ.get("GARDENER_TEST_CACHE")
    home = Path(kept) if kept else tmp_path_factory.mktemp("embedded")
    from codebase_gardener.bases.resolution import resolve_base

    resolve_base("smollm2-135m", home / "bases")
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(home / "compiled"))  # compiled once for all tests
    return home


@pytest.fixture(scope="session")
def grown(embedded_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The one adapter that tests share: `gardener grow` on a small repository with the embedded base.

    Gives an object with `gardener` (an open façade), `version` (its row), `source`, and `output` (the JSON
    that `grow` printed).
    """
    import sys
    from types import SimpleNamespace

    from codebase_gardener.gardener.facade import Gardener
    from codebase_gardener.utils.names import parse_ref

    home = tmp_path_factory.mktemp("grown")
    (home / "bases").symlink_to(embedded_home / "bases")
    source = tmp_path_factory.mktemp("source") / "geometry"
    source.mkdir()
    for name in ("square", "circle", "kite", "oval", "rhombus", "cube", "ring", "arc"):
        (source / f"{name}.py").write_text(FUNCTIONS.format(name=name))
    environment = {
        **os.environ,
        "CODEBASE_GARDENER_HOME": str(home),
        "CODEBASE_GARDENER_TRAINING__STEPS": "6",
    }
    done = subprocess.run(
        [sys.executable, "-m", "codebase_gardener.cli.main", "grow", str(source), "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    output = json.loads(done.stdout)
    with Gardener(Settings(home=home)) as gardener:
        version = gardener.version(parse_ref(output["adapter"]))
        yield SimpleNamespace(gardener=gardener, version=version, source=source, output=output, home=home)
