"""Importing an adapter from a folder, and proving one again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.gardener.locating import Located, adapter_folder, base_of, locate, named_base
from codebase_gardener.gardener.publishing import Origin, publish_adapter
from codebase_gardener.models.adapter_files import ADAPTER_FILES, check_adapter_files
from codebase_gardener.models.proof import prove
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.utils.names import AdapterRef

if TYPE_CHECKING:
    from codebase_gardener.gardener.gardener import Gardener

__all__ = ["import_adapter", "prove_adapter"]


def import_adapter(
    gardener: Gardener, what: str, ref: AdapterRef, *, base: str | None = None, rename: bool = False
) -> VersionRow:
    """Take an adapter of PEFT's format into the registry: checked, copied, and proven in a fresh process.

    Args:
        gardener: The home.
        what: A folder with adapter_config.json and adapter_model.safetensors, or an id of the Hugging Face hub.
        ref: `project/name`; the project is made where there is none.
        base: Base model; by default the one that the adapter's config names.
        rename: Rename tensors that match no module, where a known renaming makes them match.

    Raises:
        AdapterError: Its files are unsound, or it does not fit the base, or changes nothing. Nothing is left.
    """
    folder = adapter_folder(gardener, what)
    files = check_adapter_files(folder)
    model = gardener.base(base or named_base(files.config, folder))

    def copy(staged: Path) -> None:
        for name in ADAPTER_FILES:
            if (folder / name).is_file():
                shutil.copyfile(folder / name, staged / name)
        if rename:
            from codebase_gardener.models.torch_renaming import rename_tensors

            rename_tensors(staged, model.path)

    spec = {
        name: files.config.get(name) for name in ("peft_type", "r", "lora_alpha", "use_rslora", "use_dora")
    }
    return publish_adapter(
        gardener,
        ref,
        copy,
        Origin(model, {**spec, "imported_from": what if not Path(what).exists() else str(folder.resolve())}),
    )


def prove_adapter(
    gardener: Gardener, what: str, *, base: str | None = None
) -> tuple[Located, dict[str, Any]]:
    """Reload an adapter in a fresh process and measure its effect; kept as a receipt where it is in the registry.

    Raises:
        AdapterError: It does not fit the base, or changes nothing.
    """
    located = locate(gardener, what)
    receipt = prove(located.directory, base_of(gardener, located, base))
    if located.row is not None:
        gardener.registry.add_receipt(located.row, "proof", receipt)
    return located, receipt
