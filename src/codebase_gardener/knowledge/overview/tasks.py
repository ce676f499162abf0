"""How the repository is built, tested and changed: what its own files tell whoever works on it to run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from codebase_gardener.documents.blocks import Block
from codebase_gardener.documents.code_spans import code_spans
from codebase_gardener.documents.facts import Heading
from codebase_gardener.documents.reading import kept_blocks
from codebase_gardener.documents.sentences import sentences
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.knowledge.sources.repository_facts import set_aside
from codebase_gardener.languages.rows import words
from codebase_gardener.manifests.contents import Dependency
from codebase_gardener.manifests.table import read_manifest
from codebase_gardener.manifests.values import LocatedValue, toml_values
from codebase_gardener.utils.anchors import split_lines

__all__ = [
    "PROGRAMS",
    "WorkNeeds",
    "WrittenTask",
    "commands_of",
    "expanded",
    "guide_sections",
    "guides",
    "handles_files",
    "prose_commands",
    "tasks",
    "work_needs",
]

_LONGEST = 160
_MAKE = re.compile(r"([A-Za-z][\w.-]*)(?:\s+[\w.-]+)*\s*:(?![=:])")
_JUST = re.compile(r"@?([A-Za-z][\w-]*)(?:[ \t]+[^:=]*(?:=[^:]*)?)?:(?!=)")
_RECIPE = re.compile(r"\t[@-]*(.+)")
_RUN = re.compile(r"\s*-?\s*run:\s*(?![|>])(\S.*)")
_GIVEN = re.compile(r"<<-?\s*[\"']?(\w+)")
PROGRAMS = words(
    """uv uvx pytest tox nox poetry pdm hatch rye pre-commit prek poe task python python3 make just npm
    npx pnpm yarn bun deno node cargo go bundle rake mix gradle ./gradlew mvn ./mvnw cmake ctest bazel docker"""
)
"""What runs the work on a repository, of any language."""
_TELLS_TO_RUN = re.compile(
    r"\b(?:runs?|running|execut\w+|use|using|typ(?:e|ing)|invok\w+|with)\s+\Z", re.IGNORECASE
)
_LONGEST_SAID = 200
_NO_WORK = re.compile(
    r"#|(?:echo|printf|set|shopt|exit|export|unset|trap|read|local|if|then|elif|else|fi|for|while|until|do|done|case"
    r"|esac|function)(?:[\s;]|\Z)|\w+=\S*\Z|\w+=[\"'$(].*\Z|[\[{}()]"
)
"""What the shell says, sets and decides with: no command that builds or tests."""
_HANDLES_FILES = re.compile(
    r"(?:sudo )?(?:sed|awk|grep|git|ls|cd|cp|mv|rm|mkdir|chmod|touch|find|tee|tar|unzip|pwd|which|sleep|du|df|diff)"
    r"(?:\s|\Z)"
)
"""What looks at files, edits and moves them."""
_RUN_BLOCK = re.compile(r"(\s*)-?\s*run:\s*([|>])")
_SCRIPT = re.compile(r'\s*"([\w:.-]+)":\s*"((?:[^"\\]|\\.)*)",?\s*\Z')
_TOX_ENV = re.compile(r"\[(?:testenv(?::([\w.{},-]+))?)\]")
_TOX_COMMANDS = re.compile(r"commands[ \t]*=(.*)")
_TOX_LIST = re.compile(r"env_?list[ \t]*=(.*)")
_TOX_FACTOR = re.compile(r"([\w.{},!-]+):\s+")
_OUTER_COMMA = re.compile(r",(?![^{}]*\})")
_BRACES = re.compile(r"([^{}]*)(?:\{([^{}]*)\})?")
_POSITIONAL = re.compile(r"\{posargs(?::([^{}]*))?\}")
_MOST_NAMES = 100
_NOX = re.compile(r"def (\w+)\(session")
_RUNNERS = (("poe", ("poe", "tasks")), ("pdm run", ("pdm", "scripts")), ("task", ("taskipy", "tasks")))
_PROMPT = "$ "
_INDENTED = ("    ", "\t")
_SHELL = ("shell", "sh", "bash", "console", "zsh", "terminal", "shell-session")
_GUIDE = re.compile(
    r"(?:^|/)(?:contributing|hacking|develop\w*|development)[^/]*\.(?:md|rst|txt|adoc)\Z", re.IGNORECASE
)
_ABOUT_WORK = re.compile(
    r"\W*(?:how to |local )?(?:contribut(?:e|ing|ions?)\b.*|hacking|develop(?:ment|ing)?(?: guide| setup| environment)?"
    r"|build(?:ing)? (?:it )?(?:from source|locally)|run(?:ning)? (?:all |the |unit )*tests)\W*",
    re.IGNORECASE,
)
"""Headings of a README's sections for whoever works on the repository."""
_WORKFLOW = re.compile(
    r"\.github/workflows/[^/]+\.ya?ml\Z|(?:^|/)\.gitlab-ci\.ya?ml\Z|(?:^|/)\.circleci/config\.ya?ml\Z"
)


