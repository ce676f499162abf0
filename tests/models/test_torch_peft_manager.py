"""PeftManager on a real tiny base: loading, sharing, evicting, deleting; adapters are made without a worker here."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from codebase_gardener.adapters.proof import prove
from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.events import EventReader
from codebase_gardener.jobs.progress import TrainingProgress
from codebase_gardener.models.peft_manager import AdapterMetadata, PeftManager
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.training.torch_logits import last_logits
from codebase_gardener.utils.error_handling import (
    AdapterError,
    ConflictError,
    DatasetError,
    InvalidInputError,
    NotFoundError,
    ResourceError,
    TrainingError,
)
from codebase_gardener.utils.files import publish_dir
from samples.queued_jobs import queue_job
from samples.stock_adapters import TEXT as STOCK_TEXT
from samples.stock_adapters import stock_logits

Ready = Callable[..., VersionRow]
TEXT = "f(3) = "

HOLD = """
import sys, time
from pathlib import Path
from codebase_gardener.registry.leases import lease, lease_path
with lease(lease_path(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""


def with_cache(settings: Settings, **changes: Any) -> PeftManager:
    return PeftManager(settings.model_copy(update=changes))


def queued(manager: PeftManager, state: str = "queued", name: str = "default", **fields: Any) -> str:
    """A job that never started, or that ended so; its worker is held alive by nobody."""
    registry = manager.registry
    if "demo" not in [project.name for project in registry.projects()]:
        registry.add_project("demo", "rows:demo", "rows")
    work = {"spec_hash": f"{state} {name}", "device": "nowhere:cpu", **fields}
    job = queue_job(registry, lambda job_id: manager.settings.jobs_dir / job_id, adapter_name=name, **work)
    job.directory.mkdir(parents=True)
    if state in ("training", "error"):
        assert registry.claim_job(job.id)
    if state == "error":
        registry.fail_job(job.id, "the worker was killed")
    if state == "cancelled":
        registry.cancel_job(job.id)
    return job.id


# ---------------------------------------------------------------- loading


def test_initialization(manager: PeftManager, settings: Settings) -> None:
    assert manager.list_adapters() == []
    usage = manager.get_memory_usage()
    assert usage["loaded"] == []
    assert usage["bases_bytes"] == usage["adapters_bytes"] == 0
    assert (usage["cache_bytes"], usage["cache_count"]) == (4 * 1024**3, 3)
    assert usage["process_bytes"] > 0
    assert usage["available_bytes"] > 0


def test_a_loaded_adapter_differs_from_its_base(manager: PeftManager, ready: Ready) -> None:
    ready(manager)
    handle = manager.load_adapter("demo")
    assert handle
    assert not handle.is_fallback
    assert handle.adapter_id == "demo/default@1"
    bare = manager.base_handle()
    assert bare.is_fallback
    assert not torch.equal(handle.logits(TEXT), bare.logits(TEXT))
    assert isinstance(handle.generate(TEXT, max_new_tokens=4), str)
    assert "demo/default@1" in repr(handle)


@pytest.mark.slow
def test_an_adapter_that_began_at_a_quantized_base_gets_that_base(
    settings: Settings, ready: Ready, trained: Callable[..., Any]
) -> None:
    """Beside one of the base as it is, which it does not disturb."""
    options = {"init_lora_weights": "loftq", "quantization": "nf4", "learning_rate": 0.01}
    with with_cache(settings) as manager:
        plain = manager.load_adapter("demo", str(ready(manager).adapter_name))
        before = plain.logits(TEXT)
        row = ready(manager, name="quantized", **options)
        handle = manager.load_adapter("demo", row.adapter_name)
        assert not torch.equal(handle.logits(TEXT), before)
        with handle.held() as live, live.using(str(row.ref)) as model:
            kinds = {type(module).__name__.removeprefix("Slotted") for module in model.modules()}
            on = last_logits(model, live.tokenizer)
        assert "Linear4bit" in kinds
        torch.testing.assert_close(on, load_file(trained(**options).parity)["logits"], atol=1e-2, rtol=0)
        assert torch.equal(plain.logits(TEXT), before)


def test_a_second_load_takes_it_from_the_cache(manager: PeftManager, ready: Ready) -> None:
    row = ready(manager)
    first = manager.load_adapter("demo")
    model, logits = first.to_peft(), first.logits(TEXT)
    (row.directory / "adapter_model.safetensors").unlink()  # a reload would fail
    started = time.monotonic()
    second = manager.load_adapter("demo")
    assert time.monotonic() - started < 0.2
    assert second.to_peft() is model
    assert torch.equal(second.logits(TEXT), logits)


def test_what_is_not_there(manager: PeftManager, ready: Ready) -> None:
    with pytest.raises(NotFoundError):
        manager.load_adapter("nowhere")
    ready(manager)
    with pytest.raises(NotFoundError):
        manager.load_adapter("demo", "other")
    with pytest.raises(NotFoundError):
        manager.load_adapter("demo", version=7)


@pytest.mark.parametrize(
    ("state", "error", "says"),
    [("queued", ConflictError, "waits"), ("training", ConflictError, "train"),
     ("error", (ConflictError, NotFoundError), "killed"), ("cancelled", (ConflictError, NotFoundError), "cancelled")],
)  # fmt: skip
def test_what_is_not_ready(state: str, error: type[Exception], says: str, manager: PeftManager) -> None:
    queued(manager, state)
    with pytest.raises(error, match=says) as caught:
        manager.load_adapter("demo")
    assert caught.value.hint  # type: ignore[attr-defined]


def test_an_adapter_of_other_weights(manager: PeftManager, ready: Ready) -> None:
    row = ready(manager)
    sidecar = row.directory / "gardener.json"
    told = json.loads(sidecar.read_text())
    told["base"]["sha256"] = "f" * 64
    sidecar.write_text(json.dumps(told))
    publish_again(row.directory)
    with pytest.raises(AdapterError, match="another base") as caught:
        manager.load_adapter("demo")
    assert caught.value.context["adapter_base"] == "f" * 64
    sidecar.unlink()
    publish_again(row.directory)
    assert manager.load_adapter("demo")  # the registry's hash counts then
    ready(manager, name="odd", seed=1, base_hash="e" * 64)
    odd = manager.registry.version(AdapterRefOf("demo/odd@1")).directory
    (odd / "gardener.json").unlink()
    publish_again(odd)
    with pytest.raises(AdapterError, match="another base"):
        manager.load_adapter("demo", "odd")


def test_an_adapter_of_another_config_or_tokenizer(manager: PeftManager, ready: Ready) -> None:
    row = ready(manager)
    sidecar = row.directory / "gardener.json"
    told = json.loads(sidecar.read_text())
    assert told["base"]["beside_sha256"] == manager.base(row.base_id).beside_sha256 != ""
    told["base"]["beside_sha256"] = "f" * 64
    sidecar.write_text(json.dumps(told))
    publish_again(row.directory)
    with pytest.raises(AdapterError, match="config or tokenizer ffff"):
        manager.load_adapter("demo")
    with pytest.raises(AdapterError, match="config or tokenizer ffff"):
        prove(row.directory, manager.base(row.base_id))


def test_weights_that_the_scale_makes_absurd(manager: PeftManager, folder: Path) -> None:
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**config, "lora_alpha": 1e6}))
    file = folder / "adapter_model.safetensors"
    save_file({name: tensor * 0 + 9e5 for name, tensor in load_file(file).items()}, file)
    with pytest.raises(AdapterError, match="times alpha / r"):
        manager.load_folder(folder).generate("a", max_new_tokens=1)


