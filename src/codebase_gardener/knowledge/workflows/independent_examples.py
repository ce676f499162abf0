"""Which code of a document belongs together: what takes nothing from other code is an example of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from codebase_gardener.knowledge.links.uses import Target

__all__ = ["CodePart", "examples", "is_built_up", "is_listing", "paragraphs"]

_LITERAL = re.compile(r"\"[^\"\n]{0,400}\"|'[^'\n]{0,400}'|(?:^|(?<=\s))(?:#|//)[^\n]*")
_WORD = re.compile(r"[^\W\d]\w*")
_GIVEN = re.compile(r"(?<![=!<>+\-*/%&|^])(?::=|=(?![=>~]))")
_DEFINED = re.compile(
    r"\b(?:class|def|enum|fn|func|function|interface|module|struct|trait|type)[ \t]+([^\W\d]\w*)"
)
_BOUND_BY_WORD = re.compile(r"\b(?:as|for)[ \t]+([^\W\d]\w*)\b")
_PROMPT = re.compile(r"[ \t]*(?:>>>|\.\.\.|\$|>)(?:[ \t]|$)")
_GOES_ON = re.compile(r"\s*(?:\.\.\.|[)\]}.,:|&?]|(?:else|except|finally|catch|elif|end)\b)")
_IS_PROMPT = re.compile(r"[ \t]*>>>(?:[ \t]|$)")
_NAME_GIVEN = re.compile(r"\w\([ \t]*[\"']([^\W\d]\w{2,60})[\"']")
_THING_GIVEN = re.compile(r"\w\([ \t]*([^\W\d]\w*)[ \t]*[,)]")
_CONSTANTS = frozenset(["None", "True", "False", "null", "nil", "true", "false", "undefined"])
_DECORATOR = re.compile(r"[ \t]*(?:@\w|#!?\[)")
_LONGEST = 1000  # characters of a line that are read
MOST_PARAGRAPHS = 50
"""A block with more of them is taken whole."""


@dataclass(frozen=True)
class CodePart:
    """Lines of code that stand together.

    Attributes:
        start, end: Their numbers.
        block: Number of the block that they stand in.
        lines: Their text.
        takes: What they do.
    """

    start: int
    end: int
    block: int
    lines: tuple[str, ...]
    takes: frozenset[Target]

    def binds(self) -> Mapping[str, int]:
        """The names that it gives a value, each with its first line."""
        found: dict[str, int] = {}
        for at, line in enumerate(self.lines):
            for name in _bound(line):
                found.setdefault(name, at)
        return found

    def reads(self) -> frozenset[str]:
        """The names that it does not give a value before it names them."""
        own = self.binds()
        return frozenset(
            name for at, line in enumerate(self.lines) for name in _read(line) if own.get(name, at) >= at
        )


def paragraphs(
    start: int, lines: Sequence[str], block: int, takes: Callable[[int, int], frozenset[Target]]
) -> Iterator[CodePart]:
    """A block's parts, which blank lines part where the code is not indented.

    Args:
        start: Number of its first line.
        lines: Of the block.
        block: Its number.
        takes: What the code from one line to another does.
    """
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    least = min(indents, default=0)
    firsts = [0]
    for at in range(1, len(lines)):
        line = lines[at]
        is_outer = line.strip() and len(line) - len(line.lstrip()) == least and not _GOES_ON.match(line)
        if is_outer and not lines[at - 1].strip():
            firsts.append(at)
    firsts = firsts if len(firsts) <= MOST_PARAGRAPHS else [0]
    for first, after in zip(firsts, [*firsts[1:], len(lines)], strict=True):
        a, b = start + first, start + after - 1
        yield CodePart(a, b, block, tuple(lines[first:after]), takes(a, b))


def examples(
    parts: Sequence[CodePart], shared: Container[str] = (), next_ones: Container[int] = ()
) -> list[list[CodePart]]:
    """The parts that build on each other, together; in order.

    A part builds on the last one before it that gives a value to a name that it reads. Parts of one block belong
    together, too, unless one does over what another has done, with things of its own; and so do blocks of which the
    words between say that one comes next.

    Args:
        parts: In the order of their lines.
        shared: Names of things that stand elsewhere in the document: who reads the same one belongs together.
        next_ones: Numbers of the blocks that come next, as the words before them say.

    Example:
        >>> whole = [CodePart(n, n, n, (line,), frozenset()) for n, line in enumerate(["a = f()", "b = f()", "a.go()"])]
        >>> [[part.start for part in each] for each in examples(whole)]
        [[0, 2], [1]]
    """
    group = list(range(len(parts)))
    givers: dict[str, int] = {}
    for at, part in enumerate(parts):
        for name in sorted(part.reads()):
            if name in givers:
                _join(group, givers[name], at)
            elif name in shared:
                givers[name] = at
        givers |= dict.fromkeys(part.binds(), at)
    for _, block in groupby(range(len(parts)), key=lambda at: parts[at].block):
        before: list[int] = []
        for at in block:
            is_alone = _top(group, at) not in {_top(group, other) for other in before}
            does_over = any(_does_over(parts[other], parts[at]) for other in before)
            if before and not (is_alone and does_over):
                _join(group, before[-1], at)
            before.append(at)
    for at in range(1, len(parts)):
        if parts[at].block in next_ones and parts[at - 1].block != parts[at].block:
            _join(group, at - 1, at)
    found: dict[int, list[CodePart]] = {}
    for at, part in enumerate(parts):
        found.setdefault(_top(group, at), []).append(part)
    return list(found.values())


def is_built_up(parts: Iterable[CodePart], next_ones: Container[int] = ()) -> bool:
    """Whether each part but the first reads a name to which one before it gave a value, or is said to come next.

    Args:
        parts: In the order of their lines.
        next_ones: Numbers of those that come next, as their titles say.
    """
    known: set[str] = set()
    for at, part in enumerate(parts):
        if at and at not in next_ones and not part.reads() & known:
            return False
        known |= set(part.binds())
    return True


def is_listing(
    parts: Sequence[CodePart],
    takes: Mapping[int, frozenset[Target]],
    imported: Container[str] = (),
    shared: Container[str] = (),
    next_ones: Container[int] = (),
) -> bool:
    """Whether statements that take no more than half of what the parts do build on each other: they only show forms.

    A statement builds on another that gives a value to a name that it reads, or that is given the same thing, by its
    variable or by its name; within a block also on one that reads the same thing of the document.

    Args:
        parts: In the order of their lines.
        takes: What each line does.
        imported: Names that imports give: who reads the same one does not build on another.
        shared: Names of things that stand elsewhere in the document.
        next_ones: Numbers of the blocks that come next, as the words before them say.

    Example:
        >>> lines = ("a.text()", "a.number()", "b = a.made()", "b.go()")
        >>> takes = {at: frozenset([Target("a.py", line)]) for at, line in enumerate(lines)}
        >>> is_listing([CodePart(0, 3, 0, lines, frozenset())], takes, {"a"})
        True
        >>> is_listing([CodePart(2, 3, 0, lines[2:], frozenset())], takes, {"a"})
        False
    """
    whole = [one for part in parts for one in _statements(part, takes)]
    group = list(range(len(whole)))
    bound_in = {(one.block, name): at for at, one in enumerate(whole) for name in one.binds()}
    givers: dict[str, int] = {}
    alike: dict[tuple[str, int, str], int] = {}
    before: int | None = None
    for at, one in enumerate(whole):
        runs_later = _DEFINED.search(one.lines[0][:_LONGEST])
        like = [("name", 0, name) for line in one.lines for name in _NAME_GIVEN.findall(line[:_LONGEST])]
        given = {name for line in one.lines for name in _THING_GIVEN.findall(line[:_LONGEST])} - _CONSTANTS
        for name in sorted(one.reads()):
            if name in imported:
                continue
            if name in givers:
                _join(group, givers[name], at)
            elif runs_later and (one.block, name) in bound_in:
                _join(group, bound_in[one.block, name], at)
            elif name in shared or name in given:
                like.append(("thing", one.block, name))
        for each in like:
            _join(group, alike.setdefault(each, at), at)
        givers |= {name: at for name in one.binds() if name not in imported}
        if one.takes:
            if one.block in next_ones and before is not None and whole[before].block != one.block:
                _join(group, before, at)
            before = at
    together: dict[int, set[Target]] = {}
    for at, one in enumerate(whole):
        together.setdefault(_top(group, at), set()).update(one.takes)
    taken = {target for targets in together.values() for target in targets}
    return 2 * max(map(len, together.values()), default=0) <= len(taken)


def _statements(part: CodePart, takes: Mapping[int, frozenset[Target]]) -> Iterator[CodePart]:
    """Its statements: each begins at the margin, where no bracket is open."""
    is_dialogue = any(map(_IS_PROMPT.match, part.lines))
    texts = [_PROMPT.sub("", line[:_LONGEST], count=1) if is_dialogue else line for line in part.lines]
    least = min((len(text) - len(text.lstrip()) for text in texts if text.strip()), default=0)
    firsts: list[int] = []
    is_open, decorates = 0, False
    for at, text in enumerate(texts):
        is_outer = (
            bool(_IS_PROMPT.match(part.lines[at]))
            if is_dialogue
            else text.strip() and len(text) - len(text.lstrip()) == least and not _GOES_ON.match(text)
        )
        if not firsts or (is_outer and is_open <= 0 and not decorates):
            firsts.append(at)
            is_open = 0
        code = _LITERAL.sub("", text[:_LONGEST])
        is_open += sum((each in "([{") - (each in ")]}") for each in code)
        decorates = bool(_DECORATOR.match(text)) or (decorates and not text.strip())
    for first, after in zip(firsts, [*firsts[1:], len(texts)], strict=True):
        a, b = part.start + first, part.start + after - 1
        taken = frozenset(target for line in range(a, b + 1) for target in takes.get(line, ()))
        yield CodePart(a, b, part.block, part.lines[first:after], taken)


def _does_over(one: CodePart, other: CodePart) -> bool:
    """Whether a part does what the one before has done, or gives anew what that has given."""
    return bool(one.takes & other.takes or set(one.binds()) & set(other.binds()))


def _top(group: list[int], one: int) -> int:
    while group[one] != one:
        group[one] = group[group[one]]
        one = group[one]
    return one


def _join(group: list[int], one: int, other: int) -> None:
    first, second = sorted((_top(group, one), _top(group, other)))
    group[second] = first


def _bound(line: str) -> Iterator[str]:
    text = _LITERAL.sub("", _PROMPT.sub("", line[:_LONGEST], count=1))
    yield from _DEFINED.findall(text)
    yield from _BOUND_BY_WORD.findall(text)
    given = None if line.lstrip().startswith("...") else _GIVEN.search(text)
    left = text[: given.start()].strip() if given else ""
    if not left or "(" in left.lstrip("(") or "." in left:
        return
    if left[-1] in "]})" or "," in left:
        yield from _WORD.findall(left)
    elif names := _WORD.findall(re.split(r":(?!:)", left, maxsplit=1)[0]):
        yield names[-1]


def _read(line: str) -> Iterator[str]:
    text = _LITERAL.sub("", _PROMPT.sub("", line[:_LONGEST], count=1))
    defined = {*_DEFINED.findall(text), *_BOUND_BY_WORD.findall(text)}
    for word in _WORD.finditer(text):
        before, after = text[: word.start()].rstrip()[-3:], text[word.end() :].lstrip()[:2]
        is_member = before.endswith(".") and not before.endswith("...")
        is_given = after[:1] == "=" and after != "=="
        is_declared = before[-1:] in ("", "{", "(", ",") and after[:1] == ":" and after != "::"
        if not (is_member or is_given or is_declared or word[0] in defined):
            yield word[0]
