"""Every bad input ends with its documented exit code and a hint, and leaves no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Cli

pytestmark = pytest.mark.slow

BAD_NAMES = ["a/b", "..", ".", "a\0b", "a\nb", "-rf", "--", "a" * 300, "", "a b", "ä", "a\\b", ".hidden"]


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_py", ".py").replace("_md", ".md")).write_text(text)
    return folder


@pytest.mark.parametrize("name", BAD_NAMES)
def test_project_names(cli: Cli, small_repository: Path, name: str) -> None:
    cli("add", small_repository, f"--name={name}").failed(2, "project name")
    cli("grow", small_repository, f"--name={name}").failed(2, "project name")
    assert cli("projects", "--json").json == []


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize(
    "command",
    [["dataset"], ["train"], ["adapters", "show"], ["evaluate"], ["delete", "--yes"]],
    ids=lambda command: command[0],
)
def test_names_in_arguments(cli: Cli, command: list[str], name: str) -> None:
    result = cli(*command, "--", name)
    assert result.code in (2, 3), result.err  # `a/b` names an adapter of a project that is not there
    result.failed(result.code)


@pytest.mark.parametrize(
    "ref", ["geometry/x/y", "geometry/-x", "geometry@1", "geometry/x@0", "geometry/x@one", "@1"]
)
def test_adapter_ids(garden: Cli, ref: str) -> None:
    garden("adapters", "show", ref).failed(2)


def test_the_memory_is_not_of_llamacpp(cli: Cli) -> None:
    cli("serve", "--memory", "--engine", "llamacpp").failed(2, "torch engine")


def test_empty_repository(cli: Cli, tmp_path: Path) -> None:
    cli("grow", write(tmp_path / "empty")).failed(5, "is empty")


def test_repository_without_code(cli: Cli, tmp_path: Path) -> None:
    cli("grow", write(tmp_path / "words", README_md="# Words\n")).failed(5, "no code")


def test_syntax_error_in_every_file(cli: Cli, tmp_path: Path, tiny_base: Path) -> None:
    broken = write(tmp_path / "broken", a_py="def f(:\n", b_py="class\n")
    cli("grow", broken, "--base", tiny_base).failed(6, "nothing in", "a.py: syntax error", "--file")


def test_code_without_a_body_worth_learning(cli: Cli, tmp_path: Path, tiny_base: Path) -> None:
    thin = write(tmp_path / "thin", a_py="def f():\n    pass\n")
    cli("grow", thin, "--base", tiny_base).failed(6, "--file")


@pytest.mark.parametrize("source", ["nowhere", "", "-rf", "https//typo", "a\0b"])
def test_sources_that_cannot_be_opened(cli: Cli, source: str) -> None:
    cli("add", "--", source).failed(5, "cannot be opened")


def test_file_that_is_no_archive(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "fake.tar.gz").write_text("no archive")
    cli("add", tmp_path / "fake.tar.gz").failed(5, "cannot be read as an archive")


def test_revision_of_what_has_none(cli: Cli, small_repository: Path) -> None:
    cli("add", small_repository, "--revision", "main").failed(2, "no git repository")
    cli("add", small_repository, "--revision=--upload-pack=x").failed(2)


@pytest.mark.parametrize(
    "arguments",
    [
        ["dataset", "none"],
        ["train", "none"],
        ["evaluate", "none"],
        ["ask", "none", "why?"],
        ["delete", "none", "--yes"],
        ["adapters", "list", "none"],
        ["adapters", "show", "geometry/none"],
        ["adapters", "show", "geometry/none@7"],
        ["adapters", "show", "geometry/default@99999999999999999999"],
        ["evaluate", "geometry"],
        ["ask", "geometry/none", "why?"],
        ["delete", "geometry/none"],
        ["delete", "geometry", "--keep", "1"],
        ["jobs", "list", "none"],
        ["jobs", "show", "none"],
        ["jobs", "tail", "../../etc"],
        ["jobs", "cancel", "a\0b"],
        ["jobs", "resume", "none"],
    ],
    ids=" ".join,
)
def test_what_does_not_exist(garden: Cli, arguments: list[str]) -> None:
    result = garden(*arguments)
    assert result.code in (2, 3), result.err
    result.failed(result.code, "→")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--r", "0"], "training option r"),
        (["--r", "many"], "training option r"),
        (["--dtype", "int3"], "training option dtype"),
        (["--minutes", "-1"], "training option minutes"),
        (["--layers-pattern", "h"], "layers_to_transform"),
        (["--rank-pattern", "q_proj=0"], "rank_pattern"),
        (["--nonsense", "1"], "--nonsense"),
    ],
)
def test_training_options(garden: Cli, options: list[str], words: str) -> None:
    garden("train", "geometry", *options).failed(2, words)
    assert garden("jobs", "list", "--json").json == []


def test_options_of_grow_reach_the_training(cli: Cli, small_repository: Path) -> None:
    for option, value in (("minutes", "-1"), ("threads", "5000")):
        cli("grow", small_repository, f"--{option}", value).failed(2, f"training option {option}")


def test_home_that_is_a_file(cli: Cli, tmp_path: Path, small_repository: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for arguments in (["projects"], ["add", small_repository], ["grow", small_repository]):
        cli(*arguments, CODEBASE_GARDENER_HOME=str(file)).failed(9, str(file), "CODEBASE_GARDENER_HOME")
    cli("doctor", CODEBASE_GARDENER_HOME=str(file)).failed(11, "problems with: home, ")


def test_home_below_a_file(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cli("projects", CODEBASE_GARDENER_HOME=str(tmp_path / "file" / "home")).failed(9)


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("nobody/nothing-here", "cannot be fetched"),
        ("smollm2-135m", "offline"),
        ("no such thing", "no base model"),
        ("/nowhere", "no base model"),
    ],
)
def test_base_that_cannot_be_had_offline(garden: Cli, base: str, words: str) -> None:
    garden("train", "geometry", "--base", base, HF_HUB_OFFLINE="1").failed(7, words, "→")
    assert garden("jobs", "list", "--json").json == []


def test_base_with_pickled_weights_or_code_of_its_own(garden: Cli, tmp_path: Path) -> None:
    pickled = write(tmp_path / "pickled")
    (pickled / "config.json").write_text('{"model_type": "llama"}')
    (pickled / "pytorch_model.bin").write_bytes(b"\x80\x04")
    garden("train", "geometry", "--base", pickled).failed(7, "never opened")
    (pickled / "config.json").write_text('{"model_type": "x", "auto_map": {"AutoModel": "m.M"}}')
    garden("train", "geometry", "--base", pickled).failed(7, "code of its own")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("base = \n", "TOML"),
        ("nope = 1\n", "nope"),
        ("cache_count = 0\n", "cache_count"),
        ("[training]\nnope = 1\n", "nope"),
        ('base = "\\xff"\n', "TOML"),
    ],
)
def test_settings_file_with_an_error(garden: Cli, text: str, words: str) -> None:
    (garden.home / "config.toml").write_text(text)
    garden("train", "geometry").failed(2, words)


def test_settings_file_that_is_not_utf_8(garden: Cli) -> None:
    (garden.home / "config.toml").write_bytes(b'base = "\xff"\n')
    garden("projects").failed(2, "config.toml")


@pytest.mark.parametrize(
    "environment",
    [
        {"CODEBASE_GARDENER_CACHE_COUNT": "x"},
        {"CODEBASE_GARDENER_TRAINING": "x"},
        {"CODEBASE_GARDENER_REGISTRY_URL": "mysql://root:secret@host/db"},
        {"CODEBASE_GARDENER_LOG_LEVEL": "loud"},
    ],
    ids=lambda environment: next(iter(environment)),
)
def test_environment_with_an_error(cli: Cli, environment: dict[str, str]) -> None:
    result = cli("projects", **environment).failed(2)
    assert "secret" not in result.err


def test_device_that_is_not_here(garden: Cli, tiny_base: Path) -> None:
    result = garden("doctor", "--json", CODEBASE_GARDENER_DEVICE="hpu", CODEBASE_GARDENER_BASE=str(tiny_base))
    checks = {check["check"]: check for check in result.failed(11).json["checks"]}
    assert checks["device"]["state"] == "problem"


def test_damaged_registry(cli: Cli) -> None:
    cli.home.mkdir()
    (cli.home / "registry.sqlite").write_bytes(b"no database" * 1000)
    cli("projects").failed(10, "registry", "gardener doctor")
    cli("doctor").failed(11, "problems with: registry")
