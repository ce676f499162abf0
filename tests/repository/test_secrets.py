from __future__ import annotations

import ast
import random
import string
import time
from pathlib import Path
from types import ModuleType

import pytest

from codebase_gardener.dataset.assembly import generate_dataset
from codebase_gardener.repository import secrets
from codebase_gardener.repository.secrets import Scanned, Secret, find_secrets, masked
from codebase_gardener.repository.snapshot import take_snapshot
from codebase_gardener.repository.store import load_snapshot, save_snapshot
from codebase_gardener.utils.error_handling import ResourceError
from codebase_gardener.utils.memo import remembering

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
KEY = "AKIA" + "QWERTZU2OPASDFG7"  # put together, so that this very file holds none


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The benchmark's secrets and harmless lines."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    monkeypatch.delitem(__import__("sys").modules, "secrets", raising=False)
    import importlib.util

    spec = importlib.util.spec_from_file_location("known_secrets", BENCHMARKS / "secret_scan.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.usefixtures("scanner")
def test_every_kind_is_found_and_no_harmless_line(known: ModuleType) -> None:
    dice = random.Random(3)
    made = known.secrets(lambda signs, count: "".join(dice.choices(signs, k=count)))
    found = find_secrets([Scanned(f"x = 1\n{text}\n", ".py") for text in made.values()])
    missed = [kind for kind, hits in zip(made, found, strict=True) if not hits]
    assert len(made) > 80 and len(missed) <= 2, missed
    for text, hits in zip(made.values(), found, strict=True):
        assert not any(text[at : at + 12] in hit.kind for hit in hits for at in range(len(text) - 12))
    assert [hits for hits in find_secrets([Scanned(line, ".py") for line in known.HARMLESS]) if hits] == []


def test_nothing_is_left_of_a_masked_secret(known: ModuleType) -> None:
    dice = random.Random(4)
    made = known.secrets(lambda signs, count: "".join(dice.choices(signs, k=count)))
    texts = [Scanned(text, ".py") for text in made.values()]
    left = [masked(one.text, hits) for one, hits in zip(texts, find_secrets(texts), strict=True)]
    assert [text.count("\n") for text in left] == [one.text.count("\n") for one in texts]
    assert not any(hits for hits in find_secrets([Scanned(text, ".py") for text in left]))


@pytest.mark.parametrize(
    "line",
    [
        "url = 'amqp://worker:bosco@broker:5672//'",
        "url = 'mongodb://alice:wonder@mongo.example.com/db'",
        "proxy = 'https://joe:pass@proxy.test:3128'",
        "url = 'redis://default:hush@localhost:6379/0'",
        "aws_secret = 's3-secret-access-key-id'",
        "token = 'org/model-name-0.5B'",
        "connect('x', password=read_login(rows[0]), 'y')",
    ],
)
def test_what_stands_in_a_secrets_place_is_none(line: str) -> None:
    assert find_secrets([Scanned(line + "\n", ".py")]) == [[]]


@pytest.mark.parametrize(
    "line",
    ["'postgres://app:" + "Ro7ten8Fish@db:5432/app'", "'https://joe:" + "wanderlust@files.acme.io/x'",
     "'amqp://app:" + "k2Jd93LmQz81@localhost//'"],
)  # fmt: skip
def test_a_password_that_opens_something_is_found_in_its_place(line: str) -> None:
    (found,) = find_secrets([Scanned(f"url = {line}\n", ".py")])
    assert [masked(line, [])[hit.start - 6 : hit.stop - 6] for hit in found] == [
        line.split(":")[2].split("@", maxsplit=1)[0]
    ]


@pytest.mark.parametrize("letters", [string.ascii_lowercase, string.ascii_letters])
def test_a_drawn_value_under_a_secrets_name_is_found_whatever_its_letters(letters: str) -> None:
    dice = random.Random(5)
    for length in (20, 32, 64):
        drawn = ["".join(dice.choices(letters + string.digits, k=length)) for _ in range(100)]
        found = find_secrets([Scanned(f'api_key = "{value}"\n', ".py") for value in drawn])
        assert sum(map(bool, found)) >= 75


@pytest.mark.parametrize(
    "line",
    ['"X-Api-Key": "{}"', "SMTP_PASS={}", 'let secret: &str = "{}";', 'token: Final[str] = "{}"',
     'password = ("{}")', 'secret = r"""{}"""', 'api_key = str("{}")', "const token = `{}`"],
)  # fmt: skip
def test_the_ways_in_which_languages_give_a_name_a_value(line: str) -> None:
    value = "Qm4x" + "TRb2WkP9" + "sLz7Vd3NfH6y"
    assert len(find_secrets([Scanned(line.format(value) + "\n", ".py")])[0]) == 1


def test_masking_keeps_the_code_parseable() -> None:
    text = 'KEY = "a\\nb\\"c' + "'d" + '"\n'
    start = text.index('"') + 1
    hidden = masked(text, [Secret(1, 1, "", start, len(text) - 2)])
    assert len(hidden) == len(text)
    ast.parse(hidden)


def test_the_definition_around_a_secret_is_in_no_row_and_the_rest_is(tmp_path: Path) -> None:
    body = "    total = 0\n    for item in items:\n        total += item\n    return total\n"
    source = "".join(f"def part_{n}(items):\n{body}\n\n" for n in range(6))
    source += f'def connect(items):\n    key = "{KEY}"\n{body}\n\n'
    inner = body.replace("    ", "        ")
    source += f'class Client:\n    def login(self):\n        k = "{KEY}"\n{inner}'
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "mod.py").write_text(source)
    (tmp_path / "repo" / "other.py").write_text(
        source.split("def connect")[0].replace("part", "piece").replace("total", "s")
    )
    snapshot = take_snapshot(str(tmp_path / "repo"))
    assert {file.path for file in snapshot.files} == {"mod.py", "other.py"}
    assert not any(KEY in file.text for file in snapshot.files)
    assert [left.path for left in snapshot.skipped] == ["mod.py:L44-44", "mod.py:L53-53"]
    assert "AWS access key at line 44" in snapshot.skipped[0].reason
    rows = generate_dataset(snapshot, heldout_share=0.5).examples
    told = [f"{row.prompt} {row.completion} {row.messages}" for row in rows]
    assert any("part_3" in text or "piece_3" in text for text in told)
    assert not any(row.completion and ("key =" in row.completion or "k =" in row.completion) for row in rows)
    save_snapshot(snapshot, tmp_path / "kept")
    assert load_snapshot(tmp_path / "kept") == snapshot


