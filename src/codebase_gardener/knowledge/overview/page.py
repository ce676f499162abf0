"""`_Overview.md`: the first page of a wiki."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from codebase_gardener.documents.blocks import Block
from codebase_gardener.documents.html_comments import comment_free
from codebase_gardener.documents.prose import plain_text, tag_free
from codebase_gardener.documents.sentences import first_sentence, sentences, stands_alone, told_alone
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.modules.descriptions import SaidOf, said_of
from codebase_gardener.knowledge.modules.drawings import architecture, files_drawing, grouped
from codebase_gardener.knowledge.modules.relations import Relations
from codebase_gardener.knowledge.modules.tree import Module
from codebase_gardener.knowledge.overview.dependencies import Needed, needed
from codebase_gardener.knowledge.overview.material import Material
from codebase_gardener.knowledge.overview.readme import (
    Introduction,
    introduction,
    readme_of,
    tells_who_made_it,
)
from codebase_gardener.knowledge.overview.tasks import (
    WrittenTask,
    commands_of,
    guide_sections,
    guides,
    tasks,
    work_needs,
)
from codebase_gardener.knowledge.overview.usage import by_use, times_shown, usage
from codebase_gardener.knowledge.pages.cited import PageSources
from codebase_gardener.knowledge.pages.markup import code, link_free, table, told_table
from codebase_gardener.knowledge.pages.quoting import inline, safe_markdown
from codebase_gardener.knowledge.pages.structure import Page, Section
from codebase_gardener.knowledge.pages.wiki_names import WAY_IN
from codebase_gardener.knowledge.pages.wording import counted, enumerated
from codebase_gardener.manifests.table import root_manifests

__all__ = ["overview_page"]

_MOST_PARTS = 30
_MOST_FLOWS = 16
_MOST_APIS = 8
_MOST_FILES = 3
_MOST_GROUPS = 8
_MOST_NAMES = 5
_MOST_TASKS = 12
_OFTEN = re.compile(r"(?:^|\s)(?:py)?(?:test|lint|check|build)s?(?:\s|$)")
_SENTENCE_WORDS = 5
_DESCRIBING_WORDS = 3
_WORD = re.compile(r"[^\W\d_]{2}")
_DENIES = re.compile(
    r"\W*\w+(?:\W+\w+){0,4}?\W+(?:is|are|was|does|do)(?:n.t|\W+not|\W+no\b|\W+never)\b", re.IGNORECASE
)
"""A sentence that opens with what something is not."""
_ASIDE = re.compile(
    r"\b(?:stands? for|short for|acronym|abbreviat\w+|pronounced|(?:originally|formerly|previously) (?:called|named))\b"
    r"|\A\W*(?:many )?thanks?\b|\bhope you\b|\b(?:professional|commercial|enterprise|paid) support\b",
    re.IGNORECASE,
)
"""A sentence on a name, or on who is thanked or paid."""
_BEGINNING = re.compile(
    r"quick-?start|getting-?started|first-?steps|tutorial|introduction|basics|user-?guide", re.IGNORECASE
)

_ANSWERS = (
    "application", "codebase", "framework", "library", "package", "project", "repository", "software", "tool",
    "architecture", "build", "change", "commands", "contribute", "dependencies", "depend", "install", "layout",
    "overview", "parts", "purpose", "reading", "run", "start", "structure", "supported", "tests", "versions",
)  # fmt: skip
"""Words of questions about a repository as a whole: what it may be called, and what the page's sections tell."""


def overview_page(
    context: ApiContext, relations: Relations, pages: Iterable[Page], by_target: Mapping[Target, Page]
) -> Page:
    """The way into a repository.

    Args:
        context: The repository with its links.
        relations: Of its modules.
        pages: All other pages.
        by_target: The Implementation page of each API that has one, by what it documents.
    """
    repository = context.repository
    given = Material(
        context, relations, sorted(pages, key=lambda page: page.id), by_target, PageSources(repository)
    )
    said = introduction(repository.facts, repository.texts, _name(given))
    return Page(
        type="Overview",
        name=f"{repository.owner_repo}_Overview",
        title=f"{_name(given)}{WAY_IN}",
        overview=_overview(said, given),
        description=_description(said, given),
        usage=usage(said, given),
        sections=(
            Section("Parts", _parts(given)),
            Section("Architecture", _architecture(given)),
            Section("Reading Order", _reading_order(said, given)),
            Section("Build, Test and Change", _tasks(given)),
            Section("Dependencies", _dependencies(given)),
        ),
        sources=given.sources.all(),
        domains=_ANSWERS,
    )


