"""`ask`: a question answered by the adapter, with retrieved code and wiki pages before it, and what was used said."""

from __future__ import annotations

from dataclasses import dataclass, field

from codebase_gardener.adapters.handle import AdapterHandle
from codebase_gardener.dataset.prompts import question_messages
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.utils.names import AdapterRef

__all__ = ["Answer", "ask"]


@dataclass(frozen=True)
class Answer:
    """An answer and what it is made from.

    Attributes:
        text: What the model said.
        adapter: `project/name@version`, or None: the base alone answered.
        base: Id of the base.
        sources: Anchors of the retrieved code and ids of the retrieved pages, best first.
        note: Why no adapter or no wiki was used, where one might have been expected.
        evidence: Of each retrieved page: the anchors that it rests on.
    """

    text: str
    adapter: str | None
    base: str
    sources: tuple[str, ...]
    note: str = ""
    evidence: dict[str, tuple[str, ...]] = field(default_factory=dict)


def ask(
    gardener: Gardener,
    ref: AdapterRef,
    question: str,
    *,
    adapter: bool = True,
    retrieval: bool = True,
    max_new_tokens: int = 200,
) -> Answer:
    """Answer a question about a project.

    Args:
        gardener: The home.
        ref: The project, with or without adapter and version.
        question: In plain words, or code to go on with.
        adapter: Use the adapter: the one named, else the active one.
        retrieval: Put retrieved code before the question.
        max_new_tokens: Tokens of the answer at most.

    Raises:
        NotFoundError: No such project, or no such adapter where one is named.
    """
    wiki = gardener.wiki(ref.project)
    wiki_note = wiki.left_out() if retrieval else ""
    documents = wiki.index().for_prompt(question, pages=not wiki_note) if retrieval else []
    handle, note = _handle(gardener, ref, adapter)
    messages = question_messages(question, documents)
    text = handle.generate(messages, max_new_tokens=max_new_tokens, repetition_penalty=1.1)
    return Answer(
        text=text.strip(),
        adapter=handle.adapter_id,
        base=handle.base_id,
        sources=tuple(document.anchor for document in documents),
        note="; ".join(filter(None, (note, wiki_note))),
        evidence={document.anchor: document.evidence for document in documents if document.evidence},
    )


def _handle(gardener: Gardener, ref: AdapterRef, adapter: bool) -> tuple[AdapterHandle, str]:
    name = ref.name or gardener.current_adapter(ref.project)
    if not adapter:
        known = gardener.registry.versions(ref.project, name, limit=1)  # the base that the adapter is on
        return gardener.manager.base_handle(known[0].base_id if known else None), ""
    if ref.name is None and gardener.registry.active_version(ref.project, name) is None:
        note = f"{ref.project} has no active adapter: the base answers"
        return gardener.manager.base_handle(), note
    return gardener.manager.load_adapter(ref.project, name, ref.version), ""
