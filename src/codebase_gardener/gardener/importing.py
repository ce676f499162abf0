"""Importing an adapter from a folder, and proving one again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.adapters.files import ADAPTER_FILES, check_adapter_files, check_base
from codebase_gardener.adapters.proof import prove, prove_merged
from codebase_gardener.bases.resolution import Base
from codebase_gardener.gardener.locating import Located, adapter_folder, base_of, locate, named_base
from codebase_gardener.gardener.publishing import Origin, publish_adapter
from codebase_gardener.gardener.through_server import prove_served
from codebase_gardener.merging.into_base import merge_into_base
from codebase_gardener.merging.judging import judge_merged
from codebase_gardener.merging.merge import MergeInput, MergeSpec
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.utils.error_handling import InvalidInputError, NotFoundError
from codebase_gardener.utils.files import make_folder, writing
from codebase_gardener.utils.names import AdapterRef

if TYPE_CHECKING:
    from codebase_gardener.gardener.facade import Gardener

__all__ = ["AGAINST", "import_adapter", "judge_merge", "prove_adapter"]


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
            from codebase_gardener.adapters.torch_renaming import rename_tensors

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
    gardener: Gardener,
    what: str,
    *,
    base: str | None = None,
    against: str | None = None,
    url: str | None = None,
    key: str = "",
) -> tuple[Located, dict[str, Any]]:
    """Reload an adapter in a fresh process and measure its effect; kept as a receipt where it is in the registry.

    Args:
        gardener: The home.
        what: A name or a folder.
        base: Base model; by default the one that the adapter was trained on.
        against: A key of `AGAINST`: what the adapter is compared with; None for the bare base.
        url: With "served": where the server listens; by default one of this home, else one is started for this.
        key: With "served": an API key, where the server wants one.

    Raises:
        AdapterError: It does not fit the base, or changes nothing; or its effect is not in what it is compared with.
        InvalidInputError: There is nothing of that name to compare with.
    """
    if against is not None and against not in AGAINST:
        raise InvalidInputError(
            f"an adapter cannot be proven against {against!r} yet", hint=f"choose from {', '.join(AGAINST)}"
        )
    if url is not None and against != "served":
        raise InvalidInputError("a server is named, and nothing is asked of it", hint="add --against served")
    located = locate(gardener, what)
    model = base_of(gardener, located, base)
    if against is None:
        kind, receipt = "proof", prove(located.directory, model, answers=gardener.settings.inference_dtype)
    else:
        compare = partial(prove_served, url=url, key=key) if against == "served" else AGAINST[against]
        kind, receipt = f"parity-{against}", compare(gardener, located, model)
    if located.row is not None:
        gardener.registry.add_receipt(located.row, kind, receipt)
    return located, receipt


def judge_merge(
    gardener: Gardener, what: str, merged: Path, *, base: str | None = None
) -> tuple[Located, dict[str, Any]]:
    """Judge a merged model that anyone made (`judging.judge_merged`); no receipt is kept: it is not ours.

    Raises:
        AdapterError: The adapter does not fit the base, or the folder is no merge of that base.
        NotFoundError: There is no such adapter or folder.
    """
    if not any(merged.glob("*.safetensors")):
        raise NotFoundError(f"{merged} holds no *.safetensors", hint="name the folder of a merged model")
    located = locate(gardener, what)
    model = base_of(gardener, located, base)
    files = check_adapter_files(located.directory)
    check_base(located.label, files, model)
    return located, judge_merged(files, model.path, merged)


def _against_merged(gardener: Gardener, located: Located, model: Base) -> dict[str, Any]:
    """Merge the adapter into a temporary copy of its base, and compare."""
    home = gardener.settings.home
    with writing(home):
        make_folder(home)
        folder = tempfile.TemporaryDirectory(prefix=".merged.", dir=home)
    with folder as place:
        merged = Path(place) / "model"
        report = merge_into_base(
            [MergeInput(located.directory, 1.0, located.label)], model, merged, MergeSpec("linear")
        )
        return {**prove_merged(located.directory, model, merged), "tensors_changed": report.changed}


AGAINST: dict[str, Callable[[Gardener, Located, Base], dict[str, Any]]] = {
    "merged": _against_merged,
    "served": prove_served,
}
"""What an adapter can be compared with; GGUF files are as they are exported."""
