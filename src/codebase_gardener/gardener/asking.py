"""`ask`: a question answered by the adapter, with retrieved code and wiki pages before it, and what was used said."""

from __future__ import annotations

from dataclasses import dataclass, field

from codebase_gardener.adapters.handle import AdapterHandle
from codebase_gardener.dataset.prompts import question_messages
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.through_ollama import OllamaAnswer, answer_through_ollama
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.utils.names import AdapterRef

__all__ = ["Answer", "ask"]

_PENALTY = 1.1  # small models repeat themselves without


@dataclass(frozen=True)
class Answer:
    """An answer and what it is made from.

    Attributes:
        text: What the model said.
        adapter: `project/name@version`, or None: the base alone answered.
        base: Id of the base; `ollama:MODEL` of an Ollama server.
        sources: Anchors of the retrieved code and ids of the retrieved pages, best first.
        note: Why no adapter, no wiki or another engine was used, where one might have been expected.
        evidence: Of each retrieved page: the anchors that it rests on.
        engine: Who computed it: "torch" in this process, or "ollama".
    """

    text: str
    adapter: str | None
    base: str
    sources: tuple[str, ...]
    note: str = ""
    evidence: dict[str, tuple[str, ...]] = field(default_factory=dict)
    engine: str = "torch"


def ask(
    gardener: Gardener,
    ref: AdapterRef,
    question: str,
    *,
    adapter: bool = True,
    retrieval: bool = True,
    max_new_tokens: int = 200,
    engine: str = "torch",
    model: str | None = None,
) -> Answer:
    """Answer a question about a project.

    Args:
        gardener: The home.
        ref: The project, with or without adapter and version.
        question: In plain words, or code to go on with.
        adapter: Use the adapter: the one named, else the active one.
        retrieval: Put retrieved code before the question.
        max_new_tokens: Tokens of the answer at most.
        engine: "torch" answers in this process, "ollama" lets an Ollama server answer.
        model: Of that server; by default the adapter's, else that of the settings.

    Raises:
        NotFoundError: No such project, or no such adapter where one is named.
    """
    wiki = gardener.wiki(ref.project)
    wiki_note = wiki.left_out() if retrieval else ""
    documents = wiki.index().for_prompt(question, pages=not wiki_note) if retrieval else []
    row, note = _adapter(gardener, ref) if adapter else (None, "")
    messages = question_messages(question, documents)

    def say(handle: AdapterHandle) -> str:
        return handle.generate(messages, max_new_tokens=max_new_tokens, repetition_penalty=_PENALTY)

    if engine == "ollama":
        said = answer_through_ollama(
            gardener,
            row,
            model,
            lambda client, name: client.chat(
                name, messages, max_tokens=max_new_tokens, repeat_penalty=_PENALTY
            ),
            say,
        )
        note = "; ".join(filter(None, (note, said.note)))
    else:
        handle = _handle(gardener, ref, row)
        note += ": the base answers" if note else ""
        said = OllamaAnswer(say(handle), handle.adapter_id, handle.base_id, engine)
    return Answer(
        text=said.text.strip(),
        adapter=said.adapter,
        base=said.base,
        sources=tuple(document.anchor for document in documents),
        note="; ".join(filter(None, (note, wiki_note))),
        evidence={document.anchor: document.evidence for document in documents if document.evidence},
        engine=said.engine,
    )


def _adapter(gardener: Gardener, ref: AdapterRef) -> tuple[VersionRow | None, str]:
    """The version that is to answer, or why there is none."""
    name = ref.name or gardener.current_adapter(ref.project)
    if ref.name is None and gardener.registry.active_version(ref.project, name) is None:
        return None, f"{ref.project} has no active adapter"
    return gardener.registry.version(AdapterRef(ref.project, name, ref.version)), ""


def _handle(gardener: Gardener, ref: AdapterRef, row: VersionRow | None) -> AdapterHandle:
    """The adapter; without one the base that the project's adapter is on."""
    if row is not None:
        return gardener.manager.load_adapter(row.project, row.adapter_name, row.version)
    name = ref.name or gardener.current_adapter(ref.project)
    known = gardener.registry.versions(ref.project, name, limit=1)
    return gardener.manager.base_handle(known[0].base_id if known else None)
