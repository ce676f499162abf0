"""What holds for each export: refusals, receipts, and nothing half-written."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from codebase_gardener.adapters.files import WEIGHTS, check_adapter_files
from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.exports import table
from codebase_gardener.exports.request import ExportRequest, ExportTarget
from codebase_gardener.exports.writing import export_adapter
from codebase_gardener.utils.error_handling import (
    AdapterError,
    CodebaseGardenerError,
    InvalidInputError,
    ResourceError,
)
from codebase_gardener.utils.progress import Quiet
from samples.stock_adapters import STOCK, save_adapter

pytestmark = pytest.mark.slow


@pytest.fixture
def request_(tiny_base: Path, tmp_path: Path) -> ExportRequest:
    folder = save_adapter(tmp_path / "adapter", tiny_base, STOCK["lora"])
    return ExportRequest(
        "garden/default@1",
        check_adapter_files(folder),
        resolve_base(str(tiny_base), tmp_path / "bases"),
        Quiet(),
    )


def test_peft_folder_is_read_back(request_: ExportRequest, tmp_path: Path) -> None:
    report = export_adapter(request_, "peft", tmp_path / "out")
    assert report.receipt["max_logit_difference"] > 0
    assert set(report.files) >= {"adapter_config.json", "adapter_model.safetensors"}
    assert json.loads((tmp_path / "out/export.json").read_text())["target"] == "peft"


def test_existing_folder_is_not_touched(request_: ExportRequest, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(InvalidInputError, match="exists already"):
        export_adapter(request_, "peft", tmp_path / "out")


@pytest.mark.parametrize(("target", "quantize"), [("nope", None), ("peft", "q8_0")])
def test_unknown_targets_and_quantizations(
    request_: ExportRequest, tmp_path: Path, target: str, quantize: str | None
) -> None:
    with pytest.raises(InvalidInputError):
        export_adapter(
            ExportRequest(request_.label, request_.files, request_.base, Quiet(), quantize),
            target,
            tmp_path / "out",
        )


def test_lost_effect_leaves_nothing(
    request_: ExportRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(request: ExportRequest, folder: Path) -> dict[str, Any]:
        raise AdapterError("its effect is lost", hint="keep it as an adapter")

    peft = table.TARGETS["peft"]
    monkeypatch.setitem(table.TARGETS, "peft", ExportTarget(peft.write, lost))
    with pytest.raises(AdapterError):
        export_adapter(request_, "peft", tmp_path / "place" / "out")
    assert not list((tmp_path / "place").iterdir())


ALL = tuple(table.TARGETS)


@pytest.mark.parametrize("target", ALL)
def test_a_full_disk_leaves_nothing(
    target: str, request_: ExportRequest, small_disk: Path, tmp_path: Path
) -> None:
    from samples.full_disks import fill

    filler = fill(small_disk, leaving=16_384)
    with pytest.raises(ResourceError):
        export_adapter(request_, target, small_disk / "out")
    assert list(small_disk.iterdir()) == [filler]


@pytest.mark.parametrize("target", ALL)
def test_another_base_nan_and_a_folder_that_exists(
    target: str, request_: ExportRequest, make_base: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(InvalidInputError, match="exists already"):
        export_adapter(request_, target, tmp_path / "there")
    before = set(tmp_path.iterdir())
    changed = replace(request_, files=replace(request_.files, base_sha256="0" * 64))
    wide = resolve_base(str(make_base(seed=3, intermediate_size=48)), tmp_path / "bases")
    spoiled = Path(shutil.copytree(request_.files.directory, tmp_path / "there/spoiled"))
    held = load_file(spoiled / WEIGHTS)
    save_file({name: tensor * float("nan") for name, tensor in held.items()}, spoiled / WEIGHTS)
    for request in (
        changed,
        replace(request_, base=wide),
        replace(request_, files=check_adapter_files(spoiled)),
    ):
        with pytest.raises(AdapterError):
            export_adapter(request, target, tmp_path / "out")
        assert set(tmp_path.iterdir()) == before


def test_files_are_for_whom_the_umask_says(request_: ExportRequest, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        export_adapter(request_, "peft", tmp_path / "new/out")
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "new/out").iterdir()}
    assert modes == {0o644}
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o755


def test_either_spelling_of_a_number_format(request_: ExportRequest, tmp_path: Path) -> None:
    export_adapter(replace(request_, quantize="f16"), "merged", tmp_path / "out")
    config = json.loads((tmp_path / "out/config.json").read_text())
    assert "float16" in (config.get("dtype"), config.get("torch_dtype"))


def test_an_error_names_the_folder_that_was_asked_for(request_: ExportRequest, tmp_path: Path) -> None:
    file = request_.files.directory / WEIGHTS
    save_file({name: tensor * float("nan") for name, tensor in load_file(file).items()}, file)
    with pytest.raises(AdapterError, match="NaN") as caught:
        export_adapter(request_, "peft", tmp_path / "out")
    assert str(tmp_path / "out") in caught.value.message and ".out" not in caught.value.message


@pytest.mark.parametrize("where", ["link", "/proc/export", "file/below"])
def test_places_that_are_none(where: str, request_: ExportRequest, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises((InvalidInputError, ResourceError)):
        export_adapter(request_, "peft", tmp_path / where)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("target", ALL)
def test_a_base_that_is_gone(target: str, request_: ExportRequest, tmp_path: Path) -> None:
    gone = replace(request_, base=replace(request_.base, path=tmp_path / "gone"))
    with pytest.raises(CodebaseGardenerError):
        export_adapter(gone, target, tmp_path / "out")
    assert not (tmp_path / "out").exists()
