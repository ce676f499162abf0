"""From what a client sends to what the engine is asked: one place for every wire.

Completions and fill-ins get code of the project before them, as in training; chat gets it as `ask` does. What was
measured is what is served.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from codebase_gardener.bases.fill_in import FimTokens, split_fill_in
from codebase_gardener.bases.resolution import Base
from codebase_gardener.dataset.context import ContextFinder
from codebase_gardener.dataset.editor_prompts import (
    Cursor,
    cursor_query,
    cut_cursor,
    editor_prompt,
    infill_prompt,
    prompt_parts,
)
from codebase_gardener.dataset.prompts import CONTEXT_CHARS, documents_that_fit, question_messages
from codebase_gardener.languages.table import is_code, language_of
from codebase_gardener.retrieval.documents import PAGE_KIND, Document
from codebase_gardener.serving.catalog import Catalog, Resolved, shown_base
from codebase_gardener.serving.engine import Decoding, Engine, EngineRequest
from codebase_gardener.utils.error_handling import InvalidInputError

__all__ = ["Answering", "Prepared"]

_NAME = re.compile(r"(\w+)\s*[(<{:]")
_CHARS_A_TOKEN = 64  # no text has longer ones on average


@dataclass(frozen=True)
class Prepared:
    """A request for the engine.

    Attributes:
        request: It.
        resolved: What its model's name meant.
        sources: Anchors of the code that was put before the prompt.
        code: The code that the answer goes on with or fills in; None where it is prose.
    """

    request: EngineRequest
    resolved: Resolved
    sources: tuple[str, ...] = ()
    code: str | None = None

    @property
    def told(self) -> dict[str, object]:
        """What answers, and what was put before the prompt, as an answer says it."""
        served = self.request.served
        adapter = served.adapter.key if served.adapter else None
        return {"adapter": adapter, "base": shown_base(served.base.id), "sources": list(self.sources)}


class Answering:
    """Prepares requests.

    Args:
        engine: It counts tokens, and will answer.
        catalog: It knows the names.
        memory: Whether the memory of a project is mixed into what code goes on with.
    """

    def __init__(self, engine: Engine, catalog: Catalog, memory: bool = False) -> None:
        self.engine, self.catalog, self.memory = engine, catalog, memory
        self._languages: dict[str, str] = {}
        self._lock = threading.Lock()

    # ---- what can be asked

    def completion(
        self,
        model: str,
        prompt: str | Sequence[int],
        decoding: Decoding,
        *,
        echo: bool = False,
        raw: bool = False,
    ) -> Prepared:
        """A text, or tokens, to go on with.

        Args:
            model: A name of the catalog.
            prompt: A text, or ids of the base's tokens, which are taken as they are.
            decoding: How.
            echo: The prompt is part of the answer: no code is put before it.
            raw: Neither is it for any other reason.

        Raises:
            NotFoundError: There is no such model.
            InvalidInputError: Ids that the base does not have.
        """
        resolved = self.catalog.resolve(model)
        base = resolved.served.base
        if not isinstance(prompt, str):
            return self._of_ids(resolved, prompt, decoding, echo)
        is_plain = raw or echo or decoding.top_scores is not None
        if not is_plain and (
            parts := split_fill_in(prompt)
        ):  # as editors write it that know one base's tokens
            return self.fill_in(model, *parts, decoding)
        if is_plain or resolved.is_bare:
            self._check_length(base, prompt)
            ids, taken = self._all_of(base, prompt) if echo else self.engine.encode(base, prompt)
            request = EngineRequest(resolved.served, tuple(ids), taken, decoding, echo)
            return Prepared(request, resolved, code=prompt)
        cursor = self._cut(resolved, Cursor(prompt))
        documents = self._code_for(resolved, cursor)
        ids, taken = self.engine.encode(base, editor_prompt(cursor, documents))
        return self._remembering(_prepared(resolved, ids, taken, decoding, documents, prompt))

    def fill_in(
        self,
        model: str,
        before: str,
        after: str,
        decoding: Decoding,
        *,
        path: str = "",
        extra: Sequence[tuple[str, str]] = (),
        raw: bool = False,
    ) -> Prepared:
        """What stands between two texts.

        Args:
            model: A name of the catalog.
            before: The text before the cursor.
            after: The text behind it.
            decoding: How.
            path: The file, where the editor says it.
            extra: Further code that the editor gives, as path and text, the best last: it has half of the room.
            raw: No code of the project is put before it.
        """
        resolved = self.catalog.resolve(model)
        base = resolved.served.base
        cursor = self._cut(resolved, Cursor(before, after, path))
        given = [Document(name, name, "", text, "text") for name, text in reversed(extra) if text.strip()]
        documents = documents_that_fit(given, CONTEXT_CHARS // 2)
        if not (raw or resolved.is_bare):
            documents += self._code_for(resolved, cursor)
        fim = FimTokens.of(self.engine.control_ids(base))
        if fim is None:
            ids, taken = self.engine.encode(base, infill_prompt(cursor, documents))
            return self._remembering(
                _prepared(resolved, ids, taken, decoding, documents, f"{after}\n{before}"), raw
            )
        front, start = prompt_parts(cursor, documents)
        opening = self._plain(base, start)
        asked = fim.ids(opening, self._plain(base, cursor.after))
        ids = [*self._start(base), *self._plain(base, front), *asked]
        made = _prepared(resolved, ids, "", decoding, documents, f"{after}\n{before}")
        return self._remembering(made, raw, opening)

    def chat(
        self, model: str, messages: Sequence[Mapping[str, str]], decoding: Decoding, *, raw: bool = False
    ) -> Prepared:
        """The next turn of a conversation; the project's code stands before its last question."""
        resolved = self.catalog.resolve(model)
        turns = [{"role": turn["role"], "content": turn["content"]} for turn in messages]
        self._check_length(resolved.served.base, *(turn["content"] for turn in turns))
        documents: list[Document] = []
        if turns and turns[-1]["role"] == "user" and not (raw or resolved.is_bare):
            question = turns[-1]["content"]
            documents = self.catalog.index(resolved.project).for_prompt(question)
            turns = [*turns[:-1], *question_messages(question, documents)]
        ids, taken = self.engine.encode(resolved.served.base, turns)
        return _prepared(resolved, ids, taken, decoding, documents)

    # ---- what is said of an answer

    def told(self, prepared: Prepared, texts: Sequence[str]) -> dict[str, object]:
        """What answers are made of, and, of an adapter whose project has a wiki, which names in them are not there.

        Names that the code has which an answer goes on with are the author's own.
        """
        grounds = self.catalog.grounds(prepared.resolved.project)
        if grounds is None:
            return prepared.told
        begin = "" if prepared.code is None else f"```\n{prepared.code}"
        found = [
            one.text
            for text in texts
            for one in grounds.unverified(begin + text)
            if one.end > len(begin) and one.kind in ("name", "path")
        ]
        return {**prepared.told, "unverified": list(dict.fromkeys(found))}

    # ---- how

    def _remembering(self, made: Prepared, raw: bool = False, before: Sequence[int] = ()) -> Prepared:
        """The same with the project's memory, where it is wanted and code may be put before a prompt."""
        resolved = made.resolved
        if not self.memory or raw or resolved.is_bare:
            return made
        memory = self.catalog.memory(resolved.project, resolved.served.base)
        return replace(made, request=replace(made.request, memory=memory, before=tuple(before)))

    def _check_length(self, base: Base, *texts: str) -> None:
        """Refuse what cannot fit before its tokens are counted: of megabytes, that takes seconds."""
        size, room = sum(map(len, texts)), self.engine.context_tokens(base)
        if size > room * _CHARS_A_TOKEN:
            raise InvalidInputError(
                f"the prompt has {size} characters, the base reads {room} tokens", hint="shorten the prompt"
            )

    def _of_ids(self, resolved: Resolved, ids: Sequence[int], decoding: Decoding, echo: bool) -> Prepared:
        size = self.engine.vocabulary_size(resolved.served.base)
        if wrong := [n for n in ids if not 0 <= n < size]:
            raise InvalidInputError(f"the base has no token {wrong[0]}", hint=f"ids lie from 0 to {size - 1}")
        return Prepared(EngineRequest(resolved.served, tuple(ids), "", decoding, echo), resolved, code="")

    def _all_of(self, base: Base, text: str) -> tuple[list[int], str]:
        """A text that is said again or scored: no white space is taken off its end."""
        ids, taken = self.engine.encode(base, text)
        mark = len(self.engine.encode(base, "a")[0]) - 1
        return ([*ids, *self.engine.encode(base, taken)[0][mark:]], "") if taken else (ids, "")

    def _plain(self, base: Base, text: str) -> list[int]:
        """Ids of a text alone, without the BOS token; white space at its end stays."""
        mark = len(self._start(base))
        ids, taken = self.engine.encode(base, text) if text else ([], "")
        rest = self.engine.encode(base, taken)[0] if taken else []
        return [*ids[mark:], *rest[mark:]]

    def _start(self, base: Base) -> list[int]:
        """The BOS token, where the base has one."""
        return self.engine.encode(base, "a")[0][:-1]

    def _cut(self, resolved: Resolved, cursor: Cursor) -> Cursor:
        base = resolved.served.base
        named = cursor.named(self._language(resolved.project))
        return cut_cursor(named, lambda text: len(self.engine.encode(base, text)[0]) if text else 0)

    def _language(self, project: str) -> str:
        """The language that most of a project's code is in."""
        if not project:
            return ""
        with self._lock:
            if project not in self._languages:
                paths = {d.path for d in self.catalog.index(project).symbols.documents if d.kind != PAGE_KIND}
                counted = Counter(language for path in paths if is_code(language := language_of(path)))
                self._languages[project] = counted.most_common(1)[0][0] if counted else ""
            return self._languages[project]

    def _code_for(self, resolved: Resolved, cursor: Cursor) -> list[Document]:
        """Code of the project for a cursor, found as for a row of the dataset: never the function that it is in."""
        query = cursor_query(cursor)
        opening = query.splitlines()[1:]
        if not opening:
            return []
        own = opening[-1].strip()
        finder = ContextFinder(self.catalog.index(resolved.project).symbols)
        named = _NAME.search(own)
        return list(
            finder.search(
                query,
                named[1] if named else "",
                cursor.path,
                cursor.language,
                lambda document: own in document.text,
            )
        )


def _prepared(
    resolved: Resolved,
    ids: Sequence[int],
    taken: str,
    decoding: Decoding,
    documents: Sequence[Document],
    code: str | None = None,
) -> Prepared:
    request = EngineRequest(resolved.served, tuple(ids), taken, decoding)
    return Prepared(request, resolved, tuple(document.anchor for document in documents), code)
