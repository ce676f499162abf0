"""The wiki's Markdown as HTML: links between pages, anchors as links to lines; nothing of a repository is markup."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from codebase_gardener.knowledge.pages.implementation_layout import parse_anchor
from codebase_gardener.knowledge.pages.mermaid import read_chart
from codebase_gardener.knowledge.pages.workflow_layout import LINK
from codebase_gardener.wiki.site.addresses import relative
from codebase_gardener.wiki.site.chart_drawing import chart_drawing
from codebase_gardener.wiki.site.contents import Contents
from codebase_gardener.wiki.site.highlighting import highlighted

__all__ = ["SiteMarkdown"]

_OUTSIDE = re.compile(r"(https?://|mailto:)\S+\Z", re.IGNORECASE)
_MARKED_ID = re.compile(r"[✅⬜](?P<id>[A-Z][a-z]+:[^\s,]+)")
_LISTED = re.compile(r"(Workflow|Principle|Impl|Env|Heur): ([^;]+)")
_SHORT_TYPES = {"Impl": "Implementation", "Env": "Environment", "Heur": "Heuristic"}
_TABLE = (
    '<div class="table" tabindex="0" role="group" aria-label="Table"><table>\n',
    '<div class="table" tabindex="0" role="group" aria-label="Table"><table class="wide">\n',
)
"""One of more than two columns is shown as a list where there is no room."""
_MARKUP = re.compile(
    r"<(?P<tag>abbr|kbd|small|span|sub|sup)(?:\s[^<>]*)?>(?P<words>[^<>]*)</(?P=tag)>"
    r"|\[(?P<label>[^\[\]]+)\]\([^()\s]*\)"
)
"""In words of a document: marks around words that are shown without them, and links that lead nowhere here."""
_SHORT = 20
_SEAM = re.compile(r"(?<=[/._,=(\[])(?=[^/._,=\s])|(?<=[a-z])(?=[A-Z])")
_LABELS = {"mermaid": "diagram"}

Tokens = Sequence[Token]
Env = dict[str, Any]


class SiteMarkdown:
    """Renders for a site.

    Args:
        contents: Whose pages and lines are linked.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._by_name = _by_name(contents)
        self._modules = {page.title: page.id for page in contents.of_type("Module")}
        self._parser = MarkdownIt("commonmark", {"html": False}).enable("table")
        self._parser.inline.ruler.before("link", "wiki_link", _wiki_link)
        self._parser.core.ruler.push("links", self._check_links)
        self._parser.core.ruler.push("heads", _put_heads)
        rules: dict[str, Callable[..., str]] = {
            "wiki_link": self._render_wiki_link, "code_inline": self._render_code, "fence": self._render_fence,
            "image": self._render_image, "text": self._render_text,
            "td_open": self._render_cell,
            "table_open": lambda tokens, index, _: _TABLE[len(tokens[index].meta.get("heads", [])) > 2],
            "table_close": lambda *_: "</table></div>\n",
        }  # fmt: skip
        for name, rule in rules.items():
            self._parser.add_render_rule(name, _as_rule(rule))

    def html(self, text: str, file: str, place: str, *, names: bool = False) -> str:
        """A text as HTML.

        Args:
            text: Markdown.
            file: Of the wiki, which its relative links start from.
            place: Of the site, which the links that are written start from.
            names: Whether names of pages in its tables are to be links, as in indexes and reports.
        """
        return str(self._parser.render(text, {"file": file, "place": place, "names": names}))

    def line(self, text: str, place: str) -> str:
        """One line of a page as HTML, without a paragraph around it."""
        return str(self._parser.renderInline(text, {"file": "", "place": place, "names": False}))

    def link(self, page_id: str, place: str, *, words: str = "") -> str:
        """A link to a page; its plain name where there is none."""
        target = self._contents.place_of(page_id)
        page = self._contents.pages.get(page_id)
        if target is None or page is None:
            return escape(words or page_id)
        css = page.type.lower()
        return f'<a class="page {css}" href="{relative(place, target)}">{escape(words or page.title)}</a>'

    def lines_link(self, text: str, place: str) -> str:
        """Text in code marks; a link to its lines where it is an anchor, to its file where it is a path."""
        anchor = parse_anchor(text)
        target = self._contents.place_of_lines(anchor) if anchor else self._contents.places.source(text)
        code = f"<code>{_breakable(text)}</code>" if anchor else _name(text)
        return f'<a class="lines" href="{relative(place, target)}">{code}</a>' if target else code

    def _render_wiki_link(self, tokens: Tokens, index: int, env: Env) -> str:
        kind, page_id = tokens[index].info, tokens[index].content
        link = self.link(page_id, env["place"])
        made = self._contents.implementation_of(page_id) if kind == "step" else None
        if made is None:
            return link
        return f'{link} <span class="by">by {self.link(made.id, env["place"])}</span>'

    def _render_code(self, tokens: Tokens, index: int, env: Env) -> str:
        return self.lines_link(tokens[index].content, env["place"])

    def _render_cell(self, tokens: Tokens, index: int, env: Env) -> str:
        """With the head of its column, which a narrow window shows beside it."""
        head = tokens[index].meta.get("head", "")
        return f'<td data-head="{escape(head)}">' if head else "<td>"

    def _render_fence(self, tokens: Tokens, index: int, env: Env) -> str:
        language = tokens[index].info.strip().partition(" ")[0]
        chart = read_chart(tokens[index].content) if language == "mermaid" else None
        if chart:
            return chart_drawing(chart, lambda words: self._place_of_title(words, env["place"]))
        lines = "\n".join(highlighted(tokens[index].content, language))
        label = escape(_LABELS.get(language, language) or "text")
        return f'<pre class="code" tabindex="0" aria-label="{label}"><code>{lines}</code></pre>\n'

    def _place_of_title(self, title: str, place: str) -> str:
        """Where a box of a diagram leads: to the module that it is called by."""
        target = self._contents.place_of(self._modules.get(title, ""))
        return relative(place, target) if target else ""

    def _render_image(self, tokens: Tokens, index: int, env: Env) -> str:
        """Nothing is loaded: what it shows is said in words."""
        return f'<span class="image">[image: {escape(tokens[index].content or "without a text")}]</span>'

    def _render_text(self, tokens: Tokens, index: int, env: Env) -> str:
        text = _MARKUP.sub(lambda found: found["words"] or found["label"] or "", tokens[index].content)
        if not env["names"]:
            return escape(text)
        if "✅" in text or "⬜" in text:
            return _linked(_MARKED_ID, text, lambda found: self._marked(found, env))
        if ": " in text and _LISTED.match(text):
            return _linked(_LISTED, text, lambda found: self._listed(found, env))
        return escape(text)

    def _marked(self, found: re.Match[str], env: Env) -> str:
        name = found["id"].partition(":")[2].removeprefix(f"{self._contents.owner_repo}_")
        return self.link(found["id"], env["place"], words=name)

    def _listed(self, found: re.Match[str], env: Env) -> str:
        kind = _SHORT_TYPES.get(found[1], found[1])
        names = [
            self.link(self._by_name.get((kind, name), ""), env["place"], words=name) if name else ""
            for name in found[2].split(", ")
        ]
        return f"{found[1]}: {', '.join(names)}"

    def _check_links(self, state: Any) -> None:
        for block in state.tokens:
            if block.type == "inline" and block.children:
                _rewrite(block.children, lambda href: self._target(href, state.env))

    def _target(self, href: str, env: Env) -> str | None:
        if _OUTSIDE.match(href):
            return href
        path = posixpath.normpath(posixpath.join(posixpath.dirname(env["file"]), unquote(href)))
        target = self._contents.places.wiki_file(path)
        return relative(env["place"], target) if target else None