def _name(given: Material) -> str:
    """What users know it by: a name that is not published may be that of a workspace, such as "root"."""
    repository = given.context.repository
    named = (one.name.text for one in root_manifests(repository.texts) if one.name and one.published)
    home = repository.repo.rstrip("/").rpartition("/")[2]
    return next(filter(None, named), "") or home or repository.owner_repo


def _overview(said: Introduction | None, given: Material) -> str:
    """What it is, in one sentence: of its README, else of its packaging file, else of the package's own comment."""
    name, called = code(_name(given)), _called(given)
    found = _sentence_of(said, called) if said and said.said else None
    described = _described(given)
    if said and found and not (described and _is_better(described[1], found[1], called)):
        block, sentence = found
        where = given.sources.cite(said.path, block.start, block.end)
        return f"{name}, in the words of its {said.called} ({where}): “{inline(told_alone(sentence) or sentence, 300)}”"
    if described:
        path, text = described
        given.sources.cite(path, 1, max(1, given.context.repository.facts[path].lines))
        return f"{name} calls itself in {code(path)}: “{inline(text, 300)}”"
    in_code = _said_in_code(given)
    if in_code is not None:
        where = given.sources.cite(in_code.path, in_code.start, in_code.end)
        return f"{name}, in the words of its code ({where}): “{inline(in_code.sentence, 300)}”"
    files = [path for module in given.tree.modules for path in module.files]
    return f"{name} holds {counted(len(files), 'file')} of code; neither a README nor a packaging file says what for."


def _described(given: Material) -> tuple[str, str] | None:
    """The packaging file that says what it is, and what it says; a word or two say nothing."""
    for path, text in given.context.repository.texts.items():
        for one in root_manifests({path: text}):
            if len(one.description.split()) >= _DESCRIBING_WORDS:
                return path, one.description
    return None


def _said_in_code(given: Material) -> SaidOf | None:
    """What the package at the root says of itself, else the only one that lies in no other."""
    roots = [one for one in given.tree.modules if one.parent is None]
    roots = [one for one in roots if not one.path and not one.is_loose] or roots
    return said_of(roots[0], given.context.repository) if len(roots) == 1 else None


def _told(said: Introduction) -> list[tuple[Block, str]]:
    """Its sentences but those that say what it is not, who made it, what its name means, or whom to thank.

    Nor one that needs what stands before it; before the first only the title does.
    """
    paragraphs = [one for one in said.said if one.kind == "paragraph"] or list(said.said)
    return [
        (block, sentence)
        for number, block in enumerate(paragraphs)
        for at, sentence in enumerate(sentences(plain_text(block.text)))
        if len(sentence.split()) >= _SENTENCE_WORDS
        and (number + at == 0 or stands_alone(sentence))
        and not _DENIES.match(sentence)
        and not _ASIDE.search(sentence)
        and told_alone(sentence)
        and not tells_who_made_it(sentence)
    ]


def _called(given: Material) -> str:
    """A pattern of what its documents call it: by its package's name, or by its program's."""
    whole = re.sub(r"/v\d+\Z", "", _name(given))
    names = {re.split(r"[/@]", whole)[-1], *given.context.scripts}
    written = (re.sub(r"\\?[-_]", r"[-_\\s]?", re.escape(name)) for name in sorted(names))
    return rf"(?:{'|'.join(written)})\b"


def _is_better(described: str, sentence: str, called: str) -> bool:
    """Whether what the packaging file says tells more than a sentence that does not say what it is."""
    alike = described.strip(" .").lower() in sentence.lower()
    return not alike and not any(re.match(form, sentence, re.IGNORECASE) for form in _defining(called))