def publish_again(directory: Path) -> None:
    """Let the manifest say what the files are by now."""
    aside = directory.rename(directory.with_name(f"{directory.name}.aside"))
    (aside / "manifest.json").unlink()
    publish_dir(aside, directory)


def AdapterRefOf(text: str) -> Any:
    from codebase_gardener.utils.names import parse_ref

    return parse_ref(text)


def test_a_damaged_adapter_harms_no_other(manager: PeftManager, ready: Ready) -> None:
    ready(manager, name="good")
    bad = ready(manager, name="bad", seed=1)
    good = manager.load_adapter("demo", "good")
    logits = good.logits(TEXT)
    weights = bad.directory / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-50])
    with pytest.raises(AdapterError, match="truncated"):
        manager.load_adapter("demo", "bad")
    assert torch.equal(good.logits(TEXT), logits)
    assert manager.get_memory_usage()["loaded"] == ["demo/good@1"]
    assert manager.delete_adapter("demo", "bad") == ["demo/bad@1"]  # the failed load holds no lease


def test_the_base_answers_only_where_that_was_asked_for(
    manager: PeftManager, ready: Ready, caplog: pytest.LogCaptureFixture
) -> None:
    row = ready(manager)
    (row.directory / "adapter_model.safetensors").unlink()
    with pytest.raises(AdapterError):
        manager.load_adapter("demo")
    with caplog.at_level(logging.WARNING):
        handle = manager.load_adapter("demo", fallback_to_base=True)
    assert handle.is_fallback
    assert "without an adapter" in caplog.text
    assert torch.equal(handle.logits(TEXT), manager.base_handle().logits(TEXT))
    assert manager.load_adapter("missing", fallback_to_base=True).is_fallback


