"""A base's chat template as Ollama's, in Go's syntax: by what it writes around turns, checked on conversations.

Jinja is a language and Go's templates another: no program translates all of one into the other. What is asked here is
what stands around a system, a user and an assistant turn, and at the end. Where text made so equals the template's own
on every conversation that is tried, the conversion is right for such conversations; else there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["CONVERSATIONS", "PLAIN", "Turns", "turns_of"]

Render = Callable[[Sequence[Mapping[str, str]]], str]
"""Turns → their text, with the beginning of an answer."""

PLAIN = "{{ .Prompt }}"
"""Plain completion."""


def _talk(*turns: str) -> tuple[dict[str, str], ...]:
    roles = {"s": "system", "u": "user", "a": "assistant"}
    return tuple({"role": roles[turn[0]], "content": turn[1:]} for turn in turns)


CONVERSATIONS = (
    _talk("uHow is a file opened?"),
    _talk("sYou are brief.", "uHi"),
    _talk("uone", "atwo", "uthree"),
    _talk("sRules:\n- none", "uone {x}", "atwo\n\n```py\npass\n```", "uthree", "a4", "uÜber 5 €?"),
    _talk("u" + "long " * 50 + "text"),
)
"""What is tried. No turn begins or ends with a space: some templates cut them off, which Ollama does not."""


@dataclass(frozen=True)
class Turns:
    """What a template writes around turns.

    Attributes:
        start: Before all.
        default: After it where no system turn is there.
        around: Role → before and after its content.
        answer: The beginning of an answer.
    """

    start: str
    default: str
    around: Mapping[str, tuple[str, str]]
    answer: str

    def render(self, turns: Sequence[Mapping[str, str]]) -> str:
        """A conversation as text."""
        has_system = any(turn["role"] == "system" for turn in turns)
        parts = [self.start, "" if has_system else self.default]
        for turn in turns:
            before, after = self.around[turn["role"]]
            parts += [before, turn["content"], after]
        return "".join([*parts, self.answer])

    def without_start(self, start: str) -> Turns:
        """The same without a token that the tokenizer puts before every text by itself."""
        return Turns(self.start.removeprefix(start), self.default, self.around, self.answer)

    def go(self) -> str:
        """In Go's syntax, with Ollama's variables."""
        default = f"{{{{ if not .System }}}}{_literal(self.default)}{{{{ end }}}}" if self.default else ""
        cases = "{{ else if ".join(
            f'eq .Role "{role}" }}}}{_literal(before)}{{{{ .Content }}}}{_literal(after)}'
            for role, (before, after) in self.around.items()
        )
        return (
            f"{_literal(self.start)}{default}"
            f"{{{{ range .Messages }}}}{{{{ if {cases}{{{{ end }}}}{{{{ end }}}}{_literal(self.answer)}"
        )


def turns_of(render: Render) -> Turns | None:
    """What a template writes around turns; None where this does not say all of what it writes.

    Args:
        render: May raise where the template refuses turns.
    """
    try:
        found = _found(render)
        is_right = all(found.render(talk) == render(talk) for talk in CONVERSATIONS)
    except Exception:  # a template is a program of its own: whatever it raises, it is not converted
        return None
    return found if is_right else None


def _found(render: Render) -> Turns:
    first, second, third = "\ue0f1", "\ue0f2", "\ue0f3"
    talk = render(_talk(f"u{first}", f"a{second}", f"u{third}"))
    head, rest = talk.split(first)
    after_user_before_answer, rest = rest.split(second)
    after_answer_before_user, tail = rest.split(third)
    with_system = render(_talk(f"s{first}", f"u{second}"))
    system_head, rest = with_system.split(first)
    after_system_before_user, _ = rest.split(second)
    # the assistant's header is what an answer begins with; what precedes it ends the user's turn
    after_user = _common_start(after_user_before_answer, tail)
    before_answer, answer = after_user_before_answer[len(after_user) :], tail[len(after_user) :]
    before_user = _common_end(after_answer_before_user, after_system_before_user, head)
    after_answer = after_answer_before_user.removesuffix(before_user)
    after_system = after_system_before_user.removesuffix(before_user)
    opening = head.removesuffix(before_user)
    start = _common_start(opening, system_head)
    around = {
        "system": (system_head[len(start) :], after_system),
        "user": (before_user, after_user),
        "assistant": (before_answer, after_answer),
    }
    return Turns(start, opening[len(start) :], around, answer)


def _common_start(one: str, two: str) -> str:
    length = next(
        (at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two))
    )
    return one[:length]


def _common_end(first: str, *others: str) -> str:
    end = first[::-1]
    for other in others:
        end = _common_start(end, other[::-1])
    return end[::-1]


def _literal(text: str) -> str:
    """Text that is no action of a Go template, whatever it holds.

    Example:
        >>> _literal("a {{ b"), _literal("<|im_start|>")
        ('a {{ "{{" }} b', '<|im_start|>')
    """
    return text.replace("{{", '{{ "{{" }}')
