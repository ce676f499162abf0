"""`ask`: a question answered by the adapter, with retrieved code before it, and what was used said."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from codebase_gardener.dataset.testing_code import is_test
from codebase_gardener.gardener.gardener import Gardener
from codebase_gardener.models.adapter_handle import AdapterHandle
from codebase_gardener.retrieval.documents import Document
from codebase_gardener.retrieval.index import SymbolIndex
from codebase_gardener.utils.error_handling import NotFoundError
from codebase_gardener.utils.names import AdapterRef

__all__ = ["Answer", "ask", "best_documents", "index_of"]

_DOCUMENTS = 4
_ASKING = (  # words of a question that name nothing
    "can class code defined do does file find from function how i located "
    "me method show tell use used what when where which who why work works"
)


@dataclass(frozen=True)
class Answer:
    """An answer and what it is made from.

    Attributes:
        text: What the model said.
        adapter: `project/name@version`, or None: the base alone answered.
        base: Id of the base.
        sources: Anchors of the retrieved documents, best first.
        note: Why no adapter was used, where one might have been expected.
    """

    text: str
    adapter: str | None
    base: str
    sources: tuple[str, ...]
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


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
    from codebase_gardener.dataset.prompts import question_messages

    gardener.registry.project(ref.project)
    documents = best_documents(index_of(gardener, ref.project), question) if retrieval else []
    handle, note = _handle(gardener, ref, adapter)
    messages = question_messages(question, documents)
    text = handle.generate(messages, max_new_tokens=max_new_tokens, repetition_penalty=1.1)
    sources = tuple(document.anchor for document in documents)
    return Answer(text.strip(), handle.adapter_id, handle.base_id, sources, note)


def best_documents(index: SymbolIndex, question: str, k: int = _DOCUMENTS) -> list[Document]:
    """What to put before a question: symbols that it names, tests last, then what BM25 finds without filler words."""
    from bm25s.stopwords import STOPWORDS_EN

    filler = {*STOPWORDS_EN, *_ASKING.split()}
    words = [word for word in re.findall(r"\w+", question) if word.lower() not in filler]
    named = sorted(
        (d for d in index.documents if d.symbol and d.symbol.rpartition(".")[2] in words),
        key=lambda d: (is_test(d.path), d.symbol.count("."), d.anchor),
    )
    found = [hit.document for hit in index.search(" ".join(words) or question, k=2 * k)]
    return list(dict.fromkeys([*named[: k // 2], *found]))[:k]


def _handle(gardener: Gardener, ref: AdapterRef, adapter: bool) -> tuple[AdapterHandle, str]:
    if not adapter:
        return gardener.manager.base_handle(), ""
    name = ref.name or gardener.current_adapter(ref.project)
    if ref.name is None and gardener.registry.active_version(ref.project, name) is None:
        note = f"{ref.project} has no active adapter: the base answers"
        return gardener.manager.base_handle(), note
    return gardener.manager.load_adapter(ref.project, name, ref.version), ""


def index_of(gardener: Gardener, project: str) -> SymbolIndex:
    """The index of a project's last snapshot, built once and kept beside it."""
    from codebase_gardener.repository.extraction import extract_tables
    from codebase_gardener.retrieval.documents import documents_of

    folder = _index_folder(gardener, project)
    try:
        return SymbolIndex.load(folder)
    except NotFoundError:
        snapshot = gardener.snapshot(project)
        index = SymbolIndex.build(documents_of(snapshot, extract_tables(snapshot)))
        index.save(folder)
        return index


def _index_folder(gardener: Gardener, project: str) -> Path:
    snapshot = gardener.registry.latest_snapshot(project)
    return gardener.settings.projects_dir / project / "indexes" / snapshot.snapshot_id