def test_the_bare_base_is_no_peft_model(manager: PeftManager, ready: Ready) -> None:
    ready(manager)
    manager.load_adapter("demo")
    with pytest.raises(AdapterError, match="without an adapter") as caught:
        manager.base_handle().to_peft()
    assert caught.value.hint


@pytest.mark.slow
def test_two_adapters_give_what_each_gave_alone(manager: PeftManager, ready: Ready) -> None:
    alone = {}
    bare = manager.base_handle().logits(TEXT)
    for seed, name in enumerate(("one", "two"), start=1):
        ready(manager, name=name, seed=seed)
        alone[name] = manager.load_adapter("demo", name).logits(TEXT)
        assert manager.unload_adapter(name)
    handles = {name: manager.load_adapter("demo", name) for name in alone}
    for name in ("one", "two", "two", "one"):
        assert torch.equal(handles[name].logits(TEXT), alone[name])
        assert torch.equal(manager.base_handle().logits(TEXT), bare)
    for name in alone:
        manager.unload_adapter(name)
    assert torch.equal(manager.base_handle().logits(TEXT), bare)


@pytest.mark.slow
def test_a_project_with_a_dot_and_ten_versions(manager: PeftManager, ready: Ready) -> None:
    for seed in range(11):
        ready(manager, "my.repo", seed=seed % 3)
    logits = manager.load_adapter("my.repo", version=1).logits(TEXT)
    manager.load_adapter("my.repo", version=10)
    assert torch.equal(manager.load_adapter("my.repo", version=1).logits(TEXT), logits)


# ---------------------------------------------------------------- unloading


def test_unloading_by_name_and_by_project(manager: PeftManager, ready: Ready) -> None:
    ready(manager, "one")
    ready(manager, "two", seed=1)
    assert not manager.unload_adapter("default")
    manager.load_adapter("one")
    assert manager.unload_adapter("default")
    manager.load_adapter("one")
    manager.load_adapter("two")
    with pytest.raises(InvalidInputError, match="several projects") as caught:
        manager.unload_adapter("default")
    assert "one/default@1" in caught.value.message
    assert manager.unload_adapter("one", "default")
    assert not manager.unload_adapter("one", "default")
    assert manager.get_memory_usage()["loaded"] == ["two/default@1"]


def test_what_a_block_uses_stays(manager: PeftManager, ready: Ready) -> None:
    ready(manager)
    with manager.adapter_context("demo") as outer:
        logits = outer.logits(TEXT)
        with manager.adapter_context("demo") as inner:  # the second user leaves first
            assert torch.equal(inner.logits(TEXT), logits)
        with pytest.raises(ConflictError, match="in use"):
            manager.unload_adapter("default")
        assert torch.equal(outer.logits(TEXT), logits)
    assert manager.unload_adapter("default")


def test_a_block_that_fails_gives_its_adapter_back(manager: PeftManager, ready: Ready) -> None:
    ready(manager)
    with pytest.raises(ValueError, match="mine"), manager.adapter_context("demo"):
        raise ValueError("mine")
    assert manager.unload_adapter("default")


