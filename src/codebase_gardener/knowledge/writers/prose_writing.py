"""Prose by a model: a prompt made of facts, an answer that is checked, and the computed text where it does not hold.

A `Writer` is any function from a prompt to a text. What it writes stands on a page only if `check_prose` finds
nothing; whatever goes wrong, the computed text stays and the report says why.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codebase_gardener.knowledge.writers.prose_check import Problem, check_prose
from codebase_gardener.knowledge.writers.prose_request import ProseRequest, prompt_of
from codebase_gardener.utils.files import PRIVATE_FILE, make_folder, sha256_text, writing

__all__ = [
    "MAX_FAILURES",
    "Improved",
    "ProseCache",
    "ProseReport",
    "ProseRun",
    "Writer",
    "improve",
    "writer_name",
]

Writer = Callable[[str], str]
"""A model, or anything else that answers a prompt; it may raise whatever it likes."""

MAX_FAILURES = 5
_KEPT_CHARS = 20_000


class ProseCache:
    """What writers answered before, as JSON lines by writer and prompt; refused answers too, with the reason.

    So a build goes on where it was cut off, and a rebuild gives the same pages.

    Each answer is appended in a single write. A line that was cut off, or is damaged, is passed over. The first answer
    to a prompt stands. What is read from here is checked again like a fresh answer, so a line that was edited by hand
    can put nothing on a page that a model could not. Failures (time-outs, errors) are not kept: they are asked again.

    Args:
        path: The file; made with the first answer.

    Raises:
        ResourceError: The file cannot be written.

    Example:
        >>> import tempfile
        >>> cache = ProseCache(Path(tempfile.mkdtemp()) / "prose.jsonl")
        >>> cache.get("ollama:m", "a prompt") is None
        True
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._answers = _read(path)

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, writer: str, prompt: str) -> str | None:
        """A writer's answer to a prompt, or None: it has to be asked."""
        return self._answers.get(_key(writer, prompt))

    def put(self, writer: str, prompt: str, answer: str, *, refused: str = "") -> None:
        """Keep an answer; one that was kept already stands.

        Args:
            writer: Its name, such as "ollama:llama3.2".
            prompt: The whole prompt.
            answer: What the writer said.
            refused: Why it was not taken, for people who read the file; "" if it was.
        """
        key = _key(writer, prompt)
        if key in self._answers:
            return
        row = {"key": key, "writer": writer, "refused": refused, "text": answer}
        self._append(json.dumps(row, sort_keys=True) + "\n")
        self._answers[key] = answer

    def _append(self, line: str) -> None:
        with writing(self.path):
            make_folder(self.path.parent)
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
            try:
                size = os.fstat(descriptor).st_size
                cut_off = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
                os.write(descriptor, (("\n" if cut_off else "") + line).encode("ascii"))
            finally:
                os.close(descriptor)


def _key(writer: str, prompt: str) -> str:
    return sha256_text(json.dumps([writer, prompt]))


def _read(path: Path) -> dict[str, str]:
    answers: dict[str, str] = {}
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return answers
    for line in lines:
        try:
            row = json.loads(line)
            key, text = row["key"], row["text"]
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        if isinstance(key, str) and isinstance(text, str):
            answers.setdefault(key, text)
    return answers


@dataclass(frozen=True)
class Improved:
    """What stands in a section.

    Attributes:
        text: Of the writer if `accepted`, else the computed one.
        accepted: Whether it is the writer's.
        reason: Why not; "" if it is.
        kind: In short, as the report counts it: a key of `CHECKS`, "length", the name of an exception, "not asked".
        failed: The writer gave no answer.
    """

    text: str
    accepted: bool
    reason: str = ""
    kind: str = ""
    failed: bool = False