def _defining(called: str) -> tuple[str, str]:
    """ "X is a …", "X sorts …"."""
    is_a = rf".{{0,60}}?\b{called}\W{{1,4}}(?:is|are)\s+(?:[\w-]+\s+){{0,2}}?(?:an?|the)\b"
    return is_a, rf"\W*(?:the\s+)?{called}\W{{1,4}}\w+s\b"


def _sentence_of(said: Introduction, called: str) -> tuple[Block, str]:
    """The first sentence that says what it is or does, else the first about it, or that names it, else the first."""
    paragraphs = [one for one in said.said if one.kind == "paragraph"] or list(said.said)
    told = _told(said)
    for form in (*_defining(called), rf"\W*(?:the\s+)?{called}", rf".*?\b{called}"):
        found = next((one for one in told if re.match(form, one[1], re.IGNORECASE)), None)
        if found:
            return found
    worded = next((one for one in paragraphs if _WORD.search(first_sentence(plain_text(one.text)))), None)
    first = worded or paragraphs[0]
    said_first = first_sentence(plain_text(first.text), 300)
    return first, said_first if _WORD.search(said_first) else inline(plain_text(first.text), 300)


def _description(said: Introduction | None, given: Material) -> str:
    if said is None or not said.said:
        in_code = _said_in_code(given)
        if in_code is None:
            return "No README says what it is."
        where = given.sources.cite(in_code.path, in_code.start, in_code.end)
        return f"No README says what it is; its code does, in {where}: “{inline(in_code.sentence, 300)}”"
    parts = []
    for start, end, text in _runs(said, given):
        where = given.sources.cite(said.path, start, end)
        parts.append(f"{safe_markdown(text)}\n\n— {where}")
    if said.left_out:
        parts.append(f"The list has {counted(said.left_out, 'further item')}.")
    return "\n\n".join(parts)


def _runs(said: Introduction, given: Material) -> list[tuple[int, int, str]]:
    """Paragraphs that follow each other are quoted together."""
    runs: list[tuple[int, int]] = []
    for block in said.said:
        lines = given.context.repository.lines(said.path, runs[-1][1] + 1, block.start - 1) if runs else []
        if runs and not any(line.strip() for line in lines):
            runs[-1] = (runs[-1][0], max(runs[-1][1], block.end))
        else:
            runs.append((block.start, block.end))
    return [
        (start, end, _unquoted(given.context.repository.lines(said.path, start, end))) for start, end in runs
    ]


def _unquoted(lines: Sequence[str]) -> str:
    """A text without comments, tags and the marks of quotes: it is shown as one anyway."""
    return "\n".join(re.sub(r"^>(?: |\Z)", "", line) for line in tag_free(comment_free(lines)))


def _parts(given: Material) -> str:
    if not given.tree.modules:
        return "It holds no code that is not a test."
    pages = {page.id: page for page in given.of_type("Module")}
    shown = sorted(given.tree.modules, key=lambda one: (one.is_loose, _depth(one, given), one.path))[
        :_MOST_PARTS
    ]
    rows = [
        (
            f"[{code(module.title)}](modules/{module.name}.md)",
            str(sum(given.context.repository.facts[path].lines for path in module.files)),
            _said(pages[f"Module:{module.name}"], given),
        )
        for module in sorted(shown, key=lambda one: (one.is_loose, one.path))
    ]
    more = len(given.tree.modules) - len(rows)
    rest = f"\n\n{counted(more, 'further module')}: [all modules](_ModuleIndex.md)." if more else ""
    return table(("Module", "Lines", "What it is for"), rows) + rest


def _said(page: Page, given: Material) -> str:
    """The overview of a module, without its own name; the words that it quotes are looked for in the same file."""
    for source in page.sources[:1]:
        given.sources.cite(source.anchor.path, source.anchor.start, source.anchor.end)
    after = page.overview.partition("` ")[2]
    return after.removeprefix("is what the authors describe as: ")


def _depth(module: Module, given: Material) -> int:
    depth, parent = 0, module.parent
    while parent is not None:
        depth, parent = depth + 1, given.tree.by_path[parent].parent
    return depth