def test_a_handle_outlives_its_eviction(manager: PeftManager, ready: Ready) -> None:
    ready(manager)
    handle = manager.load_adapter("demo")
    logits = handle.logits(TEXT)
    manager.unload_adapter("default")
    assert torch.equal(handle.logits(TEXT), logits)


# ---------------------------------------------------------------- the cache


@pytest.mark.slow
def test_the_least_recently_used_goes_first(settings: Settings, ready: Ready) -> None:
    with with_cache(settings, cache_count=2) as manager:
        for seed, name in enumerate("abc"):
            ready(manager, name=name, seed=seed)
        manager.load_adapter("demo", "a")
        manager.load_adapter("demo", "b")
        manager.load_adapter("demo", "a")
        manager.load_adapter("demo", "c")
        assert manager.get_memory_usage()["loaded"] == ["demo/a@1", "demo/c@1"]


def test_bytes_count_too(settings: Settings, ready: Ready) -> None:
    with PeftManager(settings) as manager:
        size = (ready(manager, name="a").directory / "adapter_model.safetensors").stat().st_size
    with with_cache(settings, cache_bytes=int(size * 1.5), cache_count=9) as manager:
        ready(manager, name="b", seed=1)
        manager.load_adapter("demo", "a")
        assert 0 < manager.get_memory_usage()["adapters_bytes"] <= size
        manager.load_adapter("demo", "b")
        assert manager.get_memory_usage()["loaded"] == ["demo/b@1"]
    with (
        with_cache(settings, cache_bytes=size // 2) as manager,
        pytest.raises(ResourceError, match="whole cache") as e,
    ):
        manager.load_adapter("demo", "a")
    assert "cache_bytes" in e.value.hint


def test_all_in_use_raises_or_waits(settings: Settings, ready: Ready) -> None:
    with with_cache(settings, cache_count=1) as manager:
        for seed, name in enumerate("ab"):
            ready(manager, name=name, seed=seed)
        entered, leave = threading.Event(), threading.Event()

        def hold() -> None:
            with manager.adapter_context("demo", "a"):
                entered.set()
                leave.wait(30)

        holder = threading.Thread(target=hold)
        holder.start()
        assert entered.wait(60)
        with pytest.raises(ResourceError, match="in use"):
            manager.load_adapter("demo", "b")
        with pytest.raises(ResourceError):
            manager.load_adapter(
                "demo", "b", fallback_to_base=True
            )  # no room is no reason to answer with less
        threading.Timer(0.3, leave.set).start()
        assert manager.load_adapter("demo", "b", wait_s=30)
        holder.join()
        assert manager.get_memory_usage()["loaded"] == ["demo/b@1"]


def test_two_threads_that_want_the_same_adapter_load_it_once(settings: Settings, ready: Ready) -> None:
    """Also where there is room for one only: the second waits for the first instead of failing."""
    with with_cache(settings, cache_count=1) as manager:
        ready(manager)
        barrier = threading.Barrier(4)

        def load(_: int) -> Any:
            barrier.wait()
            with manager.adapter_context("demo") as handle:
                return handle.to_peft()

        for _ in range(3):
            with ThreadPoolExecutor(4) as pool:
                models = list(pool.map(load, range(4)))
            assert len(set(map(id, models))) == 1
            manager.unload_adapter("default")


@pytest.mark.slow
def test_eight_threads_and_three_adapters_in_a_cache_of_two(settings: Settings, ready: Ready) -> None:
    with with_cache(settings, cache_count=2) as manager:
        right = {}
        for seed, name in enumerate("abc"):
            ready(manager, name=name, seed=seed)
            handle = manager.load_adapter("demo", name)
            right[name] = (handle.logits(TEXT), handle.generate(TEXT, max_new_tokens=6))
        bare = manager.base_handle().logits(TEXT)
        stop = threading.Event()

        def use(number: int) -> int:
            for turn in range(12):
                name = "abc"[(number + turn) % 3]
                handle = manager.load_adapter("demo", name, wait_s=60)
                assert torch.equal(handle.logits(TEXT), right[name][0]), name
                if turn % 4 == number % 4:
                    with manager.adapter_context("demo", name, wait_s=60) as held:
                        assert held.generate(TEXT, max_new_tokens=6) == right[name][1]
                    assert torch.equal(manager.base_handle().logits(TEXT), bare)
                manager.get_memory_usage()
            return number

        def disturb() -> None:
            while not stop.is_set():
                for name in "abc":
                    try:
                        manager.unload_adapter("demo", name)
                    except ConflictError:
                        continue
                time.sleep(0.01)

        disturber = threading.Thread(target=disturb)
        disturber.start()
        try:
            with ThreadPoolExecutor(8) as pool:
                assert sorted(pool.map(use, range(8), timeout=240)) == list(range(8))
        finally:
            stop.set()
            disturber.join()
        assert len(manager.get_memory_usage()["loaded"]) <= 2


# ---------------------------------------------------------------- listing, deleting


def test_listing(manager: PeftManager, ready: Ready) -> None:
    ready(manager)
    ready(manager, seed=1)
    ready(manager, "other", "fine", seed=2)
    for state in ("queued", "cancelled", "error"):
        queued(manager, state, name=state)
    rows = {row.adapter_id: row for row in manager.list_adapters()}
    assert {key: row.status for key, row in rows.items()} == {
        "demo/default@1": "ready",
        "demo/default@2": "ready",
        "other/fine@1": "ready",
        "demo/queued@1": "queued",
        "demo/cancelled@1": "cancelled",
        "demo/error@1": "error",
    }
    assert isinstance(rows["demo/default@1"], AdapterMetadata)
    assert [rows[f"demo/default@{n}"].active for n in (1, 2)] == [False, True]
    assert rows["demo/error@1"].error == "the worker was killed"
    assert rows["demo/default@1"].size_bytes > 0
    assert json.dumps(rows["demo/default@1"].as_dict())
    assert {row.project_name for row in manager.list_adapters("other")} == {"other"}
    newest = manager.list_adapters(limit=2)
    assert len(newest) == 2
    assert newest == manager.list_adapters()[:2]
    with pytest.raises(NotFoundError):
        manager.list_adapters("nowhere")


def test_deleting_takes_row_files_and_memory(manager: PeftManager, ready: Ready) -> None:
    first, second = ready(manager), ready(manager, seed=1)
    manager.load_adapter("demo", version=1)
    assert manager.delete_adapter("demo", version=1) == ["demo/default@1"]
    assert not first.directory.exists()
    assert not (manager.settings.jobs_dir / str(first.job_id)).exists()
    assert manager.get_memory_usage()["loaded"] == []
    assert [row.adapter_id for row in manager.list_adapters()] == ["demo/default@2"]
    assert second.directory.exists()
    assert manager.delete_adapter("demo") == ["demo/default@2"]
    assert manager.list_adapters() == []
    with pytest.raises(NotFoundError):
        manager.delete_adapter("demo")


def test_failed_trainings_are_deleted_and_running_ones_are_not(manager: PeftManager) -> None:
    queued(manager, "error", name="bad")
    queued(manager, "training", name="busy", device="somewhere-else:cpu")
    assert manager.delete_adapter("demo", "bad") == ["demo/bad@1"]
    with pytest.raises(ConflictError, match="in training"):
        manager.delete_adapter("demo", "busy")


def test_a_refused_deletion_has_deleted_nothing(manager: PeftManager, ready: Ready) -> None:
    ready(manager)
    ready(manager, seed=1)
    queued(manager, "error")
    job = queued(manager, "training", device="somewhere-else:cpu")
    before = manager.list_adapters()
    refused = (lambda: manager.delete_adapter("demo"), lambda: manager.delete_project("demo"))
    for delete in refused:
        with pytest.raises(ConflictError, match="in training"):
            delete()
    manager.registry.cancel_job(job)
    manager.registry.delete_job(job)
    with manager.adapter_context("demo", version=1):  # the older one, which is deleted last
        for delete in refused:
            with pytest.raises(ConflictError, match="in use"):
                delete()
    assert [row.adapter_id for row in manager.list_adapters()] == [row.adapter_id for row in before[1:]]
    assert all(row.directory.exists() for row in manager.list_adapters())
    assert sorted(manager.delete_project("demo"))[0] == "demo"
    assert not any(row.directory.exists() for row in before[1:])
    assert not (manager.settings.projects_dir / "demo").exists()


def test_keep_prunes_each_adapter_of_a_project_and_takes_no_version(settings: Settings, ready: Ready) -> None:
    with Gardener(settings) as gardener:
        for name in ("one", "one", "one", "two", "two"):
            ready(gardener.manager, name=name)
        gardener.registry.set_active("demo", "one", 1)
        with pytest.raises(InvalidInputError, match="one version"):
            gardener.delete(AdapterRefOf("demo/one@2"), keep=1)
        assert len(gardener.manager.list_adapters()) == 5
        assert sorted(gardener.delete(AdapterRefOf("demo"), keep=1)) == ["demo/one@2", "demo/two@1"]
        assert gardener.delete(AdapterRefOf("demo/two"), keep=1) == []
        with pytest.raises(NotFoundError, match="demo/three has no versions"):
            gardener.delete(AdapterRefOf("demo/three"), keep=1)


def test_what_another_process_uses_is_not_deleted(manager: PeftManager, ready: Ready) -> None:
    row = ready(manager)
    process = subprocess.Popen([sys.executable, "-c", HOLD, row.directory], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        with pytest.raises(ConflictError, match="in use"):
            manager.delete_adapter("demo")
        assert manager.load_adapter("demo")
        assert row.directory.exists()
    finally:
        process.kill()
        process.wait()
    assert manager.delete_adapter("demo") == ["demo/default@1"]


def test_what_a_block_of_this_process_uses_is_not_deleted(manager: PeftManager, ready: Ready) -> None:
    ready(manager)
    with manager.adapter_context("demo") as handle:
        with pytest.raises(ConflictError):
            manager.delete_adapter("demo")
        assert isinstance(handle.generate(TEXT, max_new_tokens=2), str)
    assert manager.delete_adapter("demo")


# ---------------------------------------------------------------- asking for a training (no worker starts here)


def nothing_was_made(manager: PeftManager) -> bool:
    jobs = manager.settings.jobs_dir
    return manager.list_adapters() == [] and not (jobs.exists() and os.listdir(jobs))  # noqa: PTH208


def test_a_malformed_row_names_its_number_and_nothing_is_trained(
    manager: PeftManager, tmp_path: Path
) -> None:
    good: dict[str, Any] = {"prompt": "a", "completion": "b"}
    with pytest.raises(DatasetError, match=":3 ") as caught:
        manager.create_adapter("demo", [good, good, {"prompt": "only"}])
    assert caught.value.context["count"] == 1
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps(good) + "\n{broken\n")
    with pytest.raises(DatasetError, match=r"rows\.jsonl:2 "):
        manager.create_adapter("demo", rows)
    with pytest.raises(DatasetError):
        manager.create_adapter("demo", [])
    assert nothing_was_made(manager)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"project_name": "../up"}, "project name"),
        ({"adapter_name": "a/b"}, "adapter name"),
        ({"config_override": {"rank": 8}}, "rank"),
        ({"config_override": {"r": 0}}, "r"),
    ],
)
def test_bad_names_and_options(arguments: dict[str, Any], named: str, manager: PeftManager) -> None:
    given = {"project_name": "demo", "training_data": [{"text": "a b c"}], **arguments}
    with pytest.raises(InvalidInputError, match=named):
        manager.create_adapter(**given)
    assert nothing_was_made(manager)