@dataclass(frozen=True)
class WrittenTask:
    """A command, and where it is written.

    Attributes:
        command: What is typed.
        does: What it runs, or what is said of it; "".
        path, start, end: Its lines.
    """

    command: str
    does: str
    path: str
    start: int
    end: int


@dataclass(frozen=True)
class WorkNeeds:
    """Packages that a packaging file asks for, of whoever works on the repository.

    Attributes:
        group: What the file calls them; "" for those that build it.
        names: In their order.
        path, start, end: Their lines.
    """

    group: str
    names: tuple[str, ...]
    path: str
    start: int
    end: int


def guides(facts: Mapping[str, FileFacts]) -> list[str]:
    """Documents for whoever works on the repository, the outermost first; none that are set aside."""
    aside = set_aside(facts)
    found = [
        path for path in facts if _GUIDE.search(path) and path not in aside and "node_modules" not in path
    ]
    return sorted(
        found, key=lambda path: (path.count("/"), not path.lower().startswith("contributing"), path)
    )[:3]


def guide_sections(facts: FileFacts) -> list[Heading]:
    """The sections of a README that tell how to work on the repository, without those within them."""
    found: list[Heading] = []
    for each in facts.headings:
        if _ABOUT_WORK.fullmatch(each.title) and not (found and each.start <= found[-1].end):
            found.append(each)
    return found


def work_needs(texts: Mapping[str, str]) -> list[WorkNeeds]:
    """What the packaging files at the root ask for, but for themselves, to build the repository, then to work on it."""
    found: dict[tuple[bool, str, str], list[Dependency]] = {}
    for path in sorted(path for path in texts if "/" not in path):
        manifest = read_manifest(path, texts[path])
        for entry in manifest.dependencies if manifest else ():
            is_own = manifest is not None and entry.name == manifest.name.text
            if entry.kind in ("build", "group", "dev-extra") and not is_own:
                found.setdefault((entry.kind != "build", path, entry.group), []).append(entry)
    return [
        WorkNeeds(
            group, tuple(dict.fromkeys(one.name for one in each)), path, each[0].start,
            max(one.end for one in each),
        )
        for (_, path, group), each in sorted(found.items())
    ]  # fmt: skip


def tasks(
    facts: Mapping[str, FileFacts], texts: Mapping[str, str], manager: str = "npm"
) -> dict[str, list[WrittenTask]]:
    """What each file tells to run, by its path: guides first, then build files, then what runs on every change.

    Args:
        facts: By path.
        texts: By path.
        manager: What runs the scripts of a package.json.
    """
    found: dict[str, list[WrittenTask]] = {}
    for path in guides(facts):
        found[path] = list(commands_of(path, facts[path], texts[path]))
    readers = (
        (re.compile(r"(?:GNU)?[Mm]akefile\Z"), _of_makefile),
        (re.compile(r"\.?[Jj]ustfile\Z"), _of_justfile),
        (re.compile(r"package\.json\Z"), partial(_of_package_json, manager)),
        (re.compile(r"tox\.ini\Z"), _of_tox),
        (re.compile(r"(?:pyproject|tox|hatch)\.toml\Z"), _of_toml),
        (re.compile(r"noxfile\.py\Z"), _of_nox),
        (_WORKFLOW, _of_workflow),
    )
    for pattern, read in readers:
        for path in sorted(
            path for path in texts if pattern.match(path) or (pattern is _WORKFLOW and pattern.search(path))
        ):
            found[path] = list(read(path, split_lines(texts[path])))
    return {path: _each_once(each) for path, each in found.items() if each}


