"""A command line in this process: `run` with arguments, an environment, and what it wrote."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from codebase_gardener.cli.main import run

TINY_TRAINING = {
    "CODEBASE_GARDENER_DEVICE": "cpu",
    "CODEBASE_GARDENER_OFFLINE": "true",
    "CODEBASE_GARDENER_MIN_FREE_BYTES": "0",
    "CODEBASE_GARDENER_TRAINING__STEPS": "3",
    "CODEBASE_GARDENER_TRAINING__DTYPE": "float32",
    "CODEBASE_GARDENER_TRAINING__MAX_LENGTH": "64",
    "CODEBASE_GARDENER_TRAINING__R": "4",
    "CODEBASE_GARDENER_TRAINING__THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


@dataclass(frozen=True)
class Result:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)

    def ok(self) -> Result:
        assert self.code == 0, self.err
        return self

    def failed(self, code: int, *words: str) -> Result:
        """It ended with an error that is meant for people."""
        assert self.code == code, self.err
        assert "Traceback" not in self.err + self.out
        assert "This is a bug" not in self.err
        assert [word for word in words if word not in self.err] == []
        return self


class Cli:
    """`gardener` with a home and an environment of its own."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.environment = {"CODEBASE_GARDENER_HOME": str(home), **environment}

    def __call__(self, *arguments: str | Path, **environment: str) -> Result:
        out, err = io.StringIO(), io.StringIO()
        code = 0
        with (
            mock.patch.dict(os.environ, {**self.environment, **environment}),
            mock.patch.object(sys, "argv", ["gardener", *map(str, arguments)]),
            mock.patch.object(sys, "stdin", io.StringIO()),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                run()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
        return Result(code, out.getvalue(), err.getvalue())


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """A home with nothing in it; no base is needed."""
    return Cli(tmp_path / "home", **TINY_TRAINING)


@pytest.fixture
def garden(cli: Cli, small_repository: Path) -> Cli:
    """A home with the project `geometry`."""
    cli("add", small_repository).ok()
    return cli