@pytest.mark.slow
def test_too_little_memory_trains_nothing(settings: Settings) -> None:
    with with_cache(settings, min_free_bytes=1 << 60) as manager:
        with pytest.raises(ResourceError) as caught:
            manager.create_adapter("demo", [{"text": "a b c"}])
        assert caught.value.context["min_free_bytes"] == 1 << 60
        assert caught.value.context["available_bytes"] > 0
        assert nothing_was_made(manager)
    with PeftManager(settings) as manager:
        with pytest.raises(ResourceError) as caught:
            manager.create_adapter(
                "demo",
                [{"text": "a"}],
                config_override={"batch_size": 4096, "max_length": 131072, "batch_tokens": 0},
            )
        assert caught.value.context["needed_bytes"] > caught.value.context["available_bytes"]
        assert nothing_was_made(manager)


def test_a_base_that_is_not_there(manager: PeftManager) -> None:
    from codebase_gardener.utils.error_handling import ModelError

    with pytest.raises(ModelError, match="no base model"):
        manager.create_adapter("demo", [{"text": "a b c"}], config_override={"base": "./nothing"})
    assert nothing_was_made(manager)


def test_progress_and_errors_of_a_training_that_failed(manager: PeftManager) -> None:
    job = queued(manager, "error")
    progress = manager.get_training_progress("demo/default@1")
    assert isinstance(progress, TrainingProgress)
    assert (progress.status, progress.stage, progress.error) == ("error", "error", "the worker was killed")
    assert manager.get_training_progress(job) == progress
    assert not manager.is_training("demo")
    with pytest.raises(TrainingError, match="the worker was killed") as caught:
        manager.trainings.wait(job, timeout_s=5)
    assert job in caught.value.hint
    seen: list[TrainingProgress] = []
    manager.trainings.follow(job, seen.append)
    assert seen == [progress]
    with pytest.raises(NotFoundError):
        manager.get_training_progress("demo/other@1")


