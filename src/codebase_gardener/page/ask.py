"""The view that asks: what the graph knows, then models side by side, through the server's own interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio.from_thread
import httpx2
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from codebase_gardener.jobs.progress import TrainingProgress
from codebase_gardener.page.asked import whole_number
from codebase_gardener.page.first_graphs import FirstGraphs
from codebase_gardener.page.overviews import overview_of
from codebase_gardener.page.shell import PREFIX, Form, Shell
from codebase_gardener.page.view import View
from codebase_gardener.page.works import works_of
from codebase_gardener.registry.listing import ListedVersion
from codebase_gardener.serving.catalog import BARE, BASE, shown_base
from codebase_gardener.serving.guard import is_own_request
from codebase_gardener.utils.anchors import source_lines
from codebase_gardener.utils.error_handling import (
    CodebaseGardenerError,
    InvalidInputError,
    NotFoundError,
    ResourceError,
)
from codebase_gardener.wiki.sections import lines_anchor

if TYPE_CHECKING:
    from codebase_gardener.knowledge.answers.answering import GraphAnswer

__all__ = ["VIEW"]

CHAT, FILL_IN = "/v1/chat/completions", "/v1/fim/completions"
MOST_MODELS, MOST_TOKENS, MOST_CHARS = 4, 2048, 4000
_PATIENCE_S = 2.0
_ROWS, _PATHS, _TOKENS = 50, 500, {CHAT: 200, FILL_IN: 64}
_WHO = ("host", "origin", "sec-fetch-site", "cookie", "authorization", "x-api-key")


@dataclass(frozen=True)
class _Choice:
    """A model that can be asked.

    Attributes:
        name: Of the server's interface.
        words: What it is.
        chosen: It is to answer.
    """

    name: str
    words: str
    chosen: bool


@dataclass(frozen=True)
class _Said:
    """What one model answered, as the interface gave it.

    Attributes:
        text: The answer.
        told: `gardener` of the answer: what answered, its sources, names that are not in the repository.
        problem: Why there is no answer, and what to do; "" where there is one.
    """

    text: str = ""
    told: Mapping[str, Any] | None = None
    problem: str = ""


@dataclass(frozen=True)
class _Asked:
    """What the address says.

    Attributes:
        models: Those that can be asked.
        tokens: Of an answer at most.
        bare: No code of the repository is put before the prompt.
    """

    models: Sequence[_Choice]
    tokens: int
    bare: bool

    @property
    def chosen(self) -> list[_Choice]:
        """Those that are to answer, by the name that they are asked under."""
        return [_Choice(one.name + (BARE if self.bare else ""), one.words, chosen=True)
                for one in self.models if one.chosen]  # fmt: skip


def _routes(shell: Shell) -> Sequence[BaseRoute]:
    gardener, registry = shell.gardener, shell.gardener.registry
    graphs = FirstGraphs(gardener)

    def projects(request: Request) -> Response:
        q, after = request.query_params.get("q", ""), request.query_params.get("after", "")
        rows = registry.listed_projects(q, after=after, limit=_ROWS + 1)
        if len(rows) == 1 and not (q or after):
            return shell.redirect(shell.link("ask", rows[0].name))
        shown, folder = rows[:_ROWS], gardener.settings.projects_dir
        more = shell.link("ask", q=q, after=shown[-1].name) if len(rows) > _ROWS else ""
        told = [(row, overview_of(folder, row.name)) for row in shown]
        return shell.render("ask/projects.html", rows=told, q=q, after=after, more=more)

    def question(request: Request, answers: Sequence[_Said] = ()) -> Response:
        project, q = _project(shell, request), request.query_params.get("q", "")[:MOST_CHARS]
        known, problem = _known(shell, graphs, project, q)
        return shell.render(
            "ask/question.html",
            project=project,
            asked=_asked(shell, request, project, CHAT),
            q=q,
            known=known,
            problem=problem,
            answers=answers,
            starts=is_own_request(request.headers),
            query=request.url.query,
            **busy(),
        )

    def answer_question(request: Request, _: Form) -> Response:
        project, q = _project(shell, request), request.query_params.get("q", "")[:MOST_CHARS]
        body = {"messages": [{"role": "user", "content": q}]}
        return question(request, _answers(request, CHAT, body, _asked(shell, request, project, CHAT)))

    def fill(
        request: Request, parts: tuple[str, str] | None = None, answers: Sequence[_Said] = ()
    ) -> Response:
        project, asked = _project(shell, request), request.query_params
        path, line = asked.get("path", ""), _number(asked.get("line", ""), "line", 0, 10**7)
        texts, problem = _texts(shell, project)
        if path and path not in texts:
            problem = NotFoundError(
                f"{project} has no file {path[:200]!r}",
                hint="choose one of the list, or write code of your own",
            )
        lines = source_lines(texts.get(path, ""))
        at = min(line or len(lines), len(lines))
        before, after = parts or _at_end_of("".join(lines[:at]), "".join(lines[at:]))
        return shell.render(
            "ask/fill.html",
            project=project,
            asked=_asked(shell, request, project, FILL_IN),
            path=path,
            line=at if path in texts else line or "",
            paths=sorted(texts)[:_PATHS],
            before=before,
            after=after,
            problem=problem,
            answers=answers,
            query=request.url.query,
            **busy(),
        )

    def answer_fill(request: Request, form: Form) -> Response:
        project = _project(shell, request)
        before, after = (form.get(name, "").replace("\r\n", "\n") for name in ("before", "after"))
        body = {"prompt": before, "suffix": after, "path": request.query_params.get("path", "")}
        asked = _asked(shell, request, project, FILL_IN)
        return fill(request, (before, after), _answers(request, FILL_IN, body, asked))

    def busy() -> dict[str, Any]:
        """What takes this machine while answers are waited for."""
        jobs = registry.jobs(states=("training",), limit=None)
        trainings = [(job, TrainingProgress.of_job(job)) for job in jobs]
        return {"works": works_of(gardener.settings.home), "trainings": trainings}

    def show_busy(request: Request) -> Response:
        return shell.render("ask/busy.html", project=_project(shell, request), **busy())

    def read(request: Request) -> Response:
        project, what = _project(shell, request), request.query_params.get("what", "")
        named = what if lines_anchor(what) else what.partition("#")[0]  # a section is shown in its page
        return shell.render("ask/read.html", project=project, shown=gardener.wiki(project).show(named))

    of = f"{PREFIX}/ask/{{project}}"
    return [
        Route(f"{PREFIX}/ask", projects),
        Route(of, question),
        Route(of, shell.action(answer_question), methods=["POST"]),
        Route(f"{of}/fill", fill),
        Route(f"{of}/fill", shell.action(answer_fill), methods=["POST"]),
        Route(f"{of}/busy", show_busy),
        Route(f"{of}/read", read),
    ]


def _project(shell: Shell, request: Request) -> str:
    """The project of an address.

    Raises:
        NotFoundError: There is none of this name.
    """
    return shell.gardener.registry.project(request.path_params["project"]).name


def _known(
    shell: Shell, graphs: FirstGraphs, project: str, question: str
) -> tuple[GraphAnswer | None, CodebaseGardenerError | None]:
    """What is computed from the repository, or why nothing could be."""
    from codebase_gardener.knowledge.answers.questions import clean_question

    if not question:
        graphs.begin(project)  # while it is typed
        return None, None
    if not graphs.is_made(project, _PATIENCE_S):
        return None, ResourceError(
            f"the graph of {project}'s code is being made, which takes some seconds once",
            hint="press Ask again in a moment",
        )
    try:
        return shell.gardener.wiki(project).answer(clean_question(question)), None
    except CodebaseGardenerError as error:  # the models may answer all the same
        return None, error


def _texts(shell: Shell, project: str) -> tuple[dict[str, str], CodebaseGardenerError | None]:
    """The repository's files as they were read last, or why there are none."""
    try:
        return {file.path: file.text for file in shell.gardener.wiki(project).source.latest().files}, None
    except CodebaseGardenerError as error:  # code can be written without
        return {}, error