def _architecture(given: Material) -> str:
    modules = given.tree.modules
    if not modules:
        return "It holds no code that is not a test."
    drawing, arrows = architecture(given.relations)
    if not arrows:
        link = f"[{code(modules[0].title)}](modules/{modules[0].name}.md)"
        if not modules[1:]:
            told = f"All code is in {link}."
        elif given.relations.between_files:  # of files in one box
            told = ""
        else:
            told = "No use of one module by another was found."
        files = files_drawing(
            [path for module in modules for path in module.files],
            given.relations,
            lambda at: given.sources.cite(at.path, at.start, at.end),
        )
        return f"{told}\n\n{files}".strip()
    titles = {module.path: module.title for module in given.tree.modules}
    lines = [
        f"* {code(titles.get(start, start))} {does} {code(titles.get(end, end))}{_first_at(start, end, given)}"
        for start, end, targets in arrows[:_MOST_FLOWS]
        for does in [
            f"uses {_names(targets)}, {counted(targets.total(), 'time')}, of" if targets else "imports"
        ]
    ]
    told = "\n\nThe strongest links:\n\n" + "\n".join(lines) if lines else ""
    bare = (
        ""
        if all(targets for *_, targets in arrows)
        else "; one without a number leads to what is only imported"
    )
    return f"An arrow leads to what is used; its number says how often{bare}.\n\n{drawing}{told}"


def _first_at(start: str, end: str, given: Material) -> str:
    """The first lines that show an arrow of the architecture."""
    boxes = grouped(given.relations)
    ends = (
        (user, used)
        for user in given.tree.modules
        for used in given.tree.modules
        if (boxes[user.path], boxes[used.path]) == (start, end)
    )
    at = next(filter(None, (given.relations.lines_between(*one) for one in ends)), None)
    return f" ({given.sources.cite(at.path, at.start, at.end)})" if at else ""


def _names(targets: Counter[Target]) -> str:
    order = sorted(targets.items(), key=lambda item: (-item[1], item[0]))
    names = list(dict.fromkeys(target.name or target.path for target, _ in order))
    return enumerated([code(name) for name in names[:3]], len(names))


def _reading_order(said: Introduction | None, given: Material) -> str:
    steps = []
    if said:
        steps.append(f"{code(said.path)}: what it is, in its authors' words.")
    for path, why in _documents(given):
        steps.append(f"{code(path)}: {why}")
    for target, page in by_use(given)[:3]:
        symbol = given.context.symbol(target)
        if symbol and (times_shown(target, given) or not given.context.scripts):
            where = given.sources.cite_symbol(symbol)
            times = times_shown(target, given)
            places = f"{counted(times, 'place')} of README, docs and examples"
            why = f"used in {places}" if times else "a part of what it offers"
            steps.append(f"[{code(target.name)}]({page.file}), defined in {where}: {why}.")
    for module in _central(given)[:2]:
        number = len(given.relations.used_by(module))
        users = f"{counted(number, 'other module')} {'uses' if number == 1 else 'use'} it."
        steps.append(f"[{code(module.title)}](modules/{module.name}.md): {users}")
    steps += _tests(given)
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1)) or "Nothing stands out."


def _documents(given: Material) -> list[tuple[str, str]]:
    """The documents that show the most of its APIs, and how many."""
    shown: dict[str, set[Target]] = {}
    for passage in given.context.resolution.passages:
        if passage.area in ("docs", "example"):
            shown.setdefault(passage.path, set()).update(
                use.target for use in passage.uses if not use.target.external
            )
    order = sorted(shown.items(), key=lambda item: (not _is_beginning(item[0]), -len(item[1]), item[0]))
    return [(path, f"shows {counted(len(targets), 'API')} in use.") for path, targets in order[:2] if targets]


def _is_beginning(path: str) -> bool:
    """Whether a document is for those who begin, by its name."""
    return bool(_BEGINNING.search(path.rpartition("/")[2].replace("_", "-")))


def _central(given: Material) -> list[Module]:
    """Modules that most others use."""
    used = [
        module
        for module in given.tree.modules
        if given.relations.used_by(module)
        and not any(part[:1] in "_." for part in module.path.split("/") if part)
    ]
    return sorted(used, key=lambda one: (-len(given.relations.used_by(one)), one.path))


