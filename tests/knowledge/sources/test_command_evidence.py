"""Commands that code declares."""

from __future__ import annotations

import ast

from codebase_gardener.knowledge.sources.command_evidence import command_evidence

ARGPARSE = """
import argparse


def main():
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    add_put(subparsers)
    subparsers.add_parser("secret", help=argparse.SUPPRESS)
    subparsers.add_parser(name)
    add_cache(subparsers)


def add_put(into):
    into.add_parser("put-in", help="Puts something in.")


def add_cache(subparsers):
    parser: argparse.ArgumentParser = subparsers.add_parser("cache", help="The cache.")
    below = parser.add_subparsers(dest="cache")
    below.add_parser("list")
    add_drop(below)


def add_drop(subparsers):
    subparsers.add_parser("drop", help="Drops it.")
"""
CLICK = '''
import click


@click.group()
def cli():
    """A program."""


@cli.command()
def put_in():
    """Puts something in.

    It takes long.
    """


@cli.group("cache")
def caching():
    pass


@caching.command("drop", short_help="Drops it.")
def _drop():
    pass


@cli.command(hidden=True)
def secret():
    pass
'''


def commands(path: str, text: str) -> list[tuple[str, str]]:
    return [(one.name, one.text) for one in command_evidence(path, text, ast.parse(text))]


def test_a_parser_of_argparse_is_a_command_below_the_one_it_is_added_to() -> None:
    assert commands("pot/main.py", ARGPARSE) == [
        ("put-in", "Puts something in."), ("cache", "The cache."), ("cache list", ""), ("cache drop", "Drops it."),
    ]  # fmt: skip
    assert not commands("tests/test_main.py", ARGPARSE)


def test_a_function_under_a_groups_decorator_is_a_command() -> None:
    assert commands("pot/main.py", CLICK) == [
        ("put-in", "Puts something in."), ("cache", ""), ("cache drop", "Drops it."),
    ]  # fmt: skip
    assert not commands("pot/bot.py", CLICK.replace("import click", "import discord"))
