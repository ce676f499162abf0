"""Whether plain questions find a page that answers them: found first, within three, and mean reciprocal rank.

    python benchmarks/ask.py FOLDER…

The wiki of each FOLDER whose name begins with a key of `QUESTIONS` is built in an empty home and asked what stands
there. The questions were written from the sources, before anyone looked at a wiki of them: what answers is named by
definitions, or by the file that tells it. A page answers that is about one of them: an Implementation, Principle or
Module by its first lines, any other page by one of the lines that it rests on.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import mean, median

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.knowledge.pages.structure import Page
from codebase_gardener.utils.progress import Quiet
from codebase_gardener.wiki.search import SearchResult

RANKS = 10
_FIRST = 2  # sources of an Implementation that are its subject: the definition, and a class's constructor

QUESTIONS: dict[str, dict[str, str]] = {
    # the rules of the ranking were chosen on these three, and on nothing else
    "fastapi": {
        "return a 404 error": "HTTPException",
        "run something after the response is sent": "BackgroundTasks BackgroundTasks.add_task",
        "login token": "OAuth2PasswordBearer OAuth2PasswordRequestForm",
        "read a header of the request": "Header",
        "upload a file": "UploadFile File",
        "share code between endpoints": "Depends",
        "split the app into several files": "APIRouter FastAPI.include_router APIRouter.include_router",
        "serve static files": "StaticFiles docs/tutorial/static-files.md",
        "allow requests from another origin": "CORSMiddleware docs/tutorial/cors.md",
        "test an endpoint": "TestClient docs/tutorial/testing.md",
        "do something on startup and shutdown": "FastAPI.on_event docs/advanced/events.md",
        "check the length of a query parameter": "Query",
        "own handler for an exception": "FastAPI.exception_handler",
        "send messages over a websocket": "WebSocket FastAPI.websocket docs/advanced/websockets.md",
        "return html": "HTMLResponse docs/advanced/custom-response.md",
        "set a cookie": "Cookie docs/advanced/response-cookies.md",
    },
    "httpx": {
        "retry": "HTTPTransport AsyncHTTPTransport docs/advanced/transports.md",
        "set a timeout": "Timeout docs/advanced/timeouts.md",
        "stream a response": "Client.stream stream AsyncClient.stream",
        "use a proxy": "Proxy docs/advanced/proxies.md",
        "basic authentication": "BasicAuth docs/advanced/authentication.md",
        "raise an error for a bad status": "Response.raise_for_status",
        "limit the number of connections": "Limits docs/advanced/resource-limits.md",
        "mock a server in tests": "MockTransport",
        "call a wsgi app directly": "WSGITransport",
        "async requests": "AsyncClient",
        "own certificate": "create_ssl_context docs/advanced/ssl.md",
        "keep cookies": "Cookies",
        "log every request": "docs/advanced/event-hooks.md docs/logging.md",
        "read the response as json": "Response.json",
        "base url for all requests": "Client docs/advanced/clients.md",
    },
    "pydantic": {
        "custom validator for a field": "field_validator FieldValidatorDecoratorInfo docs/concepts/validators.md",
        "convert model to dict": "BaseModel.model_dump",
        "forbid extra": "ConfigDict docs/concepts/config.md",
        "read settings": "BaseSettings docs/concepts/pydantic_settings.md",
        "parse a json string into a model": "BaseModel.model_validate_json",
        "another name for a field": "Field AliasChoices AliasPath docs/concepts/alias.md",
        "json schema of a model": "BaseModel.model_json_schema models_json_schema",
        "check the arguments of a function": "validate_call",
        "validate a list without a model": "TypeAdapter",
        "computed property in the output": "computed_field",
        "own serializer of a field": "field_serializer",
        "check several fields together": "model_validator",
        "passwords that are not printed": "SecretStr Secret",
        "create a model at run time": "create_model",
        "validate without instantiating a model": "TypeAdapter BaseModel.model_construct",
    },
    # held out
    "tornado": {
        "render a template": "RequestHandler.render RequestHandler.render_string",
        "sign a cookie": "RequestHandler.set_signed_cookie create_signed_value",
        "read a query argument": "RequestHandler.get_argument RequestHandler.get_query_argument",
        "open a websocket": "WebSocketHandler websocket_connect",
        "fetch a url": "AsyncHTTPClient AsyncHTTPClient.fetch HTTPClient.fetch",
        "run blocking code in a thread": "IOLoop.run_in_executor run_on_executor",
        "call something every few seconds": "PeriodicCallback",
        "serve static files": "StaticFileHandler",
        "redirect to another page": "RequestHandler.redirect RedirectHandler",
        "answer with an error status": "HTTPError RequestHandler.send_error RequestHandler.set_status",
        "options of the command line": "define OptionParser parse_command_line OptionParser.define",
        "log in with google": "GoogleOAuth2Mixin",
        "test a handler": "AsyncHTTPTestCase",
        "queue between coroutines": "Queue",
        "give up waiting after some time": "with_timeout",
        "translate strings": "Locale Locale.translate get load_translations",
        "start several processes": "fork_processes HTTPServer.start TCPServer.start",
    },
    "jinja2": {
        "load templates from a folder": "FileSystemLoader",
        "render a template from a string": "Environment.from_string Template",
        "escape html": "select_autoescape",
        "add an extension": "Extension Environment.add_extension Environment.extend",
        "untrusted templates": "SandboxedEnvironment ImmutableSandboxedEnvironment",
        "render asynchronously": "Template.render_async",
        "fail on undefined variables": "StrictUndefined",
        "cache compiled templates": "FileSystemBytecodeCache BytecodeCache MemcachedBytecodeCache",
        "templates from a python package": "PackageLoader",
        "get python values instead of text": "NativeEnvironment",
        "which variables does a template need": "find_undeclared_variables",
        "try several loaders": "ChoiceLoader",
        "translations": "InternationalizationExtension",
        "write the output piece by piece": "Template.stream TemplateStream Template.generate",
        "precompile templates": "Environment.compile_templates ModuleLoader",
        "log missing variables": "make_logging_undefined",
    },
    "anyio": {
        "run blocking code in a thread": "run_sync src/anyio/to_thread.py",
        "start several tasks": "create_task_group TaskGroup TaskGroup.start_soon",
        "give up after some seconds": "fail_after move_on_after",
        "lock a resource": "Lock",
        "send objects between tasks": "create_memory_object_stream MemoryObjectSendStream",
        "connect to a server": "connect_tcp",
        "listen on a port": "create_tcp_listener",
        "run a command": "run_process open_process",
        "call async code from a thread": "run src/anyio/from_thread.py BlockingPortal start_blocking_portal",
        "read a file": "open_file AsyncFile Path.read_text",
        "at most so many at once": "CapacityLimiter Semaphore",
        "wake up waiting tasks": "Event Condition",
        "react to signals": "open_signal_receiver",
        "protect from cancellation": "CancelScope",
        "encrypt a connection": "TLSStream TLSStream.wrap",
        "use another process for heavy work": "run_sync src/anyio/to_process.py",
        "temporary folder": "TemporaryDirectory mkdtemp",
    },
}
"""Of a project: what is asked, and the definitions or files that answer it."""


def main() -> int:
    totals: list[int] = []
    for source in sys.argv[1:]:
        project = next(name for name in QUESTIONS if Path(source).name.lower().startswith(name))
        with tempfile.TemporaryDirectory() as home, Gardener(Settings(home=Path(home))) as gardener:
            build_wiki(gardener, source, Quiet(), name=project)
            pages = {page.id: page for page in gardener.wiki(project).pages()}
            index = gardener.wiki(project).index()
        index.search("warm")
        ranks, spent = [], []
        for question, answers in QUESTIONS[project].items():
            started = time.perf_counter()
            hits = index.search(question, k=RANKS)
            spent.append(1_000 * (time.perf_counter() - started))
            ranks.append(_rank((pages.get(hit.id, hit) for hit in hits), answers.split()))
            print(f"{project:9} {question:42} {ranks[-1] or '-':>2}  {', '.join(hit.id for hit in hits[:2])}")
        print(f"{project:9} {_told(ranks)}, median {median(spent):.1f} ms, {len(pages)} pages")
        totals += ranks
    print(f"all       {_told(totals)}")
    return 0


def _told(ranks: list[int]) -> str:
    within = [sum(1 <= rank <= most for rank in ranks) for most in (1, 3)]
    reciprocal = mean(1 / rank if rank else 0 for rank in ranks)
    return (
        f"first {within[0]}, within three {within[1]} of {len(ranks)}, mean reciprocal rank {reciprocal:.2f}"
    )


def _rank(pages: Iterable[Page | SearchResult], answers: list[str]) -> int:
    """Of the first page, section of a document or piece of code that answers, from 1; 0 for none."""
    return next((rank for rank, page in enumerate(pages, 1) if _answers(page, answers)), 0)


def _answers(page: Page | SearchResult, answers: list[str]) -> bool:
    if isinstance(page, SearchResult):  # a section of a document, or code
        path = f"/{page.id.rpartition(':L')[0]}"
        return any(path.endswith(f"/{answer}") or answer == page.title for answer in answers)
    if page.type == "Implementation" and any(page.name.endswith(_ending(answer)) for answer in answers):
        return True  # of another package: no line of the repository defines it
    about = page.sources[:_FIRST] if page.type in ("Implementation", "Principle", "Module") else page.sources
    return any(
        answer in (source.symbol, source.anchor.path) or source.anchor.path.endswith(f"/{answer}")
        for source in about
        for answer in answers
    )


def _ending(answer: str) -> tuple[str, str]:
    name = f"_{answer.replace('.', '_')}"
    return name, f"{name}_init"


if __name__ == "__main__":
    sys.exit(main())
