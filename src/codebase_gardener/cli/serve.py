"""`gardener serve`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codebase_gardener.cli.command import command_options, echo

if TYPE_CHECKING:
    from codebase_gardener.serving.engine import Engine

__all__ = ["serve"]

_GIB = 1024**3


@click.command()
@click.argument("projects", nargs=-1, metavar="[PROJECT …]")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: a free one.")
@click.option(
    "--memory-budget", type=float, default=4.0, show_default=True, help="GiB for adapters and kept prefixes."
)
@click.option("--pin", multiple=True, metavar="NAME", help="A model that stays in memory. Repeat it.")
@click.option(
    "--api-key-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File with the hashes of the API keys, one of which each request has to send.",
)
@click.option("--new-api-key", is_flag=True, help="Make a key, add its hash to the file, print it, and end.")
@click.option(
    "--engine",
    type=click.Choice(["auto", "torch", "llamacpp"]),
    default="auto",
    show_default=True,
    help="Who computes; auto measures both once on this machine and takes the faster.",
)
@click.option(
    "--quantize",
    type=click.Choice(["f32", "bf16", "f16", "q8_0"]),
    default="f16",
    show_default=True,
    help="How llama.cpp has the base.",
)
@click.option(
    "--memory",
    is_flag=True,
    help="Mix what followed the same code in the repository into completions; the torch engine does it.",
)
@click.option("--no-page", is_flag=True, help="Serve the interfaces only, without the page in the browser.")
@click.option(
    "--on",
    metavar="CLUSTER",
    help="Answer by replicas on Ray: `ray` is the cluster of `cluster up`, HOST:PORT another that has this machine.",
)
@click.option("--replicas", type=click.IntRange(1), default=1, show_default=True, help="Replicas, with --on.")
@click.option(
    "--max-replicas", type=click.IntRange(1), help="Replicas at most: added and taken off by the queue."
)
@command_options
def serve(
    projects: tuple[str, ...],
    host: str,
    port: int,
    memory_budget: float,
    pin: tuple[str, ...],
    api_key_file: Path | None,
    new_api_key: bool,
    engine: str,
    quantize: str,
    memory: bool,
    no_page: bool,
    on: str | None,
    replicas: int,
    max_replicas: int | None,
    as_json: bool,
) -> None:
    """Serve projects to editors, chats and scripts, until Ctrl-C.

    Each project, adapter and version is a model name; `:bare` behind it leaves retrieved code out,
    and `:base` is the base below it, asked with the same prompt.
    """
    from codebase_gardener.cli.command import print_json, tell
    from codebase_gardener.cluster.placing import on_cluster
    from codebase_gardener.config.settings import load_settings
    from codebase_gardener.gardener.facade import Gardener
    from codebase_gardener.page.mounting import mounted_page
    from codebase_gardener.serving.addresses import written
    from codebase_gardener.serving.api_keys import ApiKeys, add_key
    from codebase_gardener.serving.catalog import Catalog
    from codebase_gardener.serving.server import (
        ServeOptions,
        check_exposure,
        for_serving,
        listen,
        opened,
        run,
    )

    _check_replicas(on, replicas, max_replicas)
    if memory and engine == "llamacpp":
        raise click.UsageError("--memory is of the torch engine: leave --engine llamacpp out")
    if new_api_key:
        if api_key_file is None:
            raise click.UsageError("--new-api-key needs --api-key-file FILE")
        key = add_key(api_key_file)
        tell(as_json, {"api_key": key}, key)
        return
    keys = ApiKeys.read(api_key_file) if api_key_file else None
    check_exposure(host, keys)
    options = ServeOptions(
        host,
        port,
        int(memory_budget * _GIB),
        engine="torch" if memory else engine,
        quantize=quantize,
        pins=pin,
        memory=memory,
    )
    say = partial(echo, err=True)
    with ExitStack() as stack:
        gardener = stack.enter_context(Gardener(for_serving(load_settings(), options)))
        listening = stack.enter_context(listen(host, port))
        served = [gardener.registry.project(name).name for name in projects]
        home = gardener.manager, gardener.wiki, gardener.current_adapter
        start: Callable[[], Engine] | None = None
        if on is not None:
            stack.enter_context(on_cluster(gardener.settings, on))  # sets what Ray reads when it is imported
            from codebase_gardener.cluster.ray_home import start_replicas

            place = listening.getsockname()[1]
            start = partial(
                start_replicas,
                Catalog(*home, served),
                options,
                replicas,
                max_replicas or replicas,
                place,
                say,
            )
        answering = stack.enter_context(opened(*home, options, served, say, start))
        mounted = None if no_page else mounted_page(gardener, keys)
        names = [card.name for card in answering.catalog.cards()]
        address = f"http://{host}:{listening.getsockname()[1]}"
        url = f"{address}/v1"

        def ready() -> None:
            if as_json:
                print_json({"url": url, "models": names})
                return
            echo(f"{url}  models: {', '.join(names) or 'none yet: gardener grow PATH'}")
            if mounted:
                echo(f"{address}/  the page")
            echo("Ctrl-C ends it", err=True)

        with written(gardener.settings.home, address):
            run(answering, listening, keys, mounted, ready=ready)


def _check_replicas(on: str | None, replicas: int, most: int | None) -> None:
    if on is None and (replicas > 1 or most):
        raise click.UsageError("--replicas and --max-replicas go with --on ray")
    if most is not None and most < replicas:
        raise click.UsageError("--max-replicas is less than --replicas")
    if on is not None and on.startswith("ray://"):
        raise click.UsageError(
            "--on ray:// is for programs outside; a server is on a machine of the cluster: --on HOST:PORT"
        )
