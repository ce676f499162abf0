"""`ask`: the graph answers what it can, with anchors; a model adds to it, with retrieved code and pages before it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from codebase_gardener.adapters.handle import AdapterHandle
from codebase_gardener.dataset.prompts import question_messages
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.through_ollama import OllamaAnswer, answer_through_ollama
from codebase_gardener.models.openai_client import OpenAIClient
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.utils.error_handling import InvalidInputError, VerificationError
from codebase_gardener.utils.names import AdapterRef

if TYPE_CHECKING:
    from codebase_gardener.knowledge.answers.answering import GraphAnswer
    from codebase_gardener.knowledge.answers.grounding import Unverified
    from codebase_gardener.retrieval.documents import Document
    from codebase_gardener.wiki.project import ProjectWiki

__all__ = ["Answer", "ModelAnswer", "ask"]

_SHOWN = 8
_PENALTY = 1.1  # small models repeat themselves without


@dataclass(frozen=True)
class ModelAnswer:
    """What a model said, and what it was made from.

    Attributes:
        text: What the model said.
        adapter: `project/name@version`, or None: the base alone answered.
        base: Id of the base; `ollama:MODEL` of an Ollama server, `endpoint:MODEL` of another.
        sources: Anchors of the retrieved code and ids of the retrieved pages, best first.
        note: Why no adapter, no wiki or another engine was used, where one might have been expected.
        evidence: Of each retrieved page: the anchors that it rests on.
        engine: Who computed it: "torch" in this process, "ollama" or "endpoint".
        unverified: What it names, counts or quotes that is not in the repository, in order.
        marked: The text with a mark behind each of these.
    """

    text: str
    adapter: str | None
    base: str
    sources: tuple[str, ...]
    note: str = ""
    evidence: dict[str, tuple[str, ...]] = field(default_factory=dict)
    engine: str = "torch"
    unverified: tuple[Unverified, ...] = ()
    marked: str = ""


@dataclass(frozen=True)
class Answer:
    """What the graph says, and what a model said.

    Attributes:
        question: As it was understood.
        graph: Computed from the repository, or what the wiki's search finds; None for a question that neither answers.
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
    strict: bool = False,
    adapter: bool = True,
    retrieval: bool = True,
    max_new_tokens: int = 200,
    engine: str = "torch",
    model: str | None = None,
    endpoint: str = "",
) -> Answer:
    """Answer a question about a project.

    Args:
        gardener: The home.
        ref: The project, with or without adapter and version.
        question: In plain words, or code to go on with.
        explain: Ask a model; by default where the graph has no answer, or only where to read, and where an adapter
            or a server is named.
        strict: Refuse a model's answer that says what is not in the repository.
        adapter: Use the adapter: the one named, else the active one.
        retrieval: Put retrieved code before the question.
        max_new_tokens: Tokens of the answer at most.
        engine: "torch" answers in this process, "ollama" lets an Ollama server answer, "endpoint" an
            OpenAI-compatible one.
        model: Of that server; by default, of Ollama, the adapter's, else that of the settings.
        endpoint: URL of the endpoint; by default that of the settings, else of the environment.

    Raises:
        NotFoundError: No such project, or no such adapter where one is named.
        InvalidInputError: An empty question, or one with control characters; "endpoint" without a model.
        ModelError: The endpoint does not answer.
        VerificationError: `strict`, and the model says what is not in the repository.
    """
    from codebase_gardener.knowledge.answers.grounding import marked
    from codebase_gardener.knowledge.answers.questions import clean_question
    from codebase_gardener.wiki.answers import FOUND

    asked = clean_question(question)
    wiki = gardener.wiki(ref.project)
    computed = wiki.answer(asked)
    if explain is None:
        explain = computed is None or computed.form == FOUND or ref.name is not None or engine != "torch"
    if not explain:
        return Answer(asked, computed, None)
    documents, wiki_note = _documents(wiki, question) if retrieval else ([], "")
    if engine == "endpoint":
        said = _said_there(gardener, question, documents, max_new_tokens, model or "", endpoint)
    else:
        said = _said(gardener, ref, question, documents, adapter, max_new_tokens, engine, model)
    found = wiki.grounds().unverified(said.text, question)
    if strict and found:
        raise _refused(said.text, computed, found)
    checked = replace(said, unverified=found, marked=marked(said.text, found))
    return Answer(asked, computed, replace(checked, note="; ".join(filter(None, (said.note, wiki_note)))))


def _refused(text: str, computed: GraphAnswer | None, found: tuple[Unverified, ...]) -> VerificationError:
    names = ", ".join(one.text for one in found[:_SHOWN])
    return VerificationError(
        f"the model says what is not in the repository: {names}{' …' if len(found) > _SHOWN else ''}",
        hint="leave out --strict to read its answer with these marked",
        context={
            "unverified": [asdict(one) for one in found],
            "text": text,
            "graph": asdict(computed) if computed is not None else None,
        },
    )


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
    return _of(replace(said, note=note), documents)


def _said_there(
    gardener: Gardener,
    question: str,
    documents: list[Document],
    max_new_tokens: int,
    model: str,
    endpoint: str,
) -> ModelAnswer:
    """What a model of an OpenAI-compatible endpoint says."""
    if not model:
        raise InvalidInputError("no model of the endpoint is named", hint="add --model NAME")
    settings = gardener.settings
    client = OpenAIClient.of_environment(endpoint or settings.openai_base_url, settings.writer_timeout_s)
    text = client.generate(model, question_messages(question, documents), max_tokens=max_new_tokens)
    return _of(OllamaAnswer(text, None, f"endpoint:{model}", "endpoint"), documents)


def _of(said: OllamaAnswer, documents: list[Document]) -> ModelAnswer:
    return ModelAnswer(
        text=said.text.strip(),
        adapter=said.adapter,
        base=said.base,
        sources=tuple(document.anchor for document in documents),
        note=said.note,
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