# ---------------------------------------------------------------- folders, number formats, locks


def test_a_folder_is_known_by_its_content_and_base(
    manager: PeftManager,
    tiny_base: Path,
    make_base: Callable[..., Path],
    stock: Callable[..., Path],
    tmp_path: Path,
) -> None:
    """An overwritten folder stayed stale, and the same folder on another base answered from the first."""
    folder = tmp_path / "adapter"
    shutil.copytree(stock(tiny_base, "lora"), folder)
    first = manager.load_folder(folder)
    logits = first.logits(STOCK_TEXT)
    assert torch.allclose(logits, stock_logits(tiny_base, stock(tiny_base, "lora")), atol=1e-5)
    other = make_base(seed=5)
    elsewhere = manager.load_folder(folder, str(other))
    assert torch.allclose(elsewhere.logits(STOCK_TEXT), stock_logits(other, folder), atol=1e-5)
    shutil.copytree(stock(tiny_base, "lora", seed=1), folder, dirs_exist_ok=True)
    again = manager.load_folder(folder)
    assert torch.allclose(again.logits(STOCK_TEXT), stock_logits(tiny_base, folder), atol=1e-5)
    assert torch.equal(first.logits(STOCK_TEXT), logits)  # what it was loaded as, while it is held
    assert manager.unload_adapter(str(folder))
    with pytest.raises(AdapterError, match="has been overwritten since"):
        first.logits(STOCK_TEXT)
    assert torch.allclose(again.logits(STOCK_TEXT), stock_logits(tiny_base, folder), atol=1e-5)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"alora_invocation_tokens": [5]}, "aLoRA works behind"),
        ({"peft_type": "PROMPT_TUNING"}, "PROMPT_TUNING puts virtual tokens"),
        ({"peft_type": "PREFIX_TUNING"}, "PREFIX_TUNING puts virtual tokens"),
        ({"peft_type": "P_TUNING"}, "P_TUNING puts virtual tokens"),
        ({"peft_type": "CPT"}, "CPT puts virtual tokens"),
        ({"peft_type": "MULTITASK_PROMPT_TUNING"}, "MULTITASK_PROMPT_TUNING puts virtual tokens"),
        ({"peft_type": "POLY"}, "task id"),
        ({"peft_type": "XLORA"}, "mixes other adapters"),
    ],
)
def test_what_would_answer_as_the_bare_base_is_refused_by_name(
    config: dict[str, Any],
    says: str,
    manager: PeftManager,
    tiny_base: Path,
    stock: Callable[..., Path],
    tmp_path: Path,
) -> None:
    from codebase_gardener.gardener.generating import generate
    from codebase_gardener.gardener.importing import import_adapter, prove_adapter
    from codebase_gardener.utils.names import parse_ref

    folder = Path(shutil.copytree(stock(tiny_base, "lora"), tmp_path / "adapter"))
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **config}))
    with Gardener(manager.settings) as gardener:
        for use in (
            lambda: manager.load_folder(folder),
            lambda: generate(gardener, [str(folder)], ["a"]),
            lambda: import_adapter(gardener, str(folder), parse_ref("demo/it")),
            lambda: prove_adapter(gardener, str(folder)),
        ):
            with pytest.raises(AdapterError, match=says) as caught:
                use()
            assert "train a LoRA adapter" in caught.value.hint


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_setting_says_what_answers_are_computed_in(
    dtype: str, settings: Settings, tiny_base: Path, stock: Callable[..., Path]
) -> None:
    """A head that was trained in float32 could not be used where answers are bfloat16."""
    with with_cache(settings, inference_dtype=dtype) as manager:
        for kind in ("saved head", "LN tuning", "embedding", "head"):
            folder = stock(tiny_base, kind)
            expected = stock_logits(tiny_base, folder, dtype)
            assert torch.equal(manager.load_folder(folder).logits(STOCK_TEXT), expected), kind


