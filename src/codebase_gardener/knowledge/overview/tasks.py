"""How the repository is built, tested and changed: what its own files tell whoever works on it to run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from codebase_gardener.documents.facts import Heading
from codebase_gardener.documents.reading import kept_blocks
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.manifests.contents import Dependency
from codebase_gardener.manifests.table import read_manifest
from codebase_gardener.manifests.values import LocatedValue, toml_values
from codebase_gardener.utils.anchors import split_lines

__all__ = [
    "WorkNeeds",
    "WrittenTask",
    "commands_of",
    "guide_sections",
    "guides",
    "handles_files",
    "tasks",
    "work_needs",
]

_LONGEST = 160
_MAKE = re.compile(r"([A-Za-z][\w.-]*)(?:\s+[\w.-]+)*\s*:(?![=:])")
_RECIPE = re.compile(r"\t[@-]*(.+)")
_RUN = re.compile(r"\s*-?\s*run:\s*(?![|>])(\S.*)")
_GIVEN = re.compile(r"<<-?\s*[\"']?(\w+)")
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
_MANAGER = re.compile(r'\s*"packageManager":\s*"(npm|pnpm|yarn|bun)@')
_RUN_BLOCK = re.compile(r"(\s*)-?\s*run:\s*[|>]")
_SCRIPT = re.compile(r'\s*"([\w:.-]+)":\s*"((?:[^"\\]|\\.)*)",?\s*\Z')
_TOX_ENV = re.compile(r"\[(?:testenv(?::([\w.{},-]+))?)\]")
_TOX_COMMANDS = re.compile(r"commands\s*=\s*(.*)")
_NOX = re.compile(r"def (\w+)\(session")
_RUNNERS = (("poe", ("poe", "tasks")), ("pdm run", ("pdm", "scripts")), ("task", ("taskipy", "tasks")))
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
    """Documents for whoever works on the repository, the outermost first."""
    found = [path for path in facts if _GUIDE.search(path) and "node_modules" not in path]
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
    """What the packaging files at the root ask for to build the repository, then to work on it."""
    found: dict[tuple[bool, str, str], list[Dependency]] = {}
    for path in sorted(path for path in texts if "/" not in path):
        manifest = read_manifest(path, texts[path])
        for entry in manifest.dependencies if manifest else ():
            if entry.kind in ("build", "group", "dev-extra"):
                found.setdefault((entry.kind != "build", path, entry.group), []).append(entry)
    return [
        WorkNeeds(
            group, tuple(dict.fromkeys(one.name for one in each)), path, each[0].start,
            max(one.end for one in each),
        )
        for (_, path, group), each in sorted(found.items())
    ]  # fmt: skip


def tasks(facts: Mapping[str, FileFacts], texts: Mapping[str, str]) -> dict[str, list[WrittenTask]]:
    """What each file tells to run, by its path: guides first, then build files, then what runs on every change."""
    found: dict[str, list[WrittenTask]] = {}
    for path in guides(facts):
        found[path] = list(commands_of(path, facts[path], texts[path]))
    readers = (
        (re.compile(r"(?:GNU)?[Mm]akefile\Z"), _of_makefile),
        (re.compile(r"package\.json\Z"), _of_package_json),
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
    title = ""
    for block in kept_blocks(path, facts.language, text):
        if block.kind == "heading":
            title = block.text
        elif block.kind == "code" and block.label.lower() in _SHELL:
            for at, line in enumerate(block.text.split("\n")):
                command = line.strip().removeprefix("$ ").strip()
                if command and not command.startswith("#") and len(command) <= _LONGEST:
                    yield WrittenTask(command, title, path, block.start + at, block.start + at)


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


def _of_package_json(path: str, lines: list[str]) -> Iterator[WrittenTask]:
    managers = (found[1] for line in lines if (found := _MANAGER.match(line)))
    manager, inside = next(managers, "npm"), False
    for at, line in enumerate(lines, 1):
        if re.match(r'\s*"scripts"\s*:\s*\{', line):
            inside = True
        elif inside and line.strip().startswith("}"):
            return
        elif inside and (script := _SCRIPT.match(line)):
            yield WrittenTask(f"{manager} run {script[1]}", script[2].replace('\\"', '"'), path, at, at)


def _of_tox(path: str, lines: list[str]) -> Iterator[WrittenTask]:
    name, start = "", 0
    for at, line in enumerate(lines, 1):
        if section := _TOX_ENV.match(line):
            name, start = section[1] or "", at
        elif line.startswith("["):
            start = 0
        elif start and (command := _TOX_COMMANDS.match(line)):
            told = [(at, command[1].strip()), *enumerate(map(str.strip, lines[at:]), at + 1)]
            end, first = next(((at, one) for at, one in told if one and not one.startswith("#")), (at, ""))
            yield WrittenTask(f"tox -e {name}" if name else "tox", first, path, start, end)


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
    words = [one.text for one in (first.entries or value.entries)]
    return "; ".join(words) if words and " " in words[0] else " ".join(filter(None, words))


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
            indent, ends = len(block[1]), ""
            while at < len(lines) and (
                not lines[at].strip() or len(lines[at]) - len(lines[at].lstrip()) > indent
            ):
                command = lines[at].strip()
                at += 1
                if ends:  # what a command is given is none
                    ends = "" if command == ends else ends
                    continue
                given = _GIVEN.search(command)
                ends = given[1] if given else ""
                if command and _is_work(command) and len(command) <= _LONGEST and "${{" not in command:
                    yield WrittenTask(command, "", path, at, at)
        elif run and len(run[1]) <= _LONGEST and "${{" not in run[1] and _is_work(_unquoted(run[1])):
            yield WrittenTask(_unquoted(run[1]), "", path, at, at)


def _unquoted(scalar: str) -> str:
    """A text as YAML reads it: only quotes around the whole of it are not its own."""
    text = scalar.strip()
    mark = text[:1]
    if mark not in ("'", '"') or len(text) < 2 or not text.endswith(mark):
        return text
    return text[1:-1].replace("''", "'") if mark == "'" else text[1:-1].replace('\\"', '"')
