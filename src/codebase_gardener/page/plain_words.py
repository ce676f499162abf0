"""Plain words for the names that figures and receipts have in the registry, and for what a worker's log says."""

from __future__ import annotations

import json
import re
from typing import Any

from codebase_gardener.training.spec import TrainingSpec

__all__ = ["FORM_FIELDS", "in_form", "log_in_words", "worded"]

FORM_FIELDS = {
    "grow": {
        "--name": "Name", "--revision": "Revision", "--base": "Base model", "--minutes": "Minutes of training",
        "--threads": "CPU threads", "--fresh": "Begin from nothing",
    },
    "merge": {
        "--method": "Method", "--rank": "Rank, at most", "--density": "Density", "--weights": "Weight",
        "--into": "Into",
    },
    "measure": {"--dataset": "On the held-out code of"},
}  # fmt: skip
"""What a form calls the options of the command that it starts; `--json` and what a button gives by itself left out."""

_BUTTONS = {
    r"begin anew with: `?gardener jobs resume [\w.-]+ --from-start`?": "“Begin anew” on the page of the training",
    r"go on with: `?gardener jobs resume [\w.-]+`?": "“Resume” on the page of the training",
    r"gardener wiki build \S+": "“Build its wiki”, in the list of wikis",
    r"see docs/wiki\.md, Corrections": "name it as the words below the text say",
    r"gardener evaluate \S+ --dataset PROJECT\b": "“On the held-out code of”, beside the button",
}
"""Commands for which the page has a button."""

_WORDS = {
    # of a training
    "steps": "steps", "first_loss": "loss of the first step", "last_loss": "loss of the last steps, smoothed",
    "tokens": "tokens read", "supervised_tokens": "tokens trained on", "seconds": "seconds",
    "epochs": "passes over the rows", "best_step": "step whose weights are published",
    "best_loss": "validation loss of what is published", "base_loss": "validation loss of the base",
    "tokens_per_s": "tokens a second", "beats_base": "better than the base on validation",
    # of a proof
    "base_sha256": "hash of the base's weights", "adapter_sha256": "hash of the adapter's weights",
    "dtype": "number format while it was measured", "answers_dtype": "number format of answers",
    "quantization": "quantization of the base in training", "measured_on": "quantization that it was measured on",
    "tensors_matched": "tensors that arrived", "tensors_expected": "tensors that there are",
    "max_logit_difference": "largest change of a logit", "mean_kl_nats": "mean change of the next token, in nats (KL)",
    "prompts": "prompts", "tokenizer_sha256": "hash of the tokenizer",
    "parity_reload": "difference after reloading", "parity_switch": "difference after switching off and on",
    "parity_merge": "difference when merged in memory", "parity_unload": "difference of the base after unloading",
    "parity_merged": "difference when merged on disk",
    "parity_merged_kl_nats": "the same as the next token's change, in nats (KL)",
    "max_logprob_difference": "largest change of a token's log-probability",
    "parity_served": "difference through a server", "parity_served_base": "difference of the base through a server",
    # of other receipts
    "spec": "options", "inputs": "adapters", "error": "error", "modules": "modules", "base": "base",
    "target": "program", "adapter": "adapter", "files": "files", "notes": "notes", "receipt": "figures of its proof",
    "editing": "groups of figures at cursors", "null": "figures beside noise", "recitation": "figures of recitation",
    "general_code": "figures of other code", "since": "since the commit", "functions": "functions",
    "word": "verdict", "reason": "why", "difference": "figures of the difference", "next_line": "figures of next lines",
    "old": "figures of the old one", "new": "figures of the new one", "bytes": "bytes that both were asked for",
    # kinds of receipts
    "tokens receipt": "measured token by token", "regrown receipt": "grown again on another base",
    "merge receipt": "merged",
}  # fmt: skip


_KINDS = {"parity-": "compared with the adapter as it is ", "export-": "exported for "}


def worded(name: str) -> str:
    """What a name of the registry means.

    Example:
        >>> worded("parity_reload")
        'difference after reloading'
    """
    if known := _WORDS.get(name):
        return known
    plain = name.removesuffix(" receipt")
    for begin, words in _KINDS.items():
        if plain.startswith(begin):
            return words + _spaced(plain.removeprefix(begin))
    return _spaced(plain)


def in_form(text: str, form: str = "") -> str:
    """What an error or a warning says to do, in the words of the form that leads to it.

    Args:
        text: As the command line says it.
        form: A key of `FORM_FIELDS`; "" where it comes from none.

    Example:
        >>> in_form("leave out --revision", "grow")
        'leave out “Revision”'
        >>> in_form("a lower --r", "grow")
        'a lower “training.r” (a setting)'
    """
    for command, words in _BUTTONS.items():
        text = re.sub(command, words, text)
    for option, words in FORM_FIELDS.get(form, {}).items():
        text = re.sub(rf"(?<![\w-]){option}(?![\w-])", f"“{words}”", text)
    return re.sub(r"(?<![\w-])--([a-z][a-z-]*)", _setting, text) if form == "grow" else text


def _setting(option: re.Match[str]) -> str:
    """A training option that the form has not can be set for all trainings."""
    name = option[1].replace("-", "_")
    return f"“training.{name}” (a setting)" if name in TrainingSpec.model_fields else option[0]


def _spaced(name: str) -> str:
    return re.sub(r"[_-]+", " ", name)


def log_in_words(text: str) -> str:
    """A worker's log as people read it: its lines of JSON as a time, a level and a sentence."""
    return "\n".join(_line(line) for line in text.split("\n"))


def _line(line: str) -> str:
    if not line.startswith("{"):
        return line
    try:
        told: dict[str, Any] = json.loads(line)
        said, rest = str(told["event"]), told.get("exception", "")
    except (ValueError, LookupError, TypeError):  # cut at its begin, or another program's
        return line
    head = " ".join(filter(None, (str(told.get("timestamp", ""))[11:19], str(told.get("level", "")))))
    return "\n".join(filter(None, (f"{head}: {said}", str(rest).rstrip())))
