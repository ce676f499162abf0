"""`ask`: a question answered by the adapter, with retrieved code and wiki pages before it, and what was used said."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from codebase_gardener.adapters.handle import AdapterHandle
from codebase_gardener.dataset.prompts import CONTEXT_CHARS, documents_that_fit
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.project_wiki import ProjectWiki, outdated, project_wiki
from codebase_gardener.gardener.ranking import content_words, is_page, ranked
from codebase_gardener.repository.areas import area_of
from codebase_gardener.retrieval.documents import Document
from codebase_gardener.retrieval.index import SymbolIndex
from codebase_gardener.utils.error_handling import NotFoundError
from codebase_gardener.utils.files import remove_tree
from codebase_gardener.utils.names import AdapterRef

__all__ = ["Answer", "ask", "best_documents", "index_of"]

_DOCUMENTS = 4
_LAYOUT = 2
"""Of what is kept of a page; an index of another one is built again."""


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
    documents, wiki_note = _retrieved(gardener, ref.project, question) if retrieval else ([], "")
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


def _retrieved(gardener: Gardener, project: str, question: str) -> tuple[list[Document], str]:
    """What is put before a question, and why no page is among it where the wiki speaks of another state."""
    index = index_of(gardener, project)
    wiki = project_wiki(gardener, project)
    revision = gardener.snapshot(project).revision if wiki is not None else ""
    if wiki is None or wiki.revision == revision:
        return best_documents(index, question), ""
    return best_documents(index, question, pages=False), outdated(project, wiki, revision)


def best_documents(
    index: SymbolIndex, question: str, k: int = _DOCUMENTS, *, pages: bool = True
) -> list[Document]:
    """What to put before a question: symbols that it names, tests last, then what BM25 finds without filler words.

    Where there is a wiki, the page that fits best comes first, cut to half of the room, and code after it.
    """
    words = content_words(question)
    named = sorted(
        (d for d in index.documents if not is_page(d) and d.symbol.rpartition(".")[2] in words),
        key=lambda d: (area_of(d.path) == "tests", d.symbol.count("."), d.anchor),
    )
    query = " ".join(words) or question
    code = [hit.document for hit in index.search(query, k=2 * k, exclude=is_page)]
    page = [hit.document for hit in ranked(index, question, 1)] if pages else []
    return list(dict.fromkeys([*documents_that_fit(page, CONTEXT_CHARS // 2), *named[: k // 2], *code]))[:k]


def _handle(gardener: Gardener, ref: AdapterRef, adapter: bool) -> tuple[AdapterHandle, str]:
    if not adapter:
        return gardener.manager.base_handle(), ""
    name = ref.name or gardener.current_adapter(ref.project)
    if ref.name is None and gardener.registry.active_version(ref.project, name) is None:
        note = f"{ref.project} has no active adapter: the base answers"
        return gardener.manager.base_handle(), note
    return gardener.manager.load_adapter(ref.project, name, ref.version), ""


def index_of(gardener: Gardener, project: str) -> SymbolIndex:
    """The index of a project's last snapshot and its wiki, built once and kept beside it."""
    from codebase_gardener.gardener.wiki_pages import read_pages
    from codebase_gardener.knowledge.pages.documents import page_documents
    from codebase_gardener.repository.extraction import extract_tables
    from codebase_gardener.retrieval.documents import documents_of

    wiki = project_wiki(gardener, project)
    folder = _index_folder(gardener, project, wiki)
    try:
        return SymbolIndex.load(folder)
    except NotFoundError:
        snapshot = gardener.snapshot(project)
        pages = page_documents(read_pages(gardener, project)) if wiki is not None else []
        index = SymbolIndex.build([*documents_of(snapshot, extract_tables(snapshot)), *pages])
        for outdated_folder in folder.parent.glob(f"{folder.name.partition('-')[0]}-*"):
            remove_tree(
                outdated_folder, folder.parent / ".trash"
            )  # of an older wiki: nobody asks for it any more
        index.save(folder)
        return index


def _index_folder(gardener: Gardener, project: str, wiki: ProjectWiki | None) -> Path:
    snapshot = gardener.registry.latest_snapshot(project)
    name = (
        f"{snapshot.snapshot_id}-{wiki.sha256[:16]}-{_LAYOUT}" if wiki is not None else snapshot.snapshot_id
    )
    return gardener.settings.projects_dir / project / "indexes" / name