def test_threads_that_hold_the_model_and_the_cache_do_not_hang(
    settings: Settings, tiny_base: Path, stock: Callable[..., Path]
) -> None:
    """One thread in `disabled()` asked for another adapter while a second one evicted: all stood still for good."""
    folders = [stock(tiny_base, "lora", seed=seed) for seed in range(4)] + [stock(tiny_base, "dora")]
    with with_cache(settings, cache_count=2, inference_dtype="float32") as manager:
        handles = [manager.load_folder(folder) for folder in folders]
        expected = [handle.logits(STOCK_TEXT) for handle in handles]
        failed: list[str] = []
        usage: list[int] = []

        def hold(first: int) -> None:
            for turn in range(12):
                one, other = handles[first], handles[(first + turn) % len(handles)]
                try:
                    with one.held() as live, live.disabled():
                        other.logits(STOCK_TEXT)
                        "".join(other.stream("f(", max_new_tokens=2))
                        usage.append(manager.get_memory_usage()["adapters_bytes"])
                except ResourceError:
                    pass  # both places are held by other threads
                try:
                    if not torch.equal(other.logits(STOCK_TEXT), expected[handles.index(other)]):
                        failed.append(str(other))
                except ResourceError:
                    pass

        threads = [threading.Thread(target=hold, args=(n,), daemon=True) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(100)
        assert not any(thread.is_alive() for thread in threads), "threads wait for one another"
        assert failed == []
        assert usage
        assert len(manager.get_memory_usage()["loaded"]) <= 2


def test_waiting_reads_each_event_once(manager: PeftManager, monkeypatch: pytest.MonkeyPatch) -> None:
    log = JobDirectory(manager.registry.job(queued(manager)).directory).events
    offsets: list[int] = []
    read = EventReader.new

    def watched(self: EventReader) -> Any:
        offsets.append(self.offset)
        log.append("step", step=len(offsets), steps=99)
        return read(self)

    monkeypatch.setattr(EventReader, "new", watched)
    seen: list[TrainingProgress] = []
    with pytest.raises(TimeoutError):
        manager.trainings.wait("demo/default", timeout_s=0.5, callback=seen.append)
    assert [progress.step for progress in seen] == list(range(1, len(offsets) + 1))
    assert sorted(set(offsets)) == offsets
    assert len(offsets) > 1


def test_waiting_has_an_end(manager: PeftManager) -> None:
    job = queued(manager)
    assert manager.is_training("demo")
    assert manager.get_training_progress(job).stage == "waiting"
    with pytest.raises(TimeoutError):
        manager.trainings.wait(job, timeout_s=0.1)


def test_copies_of_a_home_are_homes(manager: PeftManager, ready: Ready, tmp_path: Path) -> None:
    """Nothing is loaded from outside of what the registry says."""
    row = ready(manager)
    shutil.copytree(row.directory, tmp_path / "elsewhere")
    with pytest.raises(NotFoundError):
        manager.load_adapter("demo", "elsewhere")
