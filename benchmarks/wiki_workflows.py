"""How many of a library's known workflows the mined ones hold, and how the mining grows with the passages.

    python benchmarks/wiki_workflows.py SOURCE      # a directory or an sdist of PEFT 0.18.0
    python benchmarks/wiki_workflows.py --scale     # written passages, up to 20,000

A known workflow is a list of steps, each with the names of the APIs that do it. The share is the longest common
subsequence of its steps and a mined workflow's, by the number of its steps that are APIs, and by that of all its
steps. "passages" is the best single passage: what could be found at most without joining several. Target: at least
3 of 5 with 60 % from README and tests alone.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Sequence

from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.extraction import extract
from codebase_gardener.knowledge.links.resolution import Resolution, resolve
from codebase_gardener.knowledge.links.uses import Passage, Target, Use
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.knowledge.workflows.golden_path import GoldenPath
from codebase_gardener.knowledge.workflows.mining import mine
from codebase_gardener.languages.python.symbols import python_symbols
from codebase_gardener.repository.snapshot import Snapshot, take_snapshot

TARGET, WANTED = 0.6, 3
LARGE = 8  # distinct targets of a passage that is no longer one workflow

_LOAD = ("AutoModel*.from_pretrained",)
_SAVE = ("save_pretrained",)
SEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "LoRA fine-tuning": (
        _LOAD, ("LoraConfig",), ("get_peft_model",), ("train", "optim.*"), ("Trainer.train",), _SAVE,
    ),
    "QLoRA training": (
        ("BitsAndBytesConfig",), _LOAD, ("prepare_model_for_kbit_training",), ("LoraConfig",), ("get_peft_model",),
        ("Trainer.train",), _SAVE,
    ),
    "Adapter loading for inference": (
        _LOAD, ("PeftModel.from_pretrained",), ("eval",), ("generate",), ("merge_and_unload",),
    ),
    "Adapter merging": (
        _LOAD, ("PeftModel.from_pretrained",), ("load_adapter",), (), ("add_weighted_adapter",), (), _SAVE,
    ),
    "Multi-adapter management": (
        ("PeftModel.from_pretrained",), ("load_adapter",), ("set_adapter",), ("disable_adapter",),
        ("delete_adapter",), ("active_adapter", "active_adapters", "peft_config"),
    ),
}  # fmt: skip
"""PEFT's five, with the APIs of their steps; () for a step that is no API, such as an evaluation of one's own."""


def main() -> int:
    if sys.argv[1:] == ["--scale"]:
        return _scale()
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    repository, resolution = _facts(sys.argv[1])
    started = time.perf_counter()
    mined = mine(ApiContext(repository, resolution))
    print(f"{len(mined)} workflows of {len(resolution.passages)} passages "
          f"in {time.perf_counter() - started:.2f} s\n")  # fmt: skip
    print("| known workflow | of its APIs | of all its steps | best mined workflow | passages |")
    print("|---|---:|---:|---|---:|")
    reached = 0
    for name, seed in SEEDS.items():
        shares = [(_common(seed, _names(path)), path.title) for path in mined]
        best, title = max(shares, key=lambda pair: pair[0], default=(0, ""))
        apis = sum(bool(step) for step in seed)
        single = max(
            (_common(seed, names) for p in resolution.passages
             if len(set(names := list(dict.fromkeys(use.target.name for use in p.uses)))) <= 3 * LARGE),
            default=0,
        )  # fmt: skip
        print(f"| {name} | {best / apis:.0%} | {best / len(seed):.0%} | {title} | {single / apis:.0%} |")
        reached += best / len(seed) >= TARGET
    return 0 if reached >= WANTED else 1


def _facts(source: str) -> tuple[RepositoryFacts, Resolution]:
    snapshot = take_snapshot(source)
    facts = {file.path: extract(file) for file in snapshot.files}
    return RepositoryFacts("benchmark", snapshot, facts), resolve(facts)


def _names(path: GoldenPath) -> list[str]:
    return [step.target.name for step in path.steps]


def _common(seed: Sequence[Sequence[str]], names: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(names) + 1)
    for wanted in seed:
        before, row = row, [0] * (len(names) + 1)
        for index, name in enumerate(names, 1):
            fits = any(_fits(name, each) for each in wanted)
            row[index] = max(before[index], row[index - 1], before[index - 1] + fits)
    return row[-1]


def _fits(name: str, wanted: str) -> bool:
    """Whether a dotted name ends in the wanted parts; a part may end in `*`."""
    parts, pattern = name.split("."), wanted.split(".")
    tail = parts[-len(pattern) :]
    return len(tail) == len(pattern) and all(
        part.startswith(each[:-1]) if each.endswith("*") else part == each
        for part, each in zip(tail, pattern, strict=True)
    )


def _scale() -> int:
    print("| passages | files | workflows | seconds |\n|---:|---:|---:|---:|")
    seconds = []
    for count in (2_000, 20_000):
        repository, resolution = _written(count)
        started = time.perf_counter()
        mined = mine(ApiContext(repository, resolution))
        seconds.append(time.perf_counter() - started)
        print(f"| {count:,} | {len(repository.facts):,} | {len(mined)} | {seconds[-1]:.2f} |")
    return 0 if seconds[1] <= 12 * seconds[0] + 1 else 1


def _written(count: int) -> tuple[RepositoryFacts, Resolution]:
    """Tests of 200 workflows over 400 functions, each with some steps left out and some strange ones put in."""
    dice = random.Random(0)
    code = "\n\n".join(f"def step_{n}(value):\n    return value" for n in range(400))
    symbols = python_symbols("src/made/core.py", code).symbols
    targets = [Target(symbol.path, symbol.qualified_name) for symbol in symbols]
    flows = [dice.sample(targets, dice.randint(3, 9)) for _ in range(200)]
    facts = {"src/made/core.py": FileFacts("src/made/core.py", "python", "0" * 64, 1_200, symbols=symbols)}
    passages = []
    for number in range(count):
        path = f"tests/test_{number // 20:04}.py"
        facts.setdefault(path, FileFacts(path, "python", "0" * 64, 400))
        steps = [step for step in dice.choice(flows) if dice.random() > 0.1] + dice.sample(
            targets, dice.randint(0, 2)
        )
        line, scope = number % 20 * 20 + 1, f"test_{number}"
        uses = tuple(
            Use(step, path, line + n, line + n, scope, "call", "import", (), f"{step.name}(value)")
            for n, step in enumerate(steps)
        )
        passages.append(Passage(path, line, line + 19, f"Case {number}", "test", scope, uses))
    snapshot = Snapshot(
        "0" * 16, "/made", "directory", "made", "1" * 64, False, "2026-01-01T00:00:00+00:00", (), ()
    )
    resolution = Resolution(tuple(passages), {}, {f"made.{each.name}": each for each in targets}, {}, 0, 0)
    return RepositoryFacts("benchmark", snapshot, dict(sorted(facts.items()))), resolution


if __name__ == "__main__":
    raise SystemExit(main())
