"""`gardener wiki`: build, show, search, correct, html."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from codebase_gardener.cli import options
from codebase_gardener.cli.command import (
    command_options,
    echo,
    open_gardener,
    print_json,
    read_settings,
    tell,
)
from codebase_gardener.utils.error_handling import InvalidInputError, VerificationError

__all__ = ["wiki"]


@click.group()
def wiki() -> None:
    """A repository's wiki: every claim of it resolves to source lines."""


@wiki.command()
@click.argument("what", metavar="PROJECT|PATH")
@click.option(
    "--writer",
    default="none",
    show_default=True,
    help="Who improves the prose: none, openai:MODEL, ollama:MODEL, or an adapter (PROJECT/NAME).",
)
@click.option("--phase", default="6", show_default=True, help="Last phase to do: 0, 1a, 1b, 2, 3, 4, 5 or 6.")
@click.option("--name", help="Name of the project that PATH becomes.")
@click.option("--revision", help="Commit, branch or tag; by default the source as it is now.")
@command_options
def build(what: str, writer: str, phase: str, name: str | None, revision: str | None, as_json: bool) -> None:
    """Build the wiki of a project, or bring it up to date with its source.

    PATH may be a directory, a git URL, or a source archive: it becomes a project. Only what changed is read again.
    """
    from codebase_gardener.cli.display import Display
    from codebase_gardener.wiki.unchanged import BuildWords, StampedSource, remember_build, unchanged_wiki

    settings = read_settings()
    is_plain = writer == "none" and revision is None and name is None
    source = StampedSource.of(settings, what) if is_plain else None
    words = unchanged_wiki(settings, what, source, phase=phase)
    if words is None:
        from codebase_gardener.wiki.ahead import reading_ahead

        with reading_ahead(settings, what, source) as ahead:
            from codebase_gardener.gardener.wikis import build_wiki

            with open_gardener() as gardener:
                built = build_wiki(
                    gardener,
                    what,
                    Display(),
                    writer=writer,
                    phase=phase,
                    revision=revision,
                    name=name,
                    ahead=ahead,
                )
        remember_build(settings, built, source)
        words = BuildWords.of(built)
    found = len(words.document["findings"])
    if not found:
        tell(as_json, words.document, "\n".join(words.lines))
        return
    error = VerificationError(
        f"the fresh wiki of {words.document['project']} does not hold ({found} findings): "
        "a bug in Codebase Gardener, or in a correction that you wrote, not in your repository",
        hint="report the findings; the wiki can be read all the same",
    )
    if as_json:
        print_json(words.document, error)
    else:
        echo("\n".join(words.lines))
    raise error


@wiki.command()
@click.argument("what", nargs=-1, metavar="[PROJECT] [TYPE:NAME|PATH[:LINES]]")
@options.project
@command_options
def show(what: tuple[str, ...], project: str | None, as_json: bool) -> None:
    """Show a page, and whether its evidence has changed since; of a project alone its Overview.

    TYPE:NAME is a page's id, such as Implementation:huggingface_peft_get_peft_model; a part of the name is enough
    where only one page has it. PATH:LINES, such as README.md:L10-40, are lines of the repository as a search names
    them. PROJECT may be left out where only one has the page.
    """
    from codebase_gardener.gardener.wikis import find_wiki

    with open_gardener() as gardener:
        named, page = _project_and_page(what, project, [row.name for row in gardener.projects()])
        shown = find_wiki(gardener, page, named).show(page)
    if as_json:
        print_json(shown)
        return
    echo(shown.text)
    for change in shown.stale:
        echo(f"\nstale: {change}", err=True)


def _project_and_page(
    what: tuple[str, ...], project: str | None, projects: Sequence[str]
) -> tuple[str | None, str]:
    """What is to be shown; the page is "" for a project's Overview."""
    if len(what) + (project is not None) > 2:
        raise InvalidInputError(
            f"more than a project and a page: {' '.join(what)}", hint="gardener wiki show PROJECT PAGE"
        )
    if len(what) == 2:
        return what[0], what[1]
    if not what:
        if project is None:
            raise InvalidInputError(
                "neither a project nor a page is named", hint="gardener wiki show PROJECT PAGE"
            )
        return project, ""
    return (what[0], "") if project is None and what[0] in projects else (project, what[0])


@wiki.command("list")
@click.argument("project")
@command_options
def list_pages(project: str, as_json: bool) -> None:
    """List a wiki's pages by type; workflows under the module or program that they serve."""
    from codebase_gardener.wiki.listing import listed

    with open_gardener() as gardener:
        rows = listed(gardener.wiki(project).pages())
    if as_json:
        print_json(rows)
        return
    above = ("", "")
    for row in rows:
        if (row.type, row.group) != above:
            above = (row.type, row.group)
            echo(" ".join(filter(None, above)))
        echo(f"  {row.id}  {row.title}")


@wiki.command(context_settings={"ignore_unknown_options": True})
@click.argument("project")
@click.argument("query")
@click.option("-k", "k", type=click.IntRange(min=1), default=5, show_default=True, help="Results at most.")
@click.option("--code", is_flag=True, help="Search the code, too.")
@command_options
def search(project: str, query: str, k: int, code: bool, as_json: bool) -> None:
    """Search a project's wiki; above what is found stands what the graph answers to a question, as `ask` does."""
    with open_gardener() as gardener:
        found = gardener.wiki(project).search(query, k=k, code=code)
        told = () if as_json else gardener.wiki(project).graph_lines(query)
    if as_json:
        print_json(found)
        return
    for line in told:
        echo(f"{line.text}  ({line.anchor})" if line.anchor else line.text)
    if told:
        echo()
    if not found:
        echo("nothing found: try other words")
    for hit in found:
        echo(f"{hit.score:6.2f}  {hit.id}")
        lines = (hit.overview, hit.said, hit.anchor if hit.anchor != hit.id else "")
        echo("".join(f"        {line}\n" for line in lines if line), nl=False)
    if found:
        echo(f"read one: gardener wiki show {project} PAGE, or PATH:LINES", err=True)


@wiki.command()
@click.argument("page", metavar="TYPE:NAME")
@click.argument("part")
@click.option("--text", help="What is to stand there (Markdown).")
@click.option(
    "--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file that holds it."
)
@options.project
@command_options
def correct(
    page: str, part: str, text: str | None, file: Path | None, project: str | None, as_json: bool
) -> None:
    """Correct a page: the text is kept in an overrides file and put in at every build.

    PART is title, overview, description, usage, or a heading of the page.
    """
    from codebase_gardener.gardener.wikis import find_wiki

    if (text is None) == (file is None):
        raise InvalidInputError("a correction is either --text or --file", hint="give one of them")
    words = _file_text(file) if file is not None else text or ""
    with open_gardener() as gardener:
        kept_in = find_wiki(gardener, page, project).correct(page, part, words)
    document = {"page": page, "part": part, "file": kept_in}
    tell(as_json, document, f"kept in {kept_in}; `gardener wiki build` puts it in")


def _file_text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"{file} cannot be read: {error}", hint="name a file of UTF-8 text"
        ) from error


@wiki.command()
@click.argument("project")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write; by default beside the wiki.")
@command_options
def html(project: str, out: Path | None, as_json: bool) -> None:
    """Write the wiki as a static site: pages, source with the anchored lines marked, the graph."""
    from codebase_gardener.cli.display import Display

    with open_gardener() as gardener:
        site = gardener.wiki(project).html(Display(), out)
    shown = f"{site.pages} pages, {site.sources} source files: {site.folder / 'index.html'}"
    tell(as_json, site, shown)
