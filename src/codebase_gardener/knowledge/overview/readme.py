"""What the README says first: the paragraphs that tell what the thing is, and the first code that it shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile, zip_longest

from codebase_gardener.documents.blocks import Block
from codebase_gardener.documents.code_spans import edited
from codebase_gardener.documents.prose import plain_text
from codebase_gardener.documents.purposes import is_wordless
from codebase_gardener.documents.reading import kept_blocks
from codebase_gardener.documents.sentences import sentences
from codebase_gardener.documents.snippets import MAX_TREE_CHARS, snippet
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.engine.parsing import parsed_tree
from codebase_gardener.languages.table import GRAMMARS, LANGUAGES, is_code
from codebase_gardener.repository.areas import area_of

__all__ = ["Introduction", "introduction", "readme_of", "tells_who_made_it"]

_MOST_CHARS = 1_400
_MOST_BLOCKS = 14
_FEW = 2
"""Paragraphs that are shown where no section tells what it is."""
_MOST_CODE_LINES = 40
_READ_CHARS = 40_000
_SHORTEST, _SHORTEST_LATER = 4, 7
"""Words of a paragraph that says something: the first, and a later one."""

_FRONT_PAGE = re.compile(r"(?:docs?|documentation)/(?:(?:source|src|content|en)/)*index\.(?:mdx?|rst)")
_WORD = re.compile(r"[^\W\d_]{2,}")
_ADDRESS = re.compile(r"https?://\S+")
_ONLY_A_LINK = re.compile(
    r"[*_]*(?:!?\[[^\]]{1,300}\](?:\([^()]{1,300}\)|\[[^\]]{0,300}\])|`[^`<]{1,200}(?:<[^>]{1,300}>)?`_+)[*_\s]*"
    r"(?:<br ?/?>)?\Z"
)
_NO_PROSE = re.compile(
    r"\b(?:sponsor\w*|backers?|donat\w*|financial|licen[cs]ed? under|copyright|all rights reserved"
    r"|(?:professional|commercial|enterprise|paid) support)\b|\(c\)|\A\W*(?:many )?thanks?\b",
    re.IGNORECASE,
)
"""Who pays, and whose it is, does not say what it is."""
_ASIDE = re.compile(
    r"\W*(?:if you\b|please\b|(?:note|warning|attention|important|update|news)\b\s*:)", re.IGNORECASE
)
"""What speaks to some of its readers, or of the day, does not say what it is."""
_ONLY_POINTS = re.compile(
    r"[\W_]*(?:for\b.{1,160}?\W)?(?:please\s+)?(?:see|visit|read|check|refer|head|(?:have|take) a look)\s+"
    r"(?:(?:the|our|also|its|this|out|over|at|to)[*_]*\s+){0,3}[*_\"]*(?:\[|`|<|https?:).{0,300}\Z",
    re.IGNORECASE,
)
"""What sends its reader elsewhere, and says no more."""
_LINK = re.compile(r"!?\[[^\]]{1,300}\](?:\([^()]{1,300}\)|\[[^\]]{0,300}\])")
_MADE_BY = re.compile(
    r"\W*(?:\w+\s){0,2}(?:authors?|maintainers?|contributors?)\s*:"
    r"|\W*(?:(?!(?:is|are|was|were|has|have)\b)\w+\W+){1,5}?(?:(?:has|have)\s+been|is|are|was|were)\s+"
    r"(?:(?:\w+(?:ly|ed|en)|and|first|now)\s+){0,4}?\w+(?:ed|en|ilt|ade)\s+(?:and\s+\w+\s+)?by\b",
    re.IGNORECASE,
)
"""A sentence whose first verb tells by whom it is: who wrote it, keeps it, uses it."""
_WHAT = re.compile(
    r"\b(?:features?|why|what|overview|about|introduction|highlights|philosophy|description|motivation|goals?"
    r"|concepts?|capabilities|in short|summary)\b",
    re.IGNORECASE,
)
"""Headings of sections that tell what a thing is, and not how it is had or used."""


@dataclass(frozen=True)
class Introduction:
    """The beginning of a README, or of the documentation where there is none.

    Attributes:
        path: Of it.
        said: Paragraphs and items of lists that say what it is, in order.
        code: The first code of several lines that it shows in the repository's own languages; None for none.
        has_shorter: Whether other code stands before that, if only a line.
        passed_over: Whether code of several lines stands before that, in another language or one that is not known.
        left_out: How many items the list has besides that the last of what is said is an item of.
    """

    path: str
    said: tuple[Block, ...]
    code: Block | None
    has_shorter: bool = False
    passed_over: bool = False
    left_out: int = 0

    @property
    def called(self) -> str:
        """What a reader calls the document: README or documentation."""
        return "README" if _is_readme(self.path) else "documentation"


def readme_of(facts: Mapping[str, FileFacts]) -> str:
    """The README at the root, else that of the folder with the most code, else the first page of the documentation,
    which a README may only be a link to; "" where there is none.
    """
    found = [path for path in facts if _is_readme(path)] or list(filter(_FRONT_PAGE.fullmatch, facts))
    code = [each for each in facts.values() if is_code(each.language) and area_of(each.path) == "package"]

    def rank(path: str) -> tuple[bool, int, int, int, str]:
        folder = path.rpartition("/")[0]
        lines = sum(each.lines for each in code if each.path.startswith(f"{folder}/"))
        return bool(folder), -lines if folder else 0, path.count("/"), len(path), path

    return min(found, key=rank, default="")


def _is_readme(path: str) -> bool:
    return path.rpartition("/")[2].lower().startswith("readme")


def tells_who_made_it(sentence: str) -> bool:
    """Whether a sentence names the authors, and not what they made.

    Example:
        >>> tells_who_made_it("Pot was first written by Ann."), tells_who_made_it("Pot is a tool used by cooks.")
        (True, False)
    """
    return bool(_MADE_BY.match(sentence))


def introduction(facts: Mapping[str, FileFacts], texts: Mapping[str, str], name: str) -> Introduction | None:
    """What the README says first; None where there is none or it says nothing.

    Args:
        facts: By path.
        texts: By path.
        name: What it is called.
    """
    path = readme_of(facts)
    if not path:
        return None
    found = list(kept_blocks(path, facts[path].language, texts[path][:_READ_CHARS]))
    parts = [
        part for part in re.split(r"[/@]", name.lower()) if not re.fullmatch(r"v\d+", part)
    ]  # Go's pot/v2
    called = {name.lower(), *parts[-1:]}
    said = _with_their_lists(tuple(_said(found, called)), found)
    said = said or tuple(_said([one for one in found if one.kind != "heading"], called))[:_FEW]
    spoken = Counter[str]()
    for each in facts.values():
        spoken[each.language] += each.lines
    codes = [block for block in found if block.kind == "code" and not _is_typed(block)]
    shown = next((block for block in codes if "\n" in block.text and _is_use(block, spoken)), None)
    before = codes[: codes.index(shown)] if shown else []
    passed_over = any("\n" in block.text for block in before)
    if not said and not shown:
        return None
    return Introduction(path, said, shown, bool(before), passed_over, _left_out(said, found))


def _left_out(said: Sequence[Block], found: Sequence[Block]) -> int:
    """The items that follow the last of what is said, where that is an item, too."""
    if not said or said[-1].kind != "item":
        return 0
    rest = (block for block in found if block.start > said[-1].start)
    return sum(1 for _ in takewhile(lambda block: block.kind == "item", rest))


def _said(found: Sequence[Block], called: set[str]) -> Iterator[Block]:
    """What stands before the first section and in those that tell what it is; no asides, nothing that leads to code."""
    chars = count = sections = 0
    last: Block | None = None  # of what is said
    tells, told, title, leads = True, False, "", False
    boxes = [(block.start, block.end) for block in found if block.kind == "box"]
    headings = {plain_text(block.text).lower() for block in found if block.kind == "heading"}
    for whole, after in zip_longest(found, found[1:]):
        block = _from_its_first_word(whole)
        title = block.text if block.kind == "heading" and sections == 0 else title
        if block.kind == "heading":
            sections, leads = sections + 1, False
            is_title = block.level == 1 or plain_text(block.text).lower() in called
            tells = (sections == 1 and is_title and not count) or bool(_WHAT.search(block.text))
        if not tells or block.kind not in ("paragraph", "item"):
            continue
        if block.kind == "item" and leads:
            continue  # what is listed is said by the words before it, which are not quoted
        text = plain_text(block.text)
        leads = text.rstrip().endswith(":") and after is not None and after.kind == "item"
        leads_to_code = text.rstrip().endswith(":") and (after is None or after.kind != "item")
        names = {*called, plain_text(title).lower()}
        if leads_to_code and not told and _defines(text, names):
            leads_to_code = False  # what it is, and then how that looks
        aside = any(start <= block.start <= end for start, end in boxes)
        is_of_contents = block.kind == "item" and text.strip().lower() in headings
        goes_on = block.kind == "item" and last is not None and last.end + 1 == block.start
        if (
            aside
            or leads_to_code
            or is_of_contents
            or not (_says(block, 1 if goes_on else 0) or (leads and _is_lead(block, after)))
        ):
            continue
        if not chars and _ASIDE.match(text) and names.isdisjoint(re.findall(r"[\w.-]+", text.lower())):
            continue
        is_short = chars and block.kind == "paragraph" and not leads
        if is_short and len(_WORD.findall(text)) < _SHORTEST_LATER:
            continue
        if (count >= _MOST_BLOCKS and not goes_on) or (chars and chars + len(text) > _MOST_CHARS):
            return
        chars, count, last = chars + len(text), count + 1, whole
        told, leads = told or _defines(text, names), False
        yield block


def _with_their_lists(said: tuple[Block, ...], found: Sequence[Block]) -> tuple[Block, ...]:
    """Without words at the end that lead to a list, of which nothing more has room."""
    while said and plain_text(said[-1].text).rstrip().endswith(":"):
        after = next((block for block in found if block.start > said[-1].end), None)
        if after is None or after.kind != "item" or not _says(after):
            break
        said = said[:-1]
    return said


def _defines(text: str, called: set[str]) -> bool:
    """Whether it begins with what it is: its name and "is", not what it is not."""
    found = re.match(r"\W*(?:the\s+)?(.{1,80}?)\W*\s(?:is|are)\s+(?!not\b|no\b)", text.lower(), re.DOTALL)
    return found is not None and found[1] in called


def _from_its_first_word(block: Block) -> Block:
    """A paragraph without the badges above its words."""
    lines = block.text.split("\n")
    if block.kind != "paragraph" or len(lines) != block.end - block.start + 1:
        return block
    skipped = next((at for at, line in enumerate(lines) if not is_wordless(line)), 0)
    return replace(block, start=block.start + skipped, text="\n".join(lines[skipped:]))


def _is_lead(block: Block, after: Block | None) -> bool:
    """Whether the few words before a list say something with it: "Pot is:"."""
    return after is not None and _says(after) and _says(block, 2)


def _says(block: Block, fewest: int = 0) -> bool:
    """Whether a paragraph or item says something; of so many words at least, else by its kind."""
    text, written = plain_text(block.text), block.text
    if all(map(is_wordless, written.split("\n"))):
        return False
    bracket_free = str.maketrans("[]", "()")  # of code: "[`a[0]`](…)" is a link, too
    line = edited(" ".join(written.split()), lambda span: span.translate(bracket_free))
    if _ONLY_A_LINK.match(line) or (_LINK.search(line) and not _WORD.search(_LINK.sub("", line))):
        return False
    if len(sentences(text)) == 1 and (_ONLY_POINTS.match(line) or _MADE_BY.match(text)):
        return False
    words = len(_WORD.findall(_ADDRESS.sub(" ", text)))
    return (
        words >= (fewest or (2 if block.kind == "item" else _SHORTEST))
        and not _NO_PROSE.search(text)
        and "://" not in text[:12]
    )


def _is_typed(block: Block) -> bool:
    """Whether it is what one types into a shell, as to install it."""
    return _language(block) in ("shell", "powershell", "bat")


def _language(block: Block) -> str:
    """What a block is labelled, else what its lines look like; "" where they tell nothing."""
    made = snippet(block.start, block.text.split("\n"), block.label, title="")
    return made.language if made else ""


def _read_as(block: Block, spoken: Counter[str]) -> str:
    """What most of the repository is written in, where a block without a label calls something and is right in it."""
    most = next((name for name, _ in spoken.most_common() if is_code(name) and name in GRAMMARS), "")
    if not most or block.label or "(" not in block.text or len(block.text) > MAX_TREE_CHARS:
        return ""
    tree = parsed_tree(f"{block.text}\n".encode("utf-8", "replace"), most)
    return most if tree is not None and not tree.root_node.has_error else ""


def _is_use(block: Block, spoken: Counter[str]) -> bool:
    label = block.label.lower() or _language(block) or _read_as(block, spoken)
    named = next((name for name, row in LANGUAGES.items() if label in (name, *row.aliases)), "")
    return named in spoken and LANGUAGES[named].code and block.text.count("\n") < _MOST_CODE_LINES
