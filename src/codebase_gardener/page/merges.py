"""The merge workbench: adapters, weights and a method; the error before there is a version, then the version."""

from __future__ import annotations

import json
import math
import re
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from codebase_gardener.merging.methods import MERGE_METHODS, merge_method
from codebase_gardener.page.processes import OwnProcess
from codebase_gardener.page.shell import PREFIX, Form, Shell
from codebase_gardener.page.view import View
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError, NotFoundError
from codebase_gardener.utils.files import make_folder, read_json, write_json
from codebase_gardener.utils.names import parse_ref

__all__ = ["VIEW"]

_PLACES = 4
_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")
_FIELDS = ("method", "rank", "density", "into", *(f"{kind}{i}" for i in range(_PLACES) for kind in "aw"))


def _routes(shell: Shell) -> Sequence[BaseRoute]:
    gardener, settings = shell.gardener, shell.gardener.settings

    def form(request: Request) -> Response:
        asked = {name: request.query_params.get(name, "") for name in _FIELDS}
        return shell.render("merge/form.html", asked=asked, methods=MERGE_METHODS, places=range(_PLACES))

    def try_it(request: Request, fields: Form) -> Response:
        asked = {name: fields.get(name, "").strip() for name in _FIELDS}
        arguments = _arguments(asked)
        for ref in arguments[arguments.index("--") + 1 :]:
            gardener.version(parse_ref(ref))
        run = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(4)}"
        folder = settings.home / "runs" / "merge" / run
        make_folder(folder)
        write_json(folder / "asked.json", asked)
        OwnProcess(folder / "trial").start(
            ["merge", f"--out={folder / 'result'}", *arguments], settings.for_workers
        )
        return shell.redirect(shell.link("merge", run))

    def show(request: Request) -> Response:
        folder = _folder(settings.home, request)
        trial, written = OwnProcess(folder / "trial"), OwnProcess(folder / "written")
        return shell.render(
            "merge/run.html",
            run=folder.name,
            asked=read_json(folder / "asked.json"),
            working=trial.runs or written.runs,
            trial=_said(trial),
            written=_said(written),
            problem=written.error or trial.error,
        )

    def write(request: Request, fields: Form) -> Response:
        folder = _folder(settings.home, request)
        if not _said(OwnProcess(folder / "trial")):
            raise ConflictError("this merge has no error yet", hint="wait for it, or change the merge")
        written = OwnProcess(folder / "written")
        if not _said(written):
            asked = read_json(folder / "asked.json")
            written.start(["merge", f"--into={asked['into']}", *_arguments(asked)], settings.for_workers)
        return shell.redirect(shell.link("merge", folder.name))

    return [
        Route(f"{PREFIX}/merge", form),
        Route(f"{PREFIX}/merge", shell.action(try_it), methods=["POST"]),
        Route(f"{PREFIX}/merge/{{run}}", show),
        Route(f"{PREFIX}/merge/{{run}}/write", shell.action(write), methods=["POST"]),
    ]


def _arguments(asked: Form) -> list[str]:
    """Of `gardener merge`: no value can be taken for an option."""
    pairs = [(asked[f"a{i}"], asked[f"w{i}"] or "1") for i in range(_PLACES) if asked[f"a{i}"]]
    if len(pairs) < 2:
        raise InvalidInputError("a merge needs two adapters", hint="name them, such as project/adapter@1")
    if any(parse_ref(ref).name is None for ref, _ in pairs) or parse_ref(asked["into"]).name is None:
        raise InvalidInputError("that is a project, no adapter", hint="write project/adapter")
    merge_method(asked["method"])
    numbers = {"rank": asked["rank"], "density": asked["density"]}
    weights = ",".join(f"{_number(weight):g}" for _, weight in pairs)
    options = [f"--{name}={_number(value):g}" for name, value in numbers.items() if value]
    refs = [str(parse_ref(ref)) for ref, _ in pairs]
    return [f"--method={asked['method']}", f"--weights={weights}", *options, "--", *refs]


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidInputError(f"{text[:40]!r} is no number", hint="write one, such as 0.5")
    return number


def _folder(home: Path, request: Request) -> Path:
    run = request.path_params["run"]
    folder = home / "runs" / "merge" / run
    if not _ID.fullmatch(run) or not (folder / "asked.json").is_file():
        raise NotFoundError(f"there is no merge {run[:40]!r}", hint="go to Merge, and begin anew")
    return folder


def _said(process: OwnProcess) -> dict[str, Any]:
    if process.runs or process.error:
        return {}
    try:
        said = json.loads((process.folder / "said.json").read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return said if isinstance(said, dict) else {}


VIEW = View("merge", "Merge", _routes)