def handles_files(command: str) -> bool:
    """Whether a command edits, moves or lists files, rather than that it runs a tool on them.

    Example:
        >>> handles_files("sed -i s/a/b/ tests/a.py"), handles_files("pytest tests")
        (True, False)
    """
    return bool(_HANDLES_FILES.match(command))


def _each_once(found: list[WrittenTask]) -> list[WrittenTask]:
    return list({task.command: task for task in reversed(found)}.values())[::-1]


def commands_of(path: str, facts: FileFacts, text: str) -> Iterator[WrittenTask]:
    """The commands of a document's code, each with the heading that it stands under."""
    title, written = "", split_lines(text)
    for block in kept_blocks(path, facts.language, text):
        if block.kind == "heading":
            title = block.text
        elif _holds_commands(block, written):
            lines = block.text.split("\n")
            is_session = any(line.lstrip().startswith(_PROMPT) for line in lines)
            for at, line in enumerate(lines):
                command = line.strip().removeprefix(_PROMPT).strip()
                is_typed = line.lstrip().startswith(_PROMPT) or not is_session  # else it is what was printed
                if is_typed and command and not command.startswith("#") and len(command) <= _LONGEST:
                    yield WrittenTask(command, title, path, block.start + at, block.start + at)


def _holds_commands(block: Block, written: Sequence[str]) -> bool:
    """Whether it is code of the shell: labelled so, or each line of code without a label, or so indented, begins so."""
    if block.kind == "code" and block.label:
        return block.label.lower() in _SHELL
    is_code = block.kind == "code" or (
        block.kind == "paragraph" and written[block.start - 1].startswith(_INDENTED)
    )
    lines = [line.strip() for line in block.text.split("\n")] if is_code else []
    typed = [line for line in lines if line and not line.startswith("#")]
    if any(line.startswith(_PROMPT) for line in typed):
        return typed[0].startswith(_PROMPT)
    runs = [line.partition(" ")[0] in PROGRAMS for line in typed]
    return any(runs) and all(is_run or handles_files(line) for is_run, line in zip(runs, typed, strict=True))


def prose_commands(path: str, facts: FileFacts, text: str) -> Iterator[WrittenTask]:
    """The commands that a document's sentences tell to run, each with its sentence."""
    for block in kept_blocks(path, facts.language, text):
        if block.kind not in ("paragraph", "item"):
            continue
        for sentence in sentences(" ".join(block.text.split())):
            for start, end, marks in code_spans(sentence):
                command = sentence[start + marks : end - marks].removeprefix("$ ").strip()
                program, _, rest = command.partition(" ")
                told = program in PROGRAMS and (
                    rest or _TELLS_TO_RUN.search(sentence[max(0, start - 20) : start])
                )
                if told and len(command) <= _LONGEST and _is_work(command):
                    yield WrittenTask(command, sentence[:_LONGEST_SAID], path, block.start, block.end)


def _of_makefile(path: str, lines: list[str]) -> Iterator[WrittenTask]:
    for at, line in enumerate(lines):
        target = _MAKE.match(line)
        if target:
            recipes = []
            for following in lines[at + 1 :]:
                recipe = _RECIPE.match(following)
                if not recipe:
                    break
                recipes.append(recipe[1].strip())
            if recipes:
                yield WrittenTask(
                    f"make {target[1]}", "; ".join(recipes[:3]), path, at + 1, at + 1 + len(recipes)
                )


def _of_justfile(path: str, lines: list[str]) -> Iterator[WrittenTask]:
    for at, line in enumerate(lines):
        recipe = _JUST.match(line[:_LONGEST])
        if recipe:
            does: list[str] = []
            for following in lines[at + 1 :]:
                if not following[:1].isspace() or not following.strip():
                    break
                does.append(following.strip().lstrip("@-"))
            yield WrittenTask(f"just {recipe[1]}", "; ".join(does[:3]), path, at + 1, at + 1 + len(does))