def test_a_file_that_is_a_secret_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b.py").write_text(f"'{KEY}'\n")
    snapshot = take_snapshot(str(tmp_path))
    assert [file.path for file in snapshot.files] == ["a.py"]
    assert [(left.path, left.reason) for left in snapshot.skipped] == [
        ("b.py", "secret: AWS access key at line 1")
    ]


def test_all_secrets_of_a_file_that_is_left_out_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b.py").write_text("".join(f"'{KEY[:-1]}{n}'\n" for n in range(2, 9)))
    (left,) = take_snapshot(str(tmp_path)).skipped
    assert left.reason.startswith("secret: AWS access key at line 1, AWS access key at line 2, ")
    assert left.reason.endswith(" and 2 more")


@pytest.mark.usefixtures("scanner")
def test_a_scan_that_fails_lets_nothing_through(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fails = tmp_path / "kingfisher"
    fails.write_text("#!/bin/sh\necho no >&2\nexit 2\n")
    fails.chmod(0o700)
    for program in (fails, tmp_path / "gone"):
        monkeypatch.setattr("kingfisher.get_binary_path", lambda program=program: str(program))
        with pytest.raises(ResourceError, match="scan for secrets"):
            find_secrets([Scanned("x = 1", ".py")])


def test_only_new_texts_are_looked_through(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[int] = []
    real = secrets._by_kingfisher
    monkeypatch.setattr(secrets, "_by_kingfisher", lambda texts: seen.append(len(texts)) or real(texts))
    texts = [Scanned(f'key = "{KEY}"', ".py"), Scanned("x = 1", ".py")]
    for further in ([], [Scanned("y = 2", ".py")]):
        with remembering(tmp_path / "memo", "1"):
            assert len(find_secrets([*texts, *further])[0]) == 1
    assert seen == [2, 1]


def test_hostile_text_takes_no_time() -> None:
    for text in (
        "://a@" * 4000 + "\n",
        "eyJ" * 6000 + "\n",
        "aws key " * 2500 + "\n",
        "-----BEGIN PRIVATE KEY-----\n" * 900,
        "password=" * 3000,
        "token: " * 4000,
        "='" * 9000,
        "bearer " + "a." * 9000,
    ):
        begun = time.process_time()
        list(secrets._by_detectors(text * 5))
        assert time.process_time() - begun < 10
