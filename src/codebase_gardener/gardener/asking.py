"""`ask`: the graph answers what it can, with anchors; a model adds to it, with retrieved code and pages before it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from codebase_gardener.adapters.handle import AdapterHandle
from codebase_gardener.dataset.prompts import question_messages
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.through_ollama import OllamaAnswer, answer_through_ollama
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.utils.names import AdapterRef

if TYPE_CHECKING:
    from codebase_gardener.knowledge.answers.answering import GraphAnswer
    from codebase_gardener.retrieval.documents import Document
    from codebase_gardener.wiki.project import ProjectWiki

__all__ = ["Answer", "ModelAnswer", "ask"]

_PENALTY = 1.1  # small models repeat themselves without


@dataclass(frozen=True)
class ModelAnswer:
    """What a model said, and what it was made from.

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


@dataclass(frozen=True)
class Answer:
    """What the graph says, and what a model said.

    Attributes:
        question: As it was understood.
        graph: Computed from the repository; None for a question that it does not answer.
        model: None where no model was asked.
    """

    question: str
    graph: GraphAnswer | None
    model: ModelAnswer | None


def ask(
    gardener: Gardener,
    ref: AdapterRef,
    question: str,
    *,
    explain: bool | None = None,
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
        explain: Ask a model; by default where the graph has no answer, and where an adapter or a server is named.
        adapter: Use the adapter: the one named, else the active one.
        retrieval: Put retrieved code before the question.
        max_new_tokens: Tokens of the answer at most.
        engine: "torch" answers in this process, "ollama" lets an Ollama server answer.
        model: Of that server; by default the adapter's, else that of the settings.

    Raises:
        NotFoundError: No such project, or no such adapter where one is named.
        InvalidInputError: An empty question, or one with control characters.
    """
    from codebase_gardener.knowledge.answers.questions import clean_question

    asked = clean_question(question)
    wiki = gardener.wiki(ref.project)
    computed = wiki.answer(asked)
    if explain is None:
        explain = computed is None or ref.name is not None or engine != "torch"
    if not explain:
        return Answer(asked, computed, None)
    documents, wiki_note = _documents(wiki, question) if retrieval else ([], "")
    said = _said(gardener, ref, question, documents, adapter, max_new_tokens, engine, model)
    return Answer(asked, computed, replace(said, note="; ".join(filter(None, (said.note, wiki_note)))))


def _documents(wiki: ProjectWiki, question: str) -> tuple[list[Document], str]:
    """What is put before a question, and why no page is among it."""
    note = wiki.left_out()
    return wiki.index().for_prompt(question, pages=not note), note


def _said(
    gardener: Gardener,
    ref: AdapterRef,
    question: str,
    documents: list[Document],
    adapter: bool,
    max_new_tokens: int,
    engine: str,
    model: str | None,
) -> ModelAnswer:
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
    return ModelAnswer(
        text=said.text.strip(),
        adapter=said.adapter,
        base=said.base,
        sources=tuple(document.anchor for document in documents),
        note=note,
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