def _of_package_json(manager: str, path: str, lines: list[str]) -> Iterator[WrittenTask]:
    inside = False
    for at, line in enumerate(lines, 1):
        if re.match(r'\s*"scripts"\s*:\s*\{', line):
            inside = True
        elif inside and line.strip().startswith("}"):
            return
        elif inside and (script := _SCRIPT.match(line)):
            yield WrittenTask(f"{manager} run {script[1]}", script[2].replace('\\"', '"'), path, at, at)


def _of_tox(path: str, lines: list[str]) -> Iterator[WrittenTask]:
    """What each environment runs, those that differ in a factor told apart; of `[testenv]` by one that it serves."""
    sections = [(at, _TOX_ENV.match(line)) for at, line in enumerate(lines, 1) if line.startswith("[")]
    own = {name for _, section in sections if section and section[1] for name in expanded(section[1])}
    listed = [name for name in _tox_listed(lines) if name not in own]
    ends = [at for at, _ in sections[1:]] + [len(lines) + 1]
    for (start, section), end in zip(sections, ends, strict=True):
        named = expanded(section[1]) if section and section[1] else []
        seen: set[str] = set()
        for at, text in _tox_values(lines, start, end, _TOX_COMMANDS) if section else ():
            factor = _TOX_FACTOR.match(text)
            key = factor[1] if factor else ""
            if key in seen:
                continue
            seen.add(key)
            name = _first_with(named or listed, key) if key else next(iter(named), "")
            does = _POSITIONAL.sub(r"\1", text[factor.end() :] if factor else text).rstrip(" \\")
            yield WrittenTask(f"tox -e {name}" if name else "tox", does, path, start, at)


