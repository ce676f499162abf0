"""`gardener adapters`, `import`, `prove`, `switch`, `disable`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codebase_gardener.cli import options
from codebase_gardener.cli.command import command_options, echo, open_gardener, print_json, tell
from codebase_gardener.utils.error_handling import AdapterError, InvalidInputError
from codebase_gardener.utils.names import parse_ref

if TYPE_CHECKING:
    from codebase_gardener.registry.rows import VerdictRow, VersionRow
    from codebase_gardener.training.advice import Advice

__all__ = ["adapters", "disable", "import_", "prove", "switch"]


@click.group()
def adapters() -> None:
    """Adapters: list, show."""


@adapters.command("list")
@click.argument("name", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Newest so many.")
@command_options
def list_adapters(name: str | None, limit: int, as_json: bool) -> None:
    """List versions and unfinished trainings, newest first; * marks the active ones."""
    with open_gardener() as gardener:
        rows = gardener.manager.list_adapters(parse_ref(name).project if name else None, limit=limit)
        published = next(gardener.settings.projects_dir.glob("*/adapters/*/*/manifest.json"), None)
    if as_json:
        print_json(rows)
    elif not rows:
        echo(_none(published))
    for row in () if as_json else rows:
        mark = "*" if row.active else " "
        detail = row.error or f"{row.size_bytes / 1e6:.1f} MB{_from(row.lineage)}"
        echo(
            f"{mark} {row.adapter_id:<32} {row.status:<10} {row.base_model:<20} {row.created_at[:16]} {detail}"
        )


def _from(lineage: Mapping[str, Any] | None) -> str:
    return f", from @{lineage['parent'].rpartition('@')[2]}" if lineage else ""


def _none(published: Path | None) -> str:
    if published is None:
        return "no adapters yet: gardener grow PATH"
    return f"none in the registry, though {published.parent} lies there: gardener doctor"


@adapters.command("show")
@click.argument("what", metavar="P/N[@VERSION]|DIR")
@command_options
def show(what: str, as_json: bool) -> None:
    """Show an adapter: where it lies, what it was trained on, its receipts and its verdict; of a folder, its files."""
    from codebase_gardener.gardener.locating import locate

    with open_gardener() as gardener:
        located = locate(gardener, what)
        if located.row is None:
            _show_folder(located.directory, as_json)
            return
        row = located.row
        receipts = gardener.registry.receipts(row)
        verdict = gardener.registry.latest_verdict(row)
    if as_json:
        print_json(
            {
                **asdict(row),
                "ref": str(row.ref),
                "receipts": receipts,
                "verdict": verdict.data if verdict else None,
            }
        )
        return
    _show_version(row)
    for receipt in receipts:
        echo(f"receipt {receipt.kind} of {receipt.created_at[:19]}")
        for name, value in receipt.data.items():
            shown = f"{len(value)} of them: see --json" if isinstance(value, dict | list) else value
            echo(f"  {name:<22} {shown}")
    _show_verdict(verdict)


def _show_folder(directory: Path, as_json: bool) -> None:
    """An adapter that is in no registry."""
    from codebase_gardener.adapters.files import WEIGHTS, check_adapter_files

    files = check_adapter_files(directory)
    shown = {
        "directory": str(directory),
        "base": files.config.get("base_model_name_or_path"),
        "base_sha256": files.base_sha256,
        "type": files.config["peft_type"],
        "rank": files.config.get("r"),
        "alpha": files.config.get("lora_alpha"),
        "quantization": files.quantization,
        "tensors": len(files.shapes),
        "bytes": (directory / WEIGHTS).stat().st_size,
    }
    if as_json:
        print_json(shown)
        return
    for name, value in shown.items():
        echo(f"  {name:<12} {value}")
    echo("not in the registry: gardener import DIR --as P/N takes it in, with a receipt")


def _show_version(row: VersionRow) -> None:
    figures = row.metrics
    echo(f"{row.ref}{' (active)' if row.active else ''}")
    echo(f"  directory    {row.directory} ({row.bytes / 1e6:.1f} MB)")
    echo(f"  base         {row.base_id}, weights {row.base_hash[:16]}")
    echo(f"  dataset      {str(row.dataset_hash)[:16]}, commit {row.commit}")
    if row.lineage:
        from codebase_gardener.training.warm import described

        echo(f"  grown from   {described(row.lineage)}")
    if figures:
        echo(
            f"  training     {figures['steps']} steps, {figures['tokens']:,} tokens "
            f"({figures['supervised_tokens']:,} trained on), {figures['seconds']:.0f} s, "
            f"{figures['tokens_per_s']:.0f} tokens/s, loss {figures['first_loss']:.3f} → {figures['last_loss']:.3f}"
        )
    echo(f"  libraries    {', '.join(f'{name} {number}' for name, number in row.libraries.items())}")


def _show_verdict(verdict: VerdictRow | None) -> None:
    if verdict is None:
        echo("not evaluated yet: gardener evaluate NAME/ADAPTER")
        return
    from codebase_gardener.cli.figures import print_verdict

    print_verdict(verdict.data)


@click.command("import")
@click.argument("what", metavar="DIR|HUB_ID")
@click.option("--as", "name", metavar="P/N", required=True, help="What it will be called.")
@click.option(
    "--rename", is_flag=True, help="Rename tensors that match no module, where a known renaming fits."
)
@options.adapters_base
@command_options
def import_(what: str, name: str, base: str | None, rename: bool, as_json: bool) -> None:
    """Take an adapter from a folder or the Hugging Face hub into the registry; it is proven first."""
    from codebase_gardener.gardener.importing import import_adapter
    from codebase_gardener.gardener.planning import warnings_about

    with open_gardener() as gardener:
        row = import_adapter(gardener, what, parse_ref(name), base=base, rename=rename)
        receipt = gardener.registry.receipts(row)[0].data
    warnings = warnings_about(row.directory)
    if as_json:
        print_json({**asdict(row), "ref": str(row.ref), "receipt": receipt, "warnings": warnings})
        return
    echo(f"{row.ref} is ready: {_proven(receipt)}")
    if not row.active:
        echo(f"  another version is active; to change that: gardener switch {row.ref}")
    _warn(warnings)


@click.command()
@click.argument("adapter", metavar="P/N|DIR")
@click.argument("merged", metavar="[MERGED]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--against",
    help="Compare it with its base into which it was merged, or with what a server answers: merged, served.",
)
@options.server_url
@options.server_key
@options.adapters_base
@command_options
def prove(
    adapter: str,
    merged: Path | None,
    against: str | None,
    url: str | None,
    api_key: str,
    base: str | None,
    as_json: bool,
) -> None:
    """Reload an adapter in a fresh process and measure what it changes; or judge the model in MERGED."""
    if merged is not None:
        _judge(adapter, merged, against, base, as_json=as_json)
        return
    from codebase_gardener.gardener.importing import prove_adapter
    from codebase_gardener.gardener.planning import warnings_about

    with open_gardener() as gardener:
        located, receipt = prove_adapter(gardener, adapter, base=base, against=against, url=url, key=api_key)
    warnings = warnings_about(located.directory)
    if as_json:
        print_json({"adapter": located.label, "against": against, "receipt": receipt, "warnings": warnings})
        return
    echo(f"{located.label}: {_proven(receipt) if against is None else _compared(receipt)}")
    _warn(warnings)


def _judge(adapter: str, merged: Path, against: str | None, base: str | None, *, as_json: bool) -> None:
    from codebase_gardener.gardener.importing import judge_merge
    from codebase_gardener.merging.judging import judgement_lines

    if against != "merged":
        raise InvalidInputError(f"{merged} is named, and nothing is asked of it", hint="add --against merged")
    with open_gardener() as gardener:
        located, found = judge_merge(gardener, adapter, merged, base=base)
    if as_json:
        print_json({"adapter": located.label, "merged": merged, "judgement": found})
    else:
        echo("\n".join([f"{located.label}: {merged}:", *judgement_lines(found)]))
    if found["word"] != "merged":
        raise SystemExit(AdapterError.exit_code)


def _compared(receipt: Mapping[str, Any]) -> str:
    if "parity_served" in receipt:
        return (
            f"served, log-probabilities of {receipt['tokens']} tokens differ from the adapter's in process by "
            f"{receipt['parity_served']:.3g} nats at most (the base's by {receipt['parity_served_base']:.3g}; "
            f"{receipt['dtype']}); the adapter itself changes them by {receipt['max_logprob_difference']:.3g}"
        )
    return (
        f"merged into its base, logits differ from the adapter's by {receipt['parity_merged']:.3g} at most "
        f"({receipt['parity_merged_kl_nats']:.2g} nats); "
        f"the adapter itself changes them by {receipt['max_logit_difference']:.3g} ({receipt['mean_kl_nats']:.2g} nats)"
    )


def _warn(warnings: Iterable[Advice]) -> None:
    for advice in warnings:
        echo(f"Warning: {advice.rule}: {advice.text}", err=True)


def _proven(receipt: Mapping[str, Any]) -> str:
    return (
        f"{receipt['tensors_matched']} of {receipt['tensors_expected']} tensors found their module; "
        f"logits differ from the base's by {receipt['max_logit_difference']:.3g} at most"
    )


@click.command()
@click.argument("adapter", metavar="P/N[@VERSION]")
@command_options
def switch(adapter: str, as_json: bool) -> None:
    """Make a version the active one: what P/N means from now on."""
    with open_gardener() as gardener:
        row = gardener.activate(parse_ref(adapter))
    tell(as_json, {"active": str(row.ref)}, f"{row.ref} is active")


@click.command()
@click.argument("adapter", metavar="P[/N]")
@command_options
def disable(adapter: str, as_json: bool) -> None:
    """Clear the active mark: `ask` then answers with the base, and says so."""
    with open_gardener() as gardener:
        cleared = gardener.deactivate(parse_ref(adapter))
    lines = "\n".join(f"{ref} is not active any more" for ref in cleared)
    tell(as_json, {"cleared": cleared}, lines or "nothing was active")
