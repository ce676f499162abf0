"""The documentation names everything there is: commands, options, settings, training options, exit codes, errors.

Where a table row is missing or out of date, the failure shows the row to paste.
"""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from codebase_gardener.bases.quantization import QUANTIZATIONS
from codebase_gardener.cli.main import cli
from codebase_gardener.config.settings import ENV_PREFIX, Settings
from codebase_gardener.dataset import deduplication, functions, heldout, prompts, split
from codebase_gardener.dataset.generation import TASKS
from codebase_gardener.dataset.page_rows import PAGE_TASKS
from codebase_gardener.dataset.row_forms import FORMS
from codebase_gardener.doctor.checks import CHECKS, REGISTRY_CHECKS
from codebase_gardener.evaluation.arms import ARMS
from codebase_gardener.training.methods import METHODS
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.utils import error_handling
from codebase_gardener.utils.error_handling import EXIT_CODES, CodebaseGardenerError

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def sections(text: str) -> dict[str, str]:
    """Heading → text below it, up to the next heading of any level."""
    parts = re.split(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


# ---- rows as the code says them


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(commands(cli))


def option_rows(name: str, command: click.Command) -> list[str]:
    """A row for each option of a command; those of every command and of TrainingSpec stand elsewhere."""
    return [
        f"| `{'/'.join([*option.opts, *option.secondary_opts])}` | {_help(option)} |"
        for option in command.params
        if isinstance(option, click.Option)
        and option.name
        not in ("as_json", "debug", *(TrainingSpec.model_fields if name in ("train", "plan") else ()))
        and not option.hidden
    ]


def _help(option: click.Option) -> str:
    default = f" Default: {option.default}." if option.show_default else ""
    choices = " or ".join(option.type.choices) if isinstance(option.type, click.Choice) else ""
    return f"{option.help}{default}{f' One of: {choices}.' if choices else ''}"


def settings_rows() -> list[str]:
    return [
        f"| `{name}` | {_default(field)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]


def training_rows() -> list[str]:
    return [
        f"| `{name}` | {_default(field)} | {field.description} |"
        for name, field in TrainingSpec.model_fields.items()
    ]


def exit_code_rows() -> list[str]:
    return [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]


def _default(field: object) -> str:
    value = field.get_default(call_default_factory=True)  # type: ignore[attr-defined]
    return f"`{value}`" if value not in ("", (), {}) else "–"


# ---- tests


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name: str) -> None:
    section = sections(page("commands.md")).get(f"gardener {name}", "")
    assert section, f"docs/commands.md has no heading '### gardener {name}'"
    command = COMMANDS[name]
    assert [row for row in option_rows(name, command) if row not in section] == []
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            assert str(parameter.make_metavar(click.Context(command))).strip("[]") in section
    assert f"gardener {name}" in section, "one example of the command"


def test_train_names_every_spec_option() -> None:
    section = sections(page("commands.md"))["gardener train"]
    flags = {flag for option in COMMANDS["train"].params for flag in (*option.opts, *option.secondary_opts)}
    documented = set(re.findall(r"`(--[a-z-]+)`", section))
    assert {flag for flag in flags if flag.startswith("--")} - documented - {"--json", "--debug"} == set()


def test_commands_that_are_gone_are_not_documented() -> None:
    headings = {
        h.removeprefix("gardener ") for h in sections(page("commands.md")) if h.startswith("gardener ")
    }
    assert headings == set(COMMANDS)


def test_options_of_every_command_are_documented() -> None:
    assert {"`--json`", "`--debug`"} <= set(
        re.findall(r"`--[a-z]+`", sections(page("commands.md"))["Commands"])
    )


def test_every_exit_code_is_documented() -> None:
    text = page("commands.md")
    assert [row for row in exit_code_rows() if row not in text] == []


def test_every_setting_is_documented() -> None:
    text = page("settings.md")
    assert [row for row in settings_rows() if row not in text] == []
    assert f"`{ENV_PREFIX}" in text


def test_every_training_option_is_documented() -> None:
    text = page("training.md")
    assert [row for row in training_rows() if row not in text] == []


def test_every_quantization_is_documented() -> None:
    text = page("training.md")
    rows = [
        f"| `{row.name}` | {row.about} | {row.package or '–'} | {', '.join(row.devices) or 'any'} | "
        f"{f'no: {row.lacks}' if row.lacks else 'yes'} |"
        for row in QUANTIZATIONS.values()
    ]
    assert [row for row in rows if row not in text] == []


def test_every_kind_of_adapter_is_documented() -> None:
    section = sections(page("training.md"))["Kinds of adapters"]
    rows = [
        f"| `{row.name}` | {row.refused} |" if row.refused else f"`{row.name}`" for row in METHODS.values()
    ]
    assert [row for row in rows if row not in section] == []


def test_every_task_is_documented_with_its_weight() -> None:
    text = page("dataset.md")
    tasks = {**TASKS, **PAGE_TASKS}
    rows = [f"| `{name}` | {task.weight:g} | {task.order:g} | {task.about} |" for name, task in tasks.items()]
    assert [row for row in rows if row not in text] == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dataset.md", f"up to {prompts.BEFORE_CHARS:,} characters of what stands before"),
        ("dataset.md", f"Retrieved code takes at most {prompts.CONTEXT_CHARS:,} characters"),
        ("dataset.md", f"bodies over {functions.MAX_BODY_CHARS:,} characters"),
        ("dataset.md", f"{split.HELDOUT_SHARE:.0%}".replace("%", " % of the files")),
        ("dataset.md", f"at most {split.MAX_HELDOUT_FILES} files"),
        ("dataset.md", f"{split.MAX_FUNCTION_SHARE:.0%}".replace("%", " % of all functions")),
        ("dataset.md", f"until {split.ENOUGH_FUNCTIONS} functions"),
        ("dataset.md", f"shingles of {deduplication.JACCARD_THRESHOLD:g} or more"),
        ("evaluation.md", f"bodies over {heldout.HELDOUT_BODY_CHARS:,} characters"),
        ("evaluation.md", f"holds at most {heldout.HELDOUT_LIMIT})"),
    ],
)
def test_figures_are_those_of_the_code(name: str, words: str) -> None:
    assert words in page(name)