def _tests(given: Material) -> list[str]:
    tests = Counter(p.path for p in given.context.resolution.passages if p.area == "test" and p.uses)
    order = sorted(tests.items(), key=lambda item: (-item[1], item[0]))
    return [f"{code(path)}: {counted(number, 'test')} that use it." for path, number in order[:1]]


def _tasks(given: Material) -> str:
    repository = given.context.repository
    found = tasks(repository.facts, repository.texts, repository.package_manager)
    parts = [
        f"How to change it is told in {code(path)}." for path in guides(repository.facts) if path not in found
    ]
    for path, every in found.items():
        each = sorted(every, key=_is_seldom)[:_MOST_TASKS] if len(every) > _MOST_TASKS else every
        rows = [
            (
                code(task.command),
                f"{code(task.does)}" if task.does else "",
                given.sources.cite(task.path, task.start, task.end),
            )
            for task in each
        ]
        parts.append(
            f"### {link_free(path)}\n\n"
            + told_table(("Command", "What it runs, or where it is told", "Where"), rows)
            + (f"\n\nand {len(every) - len(each)} more." if len(every) > len(each) else "")
        )
    parts = [*_told_in_readme(given), *parts, *_work_needs(given)]
    return "\n\n".join(parts) or "No file of it says how it is built, tested or changed."


def _is_seldom(task: WrittenTask) -> bool:
    """Whether it neither tests nor checks nor builds: of many commands these are wanted first."""
    return not _OFTEN.search(task.command)


def _told_in_readme(given: Material) -> list[str]:
    """Its sections on the work, and the commands that those tell to run."""
    facts, texts = given.context.repository.facts, given.context.repository.texts
    path = readme_of(facts)
    sections = guide_sections(facts[path]) if path else []
    told = [
        f"How to work on it is told in {code(path)}, under “{inline(each.title, 80)}”: "
        f"{given.sources.cite(path, each.start, each.end)}."
        for each in sections
    ]
    rows = [
        (code(task.command), given.sources.cite(path, task.start, task.end))
        for task in (commands_of(path, facts[path], texts[path]) if sections else ())
        if any(each.start <= task.start <= each.end for each in sections)
    ]
    more = f"\n\nand {len(rows) - _MOST_TASKS} more." if len(rows) > _MOST_TASKS else ""
    return [*told, *([table(("Command", "Where"), rows[:_MOST_TASKS]) + more] if rows else [])]


def _work_needs(given: Material) -> list[str]:
    """What building it and working on it needs, and the page that lists it."""
    lines = []
    for each in work_needs(given.context.repository.texts)[:_MOST_GROUPS]:
        names = enumerated([code(name) for name in each.names[:_MOST_NAMES]], len(each.names))
        use = f"work on it, under {code(each.group)}" if each.group else "building it"
        lines.append(f"* For {use}: {names} ({given.sources.cite(each.path, each.start, each.end)})")
    page = next((one for one in given.of_type("Environment") if one.title == "Development Environment"), None)
    if page is None or not lines:
        return []
    return [f"The packages that it needs ([{page.title}]({page.file})):\n\n" + "\n".join(lines)]


def _dependencies(given: Material) -> str:
    found = needed(given.context)
    if not found:
        return "No packaging file at the root names anything that it depends on."
    rows = [
        (
            code(_named(one)),
            "" if one.entry.kind != "extra" else f"the extra {code(one.entry.group)}",
            _why(one),
            given.sources.cite(one.path, one.entry.start, one.entry.end),
        )
        for one in found
    ]
    return told_table(("Dependency", "For", "Why", "Where"), rows)


def _named(one: Needed) -> str:
    """Its entry; of a language, whose entry is mostly a bound, the name before it."""
    name, text = one.entry.name, one.entry.text or one.entry.name
    return f"{name} {text}" if one.entry.kind == "runtime" and name.lower() not in text.lower() else text


def _why(one: Needed) -> str:
    if one.entry.kind == "runtime":
        return "the language"
    if not one.files:
        return "no import by this name was found in the package"
    files = enumerated([code(path) for path in one.files[:_MOST_FILES]], len(one.files))
    names = f", for {', '.join(map(code, one.names))}" if one.names else ""
    return f"{'imported' if one.is_imported else 'named in paths'} by {files}{names}"
