"""`gardener open`."""

from __future__ import annotations

from pathlib import Path

import click

from codebase_gardener.cli.command import command_options, echo, read_settings, tell

__all__ = ["open_"]

_HOST = "127.0.0.1"
_WAIT_S = 2.0


@click.command("open")
@click.argument("project", required=False)
@click.option("--no-browser", is_flag=True, help="Print the address only.")
@command_options
def open_(project: str | None, no_browser: bool, as_json: bool) -> None:
    """Open the page in the browser: the running server's, or that of one that starts, until Ctrl-C.

    Closing either ends no training.
    """
    from codebase_gardener.utils.names import check_name

    path = f"/page/projects/{check_name(project, 'project name')}" if project else "/page/projects"
    if running := _running(read_settings().home):
        _show(f"{running}{path}", no_browser, as_json)
    else:
        _serve(path, no_browser, as_json)


def _running(home: Path) -> str:
    """Where a server of this home has a page; "" where none does."""
    import httpx2

    from codebase_gardener.page.shell import PREFIX
    from codebase_gardener.serving.addresses import addresses

    for address in addresses(home):
        try:
            if httpx2.get(f"{address}{PREFIX}/assets/page.css", timeout=_WAIT_S).status_code == 200:
                return address
        except httpx2.HTTPError:
            continue
    return ""


def _serve(path: str, no_browser: bool, as_json: bool) -> None:
    from codebase_gardener.gardener.facade import Gardener
    from codebase_gardener.page.mounting import mounted_page
    from codebase_gardener.serving.addresses import written
    from codebase_gardener.serving.server import ServeOptions, for_serving, listen, opened, run

    options = ServeOptions(_HOST, 0, engine="auto", preload=False)
    with (
        Gardener(for_serving(read_settings(), options)) as gardener,
        listen(_HOST, 0) as listening,
        opened(
            gardener.manager,
            gardener.wiki,
            gardener.current_adapter,
            options,
            say=lambda line: echo(line, err=True),
        ) as answering,
    ):
        address = f"http://{_HOST}:{listening.getsockname()[1]}"

        def ready() -> None:
            _show(f"{address}{path}", no_browser, as_json)
            echo("Ctrl-C ends it", err=True)

        with written(gardener.settings.home, address):
            run(answering, listening, None, mounted_page(gardener), preload=False, ready=ready)


def _show(address: str, no_browser: bool, as_json: bool) -> None:
    import webbrowser

    tell(as_json, {"url": address}, address)
    if not no_browser:
        webbrowser.open(address)
