"""Names of the registry, events and a worker's log in plain words."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import fields
from pathlib import Path

import pytest

import codebase_gardener
from codebase_gardener.adapters.receipt import Receipt
from codebase_gardener.evaluation.across_bases import AcrossBases
from codebase_gardener.exports.request import ExportReport
from codebase_gardener.merging.merge import MergeReport
from codebase_gardener.page import training_feed
from codebase_gardener.page.grow_runs import GrowForm
from codebase_gardener.page.merges import _arguments
from codebase_gardener.page.plain_words import FORM_FIELDS, in_form, log_in_words, worded
from codebase_gardener.page.training_feed import happened
from codebase_gardener.training.advice import RULES


@pytest.mark.parametrize("kind", [Receipt, AcrossBases, ExportReport, MergeReport])
def test_every_figure_of_a_receipt_has_words(kind: type) -> None:
    for name in (field.name for field in fields(kind)):
        words = worded(name)
        assert "_" not in words
        assert words != name.replace("_", " ") or "_" not in name, name


def test_kinds_of_receipts_have_words() -> None:
    assert worded("export-ollama receipt") == "exported for ollama"
    assert worded("parity-served receipt") == "compared with the adapter as it is served"
    assert worded("tokens receipt") == "measured token by token"


def test_what_a_form_asks_for_is_named_as_in_the_form() -> None:
    """A plan's warning named `--threads`, and the page had no such thing."""
    grow = GrowForm(**{field.name: "1" for field in fields(GrowForm)}).arguments
    merge = _arguments(defaultdict(str, method="svd", rank="8", density="0.5", a0="x/y", w0="1"))
    given = [word.partition("=")[0] for word in grow if word.startswith("--") and word != "--"]
    assert set(given) == set(FORM_FIELDS["grow"])
    assert {word.partition("=")[0] for word in merge if word.startswith("--") and word != "--"} <= set(
        FORM_FIELDS["merge"]
    )
    templates = Path(training_feed.__file__).parent / "templates"
    for form, place in (
        ("grow", "projects/grow.html"),
        ("merge", "merge/form.html"),
        ("measure", "verdict/pictures.html"),
    ):
        shown = (templates / place).read_text("utf-8")
        assert [words for words in FORM_FIELDS[form].values() if words not in shown] == []


def test_no_warning_of_a_plan_names_an_option_of_the_command_line() -> None:
    assert [told for rule in RULES if "--" in (told := in_form(rule.text, "grow"))] == []
    anew = "begin anew with: gardener jobs resume 20261130-1.a --from-start"
    assert in_form(anew) == "“Begin anew” on the page of the training"
    assert (
        in_form("see --base-dir and a--base; --base X", "grow")
        == "see --base-dir and a--base; “Base model” X"
    )


@pytest.mark.slow
def test_every_figure_of_a_training_has_words() -> None:
    from codebase_gardener.training.torch_engine import TrainingResult

    result = TrainingResult(1, 2.0, 1.0, 10, 5, 1.0, 0.5, 1, 1.0, 2.0).as_dict()
    assert [name for name in result if "_" in name and worded(name) == name.replace("_", " ")] == []


def test_every_kind_of_event_is_told_in_words() -> None:
    source = Path(codebase_gardener.__file__).parent
    code = "\n".join(
        file.read_text("utf-8")
        for name in ("jobs", "training", "cluster", "worker.py")
        for file in ([source / name] if name.endswith(".py") else (source / name).rglob("*.py"))
    )
    kinds = set(re.findall(r'events\.append\(\s*"(\w+)"', code)) - {"step", "rest"}
    assert {"started", "validated", "proven", "ended"} <= kinds
    held = re.findall(r"\{(\w+)", " ".join(training_feed._WORDS.values()))
    some = {**dict.fromkeys(held, 7), "loss": 1.0, "unheard_of": 7}
    for kind in kinds:
        [(_, words)] = happened([{**some, "kind": kind, "time": 0.0}])
        assert "unheard" not in words, kind  # no list of what it holds
        assert "_" not in words


def test_an_event_of_another_version_is_told_without_raw_names() -> None:
    [(_, words)] = happened([{"kind": "trained", "time": 0.0, "steps": 1, "tokens": 1409}])
    assert words == "trained: 1 step, 1409 tokens"
    [(_, words)] = happened([{"kind": "warmed_up", "time": 0.0, "best_step": 3, "new_thing": "x"}])
    assert words == "warmed up: step whose weights are published 3, new thing x"


def test_lines_of_json_in_a_log_are_sentences_and_others_stay() -> None:
    line = {
        "event": "out of room",
        "level": "warning",
        "logger": "a.b",
        "timestamp": "2026-01-02T03:04:05.6Z",
    }
    text = f'printed\n{json.dumps(line)}\n{{"cut": \n{{"event": 3'
    assert log_in_words(text) == 'printed\n03:04:05 warning: out of room\n{"cut": \n{"event": 3'
    failed = json.dumps({**line, "exception": "Traceback\n  x\n"})
    assert log_in_words(failed).endswith("out of room\nTraceback\n  x")
