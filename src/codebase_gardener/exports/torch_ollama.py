"""A folder for Ollama: GGUF files and a Modelfile; the adapter by itself where the server takes it, else merged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from codebase_gardener.bases.resolution import Base
from codebase_gardener.bases.text import conversation_ids, render_conversation
from codebase_gardener.bases.torch_loading import load_tokenizer
from codebase_gardener.exports.llamacpp import is_installed
from codebase_gardener.exports.ollama_modelfile import check_ollama_name, modelfile, takes_adapters
from codebase_gardener.exports.ollama_template import CONVERSATIONS, PLAIN, Turns, turns_of
from codebase_gardener.exports.request import ExportRequest
from codebase_gardener.exports.torch_gguf import read_by_llamacpp, write_merged_gguf
from codebase_gardener.exports.torch_gguf_adapter import NotCarriedError, write_gguf_adapter
from codebase_gardener.exports.torch_gguf_base import architecture_of, write_gguf_base
from codebase_gardener.models.ollama_client import OllamaClient
from codebase_gardener.utils.error_handling import AdapterError, ModelError
from codebase_gardener.utils.files import read_json

__all__ = ["ollama_create", "prove_ollama_folder", "write_ollama_folder"]

_MODEL, _ADAPTER, _MODELFILE = "model.gguf", "adapter.gguf", "Modelfile"
_QUANTIZE = "f16"


def write_ollama_folder(request: ExportRequest, folder: Path) -> list[str]:
    """Write GGUF files and a Modelfile.

    Raises:
        InvalidInputError: Ollama takes no such name.
        ModelError: llama.cpp does not know the base's architecture; or a model is to be made, and no server answers.
        AdapterError: The adapter cannot be merged.
    """
    if request.create:
        check_ollama_name(request.create)
    architecture_of(request.base)
    version = _version(request)
    quantize = request.quantize or _QUANTIZE
    why = _why_merged(request, folder, version)
    alone = not why
    if alone:
        write_gguf_base(request.base, folder / _MODEL, quantize)
    else:
        write_merged_gguf(request, folder / _MODEL, quantize)
    tokenizer = load_tokenizer(request.base.path)
    turns = _turns(tokenizer)
    template = turns.go() if turns else PLAIN
    text = modelfile(
        f"./{_MODEL}", f"./{_ADAPTER}" if alone else None, template, _stops(tokenizer, request.base, turns)
    )
    (folder / _MODELFILE).write_text(text, encoding="utf-8")
    size = (folder / _MODEL).stat().st_size / 1e6
    url = request.ollama_url or "any address"
    return [
        f"Ollama {version} answers at {request.ollama_url}"
        if version
        else f"no Ollama server answers at {url}: assumed is one that takes no adapters",
        f"the adapter is a file of its own; its base takes {size:,.0f} MB, once for all adapters of it"
        if alone
        else f"the adapter is merged, because {why}: {size:,.0f} MB for each adapter",
        "the base's chat template is in the Modelfile"
        if turns
        else "the base's chat template cannot be converted with certainty: the Modelfile is for plain completion",
        f"ollama create NAME -f {_MODELFILE}",
    ]


def _why_merged(request: ExportRequest, folder: Path, version: str | None) -> str:
    """Write the adapter as a file of its own, or say why that cannot be."""
    if version is None or not takes_adapters(version):
        return "such a server makes no models of adapters"
    try:
        write_gguf_adapter(request.files, request.base, folder / _ADAPTER)
    except NotCarriedError as error:
        return error.message
    return ""


def prove_ollama_folder(request: ExportRequest, folder: Path) -> dict[str, Any]:
    """Compare the template's token ids with the tokenizer's; and, where llama.cpp is there, its log-probabilities.

    Raises:
        AdapterError: They differ, or the adapter's effect is lost.
    """
    tokenizer = load_tokenizer(request.base.path)
    turns = _turns(tokenizer)
    tried = CONVERSATIONS if turns else ()
    for talk in tried:
        wanted = conversation_ids(tokenizer, render_conversation(tokenizer, talk, answer_next=True))
        if turns and tokenizer(turns.render(talk))["input_ids"] != wanted:
            raise AdapterError(
                "the Modelfile's template gives other tokens than the base's",
                hint="this is a fault of the export: report it with the base's chat template",
            )
    receipt: dict[str, Any] = {"conversations_compared": len(tried), "read_by": None}
    if is_installed():
        adapters = [folder / _ADAPTER] if (folder / _ADAPTER).exists() else []
        receipt |= read_by_llamacpp(request, folder / _MODEL, adapters)
    return receipt


def ollama_create(request: ExportRequest, folder: Path) -> str:
    """Let the server make a model of a finished folder: files are sent as blobs.

    Raises:
        ModelError: The server refuses.
    """
    tokenizer = load_tokenizer(request.base.path)
    turns = _turns(tokenizer)
    adapter = folder / _ADAPTER
    OllamaClient(request.ollama_url).create(
        request.create,
        files=[folder / _MODEL],
        adapters=[adapter] if adapter.exists() else [],
        template=turns.go() if turns else PLAIN,
        parameters={"stop": _stops(tokenizer, request.base, turns)},
    )
    return f"Ollama has {request.create}: ollama run {request.create}"


def _version(request: ExportRequest) -> str | None:
    """The server's; None where none answers, which is an error only where it is to make a model."""
    if not request.ollama_url:
        return None
    try:
        return OllamaClient(request.ollama_url, timeout_s=10).health()
    except ModelError:
        if request.create:
            raise
        return None


def _turns(tokenizer: Any) -> Turns | None:
    """Checked on text; without the token that llama.cpp puts before every text, as the tokenizer does."""
    found = turns_of(lambda talk: render_conversation(tokenizer, talk, answer_next=True))
    before = tokenizer.bos_token or ""
    puts_it = before and tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]
    return found.without_start(before) if found and puts_it else found


def _stops(tokenizer: Any, base: Base, turns: Turns | None) -> list[str]:
    """What ends an answer: the tokens that end a text, and what the template writes behind an answer."""
    path = base.path / "generation_config.json"
    ends = read_json(path).get("eos_token_id") if path.is_file() else None
    ids = [*(ends if isinstance(ends, list) else [ends]), tokenizer.eos_token_id]
    texts = [tokenizer.convert_ids_to_tokens(number) for number in ids if isinstance(number, int)]
    if turns:
        texts.append(turns.around["assistant"][1].strip() or turns.around["user"][0].strip())
    return list(dict.fromkeys(text for text in texts if text))
