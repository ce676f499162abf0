"""What holds for each export: refusals, receipts, and nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.exports import table
from codebase_gardener.exports.request import ExportRequest, ExportTarget
from codebase_gardener.exports.writing import export_adapter
from codebase_gardener.utils.error_handling import AdapterError, InvalidInputError
from codebase_gardener.utils.progress import Quiet
from samples.stock_adapters import STOCK, save_adapter


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
    monkeypatch.setitem(table.TARGETS, "peft", ExportTarget(peft.about, peft.write, lost))
    with pytest.raises(AdapterError):
        export_adapter(request_, "peft", tmp_path / "place" / "out")
    assert not list((tmp_path / "place").iterdir())
