"""After any edits the wiki that was brought up to date equals one that is built clean, byte for byte."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.knowledge.pages.wiki_folder import read_wiki_files
from codebase_gardener.utils.progress import Quiet
from samples.written_garden import INIT, TESTS, write_repository

pytestmark = pytest.mark.slow


def edit(root: Path, dice: random.Random, number: int) -> str:
    """One random edit of the repository; returns its name."""
    package = root / "src/garden"
    modules = sorted(path for path in package.glob("*.py") if path.name != "__init__.py")
    module = dice.choice(modules)
    text = module.read_text()

    def add_function() -> None:
        module.write_text(
            text
            + f'\n\ndef extra_{number}(plant: int) -> int:\n    """Do {number}."""\n    return {number}\n'
        )

    def shift() -> None:
        module.write_text("# a comment above\n" * dice.randint(1, 3) + text)

    def break_syntax() -> None:
        module.write_text(text + "\ndef broken(:\n")

    def mend_syntax() -> None:
        module.write_text(text.replace("\ndef broken(:\n", ""))

    def new_module() -> None:
        (package / f"module_{number}.py").write_text(
            f'"""Module {number}."""\n\nfrom .plants import Plant\n\n\nclass Pot{number}(Plant):\n    """A pot."""\n'
        )

    def export() -> None:
        (package / "__init__.py").write_text(INIT + f"\nfrom .{module.stem} import *  # {number}\n")

    def rename() -> None:
        if module.name not in ("plants.py", "growing.py"):
            module.rename(package / f"renamed_{number}.py")

    def delete() -> None:
        if module.name not in ("plants.py", "growing.py"):
            module.unlink()

    def document() -> None:
        with (root / "README.md").open("a") as file:
            file.write(
                f"\n## Section {number}\n\n> Tip: prune less.\n\n```python\nfrom garden import prune\nprune(p)\n```\n"
            )

    def cover() -> None:
        (root / f"tests/test_more_{number}.py").write_text(TESTS.replace("test_", f"test_{number}_"))

    def require() -> None:
        path = root / "pyproject.toml"
        path.write_text(path.read_text().replace('"attrs"', f'"attrs>={number}"', 1))

    def redocument() -> None:
        module.write_text(
            text.replace('"""', f'"""Edited {number} times, see https://doi.org/10.1/{number}. ', 1)
        )

    def call() -> None:
        module.write_text(
            text + f"\n\ndef calls_{number}(plant):\n    from .growing import grow, prune\n\n"
            f"    # water it before it grows\n    return prune(grow(plant, days={number}), by=2)\n"
        )

    def rename_class() -> None:
        module.write_text(text.replace("class Pot", f"class Pan{number}Of"))

    def move() -> None:
        if module.name not in ("plants.py", "growing.py"):
            (package / "shed").mkdir(exist_ok=True)
            module.rename(package / "shed" / f"moved_{number}.py")

    def warn() -> None:
        module.write_text(
            text + f"\n\ndef warns_{number}(days: int = {number}) -> None:\n    import warnings\n\n"
            f'    warnings.warn("Use at most {number} days, otherwise plants die")\n'
        )

    def release() -> None:
        path = root / "pyproject.toml"
        path.write_text(path.read_text().replace('version = "1', f'version = "1.{number}', 1))

    def rename_function() -> None:
        for path in (*modules, root / "README.md", *sorted((root / "tests").glob("*.py"))):
            if path.is_file():
                path.write_text(path.read_text().replace("prune", f"cut_{number}"))

    def change_import() -> None:
        module.write_text(text.replace("import", f"import math as m{number}\nimport", 1))

    def undocument() -> None:
        module.write_text(re.sub(r'"""[^"]*"""', f'"""{number}"""', text))

    def advise() -> None:
        module.write_text(
            text + "\n# Note that you should never water it twice: it is slow, use less memory.\n"
        )

    def translate() -> None:
        for folder in ("de", "v1", "v2"):
            (root / "docs" / folder).mkdir(parents=True, exist_ok=True)
            (root / "docs" / folder / "guide.md").write_text(f"# Guide {number}\n\n<!-- no -->Prune it.\n")

    def shorten() -> None:
        path = root / "README.md"
        lines = path.read_text().split("\n")
        path.write_text("\n".join(lines[: len(lines) - dice.randint(1, 9)]))

    def read_environment() -> None:
        module.write_text(
            f"import os\n\n\ndef setting_{number}(name):\n    return os.environ.get(name)\n\n\n"
            f'MODE = setting_{number}("GARDEN_MODE_{number}")\n{text}'
        )

    def tell_command() -> None:
        with (root / "README.md").open("a") as file:
            file.write(f"\n```sh\n$ garden water --days {number}\ncurl -d x localhost:80/pots\n```\n")

    edits = (
        rename_function,
        change_import,
        undocument,
        advise,
        translate,
        shorten,
        read_environment,
        tell_command,
        redocument,
        call,
        rename_class,
        move,
        warn,
        release,
        add_function,
        shift,
        break_syntax,
        mend_syntax,
        new_module,
        export,
        rename,
        delete,
        document,
        cover,
        require,
    )
    chosen = dice.choice(edits)
    chosen()
    return chosen.__name__


def built(home: Path, root: Path, overrides: Path | None = None) -> dict[str, str]:
    with Gardener(Settings(home=home)) as gardener:
        if overrides is not None:
            gardener.add(str(root), name="garden")
            gardener.wiki("garden").paths.overrides.write_bytes(overrides.read_bytes())
        build_wiki(gardener, str(root), Quiet(), name="garden")
        return read_wiki_files(gardener.wiki("garden").paths.folder)


@pytest.mark.parametrize("seed", range(4))
def test_a_series_of_edits_gives_what_a_clean_build_gives(tmp_path: Path, seed: int) -> None:
    root, dice = tmp_path / "garden", random.Random(seed)
    write_repository(root)
    built(tmp_path / "home", root)
    for number in range(6):
        names = [edit(root, dice, 10 * number + i) for i in range(dice.randint(1, 3))]
        kept = built(tmp_path / "home", root)
        clean = built(tmp_path / f"clean-{number}", root)
        assert kept == clean, f"after {names}"
        shutil.rmtree(tmp_path / f"clean-{number}")