@dataclass
class ProseReport:
    """What became of the sections of a run.

    Attributes:
        asked: Calls of the writer.
        cached: Sections whose answer was kept from before.
        accepted: (page, section) of each text that stands.
        refused: Answers by the first rule that they break.
        failed: Calls without an answer, by exception.
        not_asked: Sections after the writer was given up.
        stopped: Why it was given up; "".
        seconds: In the writer.
    """

    asked: int = 0
    cached: int = 0
    accepted: list[tuple[str, str]] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    not_asked: int = 0
    stopped: str = ""
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "asked": self.asked,
            "cached": self.cached,
            "accepted": len(self.accepted),
            "refused": dict(sorted(self.refused.items())),
            "failed": dict(sorted(self.failed.items())),
            "not_asked": self.not_asked,
            "stopped": self.stopped,
            "seconds": round(self.seconds, 3),
        }

    def lines(self) -> Iterator[str]:
        """Markdown for the reports, the same in a rebuild: without time, and without what came from the cache."""
        yield "| Prose by the writer | Sections |"
        yield "|---|---|"
        yield f"| accepted | {len(self.accepted)} |"
        yield from (f"| refused: {kind} | {count} |" for kind, count in sorted(self.refused.items()))
        yield from (f"| failed: {kind} | {count} |" for kind, count in sorted(self.failed.items()))
        if self.stopped:
            yield f"| not asked | {self.not_asked} |"
            yield ""
            yield f"The writer was given up: {self.stopped}."


class ProseRun:
    """One build's use of a writer: never raises because of it, and gives it up after failures in a row.

    Args:
        writer: Answers prompts.
        cache: Of answers.
        max_failures: In a row, after which it is not asked again in this run.
    """

    def __init__(
        self, writer: Writer, cache: ProseCache | None = None, max_failures: int = MAX_FAILURES
    ) -> None:
        self._writer, self._cache, self._max_failures = writer, cache, max_failures
        self._in_a_row = 0
        self.report = ProseReport()

    def improve(self, request: ProseRequest) -> Improved:
        """The section's text: the writer's if it holds, else the computed one."""
        known = (
            self._cache is not None
            and self._cache.get(writer_name(self._writer), prompt_of(request)) is not None
        )
        if known:
            self.report.cached += 1
        elif self.report.stopped:
            self.report.not_asked += 1
            return Improved(request.text, False, self.report.stopped, "not asked", failed=True)
        else:
            self.report.asked += 1
        started = time.monotonic()
        improved = improve(request, self._writer, self._cache)
        self.report.seconds += time.monotonic() - started
        self._count(request, improved)
        return improved

    def _count(self, request: ProseRequest, improved: Improved) -> None:
        report = self.report
        self._in_a_row = self._in_a_row + 1 if improved.failed else 0
        if improved.failed:
            report.failed[improved.kind] += 1
        elif improved.accepted:
            report.accepted.append((request.page, request.section.heading))
        else:
            report.refused[improved.kind] += 1
        if self._in_a_row >= self._max_failures:
            report.stopped = f"{self._in_a_row} failures in a row, the last: {improved.reason}"


def writer_name(writer: Writer) -> str:
    """What a writer's answers are kept under: its attribute `name`, else that of its function or class."""
    name = getattr(writer, "name", "") or getattr(writer, "__qualname__", "") or type(writer).__qualname__
    return str(name)


def improve(request: ProseRequest, writer: Writer, cache: ProseCache | None = None) -> Improved:
    """Ask for a section, or take the answer that is kept, and check it.

    Args:
        request: The section.
        writer: Answers prompts; what it raises is a failure of this section only.
        cache: Of answers.
    """
    name, prompt = writer_name(writer), prompt_of(request)
    answer = cache.get(name, prompt) if cache is not None else None
    if answer is not None:
        return _judged(request, answer)
    try:
        answer = writer(prompt)
    except Exception as error:  # whatever a writer raises, the page is built
        message = " ".join(str(error).split())[:300]
        return Improved(
            request.text, False, f"{type(error).__name__}: {message}", type(error).__name__, failed=True
        )
    if not isinstance(answer, str):
        kind = type(answer).__name__
        return Improved(request.text, False, f"answered {kind}, not text", f"answered {kind}", failed=True)
    answer = answer[:_KEPT_CHARS]  # cut before it is judged, so that the kept one is judged alike
    improved = _judged(request, answer)
    if cache is not None:
        cache.put(name, prompt, answer, refused=improved.reason)
    return improved


def _judged(request: ProseRequest, answer: str) -> Improved:
    text = answer.replace("\r\n", "\n").strip(" \n")
    problems: list[Problem] = check_prose(text, request.allowed)
    if problems:
        reason = "; ".join(str(problem) for problem in problems[:5])
        return Improved(request.text, False, reason, problems[0].kind)
    return Improved(text, True)