def test_every_form_of_own_rows_is_documented() -> None:
    text = page("dataset.md")
    for form in FORMS.values():
        assert all(f'"{key}"' in text for key in form.keys)


def test_every_arm_is_documented() -> None:
    text = page("evaluation.md")
    assert [arm.name for arm in ARMS if f"| {arm.name} |" not in text] == []


def test_every_check_of_doctor_is_documented() -> None:
    section = sections(page("commands.md"))["gardener doctor"]
    assert [name for name in (*CHECKS, *REGISTRY_CHECKS) if name not in section] == []


def test_the_error_tree_is_complete() -> None:
    kinds = [kind for _, kind in inspect.getmembers(error_handling, inspect.isclass)]
    errors = [kind for kind in kinds if issubclass(kind, CodebaseGardenerError)]
    tree = inspect.getdoc(error_handling) or ""
    for kind in errors:
        assert kind.__name__ in tree
        assert kind.__name__ in error_handling.__all__
        if kind is not CodebaseGardenerError:
            assert kind.__name__ in EXIT_CODES[kind.exit_code]
    assert set(EXIT_CODES) == {0, 130} | {kind.exit_code for kind in errors}


def test_files_of_the_job_directory_are_documented() -> None:
    from codebase_gardener.jobs import directory

    names = re.findall(r"^(\S+) {2,}\S", inspect.getdoc(directory) or "", flags=re.MULTILINE)
    text = page("training.md")
    assert names
    assert [name for name in names if name not in text] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_resolve(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)|<img[^>]*src=\"([^\"]+)\"", text)
    for target in (link or image for link, image in targets):
        if re.match(r"[a-z]+://", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), f"{path.name} links to {target}"
        assert there.is_relative_to(ROOT)
        if anchor:
            assert anchor in {_slug(heading) for heading in sections(there.read_text("utf-8"))}


def _slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_decision_is_linked_from_contributing() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert [path.name for path in (DOCS / "adr").glob("*.md") if path.name not in text] == []


def test_every_page_is_linked_from_the_readme() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert [path.name for path in DOCS.glob("*.md") if f"docs/{path.name}" not in text] == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1, 2])
def test_python_examples_run(number: int, tmp_path: Path, small_repository: Path, tiny_base: Path) -> None:
    (tmp_path / "src").mkdir()
    small_repository.rename(tmp_path / "src" / "click")
    training = {"STEPS": "3", "DTYPE": "float32", "MAX_LENGTH": "64", "THREADS": "1"}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            re.findall(r"```python\n(.*?)```", page("python.md"), flags=re.DOTALL)[number],
        ],
        env={
            **os.environ,
            "HOME": str(tmp_path),
            f"{ENV_PREFIX}BASE": str(tiny_base),
            f"{ENV_PREFIX}MIN_FREE_BYTES": "0",
            **{f"{ENV_PREFIX}TRAINING__{name}": value for name, value in training.items()},
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


def test_every_step_of_the_workflows_names_a_call_a_command_and_a_test() -> None:
    from codebase_gardener import Gardener, PeftManager, Project
    from codebase_gardener.adapters.handle import AdapterHandle
    from codebase_gardener.adapters.torch_live_base import LiveBase
    from codebase_gardener.registry.rows import VersionRow

    classes = {
        kind.__name__: kind for kind in (AdapterHandle, Gardener, LiveBase, PeftManager, Project, VersionRow)
    }
    lines = (DOCS / "workflows.md").read_text().splitlines()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if re.match(r"\| \d", line)
    ]
    assert [int(row[0]) for row in rows] == list(range(1, 32))
    tests = (ROOT / "tests" / "test_workflows.py").read_text()
    documented = (DOCS / "commands.md").read_text()
    for _, _, _, principle, calls, command, test in rows:
        assert principle in tests, principle
        for call in re.findall(r"`(\w+)\.(\w+)`", calls):
            kind = classes[call[0]]
            assert hasattr(kind, call[1]) or call[1] in getattr(kind, "__annotations__", {}), call
        words, _, option = command.strip("`").partition(" --")
        assert f"### {words}" in documented, command
        assert (
            not option or f"--{option}" in documented or option.replace("-", "_") in TrainingSpec.model_fields
        )
        assert f"def {test.strip('`')}(" in tests