def _put_heads(state: Any) -> None:
    """Give each cell of a table the head of its column."""
    heads: list[str] = []
    table, at = None, 0
    for number, token in enumerate(state.tokens):
        if token.type == "table_open":
            table, heads = token, []
            token.meta["heads"] = heads
        elif token.type == "th_open":
            heads.append(state.tokens[number + 1].content)
        elif token.type == "tr_open":
            at = 0
        elif token.type == "td_open" and table:
            token.meta["head"] = heads[at] if at < len(heads) else ""
            at += 1


def _breakable(anchor: str) -> str:
    """A path may be cut between two lines of text, a range may not."""
    path, _, lines = anchor.rpartition(":")
    return f'{escape(path).replace("/", "/<wbr>")}<wbr><span class="range">:{escape(lines)}</span>'


def _name(text: str) -> str:
    """Code in a line: a short option stays whole, a long name may be cut between its words."""
    if len(text) <= _SHORT:
        return (
            f'<code class="whole">{escape(text)}</code>'
            if "-" in text and " " not in text
            else f"<code>{escape(text)}</code>"
        )
    return f"<code>{'<wbr>'.join(map(escape, _SEAM.split(text)))}</code>"


def _by_name(contents: Contents) -> Mapping[tuple[str, str], str]:
    """Page id by its type and its name without the repository's."""
    start = f"{contents.owner_repo}_"
    return {(page.type, page.name.removeprefix(start)): page_id for page_id, page in contents.pages.items()}


def _wiki_link(state: StateInline, silent: bool) -> bool:
    found = LINK.match(state.src, state.pos) if state.src.startswith("[[", state.pos) else None
    if found is None:
        return False
    if not silent:
        token = state.push("wiki_link", "", 0)
        token.info, token.content = found[1], f"{found[2]}:{found[3]}"
    state.pos = found.end()
    return True


def _rewrite(children: list[Token], target: Callable[[str], str | None]) -> None:
    """Give each link its place in the site; one that leads nowhere becomes plain text."""
    kept: list[bool] = []
    for token in children:
        if token.type == "link_open":
            found = target(str(token.attrs.get("href", "")))
            kept.append(found is not None)
            if found is None:
                token.tag, token.attrs = "span", {}
            else:
                token.attrs = {"href": found}
                if _OUTSIDE.match(found):
                    token.attrs |= {"rel": "noopener noreferrer nofollow", "class": "outside"}
        elif token.type == "link_close" and kept and not kept.pop():
            token.tag = "span"


def _linked(pattern: re.Pattern[str], text: str, link: Callable[[re.Match[str]], str]) -> str:
    parts, at = [], 0
    for found in pattern.finditer(text):
        parts += [escape(text[at : found.start()]), link(found)]
        at = found.end()
    return "".join([*parts, escape(text[at:])])


def _as_rule(rule: Callable[..., str]) -> Callable[..., str]:
    def rendered(renderer: RendererHTML, tokens: Tokens, index: int, options: OptionsDict, env: Env) -> str:
        return rule(tokens, index, env)

    return rendered
