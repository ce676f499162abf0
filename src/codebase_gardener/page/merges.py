"""The merge workbench: the error as it is predicted, then as a trial measures it, then the version and its verdict.

runs/merge/ID/asked.json  what the form said, each adapter with its version, and the prediction where it was known
              trial       the process that merges into a folder, which goes when its error is known
              written     the process that makes the version
"""

from __future__ import annotations

import json
import math
import re
import secrets
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.merging.merge import (
    MergeInput,
    MergePrediction,
    MergeSpec,
    check_inputs,
    predict_merge,
)
from codebase_gardener.merging.methods import MERGE_METHODS, merge_method
from codebase_gardener.page.later import Later
from codebase_gardener.page.measuring import MEASUREMENTS
from codebase_gardener.page.processes import OwnProcess
from codebase_gardener.page.shell import PREFIX, Form, Shell
from codebase_gardener.page.view import View
from codebase_gardener.utils.error_handling import (
    CodebaseGardenerError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
)
from codebase_gardener.utils.files import make_folder, read_json, write_json
from codebase_gardener.utils.names import parse_ref

__all__ = ["VIEW"]

_PLACES = 4
_OFFERED = 500  # adapters that the fields propose
_KEPT, _LISTED = 50, 10
_PREDICTED = 32
_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")
_FIELDS = ("method", "rank", "density", "into", *(f"{kind}{i}" for i in range(_PLACES) for kind in "aw"))


def _routes(shell: Shell) -> Sequence[BaseRoute]:
    gardener, settings = shell.gardener, shell.gardener.settings
    runs = settings.home / "runs" / "merge"
    predictions = _Predictions()

    def form(request: Request) -> Response:
        return filled_in({name: request.query_params.get(name, "").strip() for name in _FIELDS})

    def filled_in(asked: Mapping[str, str], problem: CodebaseGardenerError | None = None) -> Response:
        predicted, refused = _predicted(gardener, predictions, {**asked, "method": asked["method"] or "svd"})
        return shell.render(
            "merge/form.html",
            status=400 if problem else 200,
            problem=problem,
            asked=asked,
            methods=MERGE_METHODS,
            places=range(_PLACES),
            adapters=gardener.registry.versions(limit=_OFFERED),
            merges=[_with_verdict(gardener, _seen(folder)) for folder in _folders(runs)[:_LISTED]],
            predicted=predicted,
            refused=refused,
        )

    def try_it(request: Request, fields: Form) -> Response:
        given = {name: fields.get(name, "").strip() for name in _FIELDS}
        try:
            asked = _checked(gardener, given)
        except (InvalidInputError, NotFoundError, ConflictError) as error:  # what was typed is still there
            return filled_in(given, error)
        _tidy(runs)
        folder = runs / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(4)}"
        make_folder(folder)
        write_json(folder / "asked.json", {**asked, "predicted": None})
        _keep_prediction(gardener, predictions, folder)
        OwnProcess(folder / "trial").start(
            ["merge", f"--out={folder / 'made' / 'adapter'}", *_arguments(asked)], settings.for_workers
        )
        return shell.redirect(shell.link("merge", folder.name))

    def show(request: Request) -> Response:
        folder = _folder(runs, request)
        _keep_prediction(gardener, predictions, folder)
        seen = _with_verdict(gardener, _seen(folder))
        return shell.render("merge/run.html", **seen, measurements=MEASUREMENTS)

    def write(request: Request, fields: Form) -> Response:
        folder = _folder(runs, request)
        if not _said(OwnProcess(folder / "trial")):
            raise ConflictError("this merge has no error yet", hint="wait for it, or change the merge")
        written = OwnProcess(folder / "written")
        if not (written.runs or _said(written)):
            asked = read_json(folder / "asked.json")
            written.start(["merge", f"--into={asked['into']}", *_arguments(asked)], settings.for_workers)
        return shell.redirect(shell.link("merge", folder.name))

    return [
        Route(f"{PREFIX}/merge", form),
        Route(f"{PREFIX}/merge", shell.action(try_it), methods=["POST"]),
        Route(f"{PREFIX}/merge/{{run}}", show),
        Route(f"{PREFIX}/merge/{{run}}/write", shell.action(write), methods=["POST"]),
    ]


# ---- the form


def _checked(gardener: Gardener, asked: Form) -> dict[str, str]:
    """What a form asks for, each adapter with the version that it means now.

    Raises:
        InvalidInputError: A field cannot be right; nothing has begun.
        NotFoundError, ConflictError: An adapter is not there, or not ready.
    """
    into = parse_ref(asked["into"])
    if into.name is None or into.version is not None:
        raise InvalidInputError(
            f"{into} is not the name of an adapter",
            hint="write project/adapter: the version's number is given out",
        )
    inputs, _ = _merge_of(gardener, asked)
    labels = (one.label for one in inputs)
    return {**asked, **{f"a{i}": label for i, label in zip(_places(asked), labels, strict=True)}}


def _merge_of(gardener: Gardener, asked: Mapping[str, str]) -> tuple[tuple[MergeInput, ...], MergeSpec]:
    """The merge that a form asks for, whatever it is to become.

    Raises:
        InvalidInputError, NotFoundError, ConflictError: As `_checked`.
    """
    inputs = []
    for i in _places(asked):
        row = gardener.version(parse_ref(asked[f"a{i}"]))
        gardener.shared.bring(row.directory, row.files)
        inputs.append(MergeInput(row.directory, _number(asked[f"w{i}"] or "1"), str(row.ref)))
    if len(inputs) < 2:
        raise InvalidInputError("a merge needs two adapters", hint="name them, such as project/adapter@1")
    merge_method(asked["method"])
    rank, density = asked["rank"], asked["density"]
    if rank and not (rank.isascii() and rank.isdigit() and len(rank) < 7 and int(rank)):
        raise InvalidInputError(
            f"{rank[:40]!r} is no rank", hint="write a whole number of 1 or more, or leave it empty"
        )
    spec = MergeSpec(asked["method"], int(rank) if rank else None)
    if density:
        spec = replace(spec, density=_number(density))
    check_inputs(inputs, spec)
    return tuple(inputs), spec