def _at_end_of(before: str, after: str) -> tuple[str, str]:
    """The cursor stands at the end of a line, not before the next."""
    return (before[:-1], f"\n{after}") if before.endswith("\n") else (before, after)


# ---- who is asked


def _asked(shell: Shell, request: Request, project: str, wire: str) -> _Asked:
    query = request.query_params
    named = query.getlist("model")
    models = _choices(shell, project, named)
    if sum(one.chosen for one in models) > MOST_MODELS:
        raise InvalidInputError(
            f"more than {MOST_MODELS} models are chosen", hint=f"go back and choose {MOST_MODELS} at most"
        )
    tokens = _number(query.get("tokens", ""), "tokens", 1, MOST_TOKENS) or _TOKENS[wire]
    return _Asked(models, tokens, bare=query.get("bare") == "1")


def _choices(shell: Shell, project: str, named: Sequence[str]) -> list[_Choice]:
    """The bases, each named by an adapter on it, then the adapters, newest first.

    Where none is named, the first base and the adapter that the project's own name means are chosen.
    """
    rows = shell.gardener.registry.listed_versions(project, limit=_ROWS)
    bases: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: f"{row.ref}{BASE}" not in named):  # named ones keep their names
        bases.setdefault(row.base_id, f"{row.ref}{BASE}")
    current = shell.gardener.current_adapter(project) if rows else ""
    best = next((row for row in rows if row.active and row.adapter_name == current), next(iter(rows), None))
    wanted = list(named) or ([bases[best.base_id], str(best.ref)] if best else [])
    offered = {name: f"{shown_base(base)}, without adapter" for base, name in bases.items()}
    offered |= {str(row.ref): _words(row) for row in rows}
    offered |= {name: name for name in named if name not in offered}
    return [_Choice(name, words, name in wanted) for name, words in offered.items()]


def _words(row: ListedVersion) -> str:
    told = [f"{row.adapter_name}@{row.version}", "active" if row.active else "", row.verdict or ""]
    return ", ".join(filter(None, told))


def _number(text: str, name: str, smallest: int, largest: int) -> int | None:
    refusal, hint = f"{name} is {text[:40]!r}", f"expected {smallest} to {largest}"
    return whole_number(text, refusal, hint, smallest=smallest, largest=largest)


# ---- answers for browsers without scripts


def _answers(request: Request, wire: str, body: Mapping[str, Any], asked: _Asked) -> list[_Said]:
    """What each model says, asked at the server's own interface as a script of the page would."""

    async def ask() -> list[_Said]:
        headers = {name: request.headers[name] for name in _WHO if name in request.headers}
        transport = httpx2.ASGITransport(app=request.app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(
            transport=transport, base_url=str(request.base_url), timeout=None
        ) as client:
            return [
                _said(await client.post(
                    wire, json={**body, "model": one.name, "max_tokens": asked.tokens}, headers=headers
                ))
                for one in asked.chosen
            ]  # fmt: skip

    return anyio.from_thread.run(ask)


def _said(answer: httpx2.Response) -> _Said:
    told = answer.json()
    if answer.status_code != 200:
        return _Said(problem=str(told["error"]["message"]))
    return _Said(str(told["choices"][0]["message"]["content"]), told["gardener"])


VIEW = View("ask", "Ask", _routes)