def _tox_values(lines: list[str], start: int, end: int, option: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """The lines of an option of a section, each with its number."""
    inside = False
    for at in range(start + 1, end):
        line = lines[at - 1]
        found = option.match(line)
        inside = bool(found) or (inside and (not line.strip() or line[:1].isspace() or line.startswith("#")))
        text = (found[1] if found else line).strip() if inside else ""
        if text and not text.startswith("#"):
            yield at, text


def _tox_listed(lines: list[str]) -> list[str]:
    start = next((at for at, line in enumerate(lines, 1) if line.startswith("[tox]")), 0)
    end = next(
        (at for at in range(start + 1, len(lines) + 1) if lines[at - 1].startswith("[")), len(lines) + 1
    )
    told = _tox_values(lines, start, end, _TOX_LIST) if start else ()
    parts = [part.strip() for _, line in told for part in _OUTER_COMMA.split(line[:_LONGEST])]
    return [name for part in parts[:_MOST_NAMES] for name in expanded(part)][: 2 * _MOST_NAMES]


def _first_with(names: Sequence[str], factors: str) -> str:
    """The first environment that has all factors of one of the alternatives, and none that is ruled out; ""."""
    alternatives = [
        each.split("-") for one in _OUTER_COMMA.split(factors[:_LONGEST]) for each in expanded(one)
    ]
    return next((name for name in names if any(_fits(name, each) for each in alternatives)), "")


def _fits(name: str, factors: list[str]) -> bool:
    parts = name.split("-")
    return all(one[1:] not in parts if one.startswith("!") else one in parts for one in factors)


def expanded(name: str) -> list[str]:
    """The names that one with braces stands for, at most a hundred.

    Example:
        >>> expanded("docs-{build,check}"), expanded("3.1{0-2}")
        (['docs-build', 'docs-check'], ['3.10', '3.11', '3.12'])
    """
    names = [""]
    for text, inside in _BRACES.findall(name[:_LONGEST]):
        span = re.fullmatch(r"(\d{1,3})-(\d{1,3})", inside)
        choices = (
            map(str, range(int(span[1]), int(span[2]) + 1)) if span else map(str.strip, inside.split(","))
        )
        every = list(choices)
        names = [f"{before}{text}{one}" for before in names for one in every][:_MOST_NAMES]
    return [one for one in names if one]


def _of_toml(path: str, lines: list[str]) -> Iterator[WrittenTask]:
    """Environments of tox, scripts of Hatch, tasks of Poe, PDM and taskipy."""
    try:
        whole = toml_values("\n".join(lines))
    except (ValueError, RecursionError):
        return
    tool = whole.at("tool")
    tox = whole if path == "tox.toml" else tool.at("tox")
    base = tox.at("env_run_base")
    if base.at("commands").entries:
        yield _toml_task("tox", base, base.at("description").text or _words(base.at("commands")), path)
    for name, each in tox.at("env").table.items():
        yield _toml_task(
            f"tox -e {name}", each, each.at("description").text or _words(each.at("commands")), path
        )
    environments = (whole if path == "hatch.toml" else tool.at("hatch")).at("envs")
    for name, each in environments.table.items():
        for script, what in each.at("scripts").table.items():
            run = f"hatch run {script}" if name == "default" else f"hatch run {name}:{script}"
            yield _toml_task(run, what, _words(what), path)
    for runner, table in _RUNNERS:
        for name, what in tool.at(*table).table.items():
            yield _toml_task(
                f"{runner} {name}", what, _words(what.at("cmd") or what.at("shell") or what), path
            )


def _toml_task(command: str, value: LocatedValue, does: str, path: str) -> WrittenTask:
    return WrittenTask(command, does[:_LONGEST], path, value.start, value.end)


def _words(value: LocatedValue) -> str:
    """A command as it is typed: a text, a list of words, or the first of a list of these."""
    if value.text:
        return value.text
    first = value.entries[0] if value.entries else value
    parts = [one.text for one in (first.entries or value.entries)]
    return "; ".join(parts) if parts and " " in parts[0] else " ".join(filter(None, parts))


def _of_nox(path: str, lines: list[str]) -> Iterator[WrittenTask]:
    for at, line in enumerate(lines, 1):
        if session := _NOX.match(line):
            yield WrittenTask(f"nox -s {session[1]}", "", path, at, at)


def _is_work(command: str) -> bool:
    return not _NO_WORK.match(command) and not handles_files(command)


def _of_workflow(path: str, lines: list[str]) -> Iterator[WrittenTask]:
    at = 0
    while at < len(lines):
        run, block = _RUN.match(lines[at]), _RUN_BLOCK.match(lines[at])
        at += 1
        if block:
            indent, start = len(block[1]), at
            while at < len(lines) and (
                not lines[at].strip() or len(lines[at]) - len(lines[at].lstrip()) > indent
            ):
                at += 1
            end = at
            while end > start and not lines[end - 1].strip():
                end -= 1
            yield from _of_block(path, lines, start, end, is_folded=block[2] == ">")
        elif run and len(run[1]) <= _LONGEST and "${{" not in run[1] and _is_work(_unquoted(run[1])):
            yield WrittenTask(_unquoted(run[1]), "", path, at, at)


def _of_block(path: str, lines: list[str], start: int, end: int, *, is_folded: bool) -> Iterator[WrittenTask]:
    """A command for each line; a folded text's lines, and those that end in a backslash, go on in the next."""
    ends, command, first = "", "", start
    for at in range(start, end):
        text = lines[at].strip()
        if ends:  # what a command is given is none
            ends = "" if text == ends else ends
            continue
        goes_on = text.endswith("\\") or (is_folded and bool(text) and at + 1 < end)
        command, first = (f"{command} {text}", first) if command else (text, at)
        if goes_on and len(command) <= _LONGEST:
            command = command.rstrip("\\").rstrip()
            continue
        given = _GIVEN.search(command)
        ends = given[1] if given else ""
        if command and _is_work(command) and len(command) <= _LONGEST and "${{" not in command:
            yield WrittenTask(command.strip(), "", path, first + 1, at + 1)
        command = ""


def _unquoted(scalar: str) -> str:
    """A text as YAML reads it: only quotes around the whole of it are not its own."""
    text = scalar.strip()
    mark = text[:1]
    if mark not in ("'", '"') or len(text) < 2 or not text.endswith(mark):
        return text
    return text[1:-1].replace("''", "'") if mark == "'" else text[1:-1].replace('\\"', '"')