class _Predictions:
    """The errors of merges that were asked for last, each worked out once."""

    def __init__(self) -> None:
        self._kept: OrderedDict[object, Later[MergePrediction]] = OrderedDict()
        self._lock = threading.Lock()

    def ask(self, inputs: tuple[MergeInput, ...], spec: MergeSpec) -> Later[MergePrediction]:
        """One that is there, or is being worked out."""
        with self._lock:
            asked = self._kept.setdefault((inputs, spec), Later(lambda: predict_merge(inputs, spec)))
            self._kept.move_to_end((inputs, spec))
            while len(self._kept) > _PREDICTED:
                self._kept.popitem(last=False)
        asked.ask()
        return asked


def _predicted(
    gardener: Gardener, predictions: _Predictions, asked: Mapping[str, str]
) -> tuple[Later[MergePrediction] | None, str]:
    """The prediction of what stands in the form, and why there is none."""
    if len(_places(asked)) < 2:
        return None, ""
    try:
        return predictions.ask(*_merge_of(gardener, asked)), ""
    except CodebaseGardenerError as error:
        return None, error.message


def _keep_prediction(gardener: Gardener, predictions: _Predictions, folder: Path) -> None:
    """Write down what was predicted, once it is known: who is quick has begun to measure before that."""
    asked = read_json(folder / "asked.json")
    if asked.get("predicted", {}) is None:
        with suppress(CodebaseGardenerError):  # an adapter is gone by now
            if known := predictions.ask(*_merge_of(gardener, asked)).value:
                write_json(folder / "asked.json", {**asked, "predicted": asdict(known)})


def _places(asked: Mapping[str, str]) -> list[int]:
    return [i for i in range(_PLACES) if asked[f"a{i}"]]


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidInputError(f"{text[:40]!r} is no number", hint="write one, such as 0.5")
    return number


def _arguments(asked: Mapping[str, str]) -> list[str]:
    """Of `gardener merge`: no value can be taken for an option."""
    places = _places(asked)
    options = [f"--{name}={asked[name]}" for name in ("method", "rank", "density") if asked[name]]
    weights = ",".join(asked[f"w{i}"] or "1" for i in places)
    return [*options, f"--weights={weights}", "--", *(asked[f"a{i}"] for i in places)]


# ---- what there is of a merge


def _with_verdict(gardener: Gardener, seen: dict[str, Any]) -> dict[str, Any]:
    """A merge with its version and the verdict on that, each None where there is none (any more)."""
    row = verdict = None
    if seen["written"]:
        with suppress(NotFoundError):  # it was deleted since
            row = gardener.version(parse_ref(seen["written"]["adapter"]))
            verdict = gardener.registry.latest_verdict(row)
    return {**seen, "row": row, "verdict": verdict}


def _folders(runs: Path) -> list[Path]:
    """Of all merges that are kept, newest first."""
    return [file.parent for file in sorted(runs.glob("*-*-*/asked.json"), reverse=True)]


def _folder(runs: Path, request: Request) -> Path:
    run: str = request.path_params["run"]
    folder = runs / run
    if not _ID.fullmatch(run) or not (folder / "asked.json").is_file():
        raise NotFoundError(f"there is no merge {run[:40]!r}", hint="go to Merge, and begin anew")
    return folder


def _tidy(runs: Path) -> None:
    """Old merges go, and what trials made that nobody looked at."""
    for number, folder in enumerate(_folders(runs)):
        if not any(OwnProcess(folder / name).runs for name in ("trial", "written")):
            shutil.rmtree(folder if number >= _KEPT - 1 else folder / "made", ignore_errors=True)


def _seen(folder: Path) -> dict[str, Any]:
    """A merge, as its folder shows it; the adapter of its trial goes."""
    trial, written = OwnProcess(folder / "trial"), OwnProcess(folder / "written")
    working = next((one for one in (trial, written) if one.runs), None)
    if working is not trial:
        shutil.rmtree(folder / "made", ignore_errors=True)
    failed = next((one for one in (written, trial) if one.error), None)
    asked = read_json(folder / "asked.json")
    said = _said(trial)
    return {
        "run": folder.name,
        "asked": {name: asked[name] for name in _FIELDS},
        "predicted": asked.get("predicted"),
        "inputs": [(asked[f"a{i}"], asked[f"w{i}"] or "1") for i in _places(asked)],
        "projects": sorted({parse_ref(asked[f"a{i}"]).project for i in _places(asked)}),
        "working": f"merge/{folder.name}/{working.folder.name}" if working else "",
        "trial": said,
        "worst": max(said["report"]["modules"].items(), key=lambda one: one[1]["error"], default=None)
        if said
        else None,
        "written": _said(written),
        "problem": failed.error if failed and not working else {},
        "log": failed.log_tail() if failed and not working else "",
    }


def _said(process: OwnProcess) -> dict[str, Any]:
    """What a process printed that is done; {} where it works, has failed, or has not begun."""
    if process.runs or process.error:
        return {}
    with suppress(FileNotFoundError, ValueError):
        said = json.loads((process.folder / "said.json").read_text("utf-8"))
        return said if isinstance(said, dict) else {}
    return {}


VIEW = View("merge", "Merge", _routes)
